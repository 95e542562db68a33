-- name: bill_row
SELECT id, customer_id, account_id, bill_id, name, phone, timezone, language, amount_minor, stated_minor, stated_at,
    currency, due_date, aging_bucket, preferred_windows, service, fee_items, late_fee_minor, service_state, suspension_on,
    suspension_at, customer_level, risk_level, broken_promises, good_record, legal_stage, minor, region, age_band,
    income_band, debt_type, debt_cause, score, score_model, early_warning
FROM account WHERE id = :account;

-- name: newest_payment_link
SELECT l.*, a.customer_id, a.account_id, a.bill_id FROM payment_link AS l JOIN account AS a ON a.id = l.account
WHERE l.account = :account AND l.purpose = :purpose AND l.revoked_at IS NULL AND l.failures = 0
    AND l.uses * 2 <= l.max_uses AND l.expires_at - :now >= (l.expires_at - l.created_at) / 2
ORDER BY l.created_at DESC, l.link_id LIMIT 1;

-- name: add_payment_link
INSERT INTO payment_link (link_id, account, purpose, created_at, expires_at, max_uses)
VALUES (:link_id, :account, :purpose, :now, :expires_at, :max_uses);

-- name: payment_link
SELECT l.*, a.customer_id, a.account_id, a.bill_id FROM payment_link AS l JOIN account AS a ON a.id = l.account
WHERE l.link_id = :link_id;

-- name: revoke_payment_links
UPDATE payment_link SET revoked_at = :now, revoked_why = :why
WHERE account = :account AND revoked_at IS NULL AND expires_at > :now;

-- name: count_link_use
UPDATE payment_link SET uses = uses + :used, failures = failures + :failed WHERE link_id = :link_id;

-- name: add_page_act
INSERT INTO payment_page_act (link_id, act, subject, at) VALUES (:link_id, :act, :subject, :now);

-- name: page_acts
SELECT p.link_id, p.act, p.subject, p.at FROM payment_page_act AS p JOIN payment_link AS l ON l.link_id = p.link_id
JOIN account AS a ON a.id = l.account WHERE a.customer_id = :customer_id ORDER BY p.id;

-- name: promises_on_page
SELECT p.*, a.timezone FROM promise_to_pay AS p JOIN account AS a ON a.id = p.account
WHERE p.account = :account ORDER BY p.day, p.made_at, p.promise_id;

-- name: is_disputed
SELECT 1 FROM standing_flag WHERE customer_id = :customer_id AND account_id IN ('', :account_id) AND flag = 'dispute'
    AND cleared_at IS NULL LIMIT 1;

-- name: add_payment_order
INSERT INTO payment_order (order_no, account, provider, method, amount_minor, currency, created_at, expires_at, address,
    link_id)
VALUES (:order_no, :account, :provider, :method, :amount_minor, :currency, :now, :expires_at, :address, :link_id)
ON CONFLICT (order_no) DO NOTHING;

-- name: place_payment_order
UPDATE payment_order SET address = :address WHERE order_no = :order_no AND address = '';

-- name: payment_order
SELECT o.*, a.customer_id, a.account_id, a.bill_id FROM payment_order AS o JOIN account AS a ON a.id = o.account
WHERE o.order_no = :order_no;

-- name: count_recent_orders
SELECT COUNT(*) FROM payment_order WHERE account = :account AND created_at > :since;

-- name: payment_notice
SELECT * FROM payment_notice WHERE provider = :provider AND event_id = :event_id;

-- name: payment_notice_by_seq
SELECT * FROM payment_notice WHERE seq = :seq;

-- name: add_payment_notice
INSERT INTO payment_notice (provider, event_id, kind, amount_minor, is_total, currency, occurred_at, reference, reverses,
    order_no, customer_id, account_id, bill_id, body, source, state, reason, note, entry_id, received_at, decided_at)
VALUES (:provider, :event_id, :kind, :amount_minor, :is_total, :currency, :occurred_at, :reference, :reverses,
    :order_no, :customer_id, :account_id, :bill_id, :body, :source, :state, :reason, :note, :entry_id, :now, :now);

-- name: count_delivery
UPDATE payment_notice SET deliveries = deliveries + 1 WHERE seq = :seq;

-- name: decide_notice
UPDATE payment_notice SET state = :state, reason = :reason, note = :note, entry_id = :entry_id, decided_at = :now
WHERE seq = :seq AND state = 'unmatched';

-- name: payment_notices
SELECT * FROM payment_notice WHERE :state IS NULL OR state = :state ORDER BY seq DESC LIMIT :limit;

-- name: matchable_notices
SELECT n.* FROM payment_notice AS n
WHERE n.state = 'unmatched' AND n.reason = 'unknown_bill' AND n.seq > :after AND (
    EXISTS (SELECT 1 FROM account AS a
        WHERE a.customer_id = n.customer_id AND a.account_id = n.account_id AND a.bill_id = n.bill_id)
    OR EXISTS (SELECT 1 FROM payment_order AS o WHERE o.order_no = n.order_no)
    OR (n.kind = 'reversal' AND EXISTS (SELECT 1 FROM ledger_entry AS l
        WHERE l.provider = n.provider AND l.reference = n.reverses AND l.kind = 'payment')))
ORDER BY n.seq LIMIT :limit;

-- name: waiting_reversals
SELECT * FROM payment_notice WHERE state = 'unmatched' AND provider = :provider AND reverses = :reverses
    AND kind = 'reversal' AND reason = 'unknown_bill' ORDER BY seq;

-- name: account_of_payment
SELECT account FROM ledger_entry WHERE provider = :provider AND reference = :reference AND kind = 'payment';

-- name: taken_back
SELECT COALESCE(SUM(amount_minor), 0) FROM ledger_entry
WHERE provider = :provider AND reverses = :reverses AND kind = 'reversal';

-- name: payment_records
SELECT l.*, a.customer_id, a.account_id, a.bill_id FROM ledger_entry AS l JOIN account AS a ON a.id = l.account
WHERE l.provider = :provider AND (l.occurred_at, l.seq) > (:since, :after) AND l.occurred_at < :until
    AND l.kind IN ('payment', 'reversal')
ORDER BY l.occurred_at, l.seq LIMIT :limit;

-- name: payment_records_named
SELECT l.*, a.customer_id, a.account_id, a.bill_id FROM json_each(:references) AS r
JOIN ledger_entry AS l ON l.provider = :provider AND l.reference = r.value AND l.kind IN ('payment', 'reversal')
JOIN account AS a ON a.id = l.account ORDER BY l.seq;

-- name: payment_records_of
SELECT l.*, a.customer_id, a.account_id, a.bill_id FROM ledger_entry AS l JOIN account AS a ON a.id = l.account
WHERE (:customer_id IS NULL OR a.customer_id = :customer_id) AND (:kind IS NULL OR l.kind = :kind)
ORDER BY l.seq DESC LIMIT :limit;

-- name: payment_records_called
SELECT l.*, a.customer_id, a.account_id, a.bill_id FROM ledger_entry AS l JOIN account AS a ON a.id = l.account
WHERE l.entry_id = :name OR l.reference = :name ORDER BY l.seq LIMIT 100;

-- name: notices_of_entry
SELECT * FROM payment_notice WHERE entry_id = :entry_id ORDER BY seq;
