//! Permissions that open an operation, spelled as Graph spells them. Compared exactly, case included.

use crate::db::artifacts::ArtifactKind;

/// What a caller needs, one of each list.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    /// Delegated permissions (`scp`).
    pub scopes: &'static [&'static str],
    /// Application permissions (`roles`).
    pub roles: &'static [&'static str],
    /// Resource-specific permission that a consent may give for one chat.
    pub chat: Option<&'static str>,
}

/// Reads recordings of a meeting.
const RECORDINGS: Permission = Permission {
    scopes: &["OnlineMeetingRecording.Read.All"],
    roles: &["OnlineMeetingRecording.Read.All"],
    chat: Some("OnlineMeetingRecording.Read.Chat"),
};

/// Puts recordings and transcripts into meetings, and removes them. Not Graph's: it has no such operation.
const UPLOAD: Permission = Permission {
    scopes: &["OnlineMeetingRecording.Write.All"],
    roles: &["OnlineMeetingRecording.Write.All"],
    chat: None,
};

/// Reads transcripts of a meeting.
const TRANSCRIPTS: Permission = Permission {
    scopes: &["OnlineMeetingTranscript.Read.All"],
    roles: &["OnlineMeetingTranscript.Read.All"],
    chat: Some("OnlineMeetingTranscript.Read.Chat"),
};

const EXPORT_RECORDINGS: Permission = Permission {
    chat: None,
    ..RECORDINGS
};

const EXPORT_TRANSCRIPTS: Permission = Permission {
    chat: None,
    ..TRANSCRIPTS
};

/// Reads recordings of an ad hoc call. The reference spells the delegated one in two ways.
const CALL_RECORDINGS: Permission = Permission {
    scopes: &["CallRecording.Read.All", "CallRecordings.Read.All"],
    roles: &["CallRecordings.Read.All"],
    chat: None,
};

/// Reads transcripts of an ad hoc call.
const CALL_TRANSCRIPTS: Permission = Permission {
    scopes: &["CallTranscripts.Read.All"],
    roles: &["CallTranscripts.Read.All"],
    chat: None,
};

/// Finds ad hoc calls: who may read something of them may know that they are there.
const CALLS: Permission = Permission {
    scopes: &[
        "CallRecording.Read.All",
        "CallRecordings.Read.All",
        "CallTranscripts.Read.All",
    ],
    roles: &["CallRecordings.Read.All", "CallTranscripts.Read.All"],
    chat: None,
};

/// Reads online meetings.
const READ_MEETINGS: Permission = Permission {
    scopes: &["OnlineMeetings.Read", "OnlineMeetings.ReadWrite"],
    roles: &["OnlineMeetings.Read.All", "OnlineMeetings.ReadWrite.All"],
    chat: None,
};

/// Makes and changes online meetings.
const WRITE_MEETINGS: Permission = Permission {
    scopes: &["OnlineMeetings.ReadWrite"],
    roles: &["OnlineMeetings.ReadWrite.All"],
    chat: None,
};

/// Reads the user who has signed in.
const READ_ONESELF: Permission = Permission {
    scopes: &["User.Read", "User.Read.All", "User.ReadBasic.All"],
    roles: &["User.Read.All"],
    chat: None,
};

/// Reads any user.
const READ_USERS: Permission = Permission {
    scopes: &["User.Read.All", "User.ReadBasic.All"],
    roles: &["User.Read.All"],
    chat: None,
};

impl Permission {
    /// What reading a meeting's artifacts of that kind needs.
    pub const fn to_read(kind: ArtifactKind) -> &'static Self {
        match kind {
            ArtifactKind::Recording => &RECORDINGS,
            ArtifactKind::Transcript => &TRANSCRIPTS,
        }
    }

    /// What putting recordings into meetings needs, and removing them.
    pub const fn to_upload() -> &'static Self {
        &UPLOAD
    }

    /// What exporting all of a user's meetings' artifacts of that kind needs: a chat's consent is for its own meeting.
    pub const fn to_export(kind: ArtifactKind) -> &'static Self {
        match kind {
            ArtifactKind::Recording => &EXPORT_RECORDINGS,
            ArtifactKind::Transcript => &EXPORT_TRANSCRIPTS,
        }
    }

    /// What reading an ad hoc call's artifacts of that kind needs.
    pub const fn to_read_of_calls(kind: ArtifactKind) -> &'static Self {
        match kind {
            ArtifactKind::Recording => &CALL_RECORDINGS,
            ArtifactKind::Transcript => &CALL_TRANSCRIPTS,
        }
    }

    /// What reading ad hoc calls themselves needs.
    pub const fn to_read_calls() -> &'static Self {
        &CALLS
    }

    /// What reading online meetings needs, or changing them.
    pub const fn of_meetings(writes: bool) -> &'static Self {
        match writes {
            true => &WRITE_MEETINGS,
            false => &READ_MEETINGS,
        }
    }

    /// What reading a user needs: oneself, or anybody.
    pub const fn to_read_users(oneself: bool) -> &'static Self {
        match oneself {
            true => &READ_ONESELF,
            false => &READ_USERS,
        }
    }
}

