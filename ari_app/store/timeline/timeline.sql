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

-- Refusals by the same rule, over the same channel, on the same day (UTC) are one entry; reason and until are those of the last.
-- name: timeline_refusals
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT g.at, g.ref, a.account_id, a.bill_id, v.rule AS what,
        json_object('campaign_id', v.campaign_id, 'channel', v.channel, 'reason', v.reason, 'until_at', v.until, 'count', g.count,
            'last_at', NULLIF(g.last_at, g.at), 'rule_pack', v.rule_pack, 'rule_pack_version', v.rule_pack_version) AS fields
    FROM (
        SELECT MIN(w.first_at) AS at, 'refusal-' || MIN(w.id) AS ref, MAX(w.id) AS last, SUM(w.count) AS count,
            MAX(w.last_at) AS last_at
        FROM verdict AS w WHERE w.customer_id = :customer_id AND w.allowed = 0
        GROUP BY w.campaign_account, w.channel, w.rule, w.first_at / 86400000000
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
    SELECT l.added_at AS at,
        l.kind || '-' || ROW_NUMBER() OVER (PARTITION BY l.added_at, l.kind ORDER BY l.contact) AS ref, '' AS account_id, '' AS bill_id, l.kind AS what,
        json_object('contact', l.contact, 'source', l.source, 'reason', l.reason, 'expires_at', l.expires_at) AS fields
    FROM list_entry AS l WHERE l.contact IN (
        SELECT :customer_id UNION SELECT a.phone FROM account AS a WHERE a.customer_id = :customer_id
        UNION SELECT o.phone FROM account AS a JOIN other_phone AS o ON o.account = a.id
            WHERE a.customer_id = :customer_id
    )
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Each message once, where it left (or ended); what became of it later is told by its moves.
-- name: timeline_messages
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT COALESCE(m.contact_at, m.state_at) AS at, m.message_id AS ref, m.account_id, m.bill_id, m.state AS what,
        json_object('campaign_id', m.campaign_id, 'origin', m.origin, 'occasion', m.occasion, 'purpose', m.purpose,
            'template', m.template, 'channel', m.channel, 'contact', m.contact, 'text', m.text, 'why', m.why, 'rule', m.rule,
            'step', m.step, 'planned_at', m.planned_at, 'tries', NULLIF(m.tries, 0)) AS fields
    FROM message AS m WHERE m.customer_id = :customer_id AND (:account_id IS NULL OR m.account_id = :account_id)
        AND (:bill_id IS NULL OR m.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_replies
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT r.at, r.reply_id AS ref, COALESCE(a.account_id, '') AS account_id, COALESCE(a.bill_id, '') AS bill_id,
        'wrote: ' || r.understood AS what,
        json_object('channel', r.channel, 'contact', r.contact, 'text', r.text, 'message_id', r.message_id, 'done', r.done,
            'handled_at', r.handled_at, 'handled_by', r.handled_by) AS fields
    FROM message_reply AS r LEFT JOIN account AS a ON a.id = r.account
    WHERE r.customer_id = :customer_id AND (:account_id IS NULL OR COALESCE(a.account_id, :account_id) = :account_id)
        AND (:bill_id IS NULL OR COALESCE(a.bill_id, :bill_id) = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Links to the page of a bill, what was done there, and payments that were begun.
-- name: timeline_page
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT l.created_at AS at, 'link-' || l.link_id AS ref, a.account_id, a.bill_id, 'link made' AS what,
        json_object('link_id', l.link_id, 'expires_at', l.expires_at, 'uses', l.uses, 'max_uses', l.max_uses) AS fields
    FROM account AS a JOIN payment_link AS l ON l.account = a.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT l.revoked_at, 'revoked-' || l.link_id, a.account_id, a.bill_id, 'link revoked',
        json_object('link_id', l.link_id, 'why', l.revoked_why)
    FROM account AS a JOIN payment_link AS l ON l.account = a.id
    WHERE l.revoked_at IS NOT NULL AND a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT p.at, printf('act-%012d', p.id), a.account_id, a.bill_id, 'page: ' || p.act,
        json_object('link_id', p.link_id, 'subject', p.subject)
    FROM account AS a JOIN payment_link AS l ON l.account = a.id JOIN payment_page_act AS p ON p.link_id = l.link_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT o.created_at, 'order-' || o.order_no, a.account_id, a.bill_id, 'payment begun',
        json_object('order_no', o.order_no, 'provider', o.provider, 'method', o.method, 'amount_minor', o.amount_minor,
            'currency', o.currency, 'expires_at', o.expires_at)
    FROM account AS a JOIN payment_order AS o ON o.account = a.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Every state of a plan, and who approved it.
-- name: timeline_plans
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT s.at, printf('%s-%06d', s.plan_id, s.position) AS ref, a.account_id, a.bill_id, p.kind || ' ' || s.state AS what,
        json_object('plan_id', p.plan_id, 'by', s.by, 'why', s.why, 'amount_minor', p.amount_minor,
            'fee_minor', NULLIF(p.fee_minor, 0), 'waived_minor', NULLIF(p.waived_minor, 0), 'currency', p.currency,
            'instalments', NULLIF((SELECT COUNT(*) FROM plan_instalment AS i WHERE i.plan_id = p.plan_id), 0)) AS fields
    FROM account AS a JOIN plan_case AS p ON p.account = a.id JOIN plan_step AS s ON s.plan_id = p.plan_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT v.at, v.plan_id || '-by-' || v.person, a.account_id, a.bill_id, p.kind || ' approval',
        json_object('plan_id', p.plan_id, 'by', v.name, 'role', v.role)
    FROM account AS a JOIN plan_case AS p ON p.account = a.id JOIN plan_approval AS v ON v.plan_id = p.plan_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- The steps of disputes, and the files that were sent in.
-- name: timeline_disputes
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT s.at, printf('step-%012d', s.seq) AS ref, a.account_id, a.bill_id, d.category || ': ' || s.step AS what,
        json_object('case_id', d.case_id, 'state', s.state, 'by', s.by, 'note', s.note, 'team', d.team, 'due_at', d.due_at,
            'verdict', IIF(s.state = 'decided', d.verdict, NULL)) AS fields
    FROM account AS a JOIN dispute_case AS d ON d.account = a.id JOIN dispute_step AS s ON s.case_id = d.case_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT e.added_at, 'evidence-' || e.evidence_id, a.account_id, a.bill_id, 'evidence',
        json_object('case_id', e.case_id, 'content_type', e.content_type, 'bytes', e.bytes, 'sha256', e.sha256,
            'source', e.source, 'by', e.added_by)
    FROM account AS a JOIN dispute_case AS d ON d.account = a.id JOIN evidence AS e ON e.case_id = d.case_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- What a provider told and no ledger holds; what was applied stands there as its movement.
-- name: timeline_notices
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT n.received_at AS at, printf('notice-%012d', n.seq) AS ref, n.account_id, n.bill_id, n.kind || ' ' || n.state AS what,
        json_object('provider', n.provider, 'event_id', n.event_id, 'amount_minor', n.amount_minor, 'currency', n.currency,
            'occurred_at', n.occurred_at, 'reference', n.reference, 'reverses', n.reverses, 'reason', n.reason) AS fields
    FROM payment_notice AS n
    WHERE n.customer_id = :customer_id AND n.customer_id <> '' AND n.state IN ('refused', 'unmatched')
        AND (:account_id IS NULL OR n.account_id = :account_id) AND (:bill_id IS NULL OR n.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Orders to suspend and to restore a service, and how each ended.
-- name: timeline_services
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT o.ordered_at AS at, 'ordered-' || o.order_id AS ref, a.account_id, a.bill_id, o.kind || ' ordered' AS what,
        json_object('order_id', o.order_id, 'cause', o.cause, 'by', o.ordered_by, 'reason', o.reason,
            'payment_at', o.payment_at) AS fields
    FROM account AS a JOIN service_order AS o ON o.account = a.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    UNION ALL
    SELECT o.ended_at, 'ended-' || o.order_id, a.account_id, a.bill_id, o.kind || ' ' || o.state,
        json_object('order_id', o.order_id, 'by', o.ended_by, 'why', o.ended_why)
    FROM account AS a JOIN service_order AS o ON o.account = a.id
    WHERE o.ended_at IS NOT NULL AND a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Cases over 90 days.
-- name: timeline_cases
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT s.at, printf('case-%012d', s.seq) AS ref, a.account_id, a.bill_id, 'case ' || s.step AS what,
        json_object('case_id', c.case_id, 'state', s.state, 'by', s.by, 'note', s.note) AS fields
    FROM account AS a JOIN arrears_case AS c ON c.account = a.id JOIN arrears_case_step AS s ON s.case_id = c.case_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- Alerts about a bill or its customer, and what was done about each.
-- name: timeline_alerts
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT r.at, printf('alert-%012d', r.seq) AS ref, COALESCE(a.account_id, '') AS account_id,
        COALESCE(a.bill_id, '') AS bill_id, l.rule || ' ' || r.what AS what,
        json_object('alert_id', l.alert_id, 'severity', l.severity, 'by', r.by, 'note', r.text) AS fields
    FROM account AS a JOIN alert AS l ON l.account = a.id JOIN alert_record AS r ON r.alert_id = l.alert_id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;

-- name: timeline_events
SELECT at, ref, account_id, bill_id, what, fields FROM (
    SELECT o.created_at AS at, printf('event-%012d', o.id) AS ref, a.account_id, a.bill_id, o.event AS what,
        json_object('campaign_id', o.campaign_id, 'key', o.key, 'places', COUNT(d.endpoint), 'state',
            CASE WHEN COUNT(d.endpoint) = 0 THEN 'kept' WHEN SUM(d.state = 'pending') > 0 THEN 'pending'
                WHEN SUM(d.state = 'dead') > 0 THEN 'dead' ELSE 'sent' END, 'tries', NULLIF(MAX(d.tries), 0)) AS fields
    FROM account AS a JOIN outbox AS o ON o.account = a.id LEFT JOIN delivery AS d ON d.event = o.id
    WHERE a.customer_id = :customer_id AND (:account_id IS NULL OR a.account_id = :account_id)
        AND (:bill_id IS NULL OR a.bill_id = :bill_id)
    GROUP BY o.id
) WHERE (at, ref) > (:from_at, :from_ref) ORDER BY at, ref LIMIT :limit;
