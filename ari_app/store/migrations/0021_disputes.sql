-- Disputes as cases, with their steps and the files that customers send in.
--
-- Units as before. flag is the flag by which a dispute pauses its account, NULL where that flag was somebody else's: a
-- dispute lifts only what it has set. due_at is the end of the last day for an answer.

CREATE TABLE dispute_case (
    case_id         TEXT NOT NULL PRIMARY KEY CHECK (case_id <> ''),
    account         INTEGER NOT NULL REFERENCES account (id),
    attempt_id      TEXT REFERENCES attempt (attempt_id),
    source          TEXT NOT NULL CHECK (source IN ('call', 'page', 'message', 'agent', 'api')),
    made_in         TEXT NOT NULL CHECK (made_in <> ''),
    category        TEXT NOT NULL CHECK (category IN ('meter', 'bill', 'service', 'other')),
    description     TEXT NOT NULL,
    offered         TEXT NOT NULL CHECK (json_valid(offered)),
    state           TEXT NOT NULL CHECK (state IN ('open', 'in_review', 'waiting_for_customer', 'escalated', 'decided',
        'notified', 'closed')),
    state_at        INTEGER NOT NULL,
    team            TEXT NOT NULL CHECK (team <> ''),
    escalation_team TEXT NOT NULL CHECK (escalation_team <> ''),
    assignee        TEXT NOT NULL DEFAULT '',
    answer_days     INTEGER CHECK (answer_days >= 0),
    opened_at       INTEGER NOT NULL,
    opened_by       TEXT NOT NULL,
    due_at          INTEGER NOT NULL,
    escalated_at    INTEGER,
    flag            INTEGER REFERENCES standing_flag (id),
    verdict         TEXT CHECK (verdict IN ('upheld', 'partly_upheld', 'rejected')),
    corrected_minor INTEGER CHECK (corrected_minor >= 0),
    credit_minor    INTEGER NOT NULL DEFAULT 0 CHECK (credit_minor >= 0),
    reason          TEXT NOT NULL DEFAULT '',
    decided_at      INTEGER,
    decided_by      TEXT NOT NULL DEFAULT '',
    notice_wanted   INTEGER NOT NULL DEFAULT 0 CHECK (notice_wanted IN (0, 1)),
    notified_at     INTEGER,
    closed_at       INTEGER,
    closed_why      TEXT NOT NULL DEFAULT '',
    UNIQUE (source, made_in),
    CHECK ((verdict IS NULL) = (decided_at IS NULL)),
    CHECK (verdict IS NOT NULL OR (credit_minor = 0 AND corrected_minor IS NULL)),
    CHECK (verdict IS NOT 'rejected' OR credit_minor = 0),
    CHECK (state NOT IN ('decided', 'notified') OR verdict IS NOT NULL),
    CHECK (state NOT IN ('open', 'in_review', 'waiting_for_customer', 'escalated') OR verdict IS NULL),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (closed_why = '')),
    CHECK (state <> 'escalated' OR escalated_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- The same objection twice is one case.
CREATE UNIQUE INDEX dispute_case_open ON dispute_case (account, category)
    WHERE state IN ('open', 'in_review', 'waiting_for_customer', 'escalated');
CREATE INDEX dispute_case_account ON dispute_case (account);
CREATE INDEX dispute_case_flag ON dispute_case (flag) WHERE flag IS NOT NULL;
-- What the clock looks at: each dispute is escalated once.
CREATE INDEX dispute_case_due ON dispute_case (due_at)
    WHERE escalated_at IS NULL AND state IN ('open', 'in_review', 'waiting_for_customer');
CREATE INDEX dispute_case_notice ON dispute_case (decided_at) WHERE notice_wanted = 1;

CREATE TABLE dispute_step (
    seq     INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES dispute_case (case_id),
    at      INTEGER NOT NULL,
    step    TEXT NOT NULL CHECK (step <> ''),
    state   TEXT NOT NULL,
    by      TEXT NOT NULL,
    note    TEXT NOT NULL
) STRICT;

CREATE INDEX dispute_step_case ON dispute_step (case_id);

-- Files that prove something, by what they hold: the same file twice is one. path is below the folder of evidence.
CREATE TABLE evidence (
    evidence_id  TEXT NOT NULL PRIMARY KEY CHECK (evidence_id <> ''),
    case_id      TEXT NOT NULL REFERENCES dispute_case (case_id),
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL CHECK (content_type <> ''),
    bytes        INTEGER NOT NULL CHECK (bytes > 0),
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64),
    path         TEXT NOT NULL CHECK (path <> '' AND path NOT LIKE '/%' AND path NOT LIKE '%..%'),
    source       TEXT NOT NULL CHECK (source IN ('page', 'message', 'agent', 'api')),
    added_by     TEXT NOT NULL,
    added_at     INTEGER NOT NULL,
    UNIQUE (case_id, sha256)
) STRICT, WITHOUT ROWID;

-- Disputes of calls that nobody has answered, due after as many days as were promised. Whoever was paused stays paused.
INSERT INTO dispute_case (case_id, account, attempt_id, source, made_in, category, description, offered, state, state_at,
    team, escalation_team, answer_days, opened_at, opened_by, due_at, flag)
SELECT 'dis-' || d.attempt_id, ca.account, d.attempt_id, 'call', d.attempt_id, d.category, d.description, d.evidence,
    'open', d.claimed_at, 'audit', 'audit-lead', d.answer_days, d.claimed_at, 'call',
    d.claimed_at + d.answer_days * 86400000000,
    (SELECT f.id FROM standing_flag AS f WHERE f.attempt_id = d.attempt_id AND f.flag = 'dispute' AND f.cleared_at IS NULL)
FROM dispute AS d JOIN attempt AS t ON t.attempt_id = d.attempt_id JOIN campaign_account AS ca ON ca.id = t.campaign_account
WHERE d.status = 'open' AND d.claimed_at = (SELECT MIN(e.claimed_at) FROM dispute AS e
    JOIN attempt AS u ON u.attempt_id = e.attempt_id JOIN campaign_account AS cb ON cb.id = u.campaign_account
    WHERE cb.account = ca.account AND e.category = d.category AND e.status = 'open')
    AND EXISTS (SELECT 1 FROM standing_flag AS g WHERE g.attempt_id = d.attempt_id AND g.flag = 'dispute'
        AND g.cleared_at IS NULL)
ON CONFLICT DO NOTHING;

-- Collection rests while a dispute is open, whatever anybody clears. (The flag of another account, or of the whole
-- customer, is not a dispute's.)
CREATE TRIGGER dispute_flag_stays BEFORE UPDATE OF cleared_at ON standing_flag
WHEN new.cleared_at IS NOT NULL AND old.flag = 'dispute' AND EXISTS (
    SELECT 1 FROM account AS a JOIN dispute_case AS d ON d.account = a.id
    WHERE a.customer_id = old.customer_id AND a.account_id = old.account_id
        AND d.state IN ('open', 'in_review', 'waiting_for_customer', 'escalated')
) BEGIN
    SELECT RAISE(ABORT, 'a dispute of this account is open; whoever decides it lifts the pause');
END;
