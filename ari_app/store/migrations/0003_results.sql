-- The results of a call: several promises, a plan, a dispute, the consent to be recorded, intents, script coverage,
-- summary and what waits for a person; and what a list may say of an account besides its bill.
--
-- Units as before. Lists of words are JSON arrays. Days are YYYY-MM-DD: date(x, '+0 days') IS x holds for days of the
-- calendar only.

DROP VIEW attempt_record;
DROP VIEW standing;

ALTER TABLE account ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN fee_items TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(fee_items));
ALTER TABLE account ADD COLUMN late_fee_minor INTEGER CHECK (late_fee_minor >= 0);
ALTER TABLE account ADD COLUMN service_state TEXT NOT NULL DEFAULT ''
    CHECK (service_state IN ('', 'active', 'suspended'));
ALTER TABLE account ADD COLUMN suspension_on TEXT CHECK (date(suspension_on, '+0 days') IS suspension_on);
ALTER TABLE account ADD COLUMN customer_level TEXT NOT NULL DEFAULT ''
    CHECK (customer_level IN ('', 'vip', 'ordinary', 'high_risk'));
ALTER TABLE account ADD COLUMN risk_level TEXT NOT NULL DEFAULT '' CHECK (risk_level IN ('', 'L', 'M', 'H'));
ALTER TABLE account ADD COLUMN broken_promises INTEGER NOT NULL DEFAULT 0 CHECK (broken_promises >= 0);
ALTER TABLE account ADD COLUMN good_record INTEGER NOT NULL DEFAULT 0 CHECK (good_record IN (0, 1));
ALTER TABLE account ADD COLUMN legal_stage INTEGER NOT NULL DEFAULT 0 CHECK (legal_stage IN (0, 1));
ALTER TABLE account ADD COLUMN minor INTEGER NOT NULL DEFAULT 0 CHECK (minor IN (0, 1));

