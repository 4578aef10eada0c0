//! A request and its answer as the page shows them.

use http::Method;

use crate::support::TestApp;

/// Headers that every answer has, and that are told once.
const COMMON: [&str; 11] = [
    "cache-control",
    "client-request-id",
    "connection",
    "content-length",
    "content-security-policy",
    "date",
    "odata-version",
    "referrer-policy",
    "request-id",
    "vary",
    "x-content-type-options",
];

/// What every answer in JSON is, and every error.
const JSON: [&str; 2] = [
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
    "application/json",
];

/// What is asked.
#[derive(Clone, Default)]
pub struct Ask {
    /// `GET`, …
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// The token, and what the page says in its place.
    pub token: Option<(String, &'static str)>,
    /// Further headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// JSON.
    pub body: Option<String>,
}

/// An answer, taken apart.
pub struct Answer {
    /// The line with the status.
    pub status_line: String,
    /// Headers by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Ask {
    /// The request as it is sent, but for the token and the host.
    fn head(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\n", self.method, self.target);
        if let Some((_, shown)) = &self.token {
            head.push_str(&format!("Authorization: Bearer {{{shown}}}\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\n"));
        }
        if self.body.is_some() {
            head.push_str("Content-Type: application/json\n");
        }
        head
    }

    /// Sends it.
    pub async fn send(&self, app: &TestApp) -> Answer {
        let mut sent = self.head();
        if let Some((token, shown)) = &self.token {
            sent = sent.replace(&format!("{{{shown}}}"), token);
        }
        let body = self.body.clone().unwrap_or_default();
        if self.body.is_some() {
            sent.push_str(&format!("Content-Length: {}\n", body.len()));
        }
        let sent =
            format!("{sent}Host: archive.example\nConnection: close\n\n").replace('\n', "\r\n") + &body;
        let text = app.send_raw(sent.as_bytes()).await.text;
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let mut headers: Vec<(String, String)> = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        headers.sort();
        Answer {
            status_line,
            headers,
            body: body.to_owned(),
        }
    }

    /// The exchange as the page shows it.
    pub fn shown(&self, answer: &Answer) -> String {
        let body = self
            .body
            .as_deref()
            .map_or(String::new(), |body| format!("\n{}\n", pretty(body)));
        let mut shown = format!("```http\n{}{body}\n{}\n", self.head(), answer.status_line);
        for (name, value) in &answer.headers {
            if !COMMON.contains(&name.as_str()) && !JSON.contains(&value.as_str()) {
                let value = if name == "etag" { "\"{etag}\"" } else { value };
                shown.push_str(&format!("{name}: {value}\n"));
            }
        }
        let media_type = answer.header("content-type");
        match media_type {
            _ if answer.body.is_empty() => {}
            _ if media_type.starts_with("application/json") => {
                shown.push_str(&format!("\n{}\n", pretty(&answer.body)));
            }
            _ if media_type.starts_with("text/") || media_type.contains("+text") => {
                shown.push_str(&format!("\n{}\n", answer.body.trim_end()));
            }
            _ => shown.push_str(&format!("\n({} bytes)\n", answer.header("content-length"))),
        }
        let shown = shown + "```\n";
        let tokens = ["$skiptoken=", "$deltatoken=", "Bearer eyJ"];
        let ids = ["\"request-id\": \"", "\"client-request-id\": \""];
        let shown = tokens
            .iter()
            .fold(shown, |text, before| hide(&text, before, "{token}"));
        let shown = hide(&shown, "\"ETag\": \"\\\"", "{etag}");
        ids.iter().fold(shown, |text, before| hide(&text, before, "{id}"))
    }
}

/// The text with `instead` for every word behind `before`.
fn hide(text: &str, before: &str, instead: &str) -> String {
    let mut parts = text.split(before);
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_{}".contains(c)))
            .unwrap_or(part.len());
        let instead = if end == 0 { "" } else { instead };
        hidden.push_str(&format!("{before}{instead}{}", &part[end..]));
    }
    hidden
}

/// JSON in its own order: what fits into a line is one, and of the rest each member is.
fn pretty(json: &str) -> String {
    let mut rest = json.trim();
    let written = Json::read(&mut rest).written(0);
    assert_eq!(rest, "", "{json}");
    written
}

/// The longest value that stays a line, with what it is indented by.
const LINE: usize = 110;

/// A value whose members are in the order in which they came.
enum Json<'a> {
    Leaf(&'a str),
    List(&'static str, Vec<(&'a str, Json<'a>)>, &'static str),
}

impl<'a> Json<'a> {
    fn read(rest: &mut &'a str) -> Self {
        let (open, close) = match rest.as_bytes()[0] {
            b'{' => ("{", "}"),
            b'[' => ("[", "]"),
            _ => return Self::Leaf(leaf(rest)),
        };
        let mut members = Vec::new();
        *rest = rest[1..].trim_start();
        while !rest.starts_with(close) {
            let name = if open == "{" { leaf(rest) } else { "" };
            *rest = rest.trim_start_matches(':').trim_start();
            members.push((name, Self::read(rest)));
            *rest = rest.trim_start_matches(',').trim_start();
        }
        *rest = rest[1..].trim_start();
        Self::List(open, members, close)
    }

    fn written(&self, depth: usize) -> String {
        let Self::List(open, members, close) = self else {
            let Self::Leaf(text) = self else { unreachable!() };
            return (*text).to_owned();
        };
        let member = |(name, value): &(&str, Json<'_>), depth| match *name {
            "" => value.written(depth),
            name => format!("{name}: {}", value.written(depth)),
        };
        // Deep enough that nothing in it is broken into lines.
        let flat: Vec<String> = members.iter().map(|one| member(one, 0)).collect();
        let line = format!("{open}{}{close}", flat.join(", "));
        if !line.contains('\n') && line.len() + 2 * depth <= LINE && depth > 0 {
            return line;
        }
        let indent = "  ".repeat(depth + 1);
        let lines: Vec<String> = members
            .iter()
            .map(|one| format!("{indent}{}", member(one, depth + 1)))
            .collect();
        format!("{open}\n{}\n{}{close}", lines.join(",\n"), "  ".repeat(depth))
    }
}

/// A text, or a word, with what is blank behind it.
fn leaf<'a>(rest: &mut &'a str) -> &'a str {
    let mut escaped = false;
    let is_end = |c: char| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    };
    let end = match rest.strip_prefix('"') {
        Some(text) => text.find(is_end).expect("a text that does not end") + 2,
        None => rest.find([',', '}', ']']).unwrap_or(rest.len()),
    };
    let (found, after) = rest.split_at(end);
    *rest = after.trim_start();
    found.trim_end()
}

/// Method and target of a line that begins a request.
pub fn target_of(line: &str) -> Option<(Method, &str)> {
    let request = line.strip_suffix(" HTTP/1.1")?;
    let (method, target) = request.split_once(' ')?;
    Some((method.parse().ok()?, target))
}
