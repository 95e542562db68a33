-- name: alert_cursor
SELECT event FROM alert_cursor;

-- name: move_alert_cursor
UPDATE alert_cursor SET event = :event;

-- name: events_after
SELECT id, campaign_id, account, event, key, payload FROM outbox WHERE id > :event ORDER BY id LIMIT :limit;

-- name: alert_standing
SELECT * FROM alert WHERE rule = :rule AND subject = :subject AND (state <> 'closed' OR holds = 1)
ORDER BY state = 'closed', raised_at DESC LIMIT 1;

-- name: alert
SELECT * FROM alert WHERE alert_id = :alert_id;

-- name: account_of_customer
SELECT id FROM account WHERE customer_id = :customer_id ORDER BY id LIMIT 1;

-- name: add_alert
INSERT INTO alert (alert_id, rule, subject, severity, text, account, campaign_id, holds, occurrence, raised_at, last_at,
    ack_due, contact_due, look_at)
VALUES (:alert_id, :rule, :subject, :severity, :text, :account, :campaign_id, :holds, :occurrence, :now, :now, :ack_due,
    :contact_due, :look_at);

-- name: move_alert
UPDATE alert SET state = :state, count = :count, level = :level, look_at = :look_at, last_at = :last_at,
    occurrence = :occurrence, taken_by = :taken_by, closed_at = :closed_at, closed_by = :closed_by,
    closed_why = :closed_why
WHERE alert_id = :alert_id;

-- name: alert_gone
UPDATE alert SET holds = 0 WHERE alert_id = :alert_id;

-- name: alerts_holding
SELECT alert_id, rule, subject FROM alert WHERE rule = :rule AND holds = 1;

-- name: add_alert_record
INSERT INTO alert_record (alert_id, at, by, what, text) VALUES (:alert_id, :now, :by, :what, :text);

-- name: alert_records
SELECT at, by, what, text FROM alert_record WHERE alert_id = :alert_id ORDER BY seq;

-- name: add_alert_notice
INSERT INTO alert_notice (alert_id, level, person, address, copy, next_at)
VALUES (:alert_id, :level, :person, :address, :copy, :now);

-- name: due_notices
SELECT n.id, n.alert_id, n.level, n.person, n.address, n.copy, n.tries, a.rule, a.severity, a.text, a.subject, a.count, a.state,
    a.raised_at, a.ack_due, a.contact_due
FROM alert_notice AS n JOIN alert AS a ON a.alert_id = n.alert_id
WHERE n.state = 'pending' AND n.next_at <= :now ORDER BY n.next_at, n.id LIMIT :limit;

-- name: notice_sent
UPDATE alert_notice SET state = 'sent', tries = tries + 1, next_at = NULL, receipt = :receipt, told_at = :now
WHERE id = :id AND state = 'pending';

-- name: notice_failed
UPDATE alert_notice SET tries = tries + 1, state = CASE WHEN :next_at IS NULL THEN 'failed' ELSE 'pending' END,
    next_at = :next_at, receipt = :receipt
WHERE id = :id AND state = 'pending';

-- name: alert_notices
SELECT level, person, address, copy, state, tries, receipt, told_at FROM alert_notice WHERE alert_id = :alert_id ORDER BY id;

-- name: alerts_to_look_at
SELECT * FROM alert WHERE look_at <= :now ORDER BY look_at, alert_id LIMIT :limit;

-- name: alerts
SELECT * FROM alert
WHERE (:closed = 1 OR state <> 'closed') AND (:severity IS NULL OR severity = :severity) AND (:rule IS NULL OR rule = :rule)
    AND (:overdue = 0 OR (state = 'open' AND min(ack_due, coalesce(contact_due, ack_due)) <= :now)
        OR (state = 'acknowledged' AND contact_due <= :now))
ORDER BY state = 'closed', severity, raised_at LIMIT :limit;

