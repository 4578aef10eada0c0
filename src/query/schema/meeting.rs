//! `onlineMeeting` (contract section 5.1).

use super::{ARTIFACTS_OF_IT, Column, EntityType, Path, Property, Type, property};
use crate::graph::meeting::MeetingProperty::{self, Setting};

/// A member that nothing here acts on: kept as a program wrote it, or its default.
const fn setting(name: &'static str, of: Type) -> Property<MeetingProperty> {
    property(
        name,
        of,
        Setting(name),
        "Kept as written; nothing here acts on it.",
    )
}

/// `onlineMeeting`
pub static MEETING: EntityType<MeetingProperty> = EntityType {
    name: "onlineMeeting",
    collection: "onlineMeetings",
    properties: &[
        property("id", Type::String, MeetingProperty::Id, "Names it.").stored(Column::text("id")),
        property(
            "creationDateTime",
            Type::DateTimeOffset,
            MeetingProperty::CreationDateTime,
            "When it was made, or null.",
        )
        .stored(Column::instant("created_ticks").or_null()),
        property(
            "startDateTime",
            Type::DateTimeOffset,
            MeetingProperty::StartDateTime,
            "When it begins, or null.",
        )
        .stored(Column::instant("start_ticks").or_null()),
        property(
            "endDateTime",
            Type::DateTimeOffset,
            MeetingProperty::EndDateTime,
            "When it ends, or null.",
        )
        .stored(Column::instant("end_ticks").or_null()),
        property(
            "expiryDateTime",
            Type::DateTimeOffset,
            MeetingProperty::ExpiryDateTime,
            "When the reference stops to answer for its recordings.",
        )
        .stored(Column::instant("expiry_ticks")),
        property(
            "joinWebUrl",
            Type::String,
            MeetingProperty::JoinWebUrl,
            "Address to join it.",
        )
        .stored(Column::address("join_web_url_key").or_null()),
        property("subject", Type::String, MeetingProperty::Subject, "Subject.")
            .stored(Column::text("subject").or_null()),
        property(
            "externalId",
            Type::String,
            MeetingProperty::ExternalId,
            "How whoever made it names it; `createOrGet` finds it by that.",
        )
        .stored(Column::text("external_id").or_null()),
        property(
            "videoTeleconferenceId",
            Type::String,
            MeetingProperty::VideoTeleconferenceId,
            "Number by which a video conferencing device joins it.",
        )
        .stored(Column::text("video_teleconference_id").or_null()),
        property(
            "meetingType",
            Type::Graph("meetingType"),
            MeetingProperty::MeetingType,
            "`scheduled`, `recurring`, `meetnow`, `adhoc` or `broadcast`.",
        )
        .stored(Column::text("meeting_type")),
        property(
            "isBroadcast",
            Type::Boolean,
            MeetingProperty::IsBroadcast,
            "Whether it is a live event.",
        ),
        setting("allowAttendeeToEnableCamera", Type::Boolean),
        setting("allowAttendeeToEnableMic", Type::Boolean),
        setting("allowBreakoutRooms", Type::Boolean),
        setting("allowCopyingAndSharingMeetingContent", Type::Boolean),
        setting("allowLiveShare", Type::Graph("meetingLiveShareOptions")),
        setting("allowMeetingChat", Type::Graph("meetingChatMode")),
        setting("allowParticipantsToChangeName", Type::Boolean),
        setting("allowPowerPointSharing", Type::Boolean),
        setting("allowRecording", Type::Boolean),
        setting("allowTeamworkReactions", Type::Boolean),
        setting("allowTranscription", Type::Boolean),
        setting("allowWhiteboard", Type::Boolean),
        setting("allowedLobbyAdmitters", Type::Graph("allowedLobbyAdmitterRoles")),
        setting("allowedPresenters", Type::Graph("onlineMeetingPresenters")),
        setting("isEndToEndEncryptionEnabled", Type::Boolean),
        setting("isEntryExitAnnounced", Type::Boolean),
        setting("lobbyBypassSettings", Type::Graph("lobbyBypassSettings")),
        setting("meetingSpokenLanguageTag", Type::String),
        setting("meetingTemplateId", Type::String),
        setting("recordAutomatically", Type::Boolean),
        setting("shareMeetingChatHistoryDefault", Type::Graph("meetingChatHistoryDefaultMode")),
        setting("watermarkProtection", Type::Graph("watermarkProtectionValues")),
        property(
            "chatInfo",
            Type::Graph("chatInfo"),
            MeetingProperty::ChatInfo,
            "Its chat: `threadId`, `messageId`.",
        ),
        property(
            "joinMeetingIdSettings",
            Type::Graph("joinMeetingIdSettings"),
            MeetingProperty::JoinMeetingIdSettings,
            "Number and passcode by which a person joins it.",
        ),
        property(
            "participants",
            Type::Graph("meetingParticipants"),
            MeetingProperty::Participants,
            "`organizer` and `attendees`, each with `identity`, `role` and `upn`.",
        ),
    ],
    on_demand: &[],
    paths: &[
        Path {
            path: "joinMeetingIdSettings/joinMeetingId",
            column: Column::text("join_meeting_id").or_null(),
        },
        Path {
            path: "chatInfo/threadId",
            column: Column::text("thread_id"),
        },
    ],
    navigation: ARTIFACTS_OF_IT,
    select: "
        SELECT id, tenant_id, organizer_id, subject, join_web_url, start_ticks, end_ticks, expiry_ticks,
               first_loaded_ticks, meeting_type, thread_id, is_channel_meeting, i_cal_uid, deleted_ticks, created_ticks,
               external_id, join_meeting_id, passcode, video_teleconference_id, settings",
    order: &[],
};
