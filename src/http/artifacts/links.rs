//! Contexts and links of an answer. They begin with the configured root, never with what a request says of its host, and
//! name people by object id however the path named them (contract section 11a).

use odata::{encode_segment, string_literal};

use crate::auth::access::MeetingAccess;
use crate::db::artifacts::Artifact;
use crate::graph::artifact::ArtifactJson;
use crate::http::request::{ApiVersion, Call};
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
        link_segment(&access.path_user_id),
        link_segment(&access.visible.meeting().id),
    );
    format!(
        "{root}/users/{user}/onlineMeetings/{meeting}/{}",
        entity.collection
    )
}

/// `recordingContentUrl` or `transcriptContentUrl` (contract section 1.4): under the organizer, whoever asked.
pub(super) fn content(
    root: &str,
    access: &MeetingAccess,
    entity: &EntityType,
    artifact: &Artifact,
) -> String {
    let meeting = access.visible.meeting();
    let (organizer, meeting) = (link_segment(&meeting.organizer_id), link_segment(&meeting.id));
    let (collection, id) = (entity.collection, link_segment(&artifact.id));
    format!("{root}/users/{organizer}/onlineMeetings/{meeting}/{collection}/{id}/content")
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
