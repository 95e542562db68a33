-- One statement for each source of the timeline. Each has the columns of ports.timeline.TimelineEntry: at (microseconds), ref
-- (unique within the source), account_id and bill_id ('' where it concerns the whole customer), what, and fields as JSON, where
-- names that end in _minor are hundredths and names that end in _at instants. Each is asked for one customer, perhaps one
-- account or bill, for what stands behind (from_at, from_ref), and for so many rows at most.

-- name: timeline_customer
SELECT name, timezone FROM account WHERE customer_id = :customer_id ORDER BY id LIMIT 1;

-- name: timeline_statements
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT COALESCE(NULLIF(a.stated_at, 0), (SELECT MIN(ca.added_at) FROM campaign_account AS ca WHERE ca.account = a.id), 0)
        AS at, 'now-' || a.id AS ref, a.account_id, a.bill_id, 'stated' AS what,
        json_object('amount_minor', a.stated_minor, 'currency', a.currency, 'due_date', a.due_date) AS fields
    FROM account AS a
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT e.at, 'before-' || e.seq, a.account_id, a.bill_id, 'stated', e.fields
    FROM account AS a JOIN case_event AS e ON e.account = a.id
    WHERE e.subject = 'statement' AND a.customer_id = :customer_id
        AND (:account_id IS NULL OR a.account_id = :account_id) AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_campaigns
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT COALESCE(ca.added_at, 0) AS at, 'campaign-' || ca.id AS ref, a.account_id, a.bill_id, 'added' AS what,
        json_object('campaign_id', ca.campaign_id, 'name', c.name) AS fields
    FROM account AS a JOIN campaign_account AS ca ON ca.account = a.id JOIN campaign AS c ON c.campaign_id = ca.campaign_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_assessments
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT s.at, 'assessment-' || s.account AS ref, a.account_id, a.bill_id, 'scored' AS what,
        json_object('score', s.score, 'score_model', s.score_model, 'risk_level', s.risk_level, 'debt_type', s.debt_type,
            'warning_rule', s.warning_rule) AS fields
    FROM account AS a JOIN assessment AS s ON s.account = a.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_attempts
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT COALESCE(t.dialled_at, t.reserved_at) AS at, t.attempt_id AS ref, t.account_id, t.bill_id,
        COALESCE(t.disposition, 'open') AS what,
        json_object('campaign_id', t.campaign_id, 'number', t.number, 'phone', t.phone, 'caller_id', t.caller_id,
            'channel', t.channel, 'dialled', IIF(t.dialled_at IS NULL, 'no', 'yes'), 'answered_at', t.answered_at,
            'ended_at', t.ended_at, 'talk_seconds', t.talk_seconds, 'strategy', t.strategy, 'segment', t.segment, 'step', t.step,
            'result', r.result, 'verified', IIF(r.verified, 'yes', NULL), 'summary', r.summary,
            'next_action', r.next_action, 'consent', CASE c.given WHEN 1 THEN 'given' WHEN 0 THEN 'refused' END,
            'recording', t.recording, 'next_attempt_at', t.next_attempt_at, 'plan_reason', t.plan_reason) AS fields
    FROM attempt AS t LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id
        LEFT JOIN consent AS c ON c.attempt_id = t.attempt_id
    WHERE t.customer_id = :customer_id AND (:account_id IS NULL OR t.account_id = :account_id)
        AND (:bill_id IS NULL OR t.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Refusals by the same rule on the same day (UTC) are one entry; reason and until are those of the last.
-- name: timeline_refusals
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT g.at, g.ref, a.account_id, a.bill_id, v.rule AS what,
        json_object('campaign_id', v.campaign_id, 'reason', v.reason, 'until_at', v.until, 'count', g.count,
            'last_at', NULLIF(g.last_at, g.at), 'rule_pack', v.rule_pack, 'rule_pack_version', v.rule_pack_version) AS fields
    FROM (
        SELECT MIN(w.first_at) AS at, 'refusal-' || MIN(w.id) AS ref, MAX(w.id) AS last, SUM(w.count) AS count,
            MAX(w.last_at) AS last_at
        FROM verdict AS w WHERE w.customer_id = :customer_id AND w.allowed = 0
        GROUP BY w.campaign_account, w.rule, w.first_at / 86400000000
    ) AS g JOIN verdict AS v ON v.id = g.last JOIN campaign_account AS ca ON ca.id = v.campaign_account
        JOIN account AS a ON a.id = ca.account
    WHERE (:account_id IS NULL OR a.account_id = :account_id) AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_promises
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT p.made_at AS at, p.promise_id AS ref, a.account_id, a.bill_id, 'promised' AS what,
        json_object('amount_minor', p.amount_minor, 'currency', p.currency, 'day', p.day, 'channel', p.channel,
            'source', p.source, 'made_in', p.made_in, 'confidence', p.confidence) AS fields
    FROM account AS a JOIN promise_to_pay AS p ON p.account = a.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- What a customer asked for in a call instead of paying at once.
-- name: timeline_plan_requests
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT p.asked_at AS at, 'asked-' || p.attempt_id AS ref, t.account_id, t.bill_id, p.kind AS what,
        json_object('attempt_id', p.attempt_id, 'periods', NULLIF(p.periods, 0), 'monthly_minor', p.monthly_minor,
            'last_minor', p.last_minor, 'fee_minor', p.fee_minor, 'total_minor', p.total_minor,
            'currency', p.currency, 'first_date', p.first_date, 'until', p.until, 'waived_minor', p.waived_minor,
            'approver', p.approver) AS fields
    FROM attempt AS t JOIN plan AS p ON p.attempt_id = t.attempt_id
    WHERE t.customer_id = :customer_id AND (:account_id IS NULL OR t.account_id = :account_id)
        AND (:bill_id IS NULL OR t.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- What a customer objected to in a call.
-- name: timeline_dispute_claims
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT d.claimed_at AS at, 'claim-' || d.attempt_id AS ref, t.account_id, t.bill_id, d.category AS what,
        json_object('attempt_id', d.attempt_id, 'description', d.description, 'evidence', json(d.evidence),
            'answer_days', d.answer_days) AS fields
    FROM attempt AS t JOIN dispute AS d ON d.attempt_id = t.attempt_id
    WHERE t.customer_id = :customer_id AND (:account_id IS NULL OR t.account_id = :account_id)
        AND (:bill_id IS NULL OR t.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_ledger
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT l.at, l.entry_id AS ref, a.account_id, a.bill_id, l.kind AS what,
        json_object('amount_minor', l.amount_minor, 'currency', l.currency, 'occurred_at', l.occurred_at,
            'provider', l.provider, 'reference', l.reference, 'reverses', l.reverses, 'source', l.source) AS fields
    FROM account AS a JOIN ledger_entry AS l ON l.account = a.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_moves
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT e.at, printf('%s-%012d', e.subject, e.seq) AS ref, a.account_id, a.bill_id, e.subject || ' ' || e.became AS what,
        json_patch(json_object('id', e.subject_id, 'was', e.was), e.fields) AS fields
    FROM account AS a JOIN case_event AS e ON e.account = a.id
    WHERE e.subject <> 'statement' AND a.customer_id = :customer_id
        AND (:account_id IS NULL OR a.account_id = :account_id) AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_flags
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT f.set_at AS at, 'set-' || f.id AS ref, f.account_id, '' AS bill_id, f.flag || ' set' AS what,
        json_object('source', f.source, 'attempt_id', f.attempt_id) AS fields
    FROM standing_flag AS f WHERE f.customer_id = :customer_id
        AND (:account_id IS NULL OR f.account_id IN ('', :account_id))
    UNION ALL
    SELECT f.cleared_at, 'cleared-' || f.id, f.account_id, '', f.flag || ' cleared',
        json_object('source', f.cleared_source)
    FROM standing_flag AS f WHERE f.customer_id = :customer_id AND f.cleared_at IS NOT NULL
        AND (:account_id IS NULL OR f.account_id IN ('', :account_id))
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_lists
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT l.added_at AS at, l.kind || '-' || l.contact AS ref, '' AS account_id, '' AS bill_id, l.kind AS what,
        json_object('contact', l.contact, 'source', l.source, 'reason', l.reason, 'expires_at', l.expires_at) AS fields
    FROM list_entry AS l WHERE l.contact IN (
        SELECT :customer_id UNION SELECT a.phone FROM account AS a WHERE a.customer_id = :customer_id
        UNION SELECT o.phone FROM account AS a JOIN other_phone AS o ON o.account = a.id
            WHERE a.customer_id = :customer_id
    )
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_events
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT o.created_at AS at, printf('event-%012d', o.id) AS ref, COALESCE(json_extract(o.payload, '$.accountId'), '') AS account_id,
        COALESCE(json_extract(o.payload, '$.billId'), '') AS bill_id, o.event AS what,
        json_object('campaign_id', o.campaign_id, 'key', o.key,
            'state', (SELECT CASE WHEN sum(d.state = 'pending') > 0 THEN 'pending' WHEN sum(d.state = 'dead') > 0 THEN 'dead' ELSE 'sent' END FROM delivery AS d WHERE d.event = o.id),
            'tries', (SELECT coalesce(max(d.tries), 0) FROM delivery AS d WHERE d.event = o.id)) AS fields
    FROM outbox AS o
    WHERE o.account IN (SELECT a.id FROM account AS a WHERE a.customer_id = :customer_id)
        AND EXISTS (SELECT 1 FROM delivery AS d WHERE d.event = o.id)
        AND (:account_id IS NULL OR json_extract(o.payload, '$.accountId') = :account_id)
        AND (:bill_id IS NULL OR json_extract(o.payload, '$.billId') = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;
