-- What comes in: uploads that are under way, work that follows a commit, and what is known of a file.

-- state: open (bytes are coming), failed (the whole is not what was announced), finished. request: what was asked for, partial: what
-- the content store has of it, both as JSON that no statement looks into. worker: who is writing now, until when at the latest.
CREATE TABLE upload_sessions (
    id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    application_id TEXT,
    user_id TEXT,
    source_system TEXT NOT NULL,
    source_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT,
    state TEXT NOT NULL,
    fault TEXT,
    received_bytes INTEGER NOT NULL,
    partial TEXT NOT NULL,
    worker TEXT,
    worker_until_ticks INTEGER NOT NULL,
    artifact_id TEXT,
    created_ticks INTEGER NOT NULL,
    expires_ticks INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE UNIQUE INDEX upload_sessions_by_source ON upload_sessions (tenant_id, source_system, source_id, kind);
CREATE INDEX upload_sessions_by_expiry ON upload_sessions (expires_ticks, id);

-- Work that a commit has left to be done. due_ticks: not before then; whoever has taken it has moved that into the future.
-- version: how often it was left to be done, attempts: how often it was taken since, failures: how often whoever took it came to say that it has failed.
CREATE TABLE jobs (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_ticks INTEGER NOT NULL,
    version INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    worker TEXT,
    last_error TEXT,
    created_ticks INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE UNIQUE INDEX jobs_by_subject ON jobs (name, subject);
CREATE INDEX jobs_by_due ON jobs (due_ticks, id);

-- source_system, source_id: where it comes from, so that it comes once. quarantine_reason: why its content is held back.
ALTER TABLE artifacts ADD COLUMN source_system TEXT;
ALTER TABLE artifacts ADD COLUMN source_id TEXT;
ALTER TABLE artifacts ADD COLUMN quarantine_reason TEXT;
CREATE UNIQUE INDEX artifacts_by_source ON artifacts (tenant_id, source_system, source_id, kind)
    WHERE source_id IS NOT NULL;
CREATE INDEX artifacts_by_quarantine ON artifacts (quarantined, created_ticks, kind, id);

-- head_key: an object that is served in place of what lies before body_offset and after body_bytes of this one. facts: what was
-- found in the file, as JSON.
ALTER TABLE content_objects ADD COLUMN head_key TEXT REFERENCES content_objects (content_key);
ALTER TABLE content_objects ADD COLUMN body_offset INTEGER NOT NULL DEFAULT 0;
ALTER TABLE content_objects ADD COLUMN body_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE content_objects ADD COLUMN facts TEXT;
CREATE INDEX content_objects_by_hash ON content_objects (sha256, content_key);
CREATE INDEX content_objects_by_head ON content_objects (head_key) WHERE head_key IS NOT NULL;


-- Files that have been imported, so that a folder is not read through again. path: as the operator's machine names it.
CREATE TABLE imported_files (
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    tenant_id TEXT NOT NULL,
    source_system TEXT NOT NULL,
    source_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (path)
) STRICT;

CREATE INDEX imported_files_by_source ON imported_files (tenant_id, source_system, source_id, kind);

-- What is gone for good. Digests alone, which name nobody: they keep what was deleted from coming in again.
CREATE TABLE tombstones (
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_digest TEXT,
    deleted_ticks INTEGER NOT NULL,
    removed_ticks INTEGER NOT NULL,
    PRIMARY KEY (digest)
) STRICT;

CREATE INDEX tombstones_by_source ON tombstones (source_digest) WHERE source_digest IS NOT NULL;

-- actor: who has done it at the command line.
ALTER TABLE audit_records ADD COLUMN actor TEXT;

-- Looks at all content, or at one of several parts of it. after_key: up to where it has come. findings: a JSON array.
CREATE TABLE verify_runs (
    id TEXT NOT NULL,
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    begun_ticks INTEGER NOT NULL,
    finished_ticks INTEGER,
    after_key TEXT NOT NULL,
    checked_objects INTEGER NOT NULL,
    checked_bytes INTEGER NOT NULL,
    findings TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX verify_runs_by_time ON verify_runs (begun_ticks, id);

-- What is in the store already is described beside its content.
INSERT INTO jobs (id, name, subject, due_ticks, version, attempts, failures, created_ticks)
SELECT 'tree.artifact:' || kind || ':' || id, 'tree.artifact', kind || ':' || id, 0, 0, 0, 0, 0
FROM artifacts
WHERE content_key IS NOT NULL;
INSERT INTO jobs (id, name, subject, due_ticks, version, attempts, failures, created_ticks)
SELECT 'tree.tenant:' || id, 'tree.tenant', id, 0, 0, 0, 0, 0
FROM tenants;
