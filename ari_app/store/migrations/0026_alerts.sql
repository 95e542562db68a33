-- Alerts: what needs a person, what was done about it, and whom it was told.

CREATE TABLE alert (
    alert_id    TEXT NOT NULL PRIMARY KEY CHECK (alert_id <> ''),
    rule        TEXT NOT NULL CHECK (rule <> ''),
    subject     TEXT NOT NULL CHECK (subject <> ''),
    severity    TEXT NOT NULL CHECK (severity IN ('P1', 'P2')),
    text        TEXT NOT NULL,
    account     INTEGER REFERENCES account (id),
    campaign_id TEXT REFERENCES campaign (campaign_id),
    state       TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'closed')),
    holds       INTEGER NOT NULL DEFAULT 1 CHECK (holds IN (0, 1)),
    count       INTEGER NOT NULL DEFAULT 1 CHECK (count >= 1),
    occurrence  TEXT NOT NULL DEFAULT '',
    raised_at   INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    ack_due     INTEGER NOT NULL,
    contact_due INTEGER,
    level       INTEGER NOT NULL DEFAULT 0 CHECK (level >= 0),
    look_at     INTEGER,
    taken_by    TEXT NOT NULL DEFAULT '',
    closed_at   INTEGER,
    closed_by   TEXT NOT NULL DEFAULT '',
    closed_why  TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK (state <> 'closed' OR look_at IS NULL),
    CHECK (state <> 'acknowledged' OR taken_by <> '')
) STRICT, WITHOUT ROWID;

-- One alert of a rule about one thing at a time.
CREATE UNIQUE INDEX alert_open ON alert (rule, subject) WHERE state <> 'closed';
CREATE INDEX alert_looked_at ON alert (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX alert_about ON alert (rule, subject);
CREATE INDEX alert_holding ON alert (rule, subject) WHERE holds = 1;
CREATE INDEX alert_account ON alert (account) WHERE account IS NOT NULL;
CREATE INDEX alert_raised ON alert (raised_at);

-- What was done, by whom. Only ever added to.
CREATE TABLE alert_record (
    seq      INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alert (alert_id),
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL CHECK (by <> ''),
    what     TEXT NOT NULL CHECK (what IN ('raised', 'again', 'acknowledged', 'note', 'contact', 'escalated', 'told',
        'not_told', 'closed', 'gone')),
    text     TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX alert_record_of ON alert_record (alert_id, seq);

CREATE TRIGGER alert_record_kept BEFORE UPDATE ON alert_record BEGIN
    SELECT RAISE(ABORT, 'the record of an alert is only ever added to');
END;

CREATE TRIGGER alert_record_stays BEFORE DELETE ON alert_record BEGIN
    SELECT RAISE(ABORT, 'the record of an alert is only ever added to');
END;

-- Whom an alert is told, over which way. person is a name of dialplan/alerts.yaml; address is where it went.
CREATE TABLE alert_notice (
    id       INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alert (alert_id),
    level    INTEGER NOT NULL CHECK (level >= 0),
    person   TEXT NOT NULL CHECK (person <> ''),
    address  TEXT NOT NULL CHECK (address <> ''),
    copy     INTEGER NOT NULL CHECK (copy IN (0, 1)),
    state    TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    tries    INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_at  INTEGER,
    receipt  TEXT NOT NULL DEFAULT '',
    told_at  INTEGER,
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK ((state = 'sent') = (told_at IS NOT NULL))
) STRICT;

CREATE INDEX alert_notice_due ON alert_notice (next_at) WHERE state = 'pending';
CREATE INDEX alert_notice_of ON alert_notice (alert_id);

-- Up to which event the rules have looked, in the one row.
CREATE TABLE alert_cursor (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    event INTEGER NOT NULL
) STRICT;

INSERT INTO alert_cursor (id, event) SELECT 1, coalesce(max(id), 0) FROM outbox;

-- What figures of the last hours are counted from.
CREATE INDEX attempt_dialled ON attempt (dialled_at) WHERE dialled_at IS NOT NULL;
CREATE INDEX outbox_created ON outbox (created_at, event);
CREATE INDEX verdict_dial ON verdict (last_at) WHERE asked = 'dial';
