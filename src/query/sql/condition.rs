//! A condition as SQL that both engines understand alike: no LIKE, no function that folds more than ASCII, and no operator
//! that is neither true nor false.

use crate::db::sql::Sql;
use crate::query::filter::{
    Comparison, Condition, Operand, Part, TICKS_BEFORE_1970, TICKS_PER_DAY, TextTest,
};

/// Goes on with a condition, in parentheses where it needs them.
pub(super) fn condition(sql: Sql, of: &Condition) -> Sql {
    match of {
        Condition::Always(true) => sql.then("1 = 1"),
        Condition::Always(false) => sql.then("1 = 0"),
        Condition::And(list) => joined(sql, list, " AND "),
        Condition::Or(list) => joined(sql, list, " OR "),
        Condition::Not(inner) => condition(sql.then("NOT ("), inner).then(")"),
        Condition::Compare(comparison, left, right) => compare(sql, *comparison, left, right),
        Condition::IsNull(one) => operand(sql.then("("), one).then(" IS NULL)"),
        Condition::Text(test, text, part) => text_test(sql, *test, text, part),
        Condition::In(one, list) => {
            let mut sql = operand(sql.then(coalesce(one.is_nullable())), one).then(" IN (");
            for (index, item) in list.iter().enumerate() {
                sql = operand(if index > 0 { sql.then(", ") } else { sql }, item);
            }
            sql.then(")").then(coalesced(one.is_nullable()))
        }
    }
}

/// Goes on with a condition that all rows have to fulfil and that an index answers: what is null does not fulfil it.
pub(super) fn indexed(sql: Sql, of: &Condition) -> Sql {
    let Condition::Compare(comparison, left, right) = of else {
        return condition(sql, of);
    };
    let operator = match comparison {
        Comparison::Eq => " = ",
        Comparison::Ne => " <> ",
        Comparison::Gt => " > ",
        Comparison::Ge => " >= ",
        Comparison::Lt => " < ",
        Comparison::Le => " <= ",
    };
    operand(operand(sql, left).then(operator), right)
}

fn joined(mut sql: Sql, list: &[Condition], between: &'static str) -> Sql {
    sql = sql.then("(");
    for (index, one) in list.iter().enumerate() {
        sql = condition(if index > 0 { sql.then(between) } else { sql }, one);
    }
    sql.then(")")
}

fn compare(sql: Sql, comparison: Comparison, left: &Operand, right: &Operand) -> Sql {
    let nullable = left.is_nullable() || right.is_nullable();
    let operator = match (comparison, nullable) {
        (Comparison::Eq, false) => " = ",
        (Comparison::Eq, true) => " IS NOT DISTINCT FROM ",
        (Comparison::Ne, false) => " <> ",
        (Comparison::Ne, true) => " IS DISTINCT FROM ",
        (Comparison::Gt, _) => " > ",
        (Comparison::Ge, _) => " >= ",
        (Comparison::Lt, _) => " < ",
        (Comparison::Le, _) => " <= ",
    };
    // `eq` and `ne` take null for a value by themselves.
    let wrapped = nullable && !matches!(comparison, Comparison::Eq | Comparison::Ne);
    let sql = operand(sql.then(coalesce(wrapped)), left).then(operator);
    operand(sql, right).then(coalesced(wrapped))
}

/// What is neither true nor false does not hold.
fn coalesce(wrapped: bool) -> &'static str {
    if wrapped { "COALESCE(" } else { "(" }
}

fn coalesced(wrapped: bool) -> &'static str {
    if wrapped { ", FALSE)" } else { ")" }
}

fn text_test(sql: Sql, test: TextTest, text: &Operand, part: &Operand) -> Sql {
    let wrapped = text.is_nullable() || part.is_nullable();
    let sql = sql.then(coalesce(wrapped));
    let sql = match test {
        TextTest::Contains => {
            let sql = operand(sql.then("strpos("), text).then(", ");
            operand(sql, part).then(") > 0")
        }
        TextTest::StartsWith => {
            let sql = operand(sql.then("substr("), text).then(", 1, length(");
            let sql = operand(sql, part).then(")) = ");
            operand(sql, part)
        }
        TextTest::EndsWith => {
            let sql = operand(sql.then("length("), text).then(") >= length(");
            let sql = operand(sql, part).then(") AND substr(");
            let sql = operand(sql, text).then(", length(");
            let sql = operand(sql, text).then(") - length(");
            let sql = operand(sql, part).then(") + 1) = ");
            operand(sql, part)
        }
    };
    sql.then(coalesced(wrapped))
}

fn operand(sql: Sql, of: &Operand) -> Sql {
    match of {
        Operand::Column(column) => sql.then(column.sql),
        Operand::Text(text) => sql.then("CAST(").bind_text(text).then(" AS TEXT)"),
        Operand::Number(number) | Operand::Days(number) => sql.bind_int(*number),
        Operand::Instant(ticks) => sql.bind_ticks(*ticks),
        Operand::Lower(one) => operand(sql.then("lower("), one).then(")"),
        Operand::Upper(one) => operand(sql.then("upper("), one).then(")"),
        Operand::Trim(one) => operand(sql.then("trim("), one).then(")"),
        Operand::Length(one) => operand(sql.then("length("), one).then(")"),
        Operand::Concat(one, other) => {
            let sql = operand(sql.then("("), one).then(" || ");
            operand(sql, other).then(")")
        }
        Operand::IndexOf(text, part) => {
            let sql = operand(sql.then("(strpos("), text).then(", ");
            operand(sql, part).then(") - 1)")
        }
        Operand::Substring(text, from, length) => {
            let sql = operand(sql.then("substr("), text).then(", CAST(");
            let sql = sql.bind_int(from + 1).then(" AS INTEGER)");
            match length {
                Some(length) => sql.then(", CAST(").bind_int(*length).then(" AS INTEGER))"),
                None => sql.then(")"),
            }
        }
        Operand::Part(part, instant) => of_instant(sql, *part, instant),
    }
}

/// A part of an instant in UTC; those of the calendar are functions that both engines are given (migration 0004).
fn of_instant(sql: Sql, part: Part, instant: &Operand) -> Sql {
    match part {
        Part::Date => days(sql, instant),
        Part::Hour => clock(sql, instant, " / 36000000000 % 24)"),
        Part::Minute => clock(sql, instant, " / 600000000 % 60)"),
        Part::Second => clock(sql, instant, " / 10000000 % 60)"),
        Part::Year => operand(sql.then("graph_year("), instant).then(")"),
        Part::Month => operand(sql.then("graph_month("), instant).then(")"),
        Part::Day => operand(sql.then("graph_day("), instant).then(")"),
    }
}

/// Ticks since 0001-01-01, which are never negative, with what is done to them behind.
fn clock(sql: Sql, instant: &Operand, behind: &'static str) -> Sql {
    since_year_one(sql.then("("), instant).then(behind)
}

fn since_year_one(sql: Sql, instant: &Operand) -> Sql {
    operand(sql.then("("), instant)
        .then(" + ")
        .bind_int(TICKS_BEFORE_1970)
        .then(")")
}

/// Days since 0001-01-01.
fn days(sql: Sql, instant: &Operand) -> Sql {
    since_year_one(sql.then("("), instant)
        .then(" / ")
        .bind_int(TICKS_PER_DAY)
        .then(")")
}
