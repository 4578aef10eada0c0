//! Contexts and links of an answer. They begin with the configured root, never with what a request says of its host, and
//! name people by object id however the path named them (contract section 11a).

use odata::{encode_segment, string_literal};

use crate::db::artifacts::{Artifact, Parent};
use crate::graph::artifact::{ArtifactJson, ArtifactProperty};
use crate::http::router;
use crate::query::schema::{ADHOC_CALL, EntityType, MEETING};

/// Where something lies below a root: names and keys in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    steps: Vec<(&'static str, Option<String>)>,
}

impl Location {
    /// A user.
    pub(super) fn user(id: &str) -> Self {
        Self {
            steps: vec![("users", Some(id.to_owned()))],
        }
    }

    /// Where there is no user before it.
    pub(super) fn root() -> Self {
        Self { steps: Vec::new() }
    }

    /// A collection below it.
    pub(super) fn collection(mut self, name: &'static str) -> Self {
        self.steps.push((name, None));
        self
    }

    /// A member of a collection below it.
    pub(super) fn member(mut self, name: &'static str, key: &str) -> Self {
        self.steps.push((name, Some(key.to_owned())));
        self
    }

    /// The meeting or call below it.
    pub(super) fn parent(self, parent: &Parent) -> Self {
        match parent {
            Parent::Meeting(id) => self.member(MEETING.collection, id),
            Parent::AdhocCall(id) => self.member(ADHOC_CALL.collection, id),
        }
    }

    /// What `@odata.context` says: `{root}/$metadata#users('…')/onlineMeetings('…')/recordings`.
    pub(super) fn context(&self, root: &str) -> String {
        let mut text = format!("{root}/$metadata#");
        for (index, (name, key)) in self.steps.iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            text.push_str(name);
            if let Some(key) = key {
                text.push('(');
                text.push_str(&string_literal(key));
                text.push(')');
            }
        }
        text
    }

    /// Its address, with keys as segments.
    pub(super) fn url(&self, root: &str) -> String {
        let mut text = root.to_owned();
        for (name, key) in &self.steps {
            text.push('/');
            text.push_str(name);
            if let Some(key) = key {
                text.push_str(&link_key(key));
            }
        }
        text
    }
}

/// Where an artifact lies: under its owner, whoever asked.
pub(super) fn artifact(entity: &EntityType<ArtifactProperty>, artifact: &Artifact) -> Location {
    Location::user(&artifact.owner_id)
        .parent(&artifact.parent)
        .member(entity.collection, &artifact.id)
}

/// `recordingContentUrl` or `transcriptContentUrl` (contract section 1.4).
pub(super) fn content(root: &str, location: &Location) -> String {
    let mut url = location.url(root);
    url.push_str("/content");
    url
}

/// The JSON of an artifact.
pub(super) fn artifact_json<'a>(
    root: &str,
    entity: &EntityType<ArtifactProperty>,
    row: &'a Artifact,
) -> ArtifactJson<'a> {
    ArtifactJson {
        id: &row.id,
        meeting_id: row.parent.meeting(),
        call_id: &row.call_id,
        content_correlation_id: &row.content_correlation_id,
        created: row.created,
        end: row.end,
        content_url: content(root, &artifact(entity, row)),
        organizer_id: &row.owner_id,
        tenant_id: &row.tenant_id,
    }
}

/// A key behind the name of its collection: `/key`, or `('key')` where the segment would be read as something else.
fn link_key(key: &str) -> String {
    let is_dots = matches!(key, "." | "..");
    if is_dots || router::is_name_in_pattern(key) || key.starts_with('$') || key.contains('(') {
        format!("({})", link_segment(&string_literal(key)))
    } else {
        format!("/{}", link_segment(key))
    }
}

/// A segment of a link. Graph leaves what may stand in a path as it is (`=`, `+`, `*`, `:`, `@`; RFC 3986 section 3.3);
/// a segment with anything else is encoded.
fn link_segment(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&*+,;=:@".contains(&b);
    if text.bytes().all(plain) {
        text.to_owned()
    } else {
        encode_segment(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Ticks;
    use crate::db::artifacts::ArtifactKind;

    const ROOT: &str = "https://archive.example/v1.0";

    fn recording(meeting: &str, id: &str) -> Artifact {
        Artifact {
            id: id.to_owned(),
            call_id: "c".to_owned(),
            content_correlation_id: "k".to_owned(),
            created: Ticks(0),
            end: None,
            quarantined: false,
            parent: Parent::Meeting(meeting.to_owned()),
            owner_id: "o".to_owned(),
            tenant_id: "t".to_owned(),
        }
    }

    #[test]
    fn a_context_names_keys_as_literals() {
        for (user, meeting, expected) in [
            ("u", "m", "users('u')/onlineMeetings('m')/recordings"),
            ("u", "m==", "users('u')/onlineMeetings('m==')/recordings"),
            (
                "o'hara@x",
                "m",
                "users('o''hara@x')/onlineMeetings('m')/recordings",
            ),
        ] {
            let location = Location::user(user)
                .member("onlineMeetings", meeting)
                .collection("recordings");
            assert_eq!(location.context(ROOT), format!("{ROOT}/$metadata#{expected}"));
        }
    }

    #[test]
    fn content_is_under_the_owner_and_what_it_belongs_to() {
        for (kind, name) in [
            (ArtifactKind::Recording, "recordings"),
            (ArtifactKind::Transcript, "transcripts"),
        ] {
            let entity = EntityType::of(kind);
            let row = recording("m", "r");
            assert_eq!(
                content(ROOT, &artifact(entity, &row)),
                format!("{ROOT}/users/o/onlineMeetings/m/{name}/r/content")
            );
            let row = Artifact {
                parent: Parent::AdhocCall("c".to_owned()),
                ..row
            };
            assert_eq!(
                content(ROOT, &artifact(entity, &row)),
                format!("{ROOT}/users/o/adhocCalls/c/{name}/r/content")
            );
        }
    }

    #[test]
    fn every_key_in_a_link_leads_back_to_itself() {
        let entity = EntityType::of(ArtifactKind::Recording);
        for key in [
            "MSo1ZDRmYWVkNw==",
            "a+b*c:d@e,f;g",
            "a/b",
            "a b",
            "a?b#c",
            "100%",
            "%2F",
            "数学",
            "o'hara",
            "(x)",
            "a('b')",
            "a(1)",
            ".",
            "..",
            "$count",
            "delta",
            "Delta",
            "getAllRecordings",
            "createOrGet",
        ] {
            let row = recording(key, key);
            let link = content(ROOT, &artifact(entity, &row));
            let path = link.strip_prefix(ROOT).unwrap().trim_start_matches('/');
            let uri: http::Uri = link.parse().unwrap();
            assert_eq!(
                (uri.query(), uri.path()),
                (None, format!("/v1.0/{path}").as_str()),
                "{key}"
            );
            let parsed = odata::path::ResourcePath::parse(path).unwrap();
            let texts: Vec<_> = parsed.segments().iter().map(odata::path::Segment::text).collect();
            let expected = ["users", "o", "onlineMeetings", key, "recordings", key, "content"].map(Some);
            assert_eq!(texts, expected, "{link}");
        }
    }

    #[test]
    fn what_graph_leaves_as_it_is_stays_so() {
        for text in [
            "MSo1ZDRmYWVkNw==",
            "a+b",
            "a*b",
            "19:meeting_x@thread.v2",
            "a-b._~!$&,;",
        ] {
            assert_eq!(link_segment(text), text);
        }
    }
}
