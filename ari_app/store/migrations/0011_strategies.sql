-- Strategy files: by what an attempt was made, who has signed which content, and which strategies are stopped.
--
-- Units as before.

ALTER TABLE attempt ADD COLUMN strategy_version TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN segment TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN step TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN tone TEXT NOT NULL DEFAULT '';

CREATE INDEX attempt_strategy ON attempt (strategy, strategy_version, customer_id) WHERE strategy_version <> '';

-- When an account came into its campaign; NULL where that was before this column.
ALTER TABLE campaign_account ADD COLUMN added_at INTEGER;

-- digest is the SHA-256 of the canonical content; content is that content, so that what was signed can be compared.
CREATE TABLE strategy_sign_off (
    strategy  TEXT NOT NULL CHECK (strategy <> ''),
    version   TEXT NOT NULL CHECK (version <> ''),
    digest    TEXT NOT NULL CHECK (length(digest) = 64),
    role      TEXT NOT NULL CHECK (role IN ('legal', 'compliance', 'data-security')),
    signed_by TEXT NOT NULL CHECK (signed_by <> ''),
    signed_at INTEGER NOT NULL,
    content   TEXT NOT NULL CHECK (json_valid(content)),
    PRIMARY KEY (strategy, digest, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE strategy_stop (
    id         INTEGER PRIMARY KEY,
    strategy   TEXT NOT NULL CHECK (strategy <> ''),
    reason     TEXT NOT NULL CHECK (reason <> ''),
    stopped_by TEXT NOT NULL,
    stopped_at INTEGER NOT NULL,
    resumed_by TEXT,
    resumed_at INTEGER,
    CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
) STRICT;

CREATE UNIQUE INDEX strategy_stop_open ON strategy_stop (strategy) WHERE resumed_at IS NULL;

-- A call of a strategy that is stopped may be ringing.
CREATE TRIGGER revise_strategy_stop AFTER INSERT ON strategy_stop BEGIN
    UPDATE standing_revision SET number = number + 1;
END;
