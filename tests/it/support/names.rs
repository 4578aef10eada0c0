//! The ids of `seed.yaml`.

pub const CONTOSO: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const FABRIKAM: &str = "bbbbbbbb-0000-4000-8000-000000000001";

pub const ORGANIZER: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
pub const COORGANIZER: &str = "aaaaaaaa-0000-4000-8000-00000000000b";
pub const ATTENDEE: &str = "aaaaaaaa-0000-4000-8000-00000000000c";
pub const GUEST: &str = "aaaaaaaa-0000-4000-8000-00000000000d";
pub const OUTSIDER: &str = "aaaaaaaa-0000-4000-8000-00000000000e";
pub const DISABLED: &str = "aaaaaaaa-0000-4000-8000-00000000000f";
pub const FABRIKAM_ORGANIZER: &str = "bbbbbbbb-0000-4000-8000-00000000000a";

/// Has the role, the scopes, and the global policy of Contoso.
pub const ARCHIVER: &str = "aaaaaaaa-0000-4000-8000-0000000000a1";
/// Has the role and no policy.
pub const WITHOUT_POLICY: &str = "aaaaaaaa-0000-4000-8000-0000000000a2";
/// Has no role, and a consent for the chat of the stand-up.
pub const BY_CONSENT: &str = "aaaaaaaa-0000-4000-8000-0000000000a3";
pub const FABRIKAM_ARCHIVER: &str = "bbbbbbbb-0000-4000-8000-0000000000b1";

/// The organizer's meeting, with two recordings and a transcript.
pub const STANDUP: &str =
    "MSphYWFhYWFhYS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMGEqMCoqMTk6bWVldGluZ19zdGFuZHVwQHRocmVhZC52Mg==";
/// The organizer's ad hoc call, with a recording and a transcript.
pub const CALL: &str = "cccccccc-0000-4000-8000-0000000000ca";
/// The meeting of Fabrikam.
pub const FABRIKAM_MEETING: &str =
    "MSpiYmJiYmJiYi0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMGEqMCoqMTk6bWVldGluZ19mYWJyaWthbUB0aHJlYWQudjI=";

/// Permission of recordings.
pub const READ: &str = "OnlineMeetingRecording.Read.All";
/// Permission of whoever puts recordings in.
pub const WRITE: &str = "OnlineMeetingRecording.Write.All";
/// Permission of transcripts.
pub const READ_TRANSCRIPTS: &str = "OnlineMeetingTranscript.Read.All";

/// `/v1.0/users/{user}/onlineMeetings/{the stand-up}`
pub fn standup_of(user: &str) -> String {
    format!("/v1.0/users/{user}/onlineMeetings/{STANDUP}")
}

/// `/v1.0/me/onlineMeetings/{the stand-up}`
pub fn my_standup() -> String {
    format!("/v1.0/me/onlineMeetings/{STANDUP}")
}
