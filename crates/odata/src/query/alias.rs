//! Parameter aliases (Part 2, section 5.3; ABNF `parameterAlias`, `aliasAndValue`, `nameAndValue`).

use std::borrow::Cow;

use super::QueryOptions;
use crate::filter::is_identifier;
use crate::instant::repair_offset;

impl QueryOptions {
    /// What a parameter alias stands for, with its `@` or without it; nothing if the query does not say.
    ///
    /// The value is the text of the literal: without quotes if it had some, and with the plus that an
    /// offset lost in the query. It is looked up as `@name` and then, as the URI templates of Microsoft's
    /// client libraries send it and as 4.01 allows for parameters (ABNF `nameAndValue`), as `name`.
    #[must_use]
    pub fn parameter_alias(&self, name: &str) -> Option<Cow<'_, str>> {
        let bare = name.strip_prefix('@').unwrap_or(name);
        let is_alias = |written: &str| written.strip_prefix('@') == Some(bare);
        let alias = self.custom.iter().find(|custom| is_alias(&custom.name));
        let value = alias.map_or_else(|| self.custom_value(bare), |custom| Some(custom.value.as_str()))?;
        Some(unquoted(value))
    }

    /// The text of a parameter's value in the path, such as one of [`Segment::Named`](crate::Segment):
    /// an alias is looked up, everything else stays; nothing for an alias that the query does not say.
    ///
    /// The client libraries write the aliases of strings in quotes (`f(a='@a')`), which the path has
    /// taken off. So a string that begins with an at sign cannot be written in the path, only as an alias.
    #[must_use]
    pub fn resolve<'a>(&'a self, value: &'a str) -> Option<Cow<'a, str>> {
        match value.strip_prefix('@') {
            Some(name) if is_identifier(name) => self.parameter_alias(name),
            _ => Some(repair_offset(value)),
        }
    }
}

/// A literal without its quotes; what has none gets the plus back that its offset lost.
fn unquoted(value: &str) -> Cow<'_, str> {
    let value = value.trim_matches([' ', '\t']);
    let inner = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inner {
        None => repair_offset(value),
        Some(inner) if inner.contains('\'') => Cow::Owned(inner.replace("''", "'")),
        Some(inner) => Cow::Borrowed(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ResourcePath;

    fn options(query: &str) -> QueryOptions {
        QueryOptions::parse(Some(query)).unwrap()
    }

    #[test]
    fn an_alias_is_found_with_its_sign_before_the_name_alone() {
        let query = options("a='plain'&@a='it''s'&b=2");
        assert_eq!(query.parameter_alias("a").as_deref(), Some("it's"));
        assert_eq!(query.parameter_alias("@a").as_deref(), Some("it's"));
        assert_eq!(query.parameter_alias("@b").as_deref(), Some("2"));
        assert_eq!(query.parameter_alias("@c"), None);
        assert_eq!(query.parameter_alias("@A"), None);
    }

    #[test]
    fn values_lose_their_quotes_and_get_their_plus_back() {
        let query =
            options("@a=''&@b='&@c=2024-01-15T00:00:00+02:00&@d='2024-01-15T00:00:00+02:00'&@e=%20'x'%20");
        for (name, value) in [
            ("a", ""),
            ("b", "'"),
            ("c", "2024-01-15T00:00:00+02:00"),
            ("d", "2024-01-15T00:00:00 02:00"),
            ("e", "x"),
        ] {
            assert_eq!(query.parameter_alias(name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn parameters_of_the_client_libraries_are_resolved() {
        // What Kiota makes of Microsoft's description of getAllRecordings, with two of three values given.
        let path = ResourcePath::parse(
            "users/u/onlineMeetings/getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId',startDateTime=@startDateTime,endDateTime=@endDateTime)",
        )
        .unwrap();
        let call = path.segments().last().unwrap();
        let query = options(
            "meetingOrganizerUserId=8b081ef6-4792-4def-b2c9-c363a1bf41d5&startDateTime=2024-01-15T00%3A00%3A00%2B00%3A00",
        );
        let resolved = |name: &str| query.resolve(call.parameter(name).unwrap());
        assert_eq!(
            resolved("meetingorganizeruserid").as_deref(),
            Some("8b081ef6-4792-4def-b2c9-c363a1bf41d5")
        );
        assert_eq!(
            resolved("startDateTime").as_deref(),
            Some("2024-01-15T00:00:00+00:00")
        );
        assert_eq!(resolved("endDateTime"), None);
        assert_eq!(call.parameter("other"), None);
    }

    #[test]
    fn what_is_no_alias_stays() {
        let query = options("@a=1");
        for value in ["x", "@", "@a b", "a@a", "2024-01-15T00:00:00Z"] {
            assert_eq!(query.resolve(value).as_deref(), Some(value));
        }
        assert_eq!(
            query.resolve("2024-01-15T00:00:00 02:00").as_deref(),
            Some("2024-01-15T00:00:00+02:00")
        );
    }
}
