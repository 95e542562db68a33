-- The order of calls: what decides about an account's place among those that are due, and how the customers of a campaign
-- answer in each part of the day.

-- call_class is a number of domain/call_order.py; 0: nothing known. turn_lost_at is when a day first ended on which the
-- account was due and came to no turn; NULL while it has not lost one since its last call.
ALTER TABLE campaign_account ADD COLUMN call_class INTEGER NOT NULL DEFAULT 0 CHECK (call_class >= 0);
ALTER TABLE campaign_account ADD COLUMN turn_lost_at INTEGER;

-- The state is always the same and stands here so that claims find all they ask for without reading the rows.
CREATE INDEX campaign_account_order ON campaign_account (campaign_id, state, call_class, due_at) WHERE state = 'waiting';

-- day_part: 0 morning, 1 afternoon, 2 evening of a working day, 3 a day off; of the last four weeks, worked out each night.
CREATE TABLE answer_profile (
    campaign_id TEXT NOT NULL REFERENCES campaign (campaign_id),
    day_part    INTEGER NOT NULL CHECK (day_part BETWEEN 0 AND 3),
    dials       INTEGER NOT NULL CHECK (dials >= 0),
    answered    INTEGER NOT NULL CHECK (answered BETWEEN 0 AND dials),
    PRIMARY KEY (campaign_id, day_part)
) STRICT, WITHOUT ROWID;

DROP VIEW standing;

CREATE VIEW standing AS
SELECT
    ca.id AS campaign_account, ca.campaign_id, ca.state, ca.planned_at, ca.due_at, ca.dials_made,
    ca.first_dialled_at, ca.last_disposition, ca.closed_reason, ca.refused_by, ca.last_verdict, ca.account,
    ca.call_class, ca.turn_lost_at,
    a.customer_id, a.account_id, a.bill_id, a.name, a.phone, a.timezone, a.language, a.amount_minor, a.currency,
    a.due_date, a.aging_bucket, a.preferred_windows, a.service, a.fee_items, a.late_fee_minor, a.service_state,
    a.suspension_on, a.suspension_at, a.customer_level, COALESCE(NULLIF(a.risk_level, ''), s.risk_level, '') AS risk_level,
    a.broken_promises, a.good_record, a.legal_stage, a.minor, a.region, a.age_band, a.income_band,
    COALESCE(NULLIF(a.debt_type, ''), s.debt_type, '') AS debt_type, a.debt_cause,
    COALESCE(a.score, s.score) AS score, IIF(a.score IS NULL, COALESCE(s.score_model, ''), a.score_model) AS score_model,
    MAX(a.early_warning, COALESCE(s.warning_rule <> '', 0)) AS early_warning,
    (SELECT o.attempt_id FROM attempt AS o WHERE o.customer_id = a.customer_id AND o.ended_at IS NULL) AS open_attempt,
    (SELECT d.disposition FROM dead_number AS d WHERE d.phone = a.phone) AS number_dead
FROM campaign_account AS ca JOIN account AS a ON a.id = ca.account LEFT JOIN assessment AS s ON s.account = a.id;
