-- name: bills_grown_old
SELECT a.id, a.due_date, a.timezone, a.amount_minor FROM account AS a
WHERE a.due_date <= :day AND a.amount_minor > 0 AND NOT EXISTS (
    SELECT 1 FROM arrears_case AS c WHERE c.account = a.id AND (c.state <> 'closed' OR c.outcome <> 'recovered'))
ORDER BY a.due_date DESC, a.id LIMIT :limit;

-- name: cases_to_fix
SELECT c.case_id FROM arrears_case AS c JOIN account AS a ON a.id = c.account
WHERE c.state = 'watching' ORDER BY a.due_date DESC, c.case_id LIMIT :limit;

-- name: add_arrears_case
INSERT INTO arrears_case (case_id, account, customer_id, account_id, state, state_at, opened_at, opened_day, opened_minor)
SELECT :case_id, id, customer_id, account_id, 'watching', :now, :now, :day, amount_minor FROM account
WHERE id = :account AND amount_minor > 0
ON CONFLICT DO NOTHING;

-- name: open_arrears_case
SELECT case_id FROM arrears_case WHERE account = :account AND state <> 'closed';

-- name: arrears_case
SELECT c.*, a.bill_id, a.currency, a.due_date, a.amount_minor, a.timezone
FROM arrears_case AS c JOIN account AS a ON a.id = c.account WHERE c.case_id = :case_id;

-- name: arrears_cases
SELECT c.*, a.bill_id, a.currency, a.due_date, a.amount_minor, a.timezone
FROM arrears_case AS c JOIN account AS a ON a.id = c.account
WHERE (:state IS NULL OR c.state = :state) AND (:customer_id IS NULL OR c.customer_id = :customer_id)
ORDER BY c.closed_at IS NOT NULL, a.due_date, c.case_id LIMIT :limit;

-- name: arrears_cases_named
SELECT case_id FROM arrears_case WHERE case_id BETWEEN :from AND :to ORDER BY case_id LIMIT :limit;

-- name: arrears_evidence_fixed
UPDATE arrears_case SET state = :state, state_at = :now, package = :package, package_sha256 = :sha, package_at = :now,
    package_day = :day, missing = :missing
WHERE case_id = :case_id;

-- name: arrears_handed_over
UPDATE arrears_case SET state = :state, state_at = :now, handed_to = :to, handed_name = :name, handed_at = :now,
    handed_by = :by, reviewed_by = :reviewed_by, handed_minor = :handed_minor
WHERE case_id = :case_id;

-- name: arrears_progress
UPDATE arrears_case SET state = :state, state_at = :now WHERE case_id = :case_id;

-- name: arrears_closed
UPDATE arrears_case SET state = 'closed', state_at = :now, outcome = :outcome, recovered_minor = :recovered_minor,
    commission_minor = :commission_minor, closed_at = :now, closed_by = :by, closed_why = :why
WHERE case_id = :case_id;

-- name: add_arrears_case_step
INSERT INTO arrears_case_step (case_id, at, step, state, by, note) VALUES (:case_id, :now, :step, :state, :by, :note);

-- name: arrears_case_steps
SELECT * FROM arrears_case_step WHERE case_id = :case_id ORDER BY seq;

-- name: arrears_cases_paid
SELECT c.case_id FROM arrears_case AS c JOIN account AS a ON a.id = c.account
WHERE c.state <> 'closed' AND a.amount_minor = 0 ORDER BY c.case_id LIMIT :limit;

-- name: arrears_figures
SELECT state, outcome, COUNT(*) AS cases, SUM(CASE WHEN closed_at IS NOT NULL THEN closed_at - handed_at END) AS handled,
    COUNT(CASE WHEN closed_at IS NOT NULL THEN handed_at END) AS handed,
    SUM(CASE WHEN closed_at IS NOT NULL THEN handed_minor END) AS handed_minor,
    SUM(CASE WHEN handed_at IS NOT NULL THEN recovered_minor END) AS recovered_minor,
    SUM(commission_minor) AS commission_minor,
    SUM(opened_day > 730) AS legacy, SUM(package_day > 90) AS fixed_late
FROM arrears_case GROUP BY state, outcome;

-- name: dossier_account
SELECT * FROM account WHERE id = :account;

-- name: dossier_phones
SELECT phone FROM other_phone WHERE account = :account ORDER BY position;

-- name: dossier_ledger
SELECT * FROM ledger_entry WHERE account = :account ORDER BY seq;

-- name: dossier_attempts
SELECT t.*, r.result, r.verified, r.intents, r.reasons, r.coverage, r.cut_short, r.required, r.key_points, r.summary,
    c.given AS consent_given, c.at AS consent_at, c.version AS consent_version, c.audio_s AS consent_audio_s
FROM campaign_account AS ca JOIN attempt AS t ON t.campaign_account = ca.id
LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id LEFT JOIN consent AS c ON c.attempt_id = t.attempt_id
WHERE ca.account = :account ORDER BY t.seq;

-- name: dossier_turns
SELECT u.attempt_id, u.seq, u.speaker, u.kind, u.text, u.start_s, u.end_s, u.covers FROM campaign_account AS ca
JOIN attempt AS t ON t.campaign_account = ca.id JOIN turn AS u ON u.attempt_id = t.attempt_id
WHERE ca.account = :account ORDER BY t.seq, u.seq;

-- name: dossier_promises
SELECT * FROM promise_to_pay WHERE account = :account ORDER BY made_at, promise_id;

-- name: dossier_plans
SELECT * FROM plan_case WHERE account = :account ORDER BY requested_at, plan_id;

-- name: dossier_instalments
SELECT i.* FROM plan_case AS p JOIN plan_instalment AS i ON i.plan_id = p.plan_id
WHERE p.account = :account ORDER BY p.requested_at, p.plan_id, i.position;

-- name: dossier_disputes
SELECT * FROM dispute_case WHERE account = :account ORDER BY opened_at, case_id;

-- name: dossier_evidence
SELECT e.* FROM dispute_case AS d JOIN evidence AS e ON e.case_id = d.case_id
WHERE d.account = :account ORDER BY e.added_at, e.evidence_id;

-- name: dossier_messages
SELECT m.* FROM campaign_account AS ca JOIN message AS m ON m.campaign_account = ca.id
WHERE ca.account = :account ORDER BY m.seq;

-- name: dossier_receipts
SELECT r.* FROM campaign_account AS ca JOIN message AS m ON m.campaign_account = ca.id
JOIN message_receipt AS r ON r.message_id = m.message_id WHERE ca.account = :account ORDER BY r.seq;

-- name: dossier_replies
SELECT * FROM message_reply WHERE account = :account ORDER BY seq;

-- name: dossier_verdicts
SELECT v.* FROM campaign_account AS ca JOIN verdict AS v ON v.campaign_account = ca.id
WHERE ca.account = :account ORDER BY v.id;

-- name: dossier_orders
SELECT * FROM service_order WHERE account = :account ORDER BY ordered_at, order_id;

-- name: dossier_events
SELECT * FROM case_event WHERE account = :account ORDER BY seq;
