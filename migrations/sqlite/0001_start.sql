-- Everything that the first release keeps. Instants are counts of 100 ns since 1970-01-01T00:00:00Z.
-- A `_folded` column holds the text as it is compared where case does not count; it is folded in Rust.

CREATE TABLE store (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
) STRICT;

CREATE TABLE tenants (
    id TEXT NOT NULL,
    display_name TEXT,
    suspended INTEGER NOT NULL,
    participants_can_download_recordings INTEGER NOT NULL,
    guest_access INTEGER NOT NULL,
    transcripts_enabled INTEGER NOT NULL,
    speaker_attribution_enabled INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE users (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    user_principal_name TEXT,
    user_principal_name_folded TEXT,
    display_name TEXT,
    mail TEXT,
    password_hash TEXT,
    external_id TEXT,
    user_type TEXT NOT NULL,
    account_enabled INTEGER NOT NULL,
    deleted_ticks INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
) STRICT;

-- A deleted user's name may be given to somebody else.
CREATE UNIQUE INDEX users_by_principal_name ON users (tenant_id, user_principal_name_folded)
    WHERE deleted_ticks IS NULL;
CREATE UNIQUE INDEX users_by_external_id ON users (tenant_id, external_id)
    WHERE deleted_ticks IS NULL;
CREATE INDEX deleted_users_by_external_id ON users (tenant_id, external_id, id)
    WHERE deleted_ticks IS NOT NULL;

-- A person at the command line names nobody's tenant.
CREATE INDEX users_by_name ON users (user_principal_name_folded, id)
    WHERE deleted_ticks IS NULL;

CREATE TABLE applications (
    app_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    display_name TEXT,
    secret_hash TEXT,
    account_enabled INTEGER NOT NULL,
    PRIMARY KEY (app_id, tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
) STRICT;

-- kind: role (application permission), scope (delegated permission), chat (resource-specific permission).
CREATE TABLE application_permissions (
    app_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (app_id, tenant_id, kind, name),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE
) STRICT;

CREATE TABLE application_redirect_uris (
    app_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    uri TEXT NOT NULL,
    PRIMARY KEY (app_id, tenant_id, uri),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE
) STRICT;

CREATE TABLE access_policies (
    tenant_id TEXT NOT NULL,
    identity TEXT NOT NULL,
    is_global INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, identity),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
) STRICT;

CREATE TABLE access_policy_applications (
    tenant_id TEXT NOT NULL,
    identity TEXT NOT NULL,
    app_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, identity, app_id),
    FOREIGN KEY (tenant_id, identity) REFERENCES access_policies (tenant_id, identity) ON DELETE CASCADE
) STRICT;

-- principal_folded: an object id or a userPrincipalName; it may name nobody.
CREATE TABLE access_policy_grants (
    tenant_id TEXT NOT NULL,
    identity TEXT NOT NULL,
    principal_folded TEXT NOT NULL,
    PRIMARY KEY (tenant_id, principal_folded, identity),
    FOREIGN KEY (tenant_id, identity) REFERENCES access_policies (tenant_id, identity) ON DELETE CASCADE
) STRICT;

CREATE INDEX access_policy_grants_by_policy ON access_policy_grants (tenant_id, identity);

CREATE TABLE consents (
    app_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (app_id, thread_id, permission)
) STRICT;

CREATE TABLE online_meetings (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    organizer_id TEXT NOT NULL,
    subject TEXT,
    join_web_url TEXT,
    start_ticks INTEGER,
    end_ticks INTEGER,
    expiry_ticks INTEGER NOT NULL,
    first_loaded_ticks INTEGER NOT NULL,
    meeting_type TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    is_channel_meeting INTEGER NOT NULL,
    i_cal_uid TEXT,
    deleted_ticks INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (organizer_id) REFERENCES users (id)
) STRICT;

CREATE INDEX online_meetings_by_organizer ON online_meetings (organizer_id, id);

