-- What the rules ask: governed lists of several kinds, and flags that stand in the way of a customer or of one account.
--
-- Units as before.

-- contact is a phone in E.164 or a customer id; either match counts. An entry of each list at most.
CREATE TABLE list_entry (
    contact    TEXT NOT NULL CHECK (contact <> ''),
    kind       TEXT NOT NULL CHECK (kind IN ('do_not_contact', 'black', 'complaint', 'special', 'white')),
    source     TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    added_at   INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (contact, kind)
) STRICT, WITHOUT ROWID;

INSERT INTO list_entry (contact, kind, source, added_at, expires_at)
SELECT contact, 'do_not_contact', source, added_at, expires_at FROM do_not_contact;

DROP TABLE do_not_contact;

-- account_id '' is the whole customer. A flag that was cleared stays, with who cleared it.
CREATE TABLE standing_flag (
    id             INTEGER PRIMARY KEY,
    customer_id    TEXT NOT NULL CHECK (customer_id <> ''),
    account_id     TEXT NOT NULL DEFAULT '',
    flag           TEXT NOT NULL CHECK (flag IN ('dispute', 'paid', 'deceased', 'bankrupt', 'represented', 'guardian',
        'no_consent', 'consent')),
    source         TEXT NOT NULL,
    attempt_id     TEXT REFERENCES attempt (attempt_id),
    set_at         INTEGER NOT NULL,
    cleared_at     INTEGER,
    cleared_source TEXT,
    CHECK ((cleared_at IS NULL) = (cleared_source IS NULL)),
    CHECK (cleared_at IS NULL OR cleared_at >= set_at)
) STRICT;

CREATE UNIQUE INDEX standing_flag_set ON standing_flag (customer_id, account_id, flag) WHERE cleared_at IS NULL;
CREATE INDEX standing_flag_customer ON standing_flag (customer_id);
