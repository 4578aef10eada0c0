//! Contexts and links of an answer. They begin with the configured root, never with what a request says of its host, and
//! name people by object id however the path named them (contract section 11a).

use odata::{encode_segment, string_literal};

use crate::auth::access::MeetingAccess;
use crate::db::artifacts::Artifact;
use crate::graph::artifact::ArtifactJson;
use crate::http::request::{ApiVersion, Call};
use crate::http::router;
use crate::query::plan::Selection;
use crate::query::schema::EntityType;

/// The root that links of this call begin with.
pub(super) fn root(call: &Call<'_>) -> String {
    let version = match call.version {
        ApiVersion::V1 => "v1.0",
        ApiVersion::Beta => "beta",
    };
    format!("{}/{version}", call.app.public_url)
}

/// `@odata.context` of a meeting's artifacts: `{root}/$metadata#users('…')/onlineMeetings('…')/recordings`, with what was
/// selected.
pub(super) fn context(
    root: &str,
    access: &MeetingAccess,
    entity: &EntityType,
    selection: &Selection,
) -> String {
    let (user, meeting) = (
        string_literal(&access.path_user_id),
        string_literal(&access.visible.meeting().id),
    );
    let (collection, selected) = (entity.collection, selection.in_context());
    format!("{root}/$metadata#users({user})/onlineMeetings({meeting})/{collection}{selected}")
}

/// The collection's own address, with keys as segments.
pub(super) fn collection(root: &str, access: &MeetingAccess, entity: &EntityType) -> String {
    let (user, meeting) = (
        link_key(&access.path_user_id),
        link_key(&access.visible.meeting().id),
    );
    format!("{root}/users{user}/onlineMeetings{meeting}/{}", entity.collection)
}

/// `recordingContentUrl` or `transcriptContentUrl` (contract section 1.4): under the organizer, whoever asked.
pub(super) fn content(
    root: &str,
    access: &MeetingAccess,
    entity: &EntityType,
    artifact: &Artifact,
) -> String {
    let meeting = access.visible.meeting();
    let (organizer, meeting) = (link_key(&meeting.organizer_id), link_key(&meeting.id));
    let (collection, id) = (entity.collection, link_key(&artifact.id));
    format!("{root}/users{organizer}/onlineMeetings{meeting}/{collection}{id}/content")
}

/// The JSON of an artifact.
pub(super) fn artifact_json<'a>(
    artifact: &'a Artifact,
    content_url: &'a str,
    access: &'a MeetingAccess,
    selection: &'a Selection,
) -> ArtifactJson<'a> {
    let meeting = access.visible.meeting();
    ArtifactJson {
        members: selection.members(),
        id: &artifact.id,
        meeting_id: &meeting.id,
        call_id: &artifact.call_id,
        content_correlation_id: &artifact.content_correlation_id,
        created: artifact.created,
        end: artifact.end,
        content_url,
        organizer_id: &meeting.organizer_id,
        tenant_id: &meeting.tenant_id,
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
    use crate::auth::access::Visibility;
    use crate::clock::Ticks;
    use crate::config::QueryOptionsRule;
    use crate::db::artifacts::ArtifactKind;
    use crate::db::meetings::OnlineMeeting;
    use crate::query::plan::EntityQuery;

    const ROOT: &str = "https://archive.example/v1.0";

    fn access(path_user: &str, meeting: &str) -> MeetingAccess {
        let meeting = OnlineMeeting {
            id: meeting.to_owned(),
            tenant_id: "t".to_owned(),
            organizer_id: "o".to_owned(),
            subject: None,
            join_web_url: None,
            start: None,
            end: None,
            expiry: Ticks(0),
            first_loaded: Ticks(0),
            meeting_type: "scheduled".to_owned(),
            thread_id: "19:x".to_owned(),
            is_channel_meeting: false,
            i_cal_uid: None,
            deleted: None,
        };
        let access = MeetingAccess::for_test(Visibility::for_test(ArtifactKind::Recording, meeting));
        MeetingAccess {
            path_user_id: path_user.to_owned(),
            ..access
        }
    }

    fn recording(id: &str) -> Artifact {
        Artifact {
            id: id.to_owned(),
            call_id: "c".to_owned(),
            content_correlation_id: "k".to_owned(),
            created: Ticks(0),
            end: None,
            quarantined: false,
        }
    }

    fn selection(query: &str, entity: &EntityType) -> Selection {
        EntityQuery::parse(Some(query), entity, QueryOptionsRule::Reference)
            .unwrap()
            .selection
    }

    #[test]
    fn a_context_names_keys_as_literals_and_what_was_selected() {
        let entity = EntityType::of(ArtifactKind::Recording);
        let cases = [
            ("u", "m", "", "users('u')/onlineMeetings('m')/recordings"),
            (
                "u",
                "m==",
                "$select=id",
                "users('u')/onlineMeetings('m==')/recordings(id)",
            ),
            (
                "u",
                "m",
                "$select=content,id",
                "users('u')/onlineMeetings('m')/recordings(content,id)",
            ),
            (
                "o'hara@x",
                "m",
                "",
                "users('o''hara@x')/onlineMeetings('m')/recordings",
            ),
        ];
        for (user, meeting, query, expected) in cases {
            let found = context(ROOT, &access(user, meeting), entity, &selection(query, entity));
            assert_eq!(found, format!("{ROOT}/$metadata#{expected}"));
        }
    }

    #[test]
    fn a_collection_is_under_the_user_of_the_path_and_content_under_the_organizer() {
        let access = access("u", "m");
        for (kind, name) in [
            (ArtifactKind::Recording, "recordings"),
            (ArtifactKind::Transcript, "transcripts"),
        ] {
            let entity = EntityType::of(kind);
            assert_eq!(
                collection(ROOT, &access, entity),
                format!("{ROOT}/users/u/onlineMeetings/m/{name}")
            );
            assert_eq!(
                content(ROOT, &access, entity, &recording("r")),
                format!("{ROOT}/users/o/onlineMeetings/m/{name}/r/content")
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
            let link = content(ROOT, &access("u", key), entity, &recording(key));
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

    #[test]
    fn an_artifact_is_written_with_what_was_selected() {
        let entity = EntityType::of(ArtifactKind::Recording);
        let (access, row) = (access("u", "m"), recording("r"));
        let chosen = selection("$select=callId,id", entity);
        let json = artifact_json(&row, "url", &access, &chosen);
        assert_eq!((json.id, json.call_id, json.meeting_id), ("r", "c", "m"));
        assert_eq!(
            (json.organizer_id, json.tenant_id, json.content_url),
            ("o", "t", "url")
        );
        let names: Vec<&str> = json.members.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["id", "callId"]);
    }
}