CREATE TABLE meeting_participants (
    meeting_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (meeting_id, user_id),
    FOREIGN KEY (meeting_id) REFERENCES online_meetings (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;

CREATE INDEX meeting_participants_by_user ON meeting_participants (user_id, meeting_id);

CREATE TABLE adhoc_calls (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;

CREATE INDEX adhoc_calls_by_user ON adhoc_calls (user_id, id);

-- One object of the content store. modified_ns: what the file system said when it was last known to be good.
CREATE TABLE content_objects (
    content_key TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    media_type TEXT NOT NULL,
    modified_ns INTEGER NOT NULL,
    stored_ticks INTEGER NOT NULL,
    PRIMARY KEY (content_key)
) STRICT;

-- A recording or a transcript. ready: complete and not deleted, so it may be shown.
CREATE TABLE artifacts (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    meeting_id TEXT,
    adhoc_call_id TEXT,
    call_id TEXT NOT NULL,
    content_correlation_id TEXT NOT NULL,
    created_ticks INTEGER NOT NULL,
    end_ticks INTEGER,
    upload_state TEXT NOT NULL,
    legal_hold INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    deleted_ticks INTEGER,
    ready INTEGER NOT NULL,
    content_key TEXT,
    metadata_key TEXT,
    PRIMARY KEY (kind, id),
    FOREIGN KEY (meeting_id) REFERENCES online_meetings (id),
    FOREIGN KEY (adhoc_call_id) REFERENCES adhoc_calls (id),
    FOREIGN KEY (content_key) REFERENCES content_objects (content_key),
    FOREIGN KEY (metadata_key) REFERENCES content_objects (content_key)
) STRICT;

CREATE INDEX artifacts_by_meeting ON artifacts (meeting_id, kind, ready, created_ticks, id);
CREATE INDEX artifacts_by_correlation ON artifacts (meeting_id, kind, ready, content_correlation_id, created_ticks, id);
CREATE INDEX artifacts_by_adhoc_call ON artifacts (adhoc_call_id, kind, ready, created_ticks, id);
CREATE INDEX artifacts_by_tenant ON artifacts (tenant_id, kind, created_ticks, id);
CREATE UNIQUE INDEX artifacts_by_content ON artifacts (content_key);
CREATE UNIQUE INDEX artifacts_by_metadata ON artifacts (metadata_key);

-- What appeared, in the order in which readers may see it. The counter is raised by the last statement before
-- a commit and stays locked until that commit, so that a late one cannot slip in behind an earlier number.
CREATE TABLE change_counter (
    id INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

INSERT INTO change_counter (id, last) VALUES (1, 0);

CREATE TABLE changes (
    number INTEGER NOT NULL,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    artifact_id TEXT NOT NULL,
    change_type TEXT NOT NULL,
    changed_ticks INTEGER NOT NULL,
    announce INTEGER NOT NULL,
    PRIMARY KEY (number)
) STRICT;

CREATE INDEX changes_by_tenant ON changes (tenant_id, kind, number);

CREATE TABLE audit_records (
    id TEXT NOT NULL,
    recorded_ticks INTEGER NOT NULL,
    tenant_id TEXT NOT NULL,
    application_id TEXT,
    user_id TEXT,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    artifact_id TEXT NOT NULL,
    meeting_id TEXT,
    first_byte INTEGER NOT NULL,
    last_byte INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX audit_records_by_time ON audit_records (recorded_ticks, id);

-- purpose: token (signs access tokens; public_jwk is what verifies them), page (seals page tokens).
CREATE TABLE signing_keys (
    kid TEXT NOT NULL,
    purpose TEXT NOT NULL,
    secret BLOB NOT NULL,
    public_jwk TEXT,
    created_ticks INTEGER NOT NULL,
    PRIMARY KEY (kid)
) STRICT;

CREATE INDEX signing_keys_by_purpose ON signing_keys (purpose, created_ticks, kid);
