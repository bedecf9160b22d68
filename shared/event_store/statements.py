"""Every SQL statement of the event store in PostgreSQL. The search path names the county's schema."""

MAKE_HEAD = """
INSERT INTO head (service, county, position, hash, followed, arrivals, answers, commits, "key") VALUES ($1, $2, 0, $3, 0, 0, 0, 0, $4)
ON CONFLICT DO NOTHING
"""
OWNER = "SELECT service FROM head"
HEAD = 'SELECT position, hash, recorded, closed, followed, arrivals, answers, commits, simulated, "key" FROM head'
LOCKED_HEAD = 'SELECT position, hash, recorded, closed, followed, arrivals, answers, commits, simulated, "key" FROM head FOR UPDATE'
NOW = "SELECT clock_timestamp()"

RECORDS = "SELECT position, hash, type, raw FROM record WHERE position > $1 ORDER BY position LIMIT $2"
RECORD_HASH = "SELECT hash FROM record WHERE position = $1"
RECORD_ROWS = """
SELECT position, hash, type, source, id, occurred, recorded, about, "natural", raw FROM record
WHERE position > $1 ORDER BY position LIMIT $2
"""
HISTORIES = """
SELECT position, hash, type, source, id, occurred, recorded, about, "natural", raw FROM record
WHERE about = ANY($1::text[]) ORDER BY position
"""
ABOUT = "SELECT position, about FROM record WHERE position = ANY($1::bigint[])"
NATURALS = 'SELECT DISTINCT "natural" FROM record WHERE "natural" = ANY($1::bigint[])'

WIRE_TYPES = "SELECT name FROM wire_type"
PUT_WIRE_TYPES = "INSERT INTO wire_type SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"

REPORTS = """
SELECT source, id, digest, arrival, type, outcome, revision, code, zh, en, position, flags, kept, arrived
FROM report JOIN unnest($1::text[], $2::text[]) AS asked (source, id) USING (source, id)
"""
ALL_WAITING = """
SELECT source, id, digest, arrival, type, outcome, revision, code, zh, en, position, flags, kept, arrived
FROM report WHERE outcome = 'waiting' AND arrival > $1 ORDER BY arrival LIMIT $2
"""
WAITING = "SELECT need, source, id FROM waiting WHERE need = ANY($1::text[])"
STATES = "SELECT subject, state, opened, occurred, position FROM state WHERE subject = ANY($1::text[])"
ALIASES = "SELECT code, oldest FROM alias"
UNIT_FACTS = "SELECT position, raw FROM unit_fact ORDER BY position"

OUTBOX = "SELECT number, department, system, id, body FROM outbox ORDER BY number LIMIT $1"
LOCK_SENDER = "SELECT pg_try_advisory_lock(hashtext('sender of answers'), hashtext(current_schema()))"
UNLOCK_SENDER = "SELECT pg_advisory_unlock_all()"
MARK_SENT = "DELETE FROM outbox WHERE number = ANY($1::bigint[])"
ASIDE = 'SELECT source, id, arrival, "at", kept, traceback FROM aside ORDER BY arrival DESC LIMIT $1'
COUNTS = """
SELECT (SELECT position FROM head), (SELECT count(*) FROM report WHERE outcome = 'waiting'),
       (SELECT count(*) FROM outbox), (SELECT count(*) FROM aside),
       (SELECT arrived FROM report WHERE outcome = 'waiting' ORDER BY arrival LIMIT 1)
"""

