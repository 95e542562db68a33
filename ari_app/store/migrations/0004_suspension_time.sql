-- The time of day at which service ends: HH:MM where the customer lives, beside its day.

DROP VIEW standing;

ALTER TABLE account ADD COLUMN suspension_at TEXT CHECK (strftime('%H:%M', suspension_at) IS suspension_at);

CREATE VIEW standing AS
SELECT
    ca.id AS campaign_account, ca.campaign_id, ca.state, ca.planned_at, ca.due_at, ca.dials_made,
    ca.first_dialled_at, ca.last_disposition, ca.closed_reason, ca.refused_by, ca.last_verdict, ca.account,
    a.customer_id, a.account_id, a.bill_id, a.name, a.phone, a.timezone, a.language, a.amount_minor, a.currency,
    a.due_date, a.aging_bucket, a.preferred_windows, a.service, a.fee_items, a.late_fee_minor, a.service_state,
    a.suspension_on, a.suspension_at, a.customer_level, a.risk_level, a.broken_promises, a.good_record,
    a.legal_stage, a.minor,
    (SELECT o.attempt_id FROM attempt AS o WHERE o.customer_id = a.customer_id AND o.ended_at IS NULL) AS open_attempt,
    (SELECT d.disposition FROM dead_number AS d WHERE d.phone = a.phone) AS number_dead
FROM campaign_account AS ca JOIN account AS a ON a.id = ca.account;
