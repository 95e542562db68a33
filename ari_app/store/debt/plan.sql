-- name: add_plan_case
INSERT INTO plan_case (plan_id, account, attempt_id, kind, state, state_at, why, source, requested_by, requester, requested_at, sum_at,
    currency, amount_minor, fee_minor, waived_minor, grace_days, level, people, roles, accepted_at, accepted_by)
VALUES (:plan_id, :account, :attempt_id, :kind, :state, :now, :why, :source, :requested_by, :requester, :now, :sum_at,
    :currency, :amount_minor, :fee_minor, :waived_minor, :grace_days, :level, :people, :roles, :accepted_at, :accepted_by);

-- name: add_plan_instalment
INSERT INTO plan_instalment (plan_id, position, day, amount_minor, state_at)
VALUES (:plan_id, :position, :day, :amount_minor, :now);

-- name: plan_case
SELECT p.*, a.customer_id, a.account_id, a.bill_id, a.timezone FROM plan_case AS p JOIN account AS a ON a.id = p.account
WHERE p.plan_id = :plan_id;

-- name: plan_cases
SELECT p.*, a.customer_id, a.account_id, a.bill_id, a.timezone FROM plan_case AS p JOIN account AS a ON a.id = p.account
WHERE (:customer_id IS NULL OR a.customer_id = :customer_id) AND (:state IS NULL OR p.state = :state)
ORDER BY p.requested_at DESC, p.plan_id LIMIT :limit;

-- name: plan_waiting
SELECT * FROM plan_case WHERE account = :account AND state IN ('requested', 'awaiting_approval', 'approved');

-- name: plan_active
SELECT plan_id FROM plan_case WHERE account = :account AND state = 'active';

-- name: plan_by_ledger
SELECT * FROM plan_case WHERE account = :account AND (state = 'active'
    OR (state IN ('completed', 'breached') AND kind <> 'waiver'))
ORDER BY state = 'active' DESC, activated_at DESC, plan_id DESC LIMIT 1;

-- name: plan_instalments
SELECT * FROM plan_instalment WHERE plan_id = :plan_id ORDER BY position;

-- name: plan_approvals
SELECT person, name, role, at FROM plan_approval WHERE plan_id = :plan_id ORDER BY at, person;

-- name: plan_steps
SELECT state, at, by, why FROM plan_step WHERE plan_id = :plan_id ORDER BY position;

-- name: add_plan_step
INSERT INTO plan_step (plan_id, position, state, at, by, why)
VALUES (:plan_id, (SELECT COUNT(*) + 1 FROM plan_step WHERE plan_id = :plan_id), :state, :now, :by, :why);

-- name: add_plan_approval
INSERT INTO plan_approval (plan_id, person, name, role, at) VALUES (:plan_id, :person, :name, :role, :now);

-- name: move_plan
UPDATE plan_case SET state = :state, state_at = :now, why = :why,
    activated_at = IIF(:state = 'active', COALESCE(activated_at, :now), activated_at)
WHERE plan_id = :plan_id AND state = :before;

-- name: accept_plan
UPDATE plan_case SET accepted_at = :now, accepted_by = :by WHERE plan_id = :plan_id AND accepted_at IS NULL;

-- name: plan_covered
UPDATE plan_case SET covered_minor = :covered_minor WHERE plan_id = :plan_id AND covered_minor <> :covered_minor;

-- name: move_instalment
UPDATE plan_instalment SET state = :state, covered_minor = :covered_minor, state_at = :now
WHERE plan_id = :plan_id AND position = :position AND (state <> :state OR covered_minor <> :covered_minor);

-- name: plan_disputed
SELECT EXISTS (SELECT 1 FROM standing_flag WHERE customer_id = :customer_id AND account_id IN ('', :account_id)
    AND flag = 'dispute' AND cleared_at IS NULL) AS disputed;

-- name: plans_breached
SELECT COUNT(*) AS plans FROM plan_case AS p JOIN account AS a ON a.id = p.account
WHERE a.customer_id = :customer_id AND p.state = 'breached';

-- name: plans_to_look_at
SELECT DISTINCT p.account FROM plan_instalment AS i JOIN plan_case AS p ON p.plan_id = i.plan_id
WHERE i.state <> 'paid' AND i.day <= :day AND p.state IN ('requested', 'awaiting_approval', 'approved', 'active')
    AND p.account > :after
ORDER BY p.account LIMIT :limit;

-- name: plan_running
SELECT p.plan_id, p.kind, (SELECT MIN(i.day) FROM plan_instalment AS i WHERE i.plan_id = p.plan_id AND i.state <> 'paid')
    AS next_day
FROM plan_case AS p WHERE p.account = :account AND p.state = 'active' AND NOT EXISTS (
    SELECT 1 FROM plan_instalment AS i WHERE i.plan_id = p.plan_id AND i.state = 'late');

-- name: rearm_plan
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account = :account AND state = 'waiting' AND refused_by = 'plan_active';

-- name: plan_approver
UPDATE plan SET approver = :approver WHERE attempt_id = :attempt_id;

-- name: reopen_agreed
UPDATE campaign_account SET state = 'waiting', planned_at = :at, due_at = :at, closed_reason = NULL, refused_by = NULL
WHERE account = :account AND state = 'done' AND closed_phone IS NULL
    AND last_disposition IN ('promise_to_pay', 'plan_requested', 'deferral_requested');

-- name: language_of
SELECT language FROM account WHERE id = :account;
