-- What lists across meetings, feeds of changes and the meetings themselves need.

-- owner_id: whose an artifact is: the meeting's organizer, or the user who made the ad hoc call.
ALTER TABLE artifacts ADD COLUMN owner_id TEXT NOT NULL DEFAULT '';
UPDATE artifacts
SET owner_id = COALESCE((SELECT organizer_id FROM online_meetings AS m WHERE m.id = artifacts.meeting_id),
                        (SELECT user_id FROM adhoc_calls AS c WHERE c.id = artifacts.adhoc_call_id), '');
CREATE INDEX artifacts_by_organizer ON artifacts (owner_id, kind, ready, created_ticks, id)
    WHERE meeting_id IS NOT NULL;
CREATE INDEX artifacts_by_call_owner ON artifacts (owner_id, kind, ready, created_ticks, id)
    WHERE adhoc_call_id IS NOT NULL;

-- A change says whose it is and of what, for an artifact that is gone cannot be asked any more.
ALTER TABLE changes ADD COLUMN owner_id TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN meeting_id TEXT;
ALTER TABLE changes ADD COLUMN adhoc_call_id TEXT;
ALTER TABLE changes ADD COLUMN created_ticks INTEGER NOT NULL DEFAULT 0;
UPDATE changes
SET owner_id = COALESCE((SELECT owner_id FROM artifacts AS a WHERE a.kind = changes.kind AND a.id = artifact_id), ''),
    meeting_id = (SELECT meeting_id FROM artifacts AS a WHERE a.kind = changes.kind AND a.id = artifact_id),
    adhoc_call_id = (SELECT adhoc_call_id FROM artifacts AS a WHERE a.kind = changes.kind AND a.id = artifact_id),
    created_ticks = COALESCE((SELECT created_ticks FROM artifacts AS a WHERE a.kind = changes.kind AND a.id = artifact_id), 0);
CREATE INDEX changes_by_meeting ON changes (meeting_id, kind, number) WHERE meeting_id IS NOT NULL;
CREATE INDEX changes_by_call ON changes (adhoc_call_id, kind, number) WHERE adhoc_call_id IS NOT NULL;
CREATE INDEX changes_by_organizer ON changes (owner_id, kind, number) WHERE meeting_id IS NOT NULL;
CREATE INDEX changes_by_call_owner ON changes (owner_id, kind, number) WHERE adhoc_call_id IS NOT NULL;

-- join_web_url_key: the address as addresses are compared. settings: the members of the meeting that nothing here acts on,
-- as the JSON object that a program wrote; no statement looks into it.
ALTER TABLE online_meetings ADD COLUMN join_web_url_key TEXT;
ALTER TABLE online_meetings ADD COLUMN created_ticks INTEGER;
ALTER TABLE online_meetings ADD COLUMN external_id TEXT;
ALTER TABLE online_meetings ADD COLUMN join_meeting_id TEXT;
ALTER TABLE online_meetings ADD COLUMN passcode TEXT;
ALTER TABLE online_meetings ADD COLUMN video_teleconference_id TEXT;
ALTER TABLE online_meetings ADD COLUMN settings TEXT;
CREATE INDEX online_meetings_by_join_web_url ON online_meetings (organizer_id, join_web_url_key, id)
    WHERE join_web_url_key IS NOT NULL;
CREATE INDEX online_meetings_by_join_meeting_id ON online_meetings (organizer_id, join_meeting_id, id)
    WHERE join_meeting_id IS NOT NULL;
CREATE INDEX online_meetings_by_video_teleconference ON online_meetings (tenant_id, video_teleconference_id, id)
    WHERE video_teleconference_id IS NOT NULL;
CREATE INDEX online_meetings_not_deleted ON online_meetings (organizer_id, id)
    WHERE deleted_ticks IS NULL;
-- What `createOrGet` finds again.
CREATE UNIQUE INDEX online_meetings_by_external_id ON online_meetings (organizer_id, external_id)
    WHERE external_id IS NOT NULL AND deleted_ticks IS NULL;
