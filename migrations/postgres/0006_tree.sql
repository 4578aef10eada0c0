-- The tree: what is stored is described beside its content, by jobs that whatever changes a row leaves.

-- version: how often it was left to be done; attempts count since then.
ALTER TABLE jobs ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- lane: jobs of one lane wait for each other. '': what somebody waits for; verify; tree: descriptions, of which there may be many.
ALTER TABLE jobs ADD COLUMN lane TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE jobs SET lane = 'verify' WHERE name = 'verify';
DROP INDEX jobs_by_due;
CREATE INDEX jobs_by_due ON jobs (lane, due_ticks, id);

-- What is in the store already is described.
INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
SELECT 'tree.artifact:' || kind || ':' || id, 'tree.artifact', 'tree', kind || ':' || id, 0, 0, 0, 0, 0
FROM artifacts
WHERE content_key IS NOT NULL;
INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
SELECT 'tree.tenant:' || id, 'tree.tenant', 'tree', id, 0, 0, 0, 0, 0
FROM tenants;
