-- What a score model and the risk rules say of an account. What its list says itself stands in account and goes first;
-- standing shows strategies the one or the other.

CREATE TABLE assessment (
    account        INTEGER PRIMARY KEY REFERENCES account (id),
    at             INTEGER NOT NULL,
    score          INTEGER CHECK (score BETWEEN 0 AND 100),
    score_model    TEXT NOT NULL DEFAULT '',
    reasons        TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(reasons)),
    risk_level     TEXT NOT NULL CHECK (risk_level IN ('L', 'M', 'H')),
    risk_rule      TEXT NOT NULL CHECK (risk_rule <> ''),
    debt_type      TEXT NOT NULL CHECK (debt_type IN ('malicious', 'non_malicious', 'legacy', 'new_business')),
    debt_type_rule TEXT NOT NULL CHECK (debt_type_rule <> ''),
    -- '' where no rule warns of the account
    warning_rule   TEXT NOT NULL DEFAULT '',
    CHECK ((score IS NULL) = (score_model = ''))
) STRICT;

DROP VIEW standing;

CREATE VIEW standing AS
SELECT
    ca.id AS campaign_account, ca.campaign_id, ca.state, ca.planned_at, ca.due_at, ca.dials_made,
    ca.first_dialled_at, ca.last_disposition, ca.closed_reason, ca.refused_by, ca.last_verdict, ca.account,
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
