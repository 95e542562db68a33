-- name: debt_of
SELECT id, customer_id, account_id, bill_id, timezone, amount_minor, currency, stated_minor, stated_at
FROM account WHERE id = :account;

-- name: account_id_of
SELECT id, currency FROM account WHERE customer_id = :customer_id AND account_id = :account_id AND bill_id = :bill_id;

-- name: ledger_of
SELECT * FROM ledger_entry WHERE account = :account ORDER BY seq;

-- name: ledger_entry
SELECT * FROM ledger_entry WHERE provider = :provider AND reference = :reference AND kind = :kind;

-- name: add_ledger_entry
INSERT INTO ledger_entry (entry_id, account, kind, amount_minor, currency, at, occurred_at, provider, reference, reverses,
    source)
VALUES (:entry_id, :account, :kind, :amount_minor, :currency,
    MAX(:now, (SELECT stated_at FROM account WHERE id = :account)),
    :occurred_at, :provider, :reference, :reverses, :source)
ON CONFLICT (provider, reference, kind) DO NOTHING;

-- name: owed
UPDATE account SET amount_minor = :owed WHERE id = :account AND amount_minor <> :owed;

-- name: rearm_owed
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account = :account AND state = 'waiting' AND refused_by IN ('paid', 'below_minimum_amount');

-- name: promises_to_pay_of
SELECT * FROM promise_to_pay WHERE account = :account ORDER BY day, made_at, promise_id;

-- name: promises_to_pay_of_customer
SELECT p.*, a.timezone FROM promise_to_pay AS p JOIN account AS a ON a.id = p.account
WHERE a.customer_id = :customer_id ORDER BY p.day, p.made_at, p.promise_id;

-- name: add_promise_to_pay
INSERT INTO promise_to_pay (promise_id, account, attempt_id, made_in, source, amount_minor, currency, day, channel,
    confidence, made_at, state_at)
VALUES (:promise_id, :account, :attempt_id, :made_in, :source, :amount_minor, :currency, :day, :channel,
    :confidence, :now, :now)
ON CONFLICT (promise_id) DO NOTHING;

-- name: move_promise
UPDATE promise_to_pay SET state = :state, covered_minor = :covered_minor, state_at = :now, why = :why
WHERE promise_id = :promise_id AND (state <> :state OR covered_minor <> :covered_minor OR why <> :why)
    AND NOT (state IN ('broken', 'partly_kept') AND :state IN ('open', 'due')) AND NOT (state = 'due' AND :state = 'open');

-- name: withdraw_promises
UPDATE promise_to_pay SET withdrawn_at = :now, withdrawn_why = :why
WHERE account = :account AND withdrawn_at IS NULL AND day >= :day AND state IN ('open', 'due', 'kept', 'withdrawn')
RETURNING state;

-- name: promises_to_look_at
SELECT DISTINCT account FROM promise_to_pay
WHERE state IN ('open', 'due') AND day <= :day AND account > :after ORDER BY account LIMIT :limit;

-- name: promise_rule
SELECT grace_days, breaches FROM promise_rule;

-- name: put_promise_rule
UPDATE promise_rule SET grace_days = :grace_days, breaches = :breaches;

-- name: count_broken
WITH broken AS MATERIALIZED (SELECT p.state_at FROM account AS b JOIN promise_to_pay AS p ON p.account = b.id
    WHERE b.customer_id = :customer_id AND p.state IN ('broken', 'partly_kept'))
UPDATE account SET broken_promises = found.broken FROM (
    SELECT a.id, a.stated_broken + (SELECT COUNT(*) FROM broken WHERE broken.state_at > a.stated_broken_at) AS broken
    FROM account AS a WHERE a.customer_id = :customer_id) AS found
WHERE account.id = found.id AND account.broken_promises <> found.broken;

-- name: listed_by
SELECT 1 FROM list_entry WHERE contact = :contact AND kind = :kind AND source = :source;

-- name: list_unless_listed
INSERT INTO list_entry (contact, kind, source, reason, added_at, expires_at)
VALUES (:contact, :kind, :source, :reason, :now, NULL)
ON CONFLICT (contact, kind) DO NOTHING;

-- name: unlist_by
DELETE FROM list_entry WHERE contact = :contact AND kind = :kind AND source = :source;

-- name: promise_cases
SELECT p.*, a.customer_id, a.account_id, a.bill_id FROM promise_to_pay AS p JOIN account AS a ON a.id = p.account
WHERE (:customer_id IS NULL OR a.customer_id = :customer_id) AND (:state IS NULL OR p.state = :state)
ORDER BY p.made_at DESC, p.promise_id LIMIT :limit;

-- name: promised_days
SELECT json_group_array(DISTINCT p.day) AS promised FROM promise_to_pay AS p
WHERE p.account = :account AND p.state IN ('open', 'due', 'partly_kept', 'broken') AND p.made_in = (
    SELECT q.made_in FROM promise_to_pay AS q WHERE q.account = :account ORDER BY q.made_at DESC, q.promise_id DESC LIMIT 1);

-- name: replan
UPDATE campaign_account SET replan = replan + 1 WHERE account = :account AND state <> 'done';

-- name: put_off
UPDATE campaign_account SET planned_at = :at, due_at = :at, refused_by = NULL
WHERE account = :account AND state = 'waiting' AND planned_at < :at;

-- name: to_replan
SELECT id, replan FROM campaign_account WHERE replan > 0 AND state = 'waiting' AND id > :after ORDER BY id LIMIT :limit;

-- name: replanned
UPDATE campaign_account SET planned_at = :at, due_at = :at, refused_by = NULL, replan = 0
WHERE id = :campaign_account AND state = 'waiting' AND replan = :replan;

-- name: add_stated_payment
-- A list that states less than was owed, of a bill for which money was promised: the difference was paid somewhere. It is
-- contained in the new statement, so it moves nothing that is owed; it counts for the promise or the plan.
INSERT INTO ledger_entry (entry_id, account, kind, amount_minor, currency, at, occurred_at, provider, reference, reverses,
    source)
SELECT :entry_id, a.id, 'payment', a.amount_minor - :stated, a.currency, :now, :now, 'list', :entry_id, '',
    'the list states less'
FROM account AS a
WHERE a.id = :account AND a.currency = :currency AND a.stated_minor <> :stated AND a.amount_minor > :stated
    AND (EXISTS (SELECT 1 FROM promise_to_pay AS p WHERE p.account = a.id AND p.state IN ('open', 'due'))
        OR EXISTS (SELECT 1 FROM plan_case AS c WHERE c.account = a.id AND c.state = 'active'));
