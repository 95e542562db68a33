-- Caller IDs: how often each was shown and answered, by hour, and what people have said of it.
--
-- hour is hours since 1970 UTC. A number without a row was never shown, or nobody has said anything of it.

CREATE TABLE caller_id_hour (
    caller_id TEXT NOT NULL,
    hour      INTEGER NOT NULL,
    dials     INTEGER NOT NULL DEFAULT 0 CHECK (dials >= 0),
    answered  INTEGER NOT NULL DEFAULT 0 CHECK (answered >= 0),
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (caller_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE caller_id_state (
    caller_id   TEXT NOT NULL PRIMARY KEY CHECK (caller_id <> ''),
    marked_at   INTEGER,
    mark_source TEXT NOT NULL DEFAULT '',
    rests_until INTEGER,
    rest_reason TEXT NOT NULL DEFAULT '',
    tested_at   INTEGER,
    test_passed INTEGER CHECK (test_passed IN (0, 1)),
    CHECK ((tested_at IS NULL) = (test_passed IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO caller_id_hour (caller_id, hour, dials, answered, last_at)
SELECT caller_id, dialled_at / 3600000000, COUNT(*), SUM(answered_at IS NOT NULL), MAX(dialled_at) FROM attempt
WHERE dialled_at IS NOT NULL AND caller_id <> '' GROUP BY caller_id, dialled_at / 3600000000;
