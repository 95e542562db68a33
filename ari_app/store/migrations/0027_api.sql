-- The HTTP API: who may ask, which requests were answered, which lists are being loaded.
--
-- Units as before.

-- Of a token only the digest (SHA-256) is kept; token_id is its public part, by which people know it.
CREATE TABLE api_token (
    token_id     TEXT NOT NULL PRIMARY KEY CHECK (token_id <> ''),
    name         TEXT NOT NULL CHECK (name <> ''),
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes       TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL CHECK (expires_at > created_at),
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;

-- A request with an idempotency key, and its answer once there is one: it is carried out once, and answered again.
CREATE TABLE api_request (
    token_id    TEXT NOT NULL REFERENCES api_token (token_id),
    key         TEXT NOT NULL CHECK (key <> ''),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    began_at    INTEGER NOT NULL,
    status      INTEGER CHECK (status BETWEEN 200 AND 499),
    headers     TEXT CHECK (headers IS NULL OR json_valid(headers)),
    body        BLOB,
    PRIMARY KEY (token_id, key),
    CHECK ((status IS NULL) = (body IS NULL)),
    CHECK ((status IS NULL) = (headers IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX api_request_began ON api_request (began_at);

-- A list that was uploaded. alive_at is moved on while it is being loaded: one that stands still was interrupted.
CREATE TABLE api_import (
    job_id      TEXT NOT NULL PRIMARY KEY CHECK (job_id <> ''),
    campaign_id TEXT NOT NULL REFERENCES campaign (campaign_id),
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    file_name   TEXT NOT NULL,
    bytes       INTEGER NOT NULL CHECK (bytes >= 0),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'interrupted')),
    share       REAL NOT NULL DEFAULT 0 CHECK (share BETWEEN 0 AND 1),
    rows        INTEGER NOT NULL DEFAULT 0,
    added       INTEGER NOT NULL DEFAULT 0,
    updated     INTEGER NOT NULL DEFAULT 0,
    unchanged   INTEGER NOT NULL DEFAULT 0,
    rejected    INTEGER NOT NULL DEFAULT 0,
    problem     TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    alive_at    INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((finished_at IS NULL) = (state IN ('waiting', 'running')))
) STRICT, WITHOUT ROWID;

CREATE INDEX api_import_campaign ON api_import (campaign_id, digest);
-- One load of the same file into the same campaign at a time.
CREATE UNIQUE INDEX api_import_under_way ON api_import (campaign_id, digest) WHERE state IN ('waiting', 'running');

-- What cursors are signed with; made here, so that every process on this database has the same one.
CREATE TABLE api_secret (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    cursor_secret BLOB NOT NULL CHECK (length(cursor_secret) = 32)
) STRICT;

INSERT INTO api_secret (id, cursor_secret) VALUES (1, randomblob(32));

-- Pages of promises go back from the newest.
CREATE INDEX promise_to_pay_made ON promise_to_pay (made_at, promise_id);
