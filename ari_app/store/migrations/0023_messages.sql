-- Messages: a contact like a call, in writing; addresses beside the telephone number, receipts and replies.
--
-- Units as before. The view standing and the calls stay as they are.

-- Over what a verdict was asked: a call, or the channel of a message (attempt_id is the message then).
ALTER TABLE verdict ADD COLUMN channel TEXT NOT NULL DEFAULT 'call';

-- Where a customer can be written to beside his telephone numbers; one address of each kind for an account.
CREATE TABLE address (
    account INTEGER NOT NULL REFERENCES account (id),
    channel TEXT NOT NULL CHECK (channel IN ('app', 'email', 'im', 'wecom', 'dingtalk', 'feishu', 'wechat')),
    contact TEXT NOT NULL CHECK (contact <> ''),
    PRIMARY KEY (account, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX address_contact ON address (contact);

-- Addresses that nothing is sent to, whoever's account they stand in: what was sent came back, or somebody wants no
-- messages there. Of a channel sms the contact is a number in E.164.
CREATE TABLE unusable_address (
    channel TEXT NOT NULL,
    contact TEXT NOT NULL CHECK (contact <> ''),
    why     TEXT NOT NULL CHECK (why IN ('bounced', 'refused')),
    source  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, contact)
) STRICT, WITHOUT ROWID;

-- The channels of the controller that runs, so that every process knows whether the company can write to somebody.
CREATE TABLE message_channel (
    channel   TEXT NOT NULL PRIMARY KEY,
    provider  TEXT NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What makes a message of its own accord: an event of an account, or calls that nobody answers (after so many).
CREATE TABLE message_occasion (
    event    TEXT NOT NULL PRIMARY KEY,
    template TEXT NOT NULL CHECK (template <> ''),
    notice   INTEGER NOT NULL CHECK (notice IN (0, 1)),
    times    INTEGER NOT NULL DEFAULT 1 CHECK (times >= 1)
) STRICT, WITHOUT ROWID;

-- Up to when the message steps of an account have been planned, and when it is looked at next.
CREATE TABLE message_clock (
    campaign_account INTEGER NOT NULL PRIMARY KEY REFERENCES campaign_account (id),
    looked_until     INTEGER NOT NULL,
    next_at          INTEGER
) STRICT;

CREATE INDEX message_clock_next ON message_clock (next_at) WHERE next_at IS NOT NULL;

INSERT INTO message_clock (campaign_account, looked_until, next_at)
SELECT id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER), 0 FROM campaign_account;

CREATE TRIGGER message_clock_begins AFTER INSERT ON campaign_account BEGIN
    INSERT INTO message_clock (campaign_account, looked_until, next_at)
    VALUES (new.id, COALESCE(new.added_at, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)) - 1, 0);
END;

CREATE TRIGGER message_clock_account AFTER UPDATE ON account BEGIN
    UPDATE message_clock SET next_at = 0 WHERE campaign_account IN
        (SELECT id FROM campaign_account WHERE account = new.id);
END;

CREATE TRIGGER message_clock_promise AFTER INSERT ON promise_to_pay BEGIN
    UPDATE message_clock SET next_at = 0 WHERE campaign_account IN
        (SELECT id FROM campaign_account WHERE account = new.account);
END;

