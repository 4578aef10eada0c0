//! Every table: what whoever copies a whole store has to know of it. `schema_parity` compares this with what the steps of the
//! schema make, so that no table and no column is forgotten.

/// A table and its columns, by type. The order is that in which rows can be put in: whatever a row refers to comes before it.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The step of the schema that makes it.
    pub since: i64,
    /// The columns of its primary key, in order.
    pub key: &'static [&'static str],
    /// Columns of text.
    pub text: &'static [&'static str],
    /// Columns of integers and instants.
    pub ints: &'static [&'static str],
    /// Columns of truth values, which are never NULL.
    pub bools: &'static [&'static str],
    /// Columns of bytes, which are never NULL.
    pub bytes: &'static [&'static str],
    /// The column that names another row of this table, which has to be there first; that one names none.
    pub parent: Option<&'static str>,
    /// The schema itself puts its row there.
    pub made_by_schema: bool,
}

const NONE: Table = Table {
    name: "",
    since: 1,
    key: &[],
    text: &[],
    ints: &[],
    bools: &[],
    bytes: &[],
    parent: None,
    made_by_schema: false,
};

/// Tables that are not copied as they are, and why.
pub const APART: [(&str, &str); 3] = [
    ("store", "what this database itself is"),
    ("write_locks", "the schema puts its rows there"),
    (
        "signing_keys",
        "their secrets are sealed anew for whoever takes them",
    ),
];

