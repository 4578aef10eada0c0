//! Parameters of a form or a query (`application/x-www-form-urlencoded`), each of them once (RFC 6749 section 3.1).

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use odata::query::decode_form;

use crate::authority::redirect_uri::with_parameters;
use crate::authority::refusal::{self, Refusal};

/// The most parameters that are read.
const MAX_PARAMETERS: usize = 64;

/// Parameters by name. `Debug` shows no value: many are secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    values: BTreeMap<String, String>,
}

impl Form {
    /// Reads the body of a POST.
    ///
    /// # Errors
    /// [`Refusal`] where it is no form, or names a parameter twice.
    pub(super) fn of_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let kind = kind
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let text = std::str::from_utf8(body).ok();
        match text.filter(|_| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            Some(text) => Self::parse(text),
            None => Err(refusal::NOT_A_FORM.refuse()),
        }
    }

    /// Reads `name=value&…`. A parameter without a value counts as left out (RFC 6749 section 3.1).
    ///
    /// # Errors
    /// [`Refusal`] where it cannot be decoded, or names a parameter twice.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut values = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode_form(name).ok_or_else(|| refusal::MALFORMED.about(name))?;
            let value = decode_form(value).ok_or_else(|| refusal::MALFORMED.about(&name))?;
            if value.is_empty() {
                continue;
            }
            if values.insert(name.clone(), value).is_some() || values.len() > MAX_PARAMETERS {
                return Err(refusal::REPEATED.about(&name));
            }
        }
        Ok(Self { values })
    }

    /// A parameter, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All of them in the query of `path`.
    pub(super) fn as_query_of(&self, path: &str) -> String {
        let pairs: Vec<(&str, &str)> = self
            .values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        with_parameters(path, &pairs)
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// [`Refusal`] where it is not.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| refusal::MISSING.about(name))
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_stand_once() {
        let form = Form::parse("a=1+2%2B3&b=&c&%64=%C3%A9").unwrap();
        assert_eq!((form.get("a"), form.get("d")), (Some("1 2+3"), Some("é")));
        assert_eq!((form.get("b"), form.get("c")), (None, None));
        assert_eq!(form.needed("b").unwrap_err(), refusal::MISSING.about("b"));
        for text in ["a=1&a=2", "a=%zz", "a=%ff", "%ff=1"] {
            assert!(Form::parse(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..100).map(|n| format!("p{n}=x")).collect();
        assert!(Form::parse(&many.join("&")).is_err());
        assert_eq!(format!("{form:?}"), r#"["a", "d"]"#);
    }
}