-- name: alert_counts
SELECT severity, count(*) AS open,
    sum((state = 'open' AND min(ack_due, coalesce(contact_due, ack_due)) <= :now)
        OR (state = 'acknowledged' AND coalesce(contact_due <= :now, 0))) AS overdue
FROM alert WHERE state <> 'closed' GROUP BY severity;

-- name: accounts_high_risk
SELECT a.id, a.customer_id, a.account_id, a.bill_id FROM account AS a LEFT JOIN assessment AS s ON s.account = a.id
WHERE a.amount_minor > 0 AND COALESCE(NULLIF(a.risk_level, ''), s.risk_level, '') = 'H' AND a.id > :after
ORDER BY a.id LIMIT :limit;

-- name: accounts_high_amount
SELECT a.id, a.customer_id, a.account_id, a.bill_id FROM account AS a
WHERE a.amount_minor > :amount_minor AND a.id > :after ORDER BY a.id LIMIT :limit;

-- name: accounts_pre_suspension
SELECT a.id, a.customer_id, a.account_id, a.bill_id FROM account AS a
WHERE a.amount_minor > 0 AND a.service_state <> 'suspended' AND a.suspension_on BETWEEN :today AND :until AND a.id > :after
ORDER BY a.id LIMIT :limit;

-- name: accounts_early_warning
SELECT a.id, a.customer_id, a.account_id, a.bill_id FROM account AS a LEFT JOIN assessment AS s ON s.account = a.id
WHERE a.amount_minor > 0 AND (a.early_warning = 1 OR COALESCE(s.warning_rule, '') <> '') AND a.id > :after
ORDER BY a.id LIMIT :limit;

-- name: accounts_overdue
SELECT a.id, a.customer_id, a.account_id, a.bill_id FROM account AS a
WHERE a.amount_minor > 0 AND a.due_date <= :since AND a.id > :after ORDER BY a.id LIMIT :limit;

-- name: accounts_low_score
SELECT a.id, a.customer_id, a.account_id, a.bill_id FROM account AS a LEFT JOIN assessment AS s ON s.account = a.id
WHERE a.amount_minor > 0 AND COALESCE(a.score, s.score) < :score AND a.id > :after ORDER BY a.id LIMIT :limit;

-- name: measure_attempts
SELECT campaign_id, count(*) AS dialled, sum(answered_at IS NOT NULL) AS answered,
    sum(answered_at IS NOT NULL AND disposition = 'complaint') AS complaints,
    sum(answered_at IS NOT NULL AND disposition = 'abandoned') AS abandoned
FROM attempt WHERE dialled_at >= :since AND dialled_at < :before AND ended_at IS NOT NULL
GROUP BY campaign_id;

-- name: measure_speech
SELECT t.campaign_id, count(*) AS said, sum(u.confidence < 0.5) AS unclear
FROM attempt AS t JOIN turn AS u ON u.attempt_id = t.attempt_id
WHERE t.dialled_at >= :since AND t.dialled_at < :before AND u.speaker = 'customer' AND u.kind = 'speech'
GROUP BY t.campaign_id;

-- name: measure_promises
SELECT count(*) AS ended, coalesce(sum(state = 'kept'), 0) AS kept FROM promise_to_pay
WHERE state IN ('kept', 'partly_kept', 'broken') AND state_at >= :since AND state_at < :before;

-- name: measure_verdicts
SELECT campaign_id, count(*) AS asked, sum(allowed = 0) AS refused FROM verdict
WHERE asked = 'dial' AND last_at >= :since AND last_at < :before GROUP BY campaign_id;

-- name: measure_events
SELECT o.campaign_id, o.event, count(*) AS found FROM outbox AS o
WHERE o.created_at >= :since AND o.created_at < :before GROUP BY o.campaign_id, o.event;

-- name: alert_not_looked_at
UPDATE alert SET look_at = NULL WHERE alert_id = :alert_id;
