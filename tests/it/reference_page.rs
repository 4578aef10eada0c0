//! The three examples of the reference page, asked of `examples/get-callrecording.yaml`, against what the page shows.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::support::{Answer, TestApp, TokenOf};

const ROOT: &str = "https://graph.microsoft.com/v1.0";
const READ: &str = "OnlineMeetingRecording.Read.All";

/// A recording's own members, always in this order.
const MEMBERS: [&str; 8] = [
    "id",
    "meetingId",
    "callId",
    "contentCorrelationId",
    "createdDateTime",
    "endDateTime",
    "recordingContentUrl",
    "meetingOrganizer",
];

/// JSON whose members keep the order in which they were written.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Object(Vec<(String, Tree)>),
    List(Vec<Tree>),
    Leaf(Value),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Tree::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Tree::List(items))
            }

            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Leaf(text.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
                Ok(Tree::Leaf(number.into()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
                Ok(Tree::Leaf(flag.into()))
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Leaf(Value::Null))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl Tree {
    fn members(&self) -> &[(String, Tree)] {
        match self {
            Tree::Object(members) => members,
            other => panic!("not an object: {other:?}"),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.members().iter().map(|(name, _)| name.as_str()).collect()
    }

    fn get(&self, name: &str) -> &Tree {
        let member = self.members().iter().find(|(known, _)| known == name);
        &member.unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    fn text(&self) -> &str {
        match self {
            Tree::Leaf(Value::String(text)) => text,
            other => panic!("not a text: {other:?}"),
        }
    }

    fn item(&self, at: usize) -> &Tree {
        match self {
            Tree::List(items) => &items[at],
            other => panic!("not a list: {other:?}"),
        }
    }

    /// The page's tree as a live service sends it: `meant` in the place of `page`, and the root.
    fn meant(&self, id: &str) -> Tree {
        match self {
            Tree::Object(members) => match members.as_slice() {
                [(page, _), (meant, value)] if page == "page" && meant == "meant" => value.meant(id),
                _ => Tree::Object(
                    members
                        .iter()
                        .map(|(name, value)| (name.clone(), value.meant(id)))
                        .collect(),
                ),
            },
            Tree::List(items) => Tree::List(items.iter().map(|item| item.meant(id)).collect()),
            Tree::Leaf(Value::String(text)) => {
                Tree::Leaf(text.replace("{root}", ROOT).replace("{id}", id).into())
            }
            Tree::Leaf(value) => Tree::Leaf(value.clone()),
        }
    }
}

fn page() -> Tree {
    serde_json::from_str(include_str!("../data/page-examples.json")).unwrap()
}

fn tree(answer: &Answer) -> Tree {
    serde_json::from_slice(&answer.body).unwrap()
}

/// A server that holds the seed of the reference page and calls itself Graph.
async fn start() -> TestApp {
    let app = TestApp::with()
        .bare()
        .config("public_url = \"https://graph.microsoft.com\"")
        .start()
        .await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let media = app.seeds().join("media");
    std::fs::create_dir(&media).unwrap();
    for file in std::fs::read_dir(examples.join("media")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), media.join(file.file_name())).unwrap();
    }
    let yaml = std::fs::read_to_string(examples.join("get-callrecording.yaml")).unwrap();
    app.seed(&yaml).await;
    app
}

/// The token of an example: of the application of examples 1 and 2, of the user of example 3.
fn token_of(example: &str) -> String {
    let token = match example {
        "example3" => TokenOf::user("1273a016-201d-4f95-8083-1b7f99b3edeb")
            .tenant("2432b57b-0abd-43db-aa7b-16eadd115d34")
            .through("1e567ac9-3a3e-4e8a-a982-6776dce0d0ce"),
        _ => TokenOf::application("2de264cf-ba9f-4a54-96ff-00529f41caa2")
            .tenant("d6c9ce1e-4f71-8dc3-5b55-6a411ea46324"),
    };
    token.permissions(&[READ]).sign()
}

/// Asks what the page asks.
async fn ask(app: &TestApp, example: &str) -> Answer {
    let page = page();
    let request = page.get(example).get("request").text().to_owned();
    let path = request.strip_prefix("GET {root}").unwrap();
    let answer = app.get(&format!("/v1.0{path}"), &token_of(example)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let media_type = page.get(example).get("contentType").text().to_owned();
    let answered = answer.header("content-type").split(';').next().unwrap();
    assert_eq!(answered, media_type);
    answer
}

/// Every member that the page shows has the page's value, nested ones in the page's order.
fn assert_values(ours: &Tree, page: &Tree) {
    for (name, value) in page.members() {
        assert_eq!(ours.get(name), value, "{name}");
    }
}

#[tokio::test]
async fn example_1_gets_a_recording() {
    let app = start().await;
    let ours = tree(&ask(&app, "example1").await);
    let shown = page();
    let expected = shown.get("example1").get("body").meant("");
    assert_values(&ours, &expected);
    let mut order = vec!["@odata.context"];
    order.extend(MEMBERS);
    assert_eq!(ours.names(), order);
    let beyond: Vec<&str> = ours
        .names()
        .into_iter()
        .filter(|name| !expected.names().contains(name))
        .collect();
    assert_eq!(beyond, ["meetingId"], "what the page leaves out");
}

#[tokio::test]
async fn example_2_gets_its_content() {
    let app = start().await;
    let answer = ask(&app, "example2").await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/media/example-1.mp4");
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(answer.header("content-length"), bytes.len().to_string());
    assert!(answer.body == bytes, "other bytes than the file's");
}

#[tokio::test]
async fn example_3_finds_a_recording_by_its_correlation() {
    let app = start().await;
    let ours = tree(&ask(&app, "example3").await);
    let id = ours.get("value").item(0).get("id").text().to_owned();
    let shown = page();
    let expected = shown.get("example3").get("body").meant(&id);
    assert_eq!(ours.names(), expected.names(), "annotations as on the page");
    for name in ["@odata.context", "@odata.count", "@microsoft.graph.tips"] {
        assert_eq!(ours.get(name), expected.get(name), "{name}");
    }
    let (item, expected) = (ours.get("value").item(0), expected.get("value").item(0));
    assert_values(item, expected);
    assert_eq!(item.names(), MEMBERS);
    let beyond: Vec<&str> = item.names().into_iter().filter(|name| *name != "id").collect();
    assert_eq!(
        beyond,
        expected.names(),
        "but the id, the page's members in the page's order"
    );
    assert_eq!(
        ours.get("value"),
        &Tree::List(vec![item.clone()]),
        "one recording"
    );
}

#[tokio::test]
async fn the_links_of_the_page_lead_to_the_content() {
    let app = start().await;
    for (example, file) in [("example1", "example-1.mp4"), ("example3", "example-3.mp4")] {
        let ours = tree(&ask(&app, example).await);
        let recording = match example {
            "example3" => ours.get("value").item(0),
            _ => &ours,
        };
        let link = recording.get("recordingContentUrl").text();
        let path = link.strip_prefix("https://graph.microsoft.com").unwrap();
        let answer = app.get(path, &token_of(example)).await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/media")
            .join(file);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            answer.body == std::fs::read(file).unwrap(),
            "{example}: other bytes"
        );
    }
}
