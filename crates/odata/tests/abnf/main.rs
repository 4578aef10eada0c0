//! The rules of the grammar, OData ABNF Construction Rules 4.01, that the crate implements: for each, texts
//! that are read and texts that are refused. What is read is written again, and that reads as the same.
//!
//! Names of properties and types are the caller's affair, so a rule that only knows whether a name is
//! one of an entity or of a complex type has no test of its own. Rules of which nothing is read are here
//! with what is refused.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod expressions;
mod literals;
mod methods;
mod options;
mod paths;

/// A rule of the grammar.
struct Rule {
    /// The name in the grammar.
    name: &'static str,
    /// Reads a text by the rule and writes it in canonical form.
    read: fn(&str) -> Result<String, String>,
    /// Texts that the rule describes, or that the crate reads beyond it.
    accept: &'static [&'static str],
    /// Texts that the rule does not describe, and the few that the crate leaves out although it does: its
    /// modules name them, such as empty lists and years of five digits.
    refuse: &'static [&'static str],
}

const ALL: [&[Rule]; 5] = [
    paths::RULES,
    options::RULES,
    expressions::RULES,
    methods::RULES,
    literals::RULES,
];

/// Checks a rule of a list.
fn holds(rules: &[Rule], name: &str) {
    let rule = rules
        .iter()
        .find(|rule| rule.name == name)
        .expect("the rule is in the list");
    for text in rule.accept {
        let written = (rule.read)(text).unwrap_or_else(|e| panic!("{name} {text}: {e}"));
        assert_eq!(
            (rule.read)(&written).as_deref(),
            Ok(written.as_str()),
            "{name} {text}"
        );
    }
    for text in rule.refuse {
        let message = (rule.read)(text).expect_err(text);
        assert!(message.contains("expected "), "{name} {text}: {message}");
    }
}

/// The name of a rule as a function of Rust has it.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            snake.push('_');
        }
        snake.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
        before = c;
    }
    snake
}

/// Run with `--nocapture`, this says how many rules and cases there are.
#[test]
fn every_rule_has_a_test_with_its_name_and_cases() {
    let sources = [
        include_str!("paths.rs"),
        include_str!("options.rs"),
        include_str!("expressions.rs"),
        include_str!("methods.rs"),
        include_str!("literals.rs"),
    ]
    .concat();
    let mut names: Vec<_> = ALL
        .iter()
        .flat_map(|rules| rules.iter())
        .map(|rule| rule.name)
        .collect();
    let rules = names.len();
    for name in &names {
        let test = format!("fn rule_{}()", snake(name));
        assert_eq!(sources.matches(&test).count(), 1, "{test}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rules, "a rule is in two lists");
    let cases = |rule: &Rule| rule.accept.len() + rule.refuse.len();
    let total: usize = ALL.iter().flat_map(|rules| rules.iter()).map(cases).sum();
    println!("{rules} rules, {total} cases");
}
