-- The spine: campaigns, accounts, attempts, verdicts and what follows from them.
--
-- Instants are INTEGER microseconds since 1970-01-01T00:00:00Z. Money is INTEGER hundredths of the currency's unit
-- beside an ISO 4217 code. Phones are E.164. Integer ids never leave this file: everything outside speaks of campaign
-- ids, (customer, account, bill) keys and attempt ids, which never collide between controllers.

CREATE TABLE campaign (
    campaign_id TEXT NOT NULL PRIMARY KEY CHECK (campaign_id <> ''),
    name        TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('running', 'paused', 'finished')),
    strategy    TEXT NOT NULL CHECK (json_valid(strategy)),
    dialler     TEXT NOT NULL CHECK (json_valid(dialler)),
    webhook     TEXT CHECK (webhook IS NULL OR json_valid(webhook))
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    id                INTEGER PRIMARY KEY,
    customer_id       TEXT NOT NULL CHECK (customer_id <> ''),
    account_id        TEXT NOT NULL,
    bill_id           TEXT NOT NULL,
    name              TEXT NOT NULL,
    phone             TEXT NOT NULL,
    timezone          TEXT NOT NULL,
    language          TEXT NOT NULL,
    amount_minor      INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    due_date          TEXT NOT NULL,
    aging_bucket      TEXT NOT NULL,
    preferred_windows TEXT NOT NULL,
    UNIQUE (customer_id, account_id, bill_id)
) STRICT;

CREATE INDEX account_phone ON account (phone);

-- One account in one campaign: the plan. planned_at is when the next attempt falls due; due_at is when the dialler
-- looks at it next (planned_at, moved by the verdict), NULL while a standing refusal holds.
CREATE TABLE campaign_account (
    id               INTEGER PRIMARY KEY,
    campaign_id      TEXT NOT NULL REFERENCES campaign (campaign_id),
    account          INTEGER NOT NULL REFERENCES account (id),
    state            TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'open', 'done')),
    planned_at       INTEGER,
    due_at           INTEGER,
    dials_made       INTEGER NOT NULL DEFAULT 0 CHECK (dials_made >= 0),
    first_dialled_at INTEGER,
    last_disposition TEXT,
    closed_reason    TEXT,
    closed_phone     TEXT,
    refused_by       TEXT,
    last_verdict     INTEGER REFERENCES verdict (id),
    UNIQUE (campaign_id, account),
    CHECK ((first_dialled_at IS NULL) = (dials_made = 0)),
    CHECK ((state = 'waiting') = (planned_at IS NOT NULL)),
    CHECK (state = 'waiting' OR due_at IS NULL),
    CHECK ((state = 'done') = (closed_reason IS NOT NULL))
) STRICT;

CREATE INDEX campaign_account_due ON campaign_account (campaign_id, state, due_at);
CREATE INDEX campaign_account_account ON campaign_account (account);

CREATE TABLE attempt (
    seq               INTEGER PRIMARY KEY,
    attempt_id        TEXT NOT NULL UNIQUE CHECK (attempt_id <> ''),
    campaign_account  INTEGER NOT NULL REFERENCES campaign_account (id),
    campaign_id       TEXT NOT NULL REFERENCES campaign (campaign_id),
    customer_id       TEXT NOT NULL,
    account_id        TEXT NOT NULL,
    bill_id           TEXT NOT NULL,
    phone             TEXT NOT NULL,
    caller_id         TEXT NOT NULL,
    channel           TEXT NOT NULL DEFAULT 'call' CHECK (channel IN ('call')),
    number            INTEGER NOT NULL CHECK (number >= 1),
    timezone          TEXT NOT NULL,
    strategy          TEXT NOT NULL,
    rule_pack         TEXT NOT NULL,
    rule_pack_version TEXT NOT NULL,
    reserved_at       INTEGER NOT NULL,
    dialled_at        INTEGER,
    answered_at       INTEGER,
    ended_at          INTEGER,
    sip_status        INTEGER CHECK (sip_status IS NULL OR sip_status BETWEEN 100 AND 699),
    q850_cause        INTEGER CHECK (q850_cause IS NULL OR q850_cause BETWEEN 0 AND 127),
    disposition       TEXT CHECK (disposition <> ''),
    talk_seconds      REAL NOT NULL DEFAULT 0 CHECK (talk_seconds >= 0),
    recording         TEXT,
    transcript        TEXT,
    facts             TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
    next_attempt_at   INTEGER,
    plan_reason       TEXT,
    CHECK ((ended_at IS NULL) = (disposition IS NULL)),
    CHECK ((ended_at IS NULL) = (plan_reason IS NULL)),
    CHECK (dialled_at IS NULL OR dialled_at >= reserved_at),
    CHECK (answered_at IS NULL OR (dialled_at IS NOT NULL AND answered_at >= dialled_at)),
    CHECK (ended_at IS NULL OR ended_at >= COALESCE(answered_at, dialled_at, reserved_at))
) STRICT;

