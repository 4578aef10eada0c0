-- Everything that the first release keeps. Instants are counts of 100 ns since 1970-01-01T00:00:00Z.
-- A `_folded` column holds the text as it is compared where case does not count; it is folded in Rust.

CREATE TABLE store (
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE tenants (
    id TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C",
    suspended BOOLEAN NOT NULL,
    participants_can_download_recordings BOOLEAN NOT NULL,
    guest_access BOOLEAN NOT NULL,
    transcripts_enabled BOOLEAN NOT NULL,
    speaker_attribution_enabled BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    user_principal_name TEXT COLLATE "C",
    user_principal_name_folded TEXT COLLATE "C",
    display_name TEXT COLLATE "C",
    mail TEXT COLLATE "C",
    password_hash TEXT COLLATE "C",
    external_id TEXT COLLATE "C",
    user_type TEXT COLLATE "C" NOT NULL,
    account_enabled BOOLEAN NOT NULL,
    deleted_ticks BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

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
    app_id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C",
    secret_hash TEXT COLLATE "C",
    account_enabled BOOLEAN NOT NULL,
    PRIMARY KEY (app_id, tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

-- kind: role (application permission), scope (delegated permission), chat (resource-specific permission).
CREATE TABLE application_permissions (
    app_id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (app_id, tenant_id, kind, name),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE
);

CREATE TABLE application_redirect_uris (
    app_id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    uri TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (app_id, tenant_id, uri),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE
);

CREATE TABLE access_policies (
    tenant_id TEXT COLLATE "C" NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    is_global BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, identity),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

CREATE TABLE access_policy_applications (
    tenant_id TEXT COLLATE "C" NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, identity, app_id),
    FOREIGN KEY (tenant_id, identity) REFERENCES access_policies (tenant_id, identity) ON DELETE CASCADE
);

-- principal_folded: an object id or a userPrincipalName; it may name nobody.
CREATE TABLE access_policy_grants (
    tenant_id TEXT COLLATE "C" NOT NULL,
    identity TEXT COLLATE "C" NOT NULL,
    principal_folded TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, principal_folded, identity),
    FOREIGN KEY (tenant_id, identity) REFERENCES access_policies (tenant_id, identity) ON DELETE CASCADE
);

CREATE INDEX access_policy_grants_by_policy ON access_policy_grants (tenant_id, identity);

CREATE TABLE consents (
    app_id TEXT COLLATE "C" NOT NULL,
    thread_id TEXT COLLATE "C" NOT NULL,
    permission TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (app_id, thread_id, permission)
);

CREATE TABLE online_meetings (
    id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    organizer_id TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C",
    join_web_url TEXT COLLATE "C",
    start_ticks BIGINT,
    end_ticks BIGINT,
    expiry_ticks BIGINT NOT NULL,
    first_loaded_ticks BIGINT NOT NULL,
    meeting_type TEXT COLLATE "C" NOT NULL,
    thread_id TEXT COLLATE "C" NOT NULL,
    is_channel_meeting BOOLEAN NOT NULL,
    i_cal_uid TEXT COLLATE "C",
    deleted_ticks BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (organizer_id) REFERENCES users (id)
);

CREATE INDEX online_meetings_by_organizer ON online_meetings (organizer_id, id);

CREATE TABLE meeting_participants (
    meeting_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (meeting_id, user_id),
    FOREIGN KEY (meeting_id) REFERENCES online_meetings (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX meeting_participants_by_user ON meeting_participants (user_id, meeting_id);

CREATE TABLE adhoc_calls (
    id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX adhoc_calls_by_user ON adhoc_calls (user_id, id);

-- One object of the content store. modified_ns: what the file system said when it was last known to be good.
CREATE TABLE content_objects (
    content_key TEXT COLLATE "C" NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    modified_ns BIGINT NOT NULL,
    stored_ticks BIGINT NOT NULL,
    PRIMARY KEY (content_key)
);

-- A recording or a transcript. ready: complete and not deleted, so it may be shown.
CREATE TABLE artifacts (
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    meeting_id TEXT COLLATE "C",
    adhoc_call_id TEXT COLLATE "C",
    call_id TEXT COLLATE "C" NOT NULL,
    content_correlation_id TEXT COLLATE "C" NOT NULL,
    created_ticks BIGINT NOT NULL,
    end_ticks BIGINT,
    upload_state TEXT COLLATE "C" NOT NULL,
    legal_hold BOOLEAN NOT NULL,
    quarantined BOOLEAN NOT NULL,
    deleted_ticks BIGINT,
    ready BOOLEAN NOT NULL,
    content_key TEXT COLLATE "C",
    metadata_key TEXT COLLATE "C",
    PRIMARY KEY (kind, id),
    FOREIGN KEY (meeting_id) REFERENCES online_meetings (id),
    FOREIGN KEY (adhoc_call_id) REFERENCES adhoc_calls (id),
    FOREIGN KEY (content_key) REFERENCES content_objects (content_key),
    FOREIGN KEY (metadata_key) REFERENCES content_objects (content_key)
);

CREATE INDEX artifacts_by_meeting ON artifacts (meeting_id, kind, ready, created_ticks, id);
CREATE INDEX artifacts_by_correlation ON artifacts (meeting_id, kind, ready, content_correlation_id, created_ticks, id);
CREATE INDEX artifacts_by_adhoc_call ON artifacts (adhoc_call_id, kind, ready, created_ticks, id);
CREATE INDEX artifacts_by_tenant ON artifacts (tenant_id, kind, created_ticks, id);
CREATE UNIQUE INDEX artifacts_by_content ON artifacts (content_key);
CREATE UNIQUE INDEX artifacts_by_metadata ON artifacts (metadata_key);

-- What appeared, in the order in which readers may see it. The counter is raised by the last statement before
-- a commit and stays locked until that commit, so that a late one cannot slip in behind an earlier number.
CREATE TABLE change_counter (
    id BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (id)
);

INSERT INTO change_counter (id, last) VALUES (1, 0);

CREATE TABLE changes (
    number BIGINT NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    artifact_id TEXT COLLATE "C" NOT NULL,
    change_type TEXT COLLATE "C" NOT NULL,
    changed_ticks BIGINT NOT NULL,
    announce BOOLEAN NOT NULL,
    PRIMARY KEY (number)
);

CREATE INDEX changes_by_tenant ON changes (tenant_id, kind, number);

CREATE TABLE audit_records (
    id TEXT COLLATE "C" NOT NULL,
    recorded_ticks BIGINT NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    application_id TEXT COLLATE "C",
    user_id TEXT COLLATE "C",
    operation TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    artifact_id TEXT COLLATE "C" NOT NULL,
    meeting_id TEXT COLLATE "C",
    first_byte BIGINT NOT NULL,
    last_byte BIGINT NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX audit_records_by_time ON audit_records (recorded_ticks, id);

-- purpose: token (signs access tokens; public_jwk is what verifies them), page (seals page tokens).
CREATE TABLE signing_keys (
    kid TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    secret BYTEA NOT NULL,
    public_jwk TEXT COLLATE "C",
    created_ticks BIGINT NOT NULL,
    PRIMARY KEY (kid)
);

CREATE INDEX signing_keys_by_purpose ON signing_keys (purpose, created_ticks, kid);
