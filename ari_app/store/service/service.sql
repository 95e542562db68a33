-- name: service_of_account
SELECT a.customer_id, a.account_id, a.service_state, s.id, s.state
FROM account AS a LEFT JOIN service AS s ON s.customer_id = a.customer_id AND s.account_id = a.account_id
WHERE a.id = :account;

-- name: service_by_key
SELECT * FROM service WHERE customer_id = :customer_id AND account_id = :account_id;

-- name: add_service
INSERT INTO service (customer_id, account_id, state, state_at) VALUES (:customer_id, :account_id, :state, :now);

-- name: move_service
UPDATE service SET state = :state, state_at = :now WHERE id = :service AND state = :was;

-- name: services_page
SELECT s.*, o.order_id FROM service AS s LEFT JOIN service_order AS o ON o.service = s.id AND o.state = 'open'
WHERE (:state IS NULL OR s.state = :state) AND (:customer_id IS NULL OR s.customer_id = :customer_id)
ORDER BY s.state_at, s.id LIMIT :limit;

-- name: bills_of_service
SELECT id, bill_id, amount_minor, currency, timezone, due_date, service_state, suspension_on, suspension_at, stated_minor,
    stated_at
FROM account WHERE customer_id = :customer_id AND account_id = :account_id ORDER BY id;

-- name: say_service_state
UPDATE account SET service_state = :said WHERE customer_id = :customer_id AND account_id = :account_id
    AND service_state <> :said;

-- name: calls_that_warned
SELECT t.attempt_id, t.dialled_at, t.answered_at, r.verified
FROM attempt AS t LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id
WHERE t.customer_id = :customer_id AND t.account_id = :account_id AND t.dialled_at BETWEEN :first AND :last
    AND ((t.step_trigger = '' AND t.dialled_at >= :late) OR t.step_trigger LIKE 'suspension%')
ORDER BY t.dialled_at;

-- name: service_disputed
SELECT 1 FROM standing_flag
WHERE customer_id = :customer_id AND account_id IN ('', :account_id) AND flag = 'dispute' AND cleared_at IS NULL LIMIT 1;

-- name: service_promised
SELECT 1 FROM account AS a JOIN promise_to_pay AS p ON p.account = a.id
WHERE a.customer_id = :customer_id AND a.account_id = :account_id AND p.state IN ('open', 'due')
    AND p.withdrawn_at IS NULL LIMIT 1;

-- name: add_service_order
INSERT INTO service_order (order_id, service, account, kind, cause, ordered_at, ordered_by, reason, payment_at, notices)
VALUES (:order_id, :service, :account, :kind, :cause, :now, :by, :reason, :payment_at, :notices)
ON CONFLICT (service, kind, cause) DO NOTHING;

-- name: times_withdrawn
SELECT COUNT(*) AS times FROM service_order WHERE service = :service AND kind = :kind AND state = 'withdrawn'
    AND (cause = :cause OR cause LIKE :cause || ' again %');

-- name: service_order
SELECT o.*, a.customer_id, a.account_id, a.bill_id FROM service_order AS o JOIN account AS a ON a.id = o.account
WHERE o.order_id = :order_id;

-- name: open_service_order
SELECT order_id FROM service_order WHERE service = :service AND state = 'open';

-- name: service_orders
SELECT o.*, a.customer_id, a.account_id, a.bill_id FROM service_order AS o JOIN account AS a ON a.id = o.account
WHERE (:customer_id IS NULL OR a.customer_id = :customer_id) AND (:state IS NULL OR o.state = :state)
ORDER BY o.ordered_at, o.order_id LIMIT :limit;

-- name: end_service_order
UPDATE service_order SET state = :state, ended_at = :now, ended_by = :by, ended_why = :why
WHERE order_id = :order_id AND state IN ('open', 'withdrawn');

-- name: late_service_orders
SELECT order_id FROM service_order
WHERE state = 'open' AND overdue_at IS NULL AND ordered_at <= :before ORDER BY ordered_at LIMIT :limit;

-- name: service_order_is_late
UPDATE service_order SET overdue_at = :now WHERE order_id = :order_id AND overdue_at IS NULL;

-- name: services_to_look_at
SELECT DISTINCT a.customer_id, a.account_id FROM account AS a
LEFT JOIN service AS s ON s.customer_id = a.customer_id AND s.account_id = a.account_id
WHERE a.suspension_on BETWEEN :from AND :to AND a.service_state <> 'suspended' AND a.amount_minor > 0
    AND COALESCE(s.state, 'active') = 'active' AND (a.customer_id, a.account_id) > (:customer_id, :account_id)
    AND (EXISTS (SELECT 1 FROM attempt AS t WHERE t.customer_id = a.customer_id AND t.dialled_at >= :since)
        OR EXISTS (SELECT 1 FROM message AS m WHERE m.customer_id = a.customer_id AND m.contact_at >= :since))
ORDER BY a.customer_id, a.account_id LIMIT :limit;

-- name: warned_services
SELECT customer_id, account_id FROM service
WHERE state IN ('warned_24h', 'warned_4h', 'suspension_ordered') AND (customer_id, account_id) > (:customer_id, :account_id)
ORDER BY customer_id, account_id LIMIT :limit;

-- name: messages_that_warned
SELECT message_id, contact_at, state, channel FROM message
WHERE customer_id = :customer_id AND account_id = :account_id AND contact_at BETWEEN :first AND :last
    AND (step LIKE '%suspension%' OR template LIKE '%suspension%')
ORDER BY contact_at;

-- name: plan_that_runs
SELECT plan_id, activated_at FROM plan_case WHERE account = :account AND state = 'active';
