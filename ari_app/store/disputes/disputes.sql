-- name: add_dispute_case
INSERT INTO dispute_case (case_id, account, attempt_id, source, made_in, category, description, offered, state, state_at,
    team, escalation_team, answer_days, opened_at, opened_by, due_at, flag)
VALUES (:case_id, :account, :attempt_id, :source, :made_in, :category, :description, :offered, :state, :now,
    :team, :escalation_team, :answer_days, :now, :by, :due_at, :flag);

-- name: dispute_made_in
SELECT case_id, due_at FROM dispute_case WHERE source = :source AND made_in = :made_in;

-- name: dispute_case_under_way
SELECT case_id, due_at FROM dispute_case
WHERE account = :account AND category = :category AND state IN ('open', 'in_review', 'waiting_for_customer', 'escalated');

-- name: dispute_case
SELECT d.*, a.customer_id, a.account_id, a.bill_id, a.currency, a.timezone
FROM dispute_case AS d JOIN account AS a ON a.id = d.account WHERE d.case_id = :case_id;

-- name: dispute_cases
SELECT d.*, a.customer_id, a.account_id, a.bill_id, a.currency, a.timezone
FROM dispute_case AS d JOIN account AS a ON a.id = d.account
WHERE (:customer_id IS NULL OR a.customer_id = :customer_id) AND (:state IS NULL OR d.state = :state)
ORDER BY d.closed_at IS NOT NULL, d.decided_at IS NOT NULL, d.due_at, d.case_id LIMIT :limit;

-- name: dispute_moved
UPDATE dispute_case SET state = :state, state_at = :now, team = :team, assignee = :assignee, escalated_at = :escalated_at,
    notified_at = :notified_at, notice_wanted = :notice_wanted, closed_at = :closed_at, closed_why = :closed_why
WHERE case_id = :case_id;

-- name: dispute_decided
UPDATE dispute_case SET state = 'decided', state_at = :now, verdict = :verdict, corrected_minor = :corrected_minor,
    credit_minor = :credit_minor, reason = :reason, decided_at = :now, decided_by = :by, notice_wanted = 1
WHERE case_id = :case_id;

-- name: add_dispute_step
INSERT INTO dispute_step (case_id, at, step, state, by, note) VALUES (:case_id, :now, :step, :state, :by, :note);

-- name: dispute_steps
SELECT * FROM dispute_step WHERE case_id = :case_id ORDER BY seq;

-- name: dispute_flag
SELECT id, attempt_id FROM standing_flag
WHERE customer_id = :customer_id AND account_id = :account_id AND flag = 'dispute' AND cleared_at IS NULL;

-- name: dispute_flag_of_another
SELECT 1 FROM dispute_case
WHERE flag = :flag AND case_id <> :case_id AND state IN ('open', 'in_review', 'waiting_for_customer', 'escalated') LIMIT 1;

-- name: clear_dispute_flag
UPDATE standing_flag SET cleared_at = MAX(set_at, :now), cleared_source = :source
WHERE id = :flag AND cleared_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM dispute_case AS d JOIN account AS a ON a.id = d.account
    WHERE a.customer_id = standing_flag.customer_id AND a.account_id = standing_flag.account_id
        AND d.state IN ('open', 'in_review', 'waiting_for_customer', 'escalated')
);

-- name: dispute_claim_answered
UPDATE dispute SET status = 'closed' WHERE attempt_id = :attempt_id;

-- name: disputes_overdue
SELECT case_id FROM dispute_case
WHERE escalated_at IS NULL AND state IN ('open', 'in_review', 'waiting_for_customer') AND due_at <= :now
ORDER BY due_at, case_id LIMIT :limit;

-- name: add_evidence
INSERT INTO evidence (evidence_id, case_id, name, content_type, bytes, sha256, path, source, added_by, added_at)
VALUES (:evidence_id, :case_id, :name, :content_type, :bytes, :sha256, :path, :source, :added_by, :added_at)
ON CONFLICT (case_id, sha256) DO NOTHING;

-- name: evidence_of
SELECT * FROM evidence WHERE case_id = :case_id ORDER BY added_at, evidence_id;

-- name: disputes_under_way
SELECT 1 FROM dispute_case WHERE account = :account
    AND state IN ('open', 'in_review', 'waiting_for_customer', 'escalated') LIMIT 1;

-- name: reopen_disputed
UPDATE campaign_account SET state = 'waiting', planned_at = :now, due_at = :now, closed_reason = NULL, refused_by = NULL
WHERE account = :account AND state = 'done' AND last_disposition = 'disputed' AND closed_phone IS NULL;

-- name: disputes_told_of
SELECT DISTINCT d.case_id, m.message_id FROM dispute_case AS d
JOIN campaign_account AS ca ON ca.account = d.account
JOIN message AS m ON m.campaign_account = ca.id AND m.occasion = 'collection.dispute.decided+' || d.case_id
WHERE d.notice_wanted = 1 AND d.state = 'decided' AND m.state IN ('sent', 'delivered')
ORDER BY d.case_id LIMIT :limit;

-- name: disputes_told_long_ago
SELECT case_id FROM dispute_case WHERE state = 'notified' AND notified_at <= :before ORDER BY notified_at LIMIT :limit;

-- name: disputes_named
SELECT case_id FROM dispute_case WHERE case_id BETWEEN :from AND :to ORDER BY case_id LIMIT :limit;