/// A permission that can be registered for an application, by the name that Graph gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownPermission {
    /// Its name.
    pub name: &'static str,
    /// An application may have it for itself; goes into `roles`.
    pub application: bool,
    /// A user may let an application have it; goes into `scp`.
    pub delegated: bool,
    /// A chat may let an application have it.
    pub resource_specific: bool,
    /// As a delegated one it is for an administrator to consent to.
    pub needs_admin_consent: bool,
    /// Graph's id of it as an application permission, where that is known.
    pub role_id: Option<&'static str>,
    /// Graph's id of it as a delegated permission, where that is known.
    pub scope_id: Option<&'static str>,
}

impl KnownPermission {
    const fn of_both(name: &'static str) -> Self {
        Self {
            name,
            application: true,
            delegated: true,
            resource_specific: false,
            needs_admin_consent: true,
            role_id: None,
            scope_id: None,
        }
    }

    const fn of_applications(name: &'static str) -> Self {
        Self {
            delegated: false,
            needs_admin_consent: false,
            ..Self::of_both(name)
        }
    }

    const fn delegated(name: &'static str, needs_admin_consent: bool) -> Self {
        Self {
            application: false,
            needs_admin_consent,
            ..Self::of_both(name)
        }
    }

    const fn of_a_chat(name: &'static str) -> Self {
        Self {
            application: false,
            resource_specific: true,
            ..Self::of_applications(name)
        }
    }
}

/// The permissions of what is kept here, in order.
pub const KNOWN: [KnownPermission; 16] = [
    KnownPermission::delegated("CallRecording.Read.All", true),
    KnownPermission::of_both("CallRecordings.Read.All"),
    KnownPermission::of_both("CallTranscripts.Read.All"),
    KnownPermission::of_both("OnlineMeetingArtifact.Read.All"),
    KnownPermission {
        role_id: Some("a4a08342-c95d-476b-b943-97e100569c8d"),
        scope_id: Some("190c2bb6-1fdd-4fec-9aa2-7d571b5e1fe3"),
        ..KnownPermission::of_both("OnlineMeetingRecording.Read.All")
    },
    KnownPermission::of_a_chat("OnlineMeetingRecording.Read.Chat"),
    // Ours: Graph has nothing to write recordings with.
    KnownPermission::of_both("OnlineMeetingRecording.Write.All"),
    KnownPermission::of_both("OnlineMeetingTranscript.Read.All"),
    KnownPermission::of_a_chat("OnlineMeetingTranscript.Read.Chat"),
    KnownPermission::delegated("OnlineMeetings.Read", false),
    KnownPermission::of_applications("OnlineMeetings.Read.All"),
    KnownPermission::delegated("OnlineMeetings.ReadWrite", false),
    KnownPermission::of_applications("OnlineMeetings.ReadWrite.All"),
    KnownPermission::delegated("User.Read", false),
    KnownPermission::of_both("User.Read.All"),
    KnownPermission::delegated("User.ReadBasic.All", false),
];

/// What belongs to signing in itself (OpenID Connect Core sections 5.4 and 11): no application registers it.
pub const OF_SIGN_IN: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The permission of exactly that name.
pub fn known(name: &str) -> Option<&'static KnownPermission> {
    KNOWN.iter().find(|one| one.name == name)
}

/// Whether `granted` has one of `wanted`.
pub(super) fn has_one(granted: &[String], wanted: &[&str]) -> bool {
    granted.iter().any(|name| wanted.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_permissions_are_in_order_and_good_for_something() {
        assert!(KNOWN.iter().map(|one| one.name).is_sorted());
        for one in KNOWN {
            assert!(
                one.application || one.delegated || one.resource_specific,
                "{one:?}"
            );
            assert!(one.delegated || !one.needs_admin_consent, "{one:?}");
            assert_eq!(known(one.name), Some(&one));
        }
        assert_eq!(known("user.read"), None);
    }

    #[test]
    fn what_opens_an_operation_is_known() {
        for needed in [
            &RECORDINGS,
            &TRANSCRIPTS,
            &CALL_RECORDINGS,
            &CALL_TRANSCRIPTS,
            &CALLS,
            &READ_MEETINGS,
            &WRITE_MEETINGS,
            &UPLOAD,
            &READ_ONESELF,
            &READ_USERS,
        ] {
            assert!(needed.scopes.iter().all(|name| known(name).unwrap().delegated));
            assert!(needed.roles.iter().all(|name| known(name).unwrap().application));
            assert!(
                needed
                    .chat
                    .is_none_or(|name| known(name).unwrap().resource_specific)
            );
        }
    }
}
