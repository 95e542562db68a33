-- What strategies and scores go by: region, age and income bands, type and cause of the debt, score, early warning.

DROP VIEW standing;

ALTER TABLE account ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN age_band TEXT NOT NULL DEFAULT ''
    CHECK (age_band IN ('', '18-24', '25-34', '35-44', '45-54', '55-64', '65+'));
ALTER TABLE account ADD COLUMN income_band TEXT NOT NULL DEFAULT '' CHECK (income_band IN ('', 'low', 'middle', 'high'));
ALTER TABLE account ADD COLUMN debt_type TEXT NOT NULL DEFAULT ''
    CHECK (debt_type IN ('', 'malicious', 'non_malicious', 'legacy', 'new_business'));
ALTER TABLE account ADD COLUMN debt_cause TEXT NOT NULL DEFAULT ''
    CHECK (debt_cause IN ('', 'evasion', 'loophole', 'payment_failed', 'bill_in_doubt', 'lost_contact', 'short_of_money',
        'forgot', 'job_loss', 'illness', 'bereavement', 'no_bill', 'away'));
-- 0 to 100: how likely the customer pays on time; NULL: not worked out.
ALTER TABLE account ADD COLUMN score INTEGER CHECK (score BETWEEN 0 AND 100);
ALTER TABLE account ADD COLUMN score_model TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN early_warning INTEGER NOT NULL DEFAULT 0 CHECK (early_warning IN (0, 1));

CREATE VIEW standing AS
SELECT
    ca.id AS campaign_account, ca.campaign_id, ca.state, ca.planned_at, ca.due_at, ca.dials_made,
    ca.first_dialled_at, ca.last_disposition, ca.closed_reason, ca.refused_by, ca.last_verdict, ca.account,
    a.customer_id, a.account_id, a.bill_id, a.name, a.phone, a.timezone, a.language, a.amount_minor, a.currency,
    a.due_date, a.aging_bucket, a.preferred_windows, a.service, a.fee_items, a.late_fee_minor, a.service_state,
    a.suspension_on, a.suspension_at, a.customer_level, a.risk_level, a.broken_promises, a.good_record,
    a.legal_stage, a.minor, a.region, a.age_band, a.income_band, a.debt_type, a.debt_cause, a.score, a.score_model,
    a.early_warning,
    (SELECT o.attempt_id FROM attempt AS o WHERE o.customer_id = a.customer_id AND o.ended_at IS NULL) AS open_attempt,
    (SELECT d.disposition FROM dead_number AS d WHERE d.phone = a.phone) AS number_dead
FROM campaign_account AS ca JOIN account AS a ON a.id = ca.account;
