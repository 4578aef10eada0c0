//! What is wrong with a configuration: one line each, all of them at once.

/// One thing that is wrong, printed as a single line: `limits.max_connection: unknown key; did you mean …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct Problem {
    /// The key (`issuers[0].audiences`), the environment variable, or the file with line and column.
    pub key: String,
    /// What is wrong and, after a semicolon, what to do.
    pub message: String,
}

impl Problem {
    pub(super) fn new(key: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        Self {
            key: one_line(key.as_ref()),
            message: one_line(message.as_ref()),
        }
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub(super) fn add(&mut self, key: impl AsRef<str>, message: impl AsRef<str>) {
        self.0.push(Problem::new(key, message));
    }

    /// Adds a problem unless something was already said about this key: a value that cannot be read
    /// is not also called missing.
    pub(super) fn add_first(&mut self, key: impl AsRef<str>, message: impl AsRef<str>) {
        let problem = Problem::new(key, message);
        if self.0.iter().all(|other| other.key != problem.key) {
            self.0.push(problem);
        }
    }
}

/// `text` with its control characters escaped, since keys and parser messages may hold line breaks.
fn one_line(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_that_begins_with_the_key() {
        let problem = Problem::new("a\nb", "wrong\r\nagain");
        assert_eq!(problem.to_string(), "a\\nb: wrong\\r\\nagain");
    }

    #[test]
    fn a_key_with_a_problem_gets_no_second_one_from_a_later_check() {
        let mut problems = Problems::default();
        problems.add("listen", "unreadable");
        problems.add_first("listen", "missing");
        problems.add_first("data", "missing");
        assert_eq!(problems.0.len(), 2);
    }
}