/// All others.
pub const TABLES: &[Table] = &[
    Table {
        name: "tenants",
        since: 1,
        key: &["id"],
        text: &["id", "display_name"],
        bools: &[
            "suspended",
            "participants_can_download_recordings",
            "guest_access",
            "transcripts_enabled",
            "speaker_attribution_enabled",
        ],
        ..NONE
    },
    Table {
        name: "users",
        since: 1,
        key: &["id"],
        text: &[
            "id",
            "tenant_id",
            "user_principal_name",
            "user_principal_name_folded",
            "display_name",
            "mail",
            "password_hash",
            "external_id",
            "user_type",
        ],
        ints: &["deleted_ticks"],
        bools: &["account_enabled"],
        ..NONE
    },
    Table {
        name: "applications",
        since: 1,
        key: &["app_id", "tenant_id"],
        text: &["app_id", "tenant_id", "display_name", "secret_hash"],
        bools: &["account_enabled", "is_fallback_public_client"],
        ..NONE
    },
    Table {
        name: "application_permissions",
        since: 1,
        key: &["app_id", "tenant_id", "kind", "name"],
        text: &["app_id", "tenant_id", "kind", "name"],
        ..NONE
    },
    Table {
        name: "application_redirect_uris",
        since: 1,
        key: &["app_id", "tenant_id", "uri"],
        text: &["app_id", "tenant_id", "uri"],
        ..NONE
    },
    Table {
        name: "access_policies",
        since: 1,
        key: &["tenant_id", "identity"],
        text: &["tenant_id", "identity", "description"],
        bools: &["is_global"],
        ..NONE
    },
    Table {
        name: "access_policy_applications",
        since: 1,
        key: &["tenant_id", "identity", "app_id"],
        text: &["tenant_id", "identity", "app_id"],
        ..NONE
    },
    Table {
        name: "access_policy_grants",
        since: 1,
        key: &["tenant_id", "principal_folded", "identity"],
        text: &["tenant_id", "identity", "principal_folded"],
        ..NONE
    },
    Table {
        name: "consents",
        since: 1,
        key: &["app_id", "thread_id", "permission"],
        text: &["app_id", "thread_id", "permission"],
        ..NONE
    },
    Table {
        name: "online_meetings",
        since: 1,
        key: &["id"],
        text: &[
            "id",
            "tenant_id",
            "organizer_id",
            "subject",
            "join_web_url",
            "meeting_type",
            "thread_id",
            "i_cal_uid",
            "join_web_url_key",
            "external_id",
            "join_meeting_id",
            "passcode",
            "video_teleconference_id",
            "settings",
        ],
        ints: &[
            "start_ticks",
            "end_ticks",
            "expiry_ticks",
            "first_loaded_ticks",
            "deleted_ticks",
            "created_ticks",
        ],
        bools: &["is_channel_meeting"],
        ..NONE
    },
    Table {
        name: "meeting_participants",
        since: 1,
        key: &["meeting_id", "user_id"],
        text: &["meeting_id", "user_id", "role"],
        ..NONE
    },
    Table {
        name: "adhoc_calls",
        since: 1,
        key: &["id"],
        text: &["id", "tenant_id", "user_id"],
        ..NONE
    },
    Table {
        name: "content_objects",
        parent: Some("head_key"),
        since: 1,
        key: &["content_key"],
        text: &["content_key", "media_type", "head_key", "facts"],
        ints: &[
            "size_bytes",
            "modified_ns",
            "stored_ticks",
            "body_offset",
            "body_bytes",
        ],
        bytes: &["sha256"],
        ..NONE
    },
    Table {
        name: "artifacts",
        since: 1,
        key: &["kind", "id"],
        text: &[
            "kind",
            "id",
            "tenant_id",
            "meeting_id",
            "adhoc_call_id",
            "call_id",
            "content_correlation_id",
            "upload_state",
            "content_key",
            "metadata_key",
            "owner_id",
            "source_system",
            "source_id",
            "quarantine_reason",
        ],
        ints: &["created_ticks", "end_ticks", "deleted_ticks"],
        bools: &["legal_hold", "quarantined", "ready"],
        ..NONE
    },
    Table {
        name: "change_counter",
        made_by_schema: true,
        since: 1,
        key: &["id"],
        ints: &["id", "last"],
        ..NONE
    },
    Table {
        name: "changes",
        since: 1,
        key: &["number"],
        text: &[
            "tenant_id",
            "kind",
            "artifact_id",
            "change_type",
            "owner_id",
            "meeting_id",
            "adhoc_call_id",
        ],
        ints: &["number", "changed_ticks", "created_ticks"],
        bools: &["announce"],
        ..NONE
    },
    Table {
        name: "audit_records",
        since: 1,
        key: &["id"],
        text: &[
            "id",
            "tenant_id",
            "application_id",
            "user_id",
            "operation",
            "kind",
            "artifact_id",
            "meeting_id",
            "request_id",
            "actor",
        ],
        ints: &["recorded_ticks", "first_byte", "last_byte"],
        ..NONE
    },
    Table {
        name: "tenant_domains",
        since: 3,
        key: &["domain"],
        text: &["domain", "tenant_id"],
        ..NONE
    },
    Table {
        name: "directory_roles",
        since: 3,
        key: &["user_id", "role"],
        text: &["user_id", "role"],
        ..NONE
    },
    Table {
        name: "application_credentials",
        since: 3,
        key: &["id"],
        text: &["id", "app_id", "tenant_id", "kind", "hint", "display_name"],
        ints: &["created_ticks", "expires_ticks"],
        bytes: &["value"],
        ..NONE
    },
    Table {
        name: "oauth2_permission_grants",
        since: 3,
        key: &["tenant_id", "app_id", "principal_id", "scope"],
        text: &["tenant_id", "app_id", "principal_id", "scope"],
        ..NONE
    },
    Table {
        name: "sign_in_sessions",
        since: 3,
        key: &["id"],
        text: &["id", "tenant_id", "user_id"],
        ints: &[
            "created_ticks",
            "last_used_ticks",
            "expires_ticks",
            "revoked_ticks",
        ],
        bytes: &["secret_sha256"],
        ..NONE
    },
    Table {
        name: "token_grants",
        since: 3,
        key: &["id"],
        text: &[
            "id",
            "kind",
            "tenant_id",
            "app_id",
            "user_id",
            "session_id",
            "root_id",
            "scope",
        ],
        ints: &["created_ticks", "expires_ticks", "revoked_ticks"],
        ..NONE
    },
    Table {
        name: "authorization_codes",
        since: 3,
        key: &["code_sha256"],
        text: &["grant_id", "redirect_uri", "code_challenge", "nonce"],
        ints: &["expires_ticks", "used_ticks"],
        bytes: &["code_sha256"],
        ..NONE
    },
    Table {
        name: "refresh_tokens",
        since: 3,
        key: &["token_sha256"],
        text: &["grant_id"],
        ints: &["created_ticks", "expires_ticks", "used_ticks"],
        bytes: &["token_sha256"],
        ..NONE
    },
    Table {
        name: "device_codes",
        since: 3,
        key: &["device_code_sha256"],
        text: &["user_code", "tenant", "app_id", "scope", "state", "grant_id"],
        ints: &["created_ticks", "expires_ticks", "last_polled_ticks"],
        bytes: &["device_code_sha256"],
        ..NONE
    },
    Table {
        name: "failed_attempts",
        since: 3,
        key: &["subject", "address"],
        text: &["subject", "address"],
        ints: &["failures", "last_ticks"],
        ..NONE
    },
    Table {
        name: "one_time_links",
        since: 3,
        key: &["token_sha256"],
        text: &["user_id"],
        ints: &["expires_ticks", "used_ticks"],
        bytes: &["token_sha256"],
        ..NONE
    },
    Table {
        name: "upload_sessions",
        since: 5,
        key: &["id"],
        text: &[
            "id",
            "tenant_id",
            "application_id",
            "user_id",
            "source_system",
            "source_id",
            "kind",
            "request",
            "sha256",
            "state",
            "fault",
            "partial",
            "worker",
            "artifact_id",
        ],
        ints: &[
            "size_bytes",
            "received_bytes",
            "worker_until_ticks",
            "created_ticks",
            "expires_ticks",
        ],
        ..NONE
    },
    Table {
        name: "jobs",
        since: 5,
        key: &["id"],
        text: &["id", "name", "lane", "subject", "worker", "last_error"],
        ints: &["due_ticks", "version", "attempts", "failures", "created_ticks"],
        ..NONE
    },
    Table {
        name: "imported_files",
        since: 5,
        key: &["path"],
        text: &["path", "tenant_id", "source_system", "source_id", "kind"],
        ints: &["size_bytes", "modified_ns"],
        ..NONE
    },
    Table {
        name: "tombstones",
        since: 5,
        key: &["digest"],
        text: &["digest", "kind", "source_digest"],
        ints: &["deleted_ticks", "removed_ticks"],
        ..NONE
    },
    Table {
        name: "verify_runs",
        since: 5,
        key: &["id"],
        text: &["id", "after_key", "findings"],
        ints: &[
            "part",
            "parts",
            "begun_ticks",
            "finished_ticks",
            "checked_objects",
            "checked_bytes",
        ],
        ..NONE
    },
];
