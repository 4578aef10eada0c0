//! The document, as far as a test asks it: which operations there are, and whether an answer is one of theirs. It knows the
//! words of JSON Schema that the document uses, and fails at others.

use std::collections::BTreeSet;

use graphophone::http::api::description;
use serde_json::{Map, Value, json};

use crate::support::Answer;

/// Method, path and status.
pub type Outcome = (String, String, u16);

/// Words of schemas that say nothing about what is allowed, or that [`Described::beyond`] tries out.
const SAID: [&str; 9] = [
    "description",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maxItems",
    "examples",
    "title",
];

pub struct Described {
    document: Value,
}

impl Described {
    pub fn new() -> Self {
        let document = serde_json::from_str(&description::document()).unwrap();
        Self { document }
    }

    /// Method and path of every operation.
    pub fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        operations.collect()
    }

    pub fn operation(&self, method: &str, path: &str) -> &Value {
        &self.document["paths"][path][method.to_lowercase()]
    }

    /// Every status of every operation.
    pub fn outcomes(&self) -> BTreeSet<Outcome> {
        let mut outcomes = BTreeSet::new();
        for (method, path) in self.operations() {
            let responses = self.operation(&method, &path)["responses"].as_object().unwrap();
            for status in responses.keys() {
                outcomes.insert((method.clone(), path.clone(), status.parse().unwrap()));
            }
        }
        outcomes
    }

    /// Fails unless an answer is one that the document names, with nothing in it that the document does not name.
    pub fn check(&self, (method, path): (&str, &str), answer: &Answer) -> Outcome {
        let (status, what) = (
            answer.status,
            format!("{method} {path}: {} {}", answer.status, answer.text()),
        );
        let responses = &self.operation(method, path)["responses"];
        let response = &responses[status.to_string()];
        assert!(response.is_object(), "{what}: the document has no such status");
        let retries = response["headers"]["Retry-After"].is_object();
        assert_eq!(
            retries,
            !answer.header("retry-after").is_empty(),
            "{what}: Retry-After"
        );
        assert!(
            answer.header("location").is_empty() || response["headers"]["Location"].is_object(),
            "{what}: Location"
        );
        match response["content"]["application/json"]["schema"].as_object() {
            None => assert!(answer.body.is_empty(), "{what}: a body"),
            Some(schema) => {
                let media_type = answer.header("content-type").split(';').next();
                assert_eq!(media_type, Some("application/json"), "{what}");
                let faults = self.faults(&Value::Object(schema.clone()), &answer.json());
                assert!(faults.is_empty(), "{what}: {faults:#?}");
            }
        }
        (method.to_owned(), path.to_owned(), status)
    }

    /// What of a value is not as its schema says, or is not named there.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.compare(schema, value, "", &mut faults);
        faults
    }

    fn compare(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        for (word, says) in schema.as_object().unwrap() {
            match word.as_str() {
                "$ref" => self.compare(self.resolve(says), value, at, faults),
                "oneOf" => {
                    let one_of = says.as_array().unwrap();
                    let tried = one_of.iter().map(|one| self.faults(one, value));
                    let tried: Vec<Vec<String>> = tried.collect();
                    if tried.iter().filter(|faults| faults.is_empty()).count() != 1 {
                        faults.push(format!("{at}: not one of them: {tried:?}"));
                    }
                }
                "type" if !is_of(says, value) => faults.push(format!("{at}: {value} is not {says}")),
                "required" => {
                    for name in says.as_array().unwrap() {
                        let name = name.as_str().unwrap();
                        if value.as_object().is_some_and(|map| !map.contains_key(name)) {
                            faults.push(format!("{at}/{name} is missing"));
                        }
                    }
                }
                "properties" => self.compare_members(says, value, at, faults),
                "items" => {
                    for (index, one) in value.as_array().into_iter().flatten().enumerate() {
                        self.compare(says, one, &format!("{at}/{index}"), faults);
                    }
                }
                "type" | "additionalProperties" => {}
                other => assert!(SAID.contains(&other), "teach this test what {other} means"),
            }
        }
    }

    fn compare_members(&self, properties: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        for (name, member) in value.as_object().unwrap_or(&Map::new()) {
            match properties.get(name) {
                Some(schema) => self.compare(schema, member, &format!("{at}/{name}"), faults),
                None => faults.push(format!("{at}/{name} is not named")),
            }
        }
    }

    fn resolve(&self, reference: &Value) -> &Value {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        let found = self.document.pointer(pointer);
        found.unwrap_or_else(|| panic!("there is no {reference}"))
    }

    /// Every example of a body, with its schema.
    pub fn each_example(&self, mut look: impl FnMut(&Value, &Value)) {
        for (method, path) in self.operations() {
            let operation = self.operation(&method, &path);
            let responses = operation["responses"].as_object().unwrap().values();
            for one in responses.chain([&operation["requestBody"]]) {
                for content in one["content"].as_object().into_iter().flat_map(Map::values) {
                    for example in content["examples"].as_object().into_iter().flat_map(Map::values) {
                        look(&content["schema"], &example["value"]);
                    }
                }
            }
        }
        let schemas = self.document["components"]["schemas"].as_object().unwrap();
        for schema in schemas.values() {
            for example in schema["examples"].as_array().into_iter().flatten() {
                look(schema, example);
            }
        }
    }

    /// Every member of a type, at any depth, by its JSON pointer; of lists their first.
    pub fn members(&self, name: &str) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let root = &self.document["components"]["schemas"][name];
        self.collect(root, "", &mut found);
        found
    }

    fn collect(&self, schema: &Value, at: &str, found: &mut Vec<(String, Value)>) {
        if schema["$ref"].is_string() {
            return self.collect(self.resolve(&schema["$ref"]), at, found);
        }
        for one in schema["oneOf"].as_array().into_iter().flatten() {
            self.collect(one, at, found);
        }
        if schema["items"].is_object() {
            let at = format!("{at}/0");
            found.push((at.clone(), schema["items"].clone()));
            self.collect(&schema["items"], &at, found);
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            found.push((at.clone(), member.clone()));
            self.collect(member, &at, found);
        }
    }

    /// Values just beyond what a schema allows.
    pub fn beyond(schema: &Value) -> Vec<Value> {
        let mut wrong = Vec::new();
        let number = |word: &str| schema[word].as_u64();
        if let Some(most) = number("maxLength") {
            wrong.push("x".repeat(usize::try_from(most).unwrap() + 1).into());
        }
        if number("minLength").is_some() {
            wrong.push("".into());
        }
        if let Some(least) = number("minimum") {
            wrong.push((i64::try_from(least).unwrap() - 1).into());
        }
        if let Some(most) = number("maxItems") {
            let one = json!({ "user": "attendee@contoso.example" });
            wrong.push(vec![one; usize::try_from(most).unwrap() + 1].into());
        }
        if schema["pattern"].is_string() {
            wrong.extend(["", "ä", "a b"].map(Value::from));
        }
        if schema["format"] == "date-time" {
            wrong.push("yesterday".into());
        }
        let values = [true.into(), 5.into(), "x".into(), json!([1]), json!({ "x": 1 })];
        if schema["$ref"].is_string() || schema["oneOf"].is_array() {
            wrong.extend([true.into(), 5.into(), "x".into(), json!([]), json!([null])]);
        }
        // Of a type that is none of its own.
        if !schema["type"].is_null() {
            let other = values.into_iter().filter(|value| !is_of(&schema["type"], value));
            wrong.extend(other);
        }
        wrong
    }
}

fn is_of(types: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("teach this test what {other} is"),
    };
    match types {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        other => panic!("{other} is no type"),
    }
}
