-- Plans (instalments, deferrals, waivers) from their request to their end, and what broken promises lead to.
--
-- Units as before. A plan's sum was worked out at sum_at: money that we learnt of later counts for it.

CREATE TABLE plan_case (
    plan_id        TEXT NOT NULL PRIMARY KEY CHECK (plan_id <> ''),
    account        INTEGER NOT NULL REFERENCES account (id),
    attempt_id     TEXT UNIQUE REFERENCES attempt (attempt_id),
    kind           TEXT NOT NULL CHECK (kind IN ('installment', 'deferral', 'waiver')),
    state          TEXT NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'awaiting_approval', 'approved',
        'rejected', 'active', 'completed', 'breached', 'cancelled')),
    state_at       INTEGER NOT NULL,
    why            TEXT NOT NULL DEFAULT '',
    source         TEXT NOT NULL CHECK (source IN ('call', 'page', 'message', 'agent', 'api')),
    requested_by   TEXT NOT NULL,
    requester      TEXT NOT NULL,
    requested_at   INTEGER NOT NULL,
    sum_at         INTEGER NOT NULL,
    currency       TEXT NOT NULL CHECK (currency <> ''),
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
    fee_minor      INTEGER NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
    waived_minor   INTEGER NOT NULL DEFAULT 0 CHECK (waived_minor >= 0),
    grace_days     INTEGER NOT NULL CHECK (grace_days >= 0),
    level          TEXT NOT NULL DEFAULT '',
    people         INTEGER NOT NULL DEFAULT 0 CHECK (people BETWEEN 0 AND 5),
    roles          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(roles)),
    accepted_at    INTEGER,
    accepted_by    TEXT NOT NULL DEFAULT '',
    activated_at   INTEGER,
    covered_minor  INTEGER NOT NULL DEFAULT 0 CHECK (covered_minor BETWEEN 0 AND amount_minor + fee_minor),
    CHECK ((kind = 'waiver') = (waived_minor > 0)),
    CHECK (kind = 'installment' OR fee_minor = 0),
    CHECK (state NOT IN ('active', 'completed', 'breached') OR (activated_at IS NOT NULL AND accepted_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX plan_case_account ON plan_case (account);
-- One plan of a bill runs at a time, and one waits for a decision.
CREATE UNIQUE INDEX plan_case_active ON plan_case (account) WHERE state = 'active';
CREATE UNIQUE INDEX plan_case_waiting ON plan_case (account)
WHERE state IN ('requested', 'awaiting_approval', 'approved');

-- The instalments of a plan; a deferral is one instalment. state is what the ledger makes of each.
CREATE TABLE plan_instalment (
    plan_id       TEXT NOT NULL REFERENCES plan_case (plan_id),
    position      INTEGER NOT NULL CHECK (position >= 1),
    day           TEXT NOT NULL CHECK (date(day, '+0 days') IS day),
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'due', 'paid', 'late')),
    covered_minor INTEGER NOT NULL DEFAULT 0 CHECK (covered_minor BETWEEN 0 AND amount_minor),
    state_at      INTEGER NOT NULL,
    PRIMARY KEY (plan_id, position),
    CHECK ((state = 'paid') = (covered_minor = amount_minor))
) STRICT, WITHOUT ROWID;

-- What the clock moves on: instalments whose day comes or goes.
CREATE INDEX plan_instalment_waiting ON plan_instalment (day) WHERE state <> 'paid';

-- Who has approved a plan. person is the name as it is compared: one person approves a plan once, and never his own.
CREATE TABLE plan_approval (
    plan_id TEXT NOT NULL REFERENCES plan_case (plan_id),
    person  TEXT NOT NULL CHECK (person <> ''),
    name    TEXT NOT NULL,
    role    TEXT NOT NULL CHECK (role <> ''),
    at      INTEGER NOT NULL,
    PRIMARY KEY (plan_id, person)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER plan_four_eyes BEFORE INSERT ON plan_approval
WHEN new.person = (SELECT requester FROM plan_case WHERE plan_id = new.plan_id) BEGIN
    SELECT RAISE(ABORT, 'nobody approves the plan that he has asked for');
END;

CREATE TRIGGER plan_approved_by_enough BEFORE UPDATE OF state ON plan_case
WHEN new.state IN ('approved', 'active') AND old.activated_at IS NULL AND new.people > (SELECT COUNT(*) FROM plan_approval
    WHERE plan_id = new.plan_id) BEGIN
    SELECT RAISE(ABORT, 'a plan is approved by as many people as its level asks for');
END;

-- Every state that a plan has come into, in order.
CREATE TABLE plan_step (
    plan_id  TEXT NOT NULL REFERENCES plan_case (plan_id),
    position INTEGER NOT NULL CHECK (position >= 1),
    state    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    why      TEXT NOT NULL,
    PRIMARY KEY (plan_id, position)
) STRICT, WITHOUT ROWID;

-- A call on its way about a bill whose plan has just begun is taken back, like one about a paid bill.
CREATE TRIGGER revise_plan AFTER UPDATE OF state ON plan_case WHEN old.state <> new.state BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

-- What promises are judged by: one row, as the settings have it.
CREATE TABLE promise_rule (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    grace_days INTEGER NOT NULL CHECK (grace_days BETWEEN 0 AND 30),
    breaches   INTEGER NOT NULL CHECK (breaches BETWEEN 1 AND 20)
) STRICT;

INSERT INTO promise_rule (one, grace_days, breaches) VALUES (1, 0, 2);

-- The list's own count of broken promises, and when it said so for the first time; broken_promises adds those found since.
ALTER TABLE account ADD COLUMN stated_broken INTEGER NOT NULL DEFAULT 0 CHECK (stated_broken >= 0);
ALTER TABLE account ADD COLUMN stated_broken_at INTEGER NOT NULL DEFAULT 0;
UPDATE account SET stated_broken = broken_promises;

-- Raised by a promise that came from elsewhere than a call: the next attempt is planned again. 0: nothing to do.
ALTER TABLE campaign_account ADD COLUMN replan INTEGER NOT NULL DEFAULT 0 CHECK (replan >= 0);
CREATE INDEX campaign_account_replan ON campaign_account (id) WHERE replan > 0;
