-- What has changed of a case, step by step, for its timeline. Rows of promises, statements and the like hold their last state
-- alone; here every state that they were in stands, whoever changed it and whether or not a webhook is told.
--
-- Units as before. Rows are written by triggers, in the transaction of the change, and never changed.

CREATE TABLE case_event (
    seq        INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL REFERENCES account (id),
    subject    TEXT NOT NULL CHECK (subject <> ''),
    subject_id TEXT NOT NULL,
    at         INTEGER NOT NULL,
    was        TEXT NOT NULL,
    became     TEXT NOT NULL,
    fields     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(fields)),
    CHECK (was <> became)
) STRICT;

CREATE INDEX case_event_account ON case_event (account, at);

CREATE TRIGGER case_event_stays BEFORE UPDATE ON case_event
BEGIN
    SELECT RAISE(ABORT, 'a case event is never changed');
END;

-- A list (or the billing system) stated another sum: what it had said before, with when it had said that.
CREATE TRIGGER case_event_of_statement AFTER UPDATE OF stated_minor ON account
WHEN OLD.stated_minor <> NEW.stated_minor
BEGIN
    INSERT INTO case_event (account, subject, subject_id, at, was, became, fields)
    VALUES (NEW.id, 'statement', '', OLD.stated_at, 'stated', 'replaced',
        json_object('amount_minor', OLD.stated_minor, 'currency', OLD.currency, 'due_date', OLD.due_date,
            'replaced_at', NEW.stated_at));
END;

CREATE TRIGGER case_event_of_promise AFTER UPDATE OF state ON promise_to_pay
WHEN OLD.state <> NEW.state
BEGIN
    INSERT INTO case_event (account, subject, subject_id, at, was, became, fields)
    VALUES (NEW.account, 'promise', NEW.promise_id, NEW.state_at, OLD.state, NEW.state,
        json_object('amount_minor', NEW.amount_minor, 'covered_minor', NEW.covered_minor, 'currency', NEW.currency,
            'day', NEW.day, 'why', NULLIF(NEW.why, '')));
END;

CREATE TRIGGER case_event_of_instalment AFTER UPDATE OF state ON plan_instalment
WHEN OLD.state <> NEW.state
BEGIN
    INSERT INTO case_event (account, subject, subject_id, at, was, became, fields)
    SELECT p.account, 'instalment', NEW.plan_id || '.' || NEW.position, NEW.state_at, OLD.state, NEW.state,
        json_object('amount_minor', NEW.amount_minor, 'covered_minor', NEW.covered_minor, 'currency', p.currency,
            'day', NEW.day)
    FROM plan_case AS p WHERE p.plan_id = NEW.plan_id;
END;

-- A service belongs to all bills of an account; its moves stand at the first of them.
CREATE TRIGGER case_event_of_service AFTER UPDATE OF state ON service
WHEN OLD.state <> NEW.state
BEGIN
    INSERT INTO case_event (account, subject, subject_id, at, was, became)
    SELECT MIN(a.id), 'service', NEW.account_id, NEW.state_at, OLD.state, NEW.state
    FROM account AS a WHERE a.customer_id = NEW.customer_id AND a.account_id = NEW.account_id HAVING MIN(a.id) IS NOT NULL;
END;

-- What became of a message; what happens within a second on its way out is left out.
CREATE TRIGGER case_event_of_message AFTER UPDATE OF state ON message
WHEN OLD.state <> NEW.state AND NEW.state IN ('sent', 'unknown', 'delivered', 'failed', 'expired', 'suppressed')
BEGIN
    INSERT INTO case_event (account, subject, subject_id, at, was, became, fields)
    SELECT ca.account, 'message', NEW.message_id, NEW.state_at, OLD.state, NEW.state,
        json_object('channel', NULLIF(NEW.channel, ''), 'why', NULLIF(NEW.why, ''), 'rule', NULLIF(NEW.rule, ''))
    FROM campaign_account AS ca WHERE ca.id = NEW.campaign_account;
END;

-- The orders of a bill.
CREATE INDEX service_order_account ON service_order (account);
-- What providers have told of a customer.
CREATE INDEX payment_notice_customer ON payment_notice (customer_id) WHERE customer_id <> '';

-- Runs of integrations: one row for each pull, and for each file that was taken from a folder.
CREATE TABLE integration_run (
    id           INTEGER PRIMARY KEY,
    integration  TEXT NOT NULL CHECK (integration <> ''),
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL CHECK (ended_at >= started_at),
    result       TEXT NOT NULL CHECK (result IN ('done', 'failed')),
    records      INTEGER NOT NULL CHECK (records >= 0),
    added        INTEGER NOT NULL CHECK (added >= 0),
    updated      INTEGER NOT NULL CHECK (updated >= 0),
    unchanged    INTEGER NOT NULL CHECK (unchanged >= 0),
    rejected     INTEGER NOT NULL CHECK (rejected >= 0),
    file         TEXT NOT NULL DEFAULT '',
    digest       TEXT NOT NULL DEFAULT '',
    fault        TEXT NOT NULL DEFAULT '',
    position     TEXT NOT NULL DEFAULT '',
    rejects_file TEXT NOT NULL DEFAULT '',
    CHECK (result = 'failed' OR fault = ''),
    CHECK (result = 'done' OR position = '')
) STRICT;

CREATE INDEX integration_run_newest ON integration_run (integration, id);
-- A file is loaded once, under whatever name it comes again.
CREATE UNIQUE INDEX integration_run_file ON integration_run (integration, digest) WHERE digest <> '' AND result = 'done';