-- Several promises of one call, in the order of their days.
ALTER TABLE promise RENAME TO promise_of_before;
CREATE TABLE promise (
    attempt_id   TEXT NOT NULL REFERENCES attempt (attempt_id),
    position     INTEGER NOT NULL CHECK (position >= 1),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT NOT NULL CHECK (currency <> ''),
    date         TEXT NOT NULL CHECK (date(date, '+0 days') IS date),
    channel      TEXT NOT NULL,
    confidence   REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    promised_at  INTEGER NOT NULL,
    PRIMARY KEY (attempt_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO promise (attempt_id, position, amount_minor, currency, date, channel, confidence, promised_at)
SELECT attempt_id, 1, amount_minor, currency, date, channel, MIN(1.0, MAX(0.0, confidence)), promised_at
FROM promise_of_before;
DROP TABLE promise_of_before;

-- What the customer asked for instead of paying at once. Nobody has approved it while approver is empty.
CREATE TABLE plan (
    attempt_id    TEXT NOT NULL PRIMARY KEY REFERENCES attempt (attempt_id),
    kind          TEXT NOT NULL CHECK (kind IN ('installment', 'deferral', 'waiver')),
    currency      TEXT NOT NULL,
    periods       INTEGER NOT NULL CHECK (periods >= 0),
    monthly_minor INTEGER CHECK (monthly_minor >= 0),
    last_minor    INTEGER CHECK (last_minor >= 0),
    fee_minor     INTEGER CHECK (fee_minor >= 0),
    total_minor   INTEGER CHECK (total_minor >= fee_minor),
    first_date    TEXT CHECK (date(first_date, '+0 days') IS first_date),
    until         TEXT CHECK (date(until, '+0 days') IS until),
    waived_minor  INTEGER CHECK (waived_minor >= 0),
    approver      TEXT NOT NULL DEFAULT '',
    confidence    REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    asked_at      INTEGER NOT NULL,
    CHECK (kind <> 'installment' OR (periods >= 1 AND monthly_minor > 0 AND last_minor > 0 AND fee_minor IS NOT NULL
        AND total_minor IS NOT NULL AND first_date IS NOT NULL)),
    CHECK (kind <> 'installment' OR total_minor = monthly_minor * (periods - 1) + last_minor),
    CHECK (kind <> 'deferral' OR until IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- What the customer objects to, and within how many working days he was promised an answer.
CREATE TABLE dispute (
    attempt_id  TEXT NOT NULL PRIMARY KEY REFERENCES attempt (attempt_id),
    category    TEXT NOT NULL CHECK (category IN ('meter', 'bill', 'service', 'other')),
    description TEXT NOT NULL,
    evidence    TEXT NOT NULL CHECK (json_valid(evidence)),
    answer_days INTEGER NOT NULL CHECK (answer_days >= 0),
    status      TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    confidence  REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    claimed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The notice of the recording and what the customer made of it; audio_s is where the notice stands, in call time.
CREATE TABLE consent (
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES attempt (attempt_id),
    given      INTEGER NOT NULL CHECK (given IN (0, 1)),
    at         INTEGER NOT NULL,
    version    TEXT NOT NULL,
    audio_s    REAL CHECK (audio_s >= 0)
) STRICT, WITHOUT ROWID;

-- How a conversation ended. callback: 1 where another call was agreed, with its day, its time, both or neither.
CREATE TABLE call_result (
    attempt_id      TEXT NOT NULL PRIMARY KEY REFERENCES attempt (attempt_id),
    result          TEXT NOT NULL CHECK (result <> ''),
    verified        INTEGER NOT NULL CHECK (verified IN (0, 1)),
    intents         TEXT NOT NULL CHECK (json_valid(intents)),
    reasons         TEXT NOT NULL CHECK (json_valid(reasons)),
    coverage        TEXT NOT NULL CHECK (json_valid(coverage)),
    cut_short       TEXT NOT NULL CHECK (json_valid(cut_short)),
    required        TEXT NOT NULL CHECK (json_valid(required)),
    variants        TEXT NOT NULL CHECK (json_valid(variants)),
    review          TEXT NOT NULL CHECK (json_valid(review)),
    transfer_reason TEXT NOT NULL,
    message         TEXT NOT NULL,
    key_points      TEXT NOT NULL CHECK (json_valid(key_points)),
    summary         TEXT NOT NULL,
    risk_level      TEXT NOT NULL CHECK (risk_level IN ('L', 'M', 'H')),
    next_action     TEXT NOT NULL CHECK (next_action <> ''),
    language        TEXT NOT NULL,
    upset           INTEGER NOT NULL CHECK (upset IN (0, 1)),
    do_not_contact  INTEGER NOT NULL CHECK (do_not_contact IN (0, 1)),
    callback        INTEGER NOT NULL CHECK (callback IN (0, 1)),
    callback_day    TEXT CHECK (date(callback_day, '+0 days') IS callback_day),
    callback_time   TEXT,
    CHECK (callback = 1 OR (callback_day IS NULL AND callback_time IS NULL))
) STRICT, WITHOUT ROWID;

-- What waits for a person, to be found without reading every call.
CREATE INDEX call_result_review ON call_result (attempt_id) WHERE review <> '[]';

-- What the gate needs of an account in a campaign, apart from dials and the do-not-contact list.
CREATE VIEW standing AS
SELECT
    ca.id AS campaign_account, ca.campaign_id, ca.state, ca.planned_at, ca.due_at, ca.dials_made,
    ca.first_dialled_at, ca.last_disposition, ca.closed_reason, ca.refused_by, ca.last_verdict, ca.account,
    a.customer_id, a.account_id, a.bill_id, a.name, a.phone, a.timezone, a.language, a.amount_minor, a.currency,
    a.due_date, a.aging_bucket, a.preferred_windows, a.service, a.fee_items, a.late_fee_minor, a.service_state,
    a.suspension_on, a.customer_level, a.risk_level, a.broken_promises, a.good_record, a.legal_stage, a.minor,
    (SELECT o.attempt_id FROM attempt AS o WHERE o.customer_id = a.customer_id AND o.ended_at IS NULL) AS open_attempt,
    (SELECT d.disposition FROM dead_number AS d WHERE d.phone = a.phone) AS number_dead
FROM campaign_account AS ca JOIN account AS a ON a.id = ca.account;

-- An attempt as it is exported, but for its promises, of which there may be several.
CREATE VIEW attempt_record AS
SELECT t.*,
    r.result, r.verified, r.intents, r.reasons, r.coverage, r.cut_short, r.required, r.variants, r.review,
    r.transfer_reason, r.message, r.key_points, r.summary, r.risk_level, r.next_action, r.language, r.upset,
    r.do_not_contact, r.callback, r.callback_day, r.callback_time,
    p.kind AS plan_kind, p.currency AS plan_currency, p.periods AS plan_periods, p.monthly_minor AS plan_monthly,
    p.last_minor AS plan_last, p.fee_minor AS plan_fee, p.total_minor AS plan_total, p.first_date AS plan_first_date,
    p.until AS plan_until, p.waived_minor AS plan_waived, p.approver AS plan_approver, p.confidence AS plan_confidence,
    d.category AS dispute_category, d.description AS dispute_description, d.evidence AS dispute_evidence,
    d.answer_days AS dispute_answer_days, d.status AS dispute_status, d.confidence AS dispute_confidence,
    c.given AS consent_given, c.at AS consent_at, c.version AS consent_version, c.audio_s AS consent_audio_s
FROM attempt AS t
LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id
LEFT JOIN plan AS p ON p.attempt_id = t.attempt_id
LEFT JOIN dispute AS d ON d.attempt_id = t.attempt_id
LEFT JOIN consent AS c ON c.attempt_id = t.attempt_id;
