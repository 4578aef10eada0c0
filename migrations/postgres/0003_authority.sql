-- What the built-in authority keeps: who may sign in where, with what, and what it has handed out. Secrets that it has made
-- (of applications, sessions, codes, refresh tokens, links) are random and kept as SHA-256; passwords as Argon2id.

CREATE TABLE tenant_domains (
    domain TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (domain),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE INDEX tenant_domains_by_tenant ON tenant_domains (tenant_id, domain);

CREATE TABLE directory_roles (
    user_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, role),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

ALTER TABLE applications ADD COLUMN is_fallback_public_client BOOLEAN NOT NULL DEFAULT FALSE;

-- kind: secret (value: SHA-256 of it), certificate (value: the certificate in DER). hint: what a person knows it by.
CREATE TABLE application_credentials (
    id TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    hint TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C",
    value BYTEA NOT NULL,
    created_ticks BIGINT NOT NULL,
    expires_ticks BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE
);

CREATE INDEX application_credentials_by_application ON application_credentials (app_id, tenant_id, created_ticks, id);

-- Delegated permissions that have been consented to. principal_id: a user, or '' where it is for all of the tenant.
CREATE TABLE oauth2_permission_grants (
    tenant_id TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    principal_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, app_id, principal_id, scope),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE
);

CREATE INDEX oauth2_permission_grants_by_application ON oauth2_permission_grants (app_id, tenant_id);

-- A browser that somebody has signed in with.
CREATE TABLE sign_in_sessions (
    id TEXT COLLATE "C" NOT NULL,
    secret_sha256 BYTEA NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    created_ticks BIGINT NOT NULL,
    last_used_ticks BIGINT NOT NULL,
    expires_ticks BIGINT NOT NULL,
    revoked_ticks BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX sign_in_sessions_by_user ON sign_in_sessions (user_id, created_ticks, id);
CREATE INDEX sign_in_sessions_by_expiry ON sign_in_sessions (expires_ticks, id);

-- One authorization by a user, and with it the family of all tokens that come from it: revoked together.
-- kind: code, device, behalf. root_id: of what it descends from on behalf of somebody, or its own id.
CREATE TABLE token_grants (
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    session_id TEXT COLLATE "C",
    root_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    created_ticks BIGINT NOT NULL,
    expires_ticks BIGINT NOT NULL,
    revoked_ticks BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (app_id, tenant_id) REFERENCES applications (app_id, tenant_id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX token_grants_by_user ON token_grants (user_id, created_ticks, id);
CREATE INDEX token_grants_by_session ON token_grants (session_id, id);
CREATE INDEX token_grants_by_application ON token_grants (app_id, tenant_id, id);
CREATE INDEX token_grants_by_root ON token_grants (root_id);
CREATE INDEX token_grants_by_expiry ON token_grants (expires_ticks, id);

CREATE TABLE authorization_codes (
    code_sha256 BYTEA NOT NULL,
    grant_id TEXT COLLATE "C" NOT NULL,
    redirect_uri TEXT COLLATE "C" NOT NULL,
    code_challenge TEXT COLLATE "C" NOT NULL,
    nonce TEXT COLLATE "C",
    expires_ticks BIGINT NOT NULL,
    used_ticks BIGINT,
    PRIMARY KEY (code_sha256),
    FOREIGN KEY (grant_id) REFERENCES token_grants (id) ON DELETE CASCADE
);

CREATE INDEX authorization_codes_by_grant ON authorization_codes (grant_id);

CREATE TABLE refresh_tokens (
    token_sha256 BYTEA NOT NULL,
    grant_id TEXT COLLATE "C" NOT NULL,
    created_ticks BIGINT NOT NULL,
    expires_ticks BIGINT NOT NULL,
    used_ticks BIGINT,
    PRIMARY KEY (token_sha256),
    FOREIGN KEY (grant_id) REFERENCES token_grants (id) ON DELETE CASCADE
);

CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);

-- state: pending, approved (grant_id says what), denied, redeemed. tenant: as the device asked.
CREATE TABLE device_codes (
    device_code_sha256 BYTEA NOT NULL,
    user_code TEXT COLLATE "C" NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    created_ticks BIGINT NOT NULL,
    expires_ticks BIGINT NOT NULL,
    last_polled_ticks BIGINT,
    state TEXT COLLATE "C" NOT NULL,
    grant_id TEXT COLLATE "C",
    PRIMARY KEY (device_code_sha256)
);

CREATE UNIQUE INDEX device_codes_by_user_code ON device_codes (user_code);
CREATE INDEX device_codes_by_expiry ON device_codes (expires_ticks, device_code_sha256);

-- Wrong passwords and secrets. subject: whose it was; address: where they came from.
CREATE TABLE failed_attempts (
    subject TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    failures BIGINT NOT NULL,
    last_ticks BIGINT NOT NULL,
    PRIMARY KEY (subject, address)
);

CREATE INDEX failed_attempts_by_time ON failed_attempts (last_ticks, subject, address);

-- Links with which a person sets a first password.
CREATE TABLE one_time_links (
    token_sha256 BYTEA NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    expires_ticks BIGINT NOT NULL,
    used_ticks BIGINT,
    PRIMARY KEY (token_sha256),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX one_time_links_by_user ON one_time_links (user_id);
CREATE INDEX one_time_links_by_expiry ON one_time_links (expires_ticks, token_sha256);

-- Whether the secret is sealed with the key of the key file.
ALTER TABLE signing_keys ADD COLUMN is_sealed BOOLEAN NOT NULL DEFAULT FALSE;

-- Why there is such a policy, for people.
ALTER TABLE access_policies ADD COLUMN description TEXT COLLATE "C";