-- Nobody is called twice at the same time, whatever any process believes.
CREATE UNIQUE INDEX attempt_one_open ON attempt (customer_id) WHERE ended_at IS NULL;
CREATE INDEX attempt_dials ON attempt (customer_id, dialled_at);
CREATE INDEX attempt_campaign ON attempt (campaign_id);

-- Every answer of the gate. A refusal that repeats word for word raises count and last_at of its row.
CREATE TABLE verdict (
    id                INTEGER PRIMARY KEY,
    campaign_account  INTEGER NOT NULL REFERENCES campaign_account (id),
    campaign_id       TEXT NOT NULL,
    customer_id       TEXT NOT NULL,
    attempt_id        TEXT,
    asked             TEXT NOT NULL CHECK (asked IN ('plan', 'dial')),
    allowed           INTEGER NOT NULL CHECK (allowed IN (0, 1)),
    rule              TEXT NOT NULL,
    reason            TEXT NOT NULL,
    until             INTEGER,
    rule_pack         TEXT NOT NULL,
    rule_pack_version TEXT NOT NULL,
    first_at          INTEGER NOT NULL,
    last_at           INTEGER NOT NULL,
    count             INTEGER NOT NULL DEFAULT 1 CHECK (count >= 1),
    CHECK (allowed = 0 OR until IS NULL),
    CHECK (allowed = 0 OR attempt_id IS NOT NULL),
    CHECK (allowed = 0 OR count = 1)
) STRICT;

CREATE INDEX verdict_customer ON verdict (customer_id);

-- contact is a phone in E.164 or a customer id; either match refuses.
CREATE TABLE do_not_contact (
    contact    TEXT NOT NULL PRIMARY KEY CHECK (contact <> ''),
    source     TEXT NOT NULL,
    added_at   INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

-- Numbers never to be dialled again: unallocated, refused with 603, another person's.
CREATE TABLE dead_number (
    phone       TEXT NOT NULL PRIMARY KEY,
    disposition TEXT NOT NULL,
    attempt_id  TEXT NOT NULL REFERENCES attempt (attempt_id),
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE promise (
    attempt_id   TEXT NOT NULL PRIMARY KEY REFERENCES attempt (attempt_id),
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    date         TEXT NOT NULL,
    channel      TEXT NOT NULL,
    confidence   REAL NOT NULL,
    promised_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE turn (
    attempt_id TEXT NOT NULL REFERENCES attempt (attempt_id),
    seq        INTEGER NOT NULL,
    speaker    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    text       TEXT NOT NULL,
    start_s    REAL NOT NULL,
    end_s      REAL NOT NULL,
    confidence REAL NOT NULL,
    engine     TEXT NOT NULL,
    PRIMARY KEY (attempt_id, seq)
) STRICT, WITHOUT ROWID;

-- Events to be sent to webhooks, written in the transaction of what they tell. key makes them idempotent.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id TEXT NOT NULL REFERENCES campaign (campaign_id),
    event       TEXT NOT NULL,
    key         TEXT NOT NULL UNIQUE,
    payload     TEXT NOT NULL CHECK (json_valid(payload)),
    created_at  INTEGER NOT NULL,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER
) STRICT;

CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'pending';

-- Loads that changed something.
CREATE TABLE import_batch (
    id          INTEGER PRIMARY KEY,
    campaign_id TEXT NOT NULL REFERENCES campaign (campaign_id),
    at          INTEGER NOT NULL,
    added       INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    unchanged   INTEGER NOT NULL
) STRICT;

-- What the gate needs of an account in a campaign, apart from dials and the do-not-contact list.
CREATE VIEW standing AS
SELECT
    ca.id AS campaign_account, ca.campaign_id, ca.state, ca.planned_at, ca.due_at, ca.dials_made,
    ca.first_dialled_at, ca.last_disposition, ca.closed_reason, ca.refused_by, ca.last_verdict, ca.account,
    a.customer_id, a.account_id, a.bill_id, a.name, a.phone, a.timezone, a.language, a.amount_minor, a.currency,
    a.due_date, a.aging_bucket, a.preferred_windows,
    (SELECT o.attempt_id FROM attempt AS o WHERE o.customer_id = a.customer_id AND o.ended_at IS NULL) AS open_attempt,
    (SELECT d.disposition FROM dead_number AS d WHERE d.phone = a.phone) AS number_dead
FROM campaign_account AS ca JOIN account AS a ON a.id = ca.account;

-- An attempt as it is exported.
CREATE VIEW attempt_record AS
SELECT t.*, p.amount_minor AS promise_amount, p.currency AS promise_currency, p.date AS promise_date,
    p.channel AS promise_channel, p.confidence AS promise_confidence
FROM attempt AS t LEFT JOIN promise AS p ON p.attempt_id = t.attempt_id;