KEPT = """
SELECT source, id, digest, arrival, type, outcome, revision, code, zh, en, position, flags, kept, arrived
FROM report
WHERE outcome <> 'recorded' AND arrival > $1
  AND CASE WHEN outcome = 'waiting' THEN 'waiting' WHEN code IN ('dismissed', 'corrected') THEN code ELSE 'refused' END = ANY($3::text[])
  AND ($4::text IS NULL OR type = $4)
  AND ($5::text IS NULL OR split_part(source, '/', 3) = $5)
  AND ($6::text IS NULL OR split_part(source, '/', 4) = $6)
  AND ($7::timestamptz IS NULL OR arrived >= $7)
  AND ($8::timestamptz IS NULL OR arrived IS NULL OR arrived < $8)
  AND ($9::text IS NULL OR position($9 IN id) > 0 OR position($9 IN code) > 0 OR position($9 IN zh) > 0 OR position($9 IN en) > 0
       OR position(convert_to($9, 'UTF8') IN kept) > 0)
ORDER BY arrival LIMIT $2
"""
SOURCES_OF = """
SELECT source FROM report WHERE id = $1 AND outcome <> 'recorded' UNION SELECT source FROM attempt WHERE id = $1 ORDER BY source
"""
CONTENTS = """
SELECT source, id, digest, arrival, type, outcome, revision, code, zh, en, position, flags, kept, arrived
FROM report WHERE source = $1 AND id = $2 ORDER BY revision DESC, arrival DESC
"""
ATTEMPTS = """
SELECT source, id, revision, digest, "at", outcome, code, zh, en, position FROM attempt WHERE source = $1 AND id = $2 ORDER BY revision
"""
NEEDS = "SELECT need FROM waiting WHERE source = $1 AND id = $2 ORDER BY need"
ASIDE_OF = """
SELECT source, id, arrival, "at", kept, traceback FROM aside WHERE source = $1 AND id = $2 ORDER BY arrival
"""
ACT = """
SELECT act, "at", kind, source, id, who, why, changes, copy, outcome, code, zh, en, revision, position FROM act WHERE act = $1
"""
ACTS = """
SELECT act, "at", kind, source, id, who, why, changes, copy, outcome, code, zh, en, revision, position FROM act
WHERE source = $1 AND (id = $2 OR copy = $2) ORDER BY number
"""

RECORD_COLUMNS = ("position", "hash", "type", "source", "id", "occurred", "recorded", "about", "natural", "raw")
REPORT_COLUMNS = (
    "source", "id", "digest", "arrival", "type", "outcome", "revision", "code", "zh", "en", "position", "flags", "kept", "arrived",
)  # fmt: skip
PUT_REPORTS = """
INSERT INTO report (source, id, digest, arrival, type, outcome, revision, code, zh, en, position, flags, kept, arrived)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
                     $10::text[], $11::bigint[], $12::jsonb[], $13::bytea[], $14::timestamptz[])
ON CONFLICT (source, id, digest) DO UPDATE
SET outcome = excluded.outcome, revision = excluded.revision, code = excluded.code, zh = excluded.zh, en = excluded.en,
    position = excluded.position, flags = excluded.flags, kept = excluded.kept
"""
FORGET_WAITING = """
DELETE FROM waiting USING unnest($1::text[], $2::text[]) AS gone (source, id) WHERE waiting.source = gone.source AND waiting.id = gone.id
"""
PUT_STATES = """
INSERT INTO state (subject, state, opened, occurred, position)
SELECT * FROM unnest($1::text[], $2::jsonb[], $3::boolean[], $4::date[], $5::bigint[])
ON CONFLICT (subject) DO UPDATE
SET state = excluded.state, opened = excluded.opened, occurred = excluded.occurred, position = excluded.position
"""
ATTEMPT_COLUMNS = ("source", "id", "revision", "digest", "at", "outcome", "code", "zh", "en", "position")
ACT_COLUMNS = (
    "act", "at", "kind", "source", "id", "who", "why", "changes", "copy", "outcome", "code", "zh", "en", "revision", "position",
)  # fmt: skip
OUTBOX_COLUMNS = ("number", "department", "system", "id", "body")
FORGET_ALIASES = "DELETE FROM alias WHERE code = ANY($1::text[])"
PUT_ASIDE = """
INSERT INTO aside (arrival, source, id, "at", kept, traceback) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (arrival) DO UPDATE SET "at" = excluded."at", traceback = excluded.traceback
"""
PUT_HEAD = """
UPDATE head SET position = $1, hash = $2, recorded = $3, closed = $4, followed = $5, arrivals = $6, answers = $7, commits = $8,
                simulated = $9
"""