-- One try of one message over one channel. occasion says what it comes from, so that it is made once; trial counts the
-- channels that were tried for it. contact_at is when it may have left (NULL while it has not): by that it counts.
CREATE TABLE message (
    seq              INTEGER PRIMARY KEY,
    message_id       TEXT NOT NULL UNIQUE CHECK (message_id <> ''),
    campaign_account INTEGER NOT NULL REFERENCES campaign_account (id),
    campaign_id      TEXT NOT NULL,
    customer_id      TEXT NOT NULL,
    account_id       TEXT NOT NULL,
    bill_id          TEXT NOT NULL,
    origin           TEXT NOT NULL CHECK (origin IN ('step', 'call', 'unanswered', 'event', 'operator')),
    occasion         TEXT NOT NULL CHECK (occasion <> ''),
    trial            INTEGER NOT NULL DEFAULT 1 CHECK (trial >= 1),
    purpose          TEXT NOT NULL CHECK (purpose IN ('contact', 'asked', 'notice')),
    template         TEXT NOT NULL CHECK (template <> ''),
    language         TEXT NOT NULL,
    values_given     TEXT NOT NULL DEFAULT '{}',
    channels         TEXT NOT NULL,
    strategy         TEXT NOT NULL DEFAULT '',
    strategy_version TEXT NOT NULL DEFAULT '',
    segment          TEXT NOT NULL DEFAULT '',
    step             TEXT NOT NULL DEFAULT '',
    planned_at       INTEGER NOT NULL,
    due_at           INTEGER,
    latest_at        INTEGER NOT NULL,
    state            TEXT NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'reserved', 'sending', 'sent', 'unknown',
        'delivered', 'failed', 'expired', 'suppressed')),
    state_at         INTEGER NOT NULL,
    why              TEXT NOT NULL DEFAULT '',
    rule             TEXT NOT NULL DEFAULT '',
    channel          TEXT NOT NULL DEFAULT '',
    contact          TEXT NOT NULL DEFAULT '',
    variant          TEXT NOT NULL DEFAULT '',
    subject          TEXT NOT NULL DEFAULT '',
    text             TEXT NOT NULL DEFAULT '',
    parts            INTEGER NOT NULL DEFAULT 0 CHECK (parts >= 0),
    provider         TEXT NOT NULL DEFAULT '',
    reference        TEXT NOT NULL DEFAULT '',
    tries            INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    contact_at       INTEGER,
    last_verdict     INTEGER REFERENCES verdict (id),
    UNIQUE (campaign_account, occasion, trial),
    CHECK ((state = 'planned') = (due_at IS NOT NULL)),
    CHECK (state NOT IN ('sending', 'sent', 'unknown', 'delivered') OR (contact_at IS NOT NULL AND channel <> ''
        AND contact <> '')),
    CHECK (state <> 'planned' OR contact_at IS NULL)
) STRICT;

CREATE INDEX message_due ON message (due_at) WHERE state = 'planned';
CREATE INDEX message_state ON message (state, state_at, rule);
CREATE INDEX message_customer ON message (customer_id, contact_at);
CREATE INDEX message_account ON message (campaign_account);
CREATE INDEX message_contact ON message (channel, contact) WHERE contact <> '';
CREATE UNIQUE INDEX message_reference ON message (provider, reference) WHERE reference <> '';

-- What a provider says of a message, each thing once. message_id '': no message of ours is known by that reference yet.
CREATE TABLE message_receipt (
    seq        INTEGER PRIMARY KEY,
    provider   TEXT NOT NULL CHECK (provider <> ''),
    reference  TEXT NOT NULL CHECK (reference <> ''),
    status     TEXT NOT NULL CHECK (status IN ('sent', 'delivered', 'failed')),
    detail     TEXT NOT NULL DEFAULT '',
    bounced    INTEGER NOT NULL DEFAULT 0 CHECK (bounced IN (0, 1)),
    at         INTEGER NOT NULL,
    message_id TEXT NOT NULL DEFAULT '',
    UNIQUE (provider, reference, status)
) STRICT;

-- What a customer has written. understood is the intent, done what was done about it by itself; handled_at and handled_by
-- where somebody has looked at what was not understood.
CREATE TABLE message_reply (
    seq         INTEGER PRIMARY KEY,
    reply_id    TEXT NOT NULL UNIQUE CHECK (reply_id <> ''),
    provider    TEXT NOT NULL CHECK (provider <> ''),
    reference   TEXT NOT NULL CHECK (reference <> ''),
    channel     TEXT NOT NULL,
    contact     TEXT NOT NULL CHECK (contact <> ''),
    customer_id TEXT NOT NULL DEFAULT '',
    account     INTEGER REFERENCES account (id),
    message_id  TEXT NOT NULL DEFAULT '',
    text        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    understood  TEXT NOT NULL,
    done        TEXT NOT NULL,
    handled_at  INTEGER,
    handled_by  TEXT NOT NULL DEFAULT '',
    UNIQUE (provider, reference),
    CHECK ((handled_at IS NULL) = (handled_by = ''))
) STRICT;

CREATE INDEX message_reply_customer ON message_reply (customer_id);
CREATE INDEX message_reply_waiting ON message_reply (seq) WHERE done = 'waits' AND handled_at IS NULL;
