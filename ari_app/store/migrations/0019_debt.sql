-- The ledger of each bill, and promises with what became of them.
--
-- Units as before. amount_minor of an account is what is owed now: what its list states, and what has moved since.

ALTER TABLE account ADD COLUMN stated_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN stated_at INTEGER NOT NULL DEFAULT 0;
UPDATE account SET stated_minor = amount_minor;

-- Movements are only ever added. The same movement told twice is one: provider and reference name it.
CREATE TABLE ledger_entry (
    seq          INTEGER PRIMARY KEY,
    entry_id     TEXT NOT NULL UNIQUE CHECK (entry_id <> ''),
    account      INTEGER NOT NULL REFERENCES account (id),
    kind         TEXT NOT NULL CHECK (kind IN ('payment', 'reversal', 'waiver', 'credit', 'fee')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT NOT NULL CHECK (currency <> ''),
    at           INTEGER NOT NULL,
    occurred_at  INTEGER NOT NULL,
    provider     TEXT NOT NULL CHECK (provider <> ''),
    reference    TEXT NOT NULL CHECK (reference <> ''),
    reverses     TEXT NOT NULL DEFAULT '',
    source       TEXT NOT NULL,
    UNIQUE (provider, reference, kind),
    CHECK ((kind = 'reversal') = (reverses <> ''))
) STRICT;

CREATE INDEX ledger_entry_account ON ledger_entry (account);

-- A promise of a call is promise_id ATTEMPT.POSITION; others come from a page, a message, an agent or the API.
-- state is what the ledger makes of it; state_at is when that was found.
CREATE TABLE promise_to_pay (
    promise_id    TEXT NOT NULL PRIMARY KEY CHECK (promise_id <> ''),
    account       INTEGER NOT NULL REFERENCES account (id),
    attempt_id    TEXT REFERENCES attempt (attempt_id),
    made_in       TEXT NOT NULL CHECK (made_in <> ''),
    source        TEXT NOT NULL CHECK (source IN ('call', 'page', 'message', 'agent', 'api')),
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    currency      TEXT NOT NULL CHECK (currency <> ''),
    day           TEXT NOT NULL CHECK (date(day, '+0 days') IS day),
    channel       TEXT NOT NULL,
    confidence    REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    made_at       INTEGER NOT NULL,
    state         TEXT NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'due', 'kept', 'partly_kept', 'broken', 'withdrawn')),
    covered_minor INTEGER NOT NULL DEFAULT 0 CHECK (covered_minor BETWEEN 0 AND amount_minor),
    state_at      INTEGER NOT NULL,
    why           TEXT NOT NULL DEFAULT '',
    withdrawn_at  INTEGER,
    withdrawn_why TEXT NOT NULL DEFAULT '',
    CHECK ((withdrawn_at IS NULL) = (withdrawn_why = ''))
) STRICT, WITHOUT ROWID;

CREATE INDEX promise_to_pay_account ON promise_to_pay (account);
-- What the clock moves on: promises whose day comes or goes.
CREATE INDEX promise_to_pay_waiting ON promise_to_pay (day) WHERE state IN ('open', 'due');

-- What was paid before there was a ledger nobody can tell: promises whose day had gone are held against nobody.
INSERT INTO promise_to_pay (promise_id, account, attempt_id, made_in, source, amount_minor, currency, day, channel,
    confidence, made_at, state_at, state, why, withdrawn_at, withdrawn_why)
SELECT p.attempt_id || '.' || p.position, ca.account, p.attempt_id, p.attempt_id, 'call', p.amount_minor, p.currency,
    p.date, p.channel, p.confidence, p.promised_at, p.promised_at, IIF(p.date < date('now'), 'withdrawn', 'open'),
    CASE WHEN p.date >= date('now') THEN '' WHEN a.amount_minor <= 0 THEN 'nothing is owed any more'
        ELSE 'from before the ledger' END,
    IIF(p.date < date('now'), p.promised_at, NULL), IIF(p.date < date('now'), 'from before the ledger', '')
FROM promise AS p JOIN attempt AS t ON t.attempt_id = p.attempt_id
JOIN campaign_account AS ca ON ca.id = t.campaign_account
JOIN account AS a ON a.id = ca.account;
