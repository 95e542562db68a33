-- Every statement that runs in the product, by name. Parameters are named; instants are microseconds UTC.

-- name: campaign
SELECT campaign_id, name, status, strategy, dialler, webhook FROM campaign WHERE campaign_id = :campaign_id;

-- name: campaigns
SELECT campaign_id, name, status, strategy, dialler, webhook FROM campaign ORDER BY campaign_id;

-- name: put_campaign
INSERT INTO campaign (campaign_id, name, status, strategy, dialler, webhook)
VALUES (:campaign_id, :name, :status, :strategy, :dialler, :webhook)
ON CONFLICT (campaign_id) DO UPDATE SET name = excluded.name, status = excluded.status,
    strategy = excluded.strategy, dialler = excluded.dialler, webhook = excluded.webhook;

-- name: campaign_changed
UPDATE campaign SET to_ask = to_ask + 1 WHERE campaign_id = :campaign_id;

-- name: campaign_to_ask
SELECT to_ask FROM campaign WHERE campaign_id = :campaign_id;

-- name: campaign_asked
UPDATE campaign SET to_ask = 0 WHERE campaign_id = :campaign_id AND to_ask = :to_ask;

-- name: set_campaign_status
UPDATE campaign SET status = :status WHERE campaign_id = :campaign_id AND status <> :status;

-- name: campaign_states
SELECT state, COUNT(*) AS accounts, COALESCE(SUM(due_at <= :now), 0) AS due, MIN(due_at) AS next_due_at
FROM campaign_account WHERE campaign_id = :campaign_id GROUP BY state;

-- name: campaign_dispositions
SELECT disposition, COUNT(*) AS attempts FROM attempt
WHERE campaign_id = :campaign_id AND disposition IS NOT NULL GROUP BY disposition ORDER BY disposition;

-- name: account_by_key
SELECT id, customer_id, account_id, bill_id, name, phone, timezone, language, stated_minor, currency, due_date,
    aging_bucket, preferred_windows, service, fee_items, late_fee_minor, service_state, suspension_on, suspension_at,
    customer_level, risk_level, stated_broken AS broken_promises, good_record, legal_stage, minor, region, age_band, income_band,
    debt_type, debt_cause, score, score_model, early_warning
FROM account WHERE customer_id = :customer_id AND account_id = :account_id AND bill_id = :bill_id;

-- name: add_account
INSERT INTO account (customer_id, account_id, bill_id, name, phone, timezone, language, amount_minor, currency,
    due_date, aging_bucket, preferred_windows, service, fee_items, late_fee_minor, service_state, suspension_on,
    suspension_at, customer_level, risk_level, broken_promises, good_record, legal_stage, minor, region, age_band,
    income_band, debt_type, debt_cause, score, score_model, early_warning, stated_minor, stated_at,
    stated_broken, stated_broken_at)
VALUES (:customer_id, :account_id, :bill_id, :name, :phone, :timezone, :language, :amount_minor, :currency,
    :due_date, :aging_bucket, :preferred_windows, :service, :fee_items, :late_fee_minor, :service_state, :suspension_on,
    :suspension_at, :customer_level, :risk_level, :broken_promises + IIF(:broken_promises = 0, (SELECT COUNT(*)
        FROM account AS b JOIN promise_to_pay AS p ON p.account = b.id
        WHERE b.customer_id = :customer_id AND p.state IN ('broken', 'partly_kept')), 0), :good_record, :legal_stage, :minor, :region, :age_band,
    :income_band, :debt_type, :debt_cause, :score, :score_model, :early_warning, :amount_minor, :now,
    :broken_promises, IIF(:broken_promises = 0, 0, :now));

-- name: update_account
UPDATE account SET name = :name, phone = :phone, timezone = :timezone, language = :language,
    stated_at = CASE WHEN stated_minor = :amount_minor AND currency = :currency THEN stated_at
        ELSE MAX(:now, stated_at, COALESCE((SELECT MAX(l.at) + 1 FROM ledger_entry AS l WHERE l.account = :account), 0)) END,
    stated_minor = :amount_minor,
    currency = :currency, due_date = :due_date, aging_bucket = :aging_bucket, preferred_windows = :preferred_windows, service = :service, fee_items = :fee_items,
    late_fee_minor = :late_fee_minor, service_state = :service_state, suspension_on = :suspension_on,
    suspension_at = :suspension_at, customer_level = :customer_level, risk_level = :risk_level,
    stated_broken_at = CASE WHEN :broken_promises = 0 THEN 0 WHEN stated_broken = :broken_promises THEN stated_broken_at
        ELSE :now END,
    stated_broken = :broken_promises,
    good_record = :good_record, legal_stage = :legal_stage, minor = :minor, region = :region, age_band = :age_band,
    income_band = :income_band, debt_type = :debt_type, debt_cause = :debt_cause, score = :score,
    score_model = :score_model, early_warning = :early_warning
WHERE id = :account;

-- name: add_to_campaign
INSERT INTO campaign_account (campaign_id, account, planned_at, due_at, added_at, call_class)
VALUES (:campaign_id, :account, :now, :now, :now, :call_class)
ON CONFLICT (campaign_id, account) DO NOTHING;

-- name: record_import
INSERT INTO import_batch (campaign_id, at, added, updated, unchanged)
VALUES (:campaign_id, :now, :added, :updated, :unchanged);

-- name: rearm_part
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE id > :after AND id <= :upto AND +campaign_id = :campaign_id AND +state = 'waiting' AND due_at IS NOT planned_at;

-- name: rearm_rules
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE id > :after AND id <= :upto AND state = 'waiting' AND (
    (due_at IS NULL
        AND refused_by IN ('consent_missing', 'max_attempts', 'first_contact_by_message', 'no_common_window',
            'strategy_stopped', 'strategy_not_signed', 'outside_rollout', 'no_call_step', 'no_caller_id'))
    OR (:moved AND refused_by IS NOT NULL AND due_at > planned_at));

-- name: last_plan
SELECT COALESCE(MAX(id), 0) AS id FROM campaign_account;

-- name: rearm_strategies
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE id > :after AND id <= :upto AND state = 'waiting'
    AND refused_by IN ('strategy_stopped', 'strategy_not_signed', 'strategy_unreadable');

-- name: rearm_caller_ids
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE id > :after AND id <= :upto AND state = 'waiting' AND refused_by = 'no_caller_id';

-- name: strategy_signed
SELECT digest, role FROM strategy_sign_off WHERE strategy = :strategy;

-- name: strategy_stopped
SELECT reason FROM strategy_stop WHERE strategy = :strategy AND resumed_at IS NULL;

-- name: strategy_moments
SELECT ca.added_at,
    -- Of the newest contact with promises, whatever it was; what is kept or withdrawn is asked after no more.
    (SELECT json_group_array(DISTINCT p.day) FROM promise_to_pay AS p
        WHERE p.account = ca.account AND p.state IN ('open', 'due', 'partly_kept', 'broken') AND p.made_in = (
            SELECT q.made_in FROM promise_to_pay AS q WHERE q.account = ca.account
            ORDER BY q.made_at DESC, q.promise_id DESC LIMIT 1)) AS promised
FROM campaign_account AS ca WHERE ca.id = :campaign_account;

-- name: strategy_dials
SELECT COUNT(*) AS in_segment, COALESCE(SUM(step = :step AND dialled_at >= :since), 0) AS in_step,
    MIN(CASE WHEN step = :step AND dialled_at >= :since THEN dialled_at END) AS first_at
FROM attempt
WHERE customer_id = :customer_id AND campaign_id = :campaign_id AND segment = :segment AND strategy_version <> ''
    AND dialled_at IS NOT NULL;

-- name: strategy_customers
SELECT COUNT(DISTINCT customer_id) AS customers, COALESCE(MAX(customer_id = :customer_id), 0) AS already FROM attempt
WHERE strategy = :strategy AND strategy_version = :version AND strategy_version <> ''
    AND (dialled_at IS NOT NULL OR ended_at IS NULL);

-- name: sign_strategy
INSERT INTO strategy_sign_off (strategy, version, digest, role, signed_by, signed_at, content, signer)
SELECT :strategy, :version, :digest, :role, :signed_by, :now, :content, :signer
-- One person, one office: a version is looked at by three people.
WHERE NOT EXISTS (SELECT 1 FROM strategy_sign_off WHERE strategy = :strategy AND digest = :digest AND role <> :role
    AND signer = :signer)
ON CONFLICT (strategy, digest, role) DO NOTHING;

-- name: stop_strategy
INSERT INTO strategy_stop (strategy, reason, stopped_by, stopped_at)
VALUES (:strategy, :reason, :stopped_by, :now)
ON CONFLICT (strategy) WHERE resumed_at IS NULL DO NOTHING;

-- name: resume_strategy
UPDATE strategy_stop SET resumed_by = :resumed_by, resumed_at = MAX(stopped_at, :now)
WHERE strategy = :strategy AND resumed_at IS NULL;

-- name: sign_offs
SELECT strategy, version, digest, role, signed_by, signed_at FROM strategy_sign_off
WHERE :strategy IS NULL OR strategy = :strategy ORDER BY strategy, signed_at, role;

-- name: signed_content
SELECT content FROM strategy_sign_off WHERE strategy = :strategy AND version = :version ORDER BY signed_at DESC LIMIT 1;

-- name: strategy_stops
SELECT strategy, reason, stopped_by, stopped_at, resumed_by, resumed_at FROM strategy_stop
WHERE :strategy IS NULL OR strategy = :strategy ORDER BY id;

-- name: rearm_account
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL WHERE account = :account AND state = 'waiting';

-- name: reopen_with_new_phone
UPDATE campaign_account SET state = 'waiting', planned_at = :now, due_at = :now, closed_reason = NULL,
    closed_phone = NULL
WHERE account = :account AND state = 'done' AND closed_phone IS NOT NULL AND EXISTS (
    SELECT 1 FROM json_each(:phones) AS p
    WHERE p.value <> closed_phone AND NOT EXISTS (SELECT 1 FROM dead_number AS d WHERE d.phone = p.value));

-- name: other_phones
SELECT phone FROM other_phone WHERE account = :account ORDER BY position;

-- name: remove_other_phones
DELETE FROM other_phone WHERE account = :account;

-- name: add_other_phone
INSERT INTO other_phone (account, position, phone) VALUES (:account, :position, :phone);

-- name: numbers
SELECT p.value AS phone, (SELECT d.disposition FROM dead_number AS d WHERE d.phone = p.value) AS dead,
    EXISTS (SELECT 1 FROM list_entry AS l WHERE l.contact = p.value
        AND l.kind IN ('do_not_contact', 'black', 'complaint')
        AND (l.expires_at IS NULL OR l.expires_at > :now)) AS listed
FROM json_each(:phones) AS p ORDER BY p.key;

-- name: tries_of_customer
SELECT t.phone, r.result FROM attempt AS t LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id
WHERE t.customer_id = :customer_id AND t.dialled_at IS NOT NULL AND t.ended_at IS NOT NULL ORDER BY t.dialled_at;

-- name: rearm_customer
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account IN (SELECT id FROM account WHERE customer_id = :customer_id)
    AND state = 'waiting' AND refused_by = 'open_attempt';

-- name: rearm_contact
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account IN (
        SELECT id FROM account WHERE customer_id = :contact
        UNION ALL
        SELECT id FROM account WHERE phone = :contact
        UNION ALL
        SELECT account FROM other_phone WHERE phone = :contact
    )
    AND state = 'waiting' AND refused_by IN ('do_not_contact', 'black_list', 'complaint_list');

-- name: rearm_standing
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account IN (SELECT id FROM account WHERE customer_id = :customer_id) AND state = 'waiting'
    AND refused_by IN ('dispute_open', 'handed_over', 'paid', 'deceased', 'bankrupt', 'represented', 'guardian', 'no_consent',
        'consent_missing');

-- name: aging_page
SELECT id, due_date, timezone, aging_bucket FROM account WHERE id > :after ORDER BY id LIMIT :limit;

-- name: move_bucket
UPDATE account SET aging_bucket = :bucket
WHERE id = :account AND aging_bucket = :before AND due_date = :due_date;

-- name: rearm_bucket
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account = :account AND state = 'waiting' AND refused_by = 'outside_aging_buckets';

-- name: suspensions_page
SELECT ca.id AS campaign_account FROM account AS a
CROSS JOIN campaign_account AS ca ON ca.account = a.id
WHERE a.suspension_on BETWEEN :from AND :to AND a.service_state <> 'suspended'
    AND ca.state = 'waiting' AND ca.id > :after
    -- Who has promised to pay is left in peace until then, and asked after it by the plan that the promise made.
    AND NOT EXISTS (SELECT 1 FROM promise_to_pay AS p WHERE p.account = a.id AND p.state IN ('open', 'due'))
    AND NOT EXISTS (SELECT 1 FROM plan_case AS c WHERE c.account = a.id AND c.state = 'active')
ORDER BY ca.id LIMIT :limit;

-- name: pull_forward
UPDATE campaign_account SET planned_at = :at, due_at = :at, refused_by = NULL
WHERE id = :campaign_account AND state = 'waiting' AND planned_at > :at;

-- name: list_entry
SELECT expires_at FROM list_entry WHERE contact = :contact AND kind = :kind;

-- name: add_list_entry
INSERT INTO list_entry (contact, kind, source, reason, added_at, expires_at)
VALUES (:contact, :kind, :source, :reason, :now, :expires_at)
ON CONFLICT (contact, kind) DO UPDATE SET source = excluded.source, reason = excluded.reason,
    added_at = excluded.added_at, expires_at = excluded.expires_at;

-- name: remove_list_entry
DELETE FROM list_entry WHERE contact = :contact AND kind = :kind;

-- name: standing_of_contact
SELECT kind, '' AS account_id, source, reason, added_at AS since, expires_at FROM list_entry
WHERE contact IN (:phone, :customer_id) AND (expires_at IS NULL OR expires_at > :now)
UNION ALL
SELECT flag, account_id, source, '', set_at, NULL FROM standing_flag
WHERE customer_id = :customer_id AND cleared_at IS NULL
UNION ALL
SELECT 'handed_over', account_id, case_id, '', handed_at, NULL FROM arrears_case
WHERE customer_id = :customer_id AND state IN ('handed_over', 'in_progress');

-- name: contacts_of
SELECT t.dialled_at, t.account_id, t.timezone, t.answered_at, json_extract(t.facts, '$.reason') AS reason, a.due_date,
    r.result, r.verified
FROM attempt AS t
JOIN campaign_account AS ca ON ca.id = t.campaign_account
JOIN account AS a ON a.id = ca.account
LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id
WHERE t.customer_id = :customer_id AND t.dialled_at >= :since
UNION ALL
SELECT m.contact_at, m.account_id, a.timezone, NULL, NULL, a.due_date, NULL, NULL
FROM message AS m
JOIN campaign_account AS ca ON ca.id = m.campaign_account
JOIN account AS a ON a.id = ca.account
WHERE m.customer_id = :customer_id AND m.contact_at >= :since AND m.message_id <> :but
ORDER BY 1;

-- name: claim_candidates
SELECT id, call_class, due_at FROM campaign_account
WHERE campaign_id = :campaign_id AND state = 'waiting' AND due_at <= :now
ORDER BY due_at, id LIMIT :limit;

-- name: call_classes
WITH RECURSIVE held (call_class) AS (
    SELECT MIN(call_class) FROM campaign_account WHERE campaign_id = :campaign_id AND state = 'waiting'
    UNION ALL
    SELECT (SELECT MIN(ca.call_class) FROM campaign_account AS ca
        WHERE ca.campaign_id = :campaign_id AND ca.state = 'waiting' AND ca.call_class > held.call_class)
    FROM held WHERE held.call_class IS NOT NULL)
SELECT call_class FROM held WHERE call_class IS NOT NULL;

-- name: due_of_class
SELECT id, due_at FROM campaign_account
WHERE campaign_id = :campaign_id AND call_class = :call_class AND state = 'waiting' AND due_at <= :now
ORDER BY due_at, id LIMIT :limit;

-- name: answers_of_customer
SELECT dialled_at, answered_at IS NOT NULL AND disposition NOT IN ('voicemail', 'call_assistant') AS answered
FROM attempt WHERE customer_id = :customer_id AND dialled_at >= :since AND ended_at IS NOT NULL;

-- name: answers_by_hour
SELECT dialled_at / 3600000000 AS hour, COUNT(*) AS dials,
    SUM(answered_at IS NOT NULL AND disposition NOT IN ('voicemail', 'call_assistant')) AS answered
FROM attempt WHERE campaign_id = :campaign_id AND dialled_at >= :since AND ended_at IS NOT NULL GROUP BY 1;

-- name: answer_profile
SELECT day_part, dials, answered FROM answer_profile WHERE campaign_id = :campaign_id;

-- name: put_answer_profile
INSERT INTO answer_profile (campaign_id, day_part, dials, answered) VALUES (:campaign_id, :day_part, :dials, :answered)
ON CONFLICT (campaign_id, day_part) DO UPDATE SET dials = excluded.dials, answered = excluded.answered;

-- name: order_page
SELECT campaign_account, campaign_id, call_class, customer_id, account_id, bill_id, name, phone, timezone, language,
    amount_minor, currency, due_date, aging_bucket, preferred_windows, service, fee_items, late_fee_minor, service_state,
    suspension_on, suspension_at, customer_level, risk_level, broken_promises, good_record, legal_stage, minor, region,
    age_band, income_band, debt_type, debt_cause, score, score_model, early_warning
FROM standing WHERE state = 'waiting' AND campaign_account > :after ORDER BY campaign_account LIMIT :limit;

-- name: plans_of_account
SELECT id FROM campaign_account WHERE account = :account AND state = 'waiting';

-- name: set_call_class
UPDATE campaign_account SET call_class = :call_class
WHERE id = :campaign_account AND state = 'waiting' AND call_class = :before;

-- name: next_due_at
SELECT MIN(due_at) AS next_due_at FROM campaign_account WHERE campaign_id = :campaign_id AND state = 'waiting';

-- name: standing_of_customer
SELECT * FROM standing WHERE customer_id = :customer_id ORDER BY campaign_account;

-- name: standing_of
SELECT * FROM standing WHERE campaign_account = :campaign_account;

-- name: repeat_verdict
UPDATE verdict SET count = count + 1, last_at = :now
WHERE id = :last_verdict AND campaign_account = :campaign_account AND asked = :asked AND allowed = 0
    AND rule = :rule AND reason = :reason AND until IS :until AND attempt_id IS :attempt_id
    AND rule_pack = :rule_pack AND rule_pack_version = :rule_pack_version;

-- name: add_verdict
INSERT INTO verdict (campaign_account, campaign_id, customer_id, attempt_id, asked, allowed, rule, reason, until,
    rule_pack, rule_pack_version, first_at, last_at, channel)
VALUES (:campaign_account, :campaign_id, :customer_id, :attempt_id, :asked, :allowed, :rule, :reason, :until,
    :rule_pack, :rule_pack_version, :now, :now, :channel);

-- name: reserve_attempt
INSERT INTO attempt (attempt_id, campaign_account, campaign_id, customer_id, account_id, bill_id, phone, caller_id,
    number, timezone, strategy, strategy_version, segment, step, step_trigger, tone, rule_pack, rule_pack_version,
    reserved_at)
VALUES (:attempt_id, :campaign_account, :campaign_id, :customer_id, :account_id, :bill_id, :phone, :caller_id,
    :number, :timezone, :strategy, :strategy_version, :segment, :step, :step_trigger, :tone, :rule_pack,
    :rule_pack_version, :now)
ON CONFLICT (customer_id) WHERE ended_at IS NULL DO NOTHING;

-- name: plan_opened
UPDATE campaign_account SET state = 'open', planned_at = NULL, due_at = NULL, refused_by = NULL,
    last_verdict = :verdict
WHERE id = :campaign_account;

-- name: plan_refused
UPDATE campaign_account SET due_at = :due_at, refused_by = :rule, last_verdict = :verdict, call_class = :call_class,
    turn_lost_at = :turn_lost_at
WHERE id = :campaign_account;

-- name: abandon_counts
SELECT disposition, COUNT(*) AS month, COALESCE(SUM(answered_at >= :day), 0) AS day FROM attempt
WHERE campaign_id = :campaign_id AND answered_at >= :month AND answered_at <= :now AND disposition IS NOT NULL
GROUP BY disposition;

-- name: plan_postponed
UPDATE campaign_account SET due_at = :due_at, call_class = :call_class
WHERE id = :campaign_account AND state = 'waiting';

-- name: attempt
SELECT * FROM attempt WHERE attempt_id = :attempt_id;

-- name: dial_refused
UPDATE campaign_account SET last_verdict = :verdict WHERE id = :campaign_account;

-- name: attempt_dialled
UPDATE attempt SET dialled_at = :dialled_at, rule_pack = :rule_pack, rule_pack_version = :rule_pack_version
WHERE attempt_id = :attempt_id AND dialled_at IS NULL AND ended_at IS NULL;

-- name: revision
SELECT number FROM standing_revision;

-- name: count_dial
UPDATE campaign_account SET dials_made = dials_made + 1,
    first_dialled_at = COALESCE(first_dialled_at, :dialled_at), last_verdict = :verdict
WHERE id = :campaign_account;

-- name: attempt_closed
UPDATE attempt SET answered_at = :answered_at, ended_at = :ended_at, sip_status = :sip_status,
    q850_cause = :q850_cause, disposition = :disposition, talk_seconds = :talk_seconds, recording = :recording,
    transcript = :transcript, facts = :facts, next_attempt_at = :next_attempt_at, plan_reason = :plan_reason,
    recording_started_at = :recording_started_at, recording_seconds = :recording_seconds,
    recording_customer_s = :recording_customer_s, recording_bot_s = :recording_bot_s,
    recording_notice_at = :recording_notice_at, recording_notice_answer = :recording_notice_answer,
    answer_verdict = :answer_verdict, answer_verdict_ms = :answer_verdict_ms, replies = :replies,
    turn_p50_ms = :turn_p50_ms, turn_max_ms = :turn_max_ms
WHERE attempt_id = :attempt_id AND ended_at IS NULL;

-- name: plan_next
UPDATE campaign_account SET state = 'waiting', planned_at = :planned_at, due_at = :due_at, refused_by = :refused_by,
    last_disposition = :disposition, call_class = :call_class, turn_lost_at = NULL
WHERE id = :campaign_account;

-- name: spent
SELECT COALESCE(SUM(ca.dials_made), 0) AS dials, MIN(ca.first_dialled_at) AS first_at
FROM account AS a CROSS JOIN campaign_account AS ca ON ca.campaign_id = :campaign_id AND ca.account = a.id
WHERE a.customer_id = :customer_id;

-- name: first_of_customer
SELECT ca.id FROM account AS a CROSS JOIN campaign_account AS ca ON ca.campaign_id = :campaign_id AND ca.account = a.id
WHERE a.customer_id = :customer_id AND ca.state = 'waiting' AND ca.due_at <= :now
ORDER BY a.due_date, ca.id LIMIT 1;

-- name: plan_beside
UPDATE campaign_account SET planned_at = MAX(planned_at, :due_at), due_at = MAX(planned_at, :due_at), refused_by = NULL
WHERE state = 'waiting' AND id <> :campaign_account AND id IN (
    SELECT ca.id FROM account AS a
    CROSS JOIN campaign_account AS ca ON ca.campaign_id = :campaign_id AND ca.account = a.id
    WHERE a.customer_id = :customer_id);

-- name: rivals
SELECT ca.id, ca.due_at FROM account AS a CROSS JOIN campaign_account AS ca ON ca.account = a.id
CROSS JOIN campaign AS c ON c.campaign_id = ca.campaign_id
WHERE a.customer_id = :customer_id AND ca.campaign_id <> :campaign_id AND c.status = 'running'
    AND ca.state = 'waiting' AND ca.due_at <= :now AND ca.due_at > :since
ORDER BY ca.due_at, ca.id;

-- name: plan_done
UPDATE campaign_account SET state = 'done', planned_at = NULL, due_at = NULL, last_disposition = :disposition,
    closed_reason = :reason, closed_phone = :closed_phone
WHERE id = :campaign_account;

-- name: add_dead_number
INSERT INTO dead_number (phone, disposition, attempt_id, at) VALUES (:phone, :disposition, :attempt_id, :now)
ON CONFLICT (phone) DO NOTHING;

-- name: add_promise
INSERT INTO promise (attempt_id, position, amount_minor, currency, date, channel, confidence, promised_at)
VALUES (:attempt_id, :position, :amount_minor, :currency, :date, :channel, :confidence, :now);

-- name: add_result
INSERT INTO call_result (attempt_id, result, verified, intents, reasons, coverage, cut_short, required, variants, review,
    transfer_reason, message, key_points, summary, risk_level, next_action, language, upset, do_not_contact, callback,
    callback_day, callback_time)
VALUES (:attempt_id, :result, :verified, :intents, :reasons, :coverage, :cut_short, :required, :variants, :review,
    :transfer_reason, :message, :key_points, :summary, :risk_level, :next_action, :language, :upset, :do_not_contact,
    :callback, :callback_day, :callback_time);

-- name: add_plan
INSERT INTO plan (attempt_id, kind, currency, periods, monthly_minor, last_minor, fee_minor, total_minor, first_date,
    until, waived_minor, approver, confidence, asked_at)
VALUES (:attempt_id, :kind, :currency, :periods, :monthly_minor, :last_minor, :fee_minor, :total_minor, :first_date,
    :until, :waived_minor, :approver, :confidence, :now);

-- name: add_dispute
INSERT INTO dispute (attempt_id, category, description, evidence, answer_days, status, confidence, claimed_at)
VALUES (:attempt_id, :category, :description, :evidence, :answer_days, :status, :confidence, :now);

-- name: add_consent
INSERT INTO consent (attempt_id, given, at, version, audio_s) VALUES (:attempt_id, :given, :at, :version, :audio_s);

-- name: add_turn
INSERT INTO turn (attempt_id, seq, speaker, kind, text, start_s, end_s, confidence, engine, interrupted, covers,
    speech_ended_s, final_text_s, decided_s, audio_sent_s, on_wire_s)
VALUES (:attempt_id, :seq, :speaker, :kind, :text, :start_s, :end_s, :confidence, :engine, :interrupted, :covers,
    :speech_ended_s, :final_text_s, :decided_s, :audio_sent_s, :on_wire_s);

-- name: open_attempts
SELECT attempt_id, campaign_id, customer_id, reserved_at, dialled_at, answered_at FROM attempt
WHERE ended_at IS NULL ORDER BY seq;

-- name: attempts_page
SELECT * FROM attempt_record WHERE seq > :seq ORDER BY seq LIMIT :limit;

-- name: attempts_page_of_campaign
SELECT * FROM attempt_record WHERE campaign_id = :campaign_id AND seq > :seq ORDER BY seq LIMIT :limit;

-- name: attempts_page_of_customer
SELECT * FROM attempt_record
WHERE customer_id = :customer_id AND (:campaign_id IS NULL OR campaign_id = :campaign_id) AND seq > :seq
ORDER BY seq LIMIT :limit;

-- name: accounts_to_call
SELECT campaign_account AS place, * FROM standing
WHERE campaign_id = :campaign_id AND state <> 'done' AND campaign_account > :after
ORDER BY campaign_account LIMIT :limit;

-- name: accounts_as_listed
SELECT campaign_account.id AS place, account.id AS account, account.* FROM campaign_account
JOIN account ON account.id = campaign_account.account
WHERE campaign_account.campaign_id = :campaign_id AND campaign_account.state <> 'done' AND campaign_account.id > :after
ORDER BY campaign_account.id LIMIT :limit;

-- name: account_row
SELECT id FROM account WHERE customer_id = :customer_id AND account_id = :account_id AND bill_id = :bill_id;

-- name: assessment_of
SELECT score, score_model, reasons, risk_level, risk_rule, debt_type, debt_type_rule, warning_rule
FROM assessment WHERE account = :account;

-- name: put_assessment
INSERT INTO assessment (account, at, score, score_model, reasons, risk_level, risk_rule, debt_type, debt_type_rule,
    warning_rule)
VALUES (:account, :at, :score, :score_model, :reasons, :risk_level, :risk_rule, :debt_type, :debt_type_rule,
    :warning_rule)
ON CONFLICT (account) DO UPDATE SET at = excluded.at, score = excluded.score, score_model = excluded.score_model,
    reasons = excluded.reasons, risk_level = excluded.risk_level, risk_rule = excluded.risk_rule,
    debt_type = excluded.debt_type, debt_type_rule = excluded.debt_type_rule, warning_rule = excluded.warning_rule;

-- name: assessments_of_customer
SELECT s.*, a.customer_id, a.account_id, a.bill_id, a.due_date FROM assessment AS s JOIN account AS a ON a.id = s.account
WHERE a.customer_id = :customer_id ORDER BY a.due_date, a.id;

-- name: verdicts_of_customer
SELECT * FROM verdict WHERE customer_id = :customer_id ORDER BY id;

-- name: promises
SELECT p.*, t.campaign_id, t.customer_id, t.account_id, t.bill_id
FROM promise AS p JOIN attempt AS t ON t.attempt_id = p.attempt_id ORDER BY t.seq, p.position;

-- name: promises_of
SELECT amount_minor, currency, date, channel, confidence FROM promise WHERE attempt_id = :attempt_id ORDER BY position;

-- name: turns
SELECT speaker, kind, text, start_s, end_s, confidence, engine, interrupted, covers, speech_ended_s, final_text_s,
    decided_s, audio_sent_s, on_wire_s
FROM turn WHERE attempt_id = :attempt_id ORDER BY seq;

-- name: attempts_named
SELECT * FROM attempt_record WHERE attempt_id >= :low AND attempt_id < :high ORDER BY attempt_id LIMIT :limit;

-- name: newest_attempt_ids
SELECT attempt_id FROM attempt ORDER BY seq DESC LIMIT :limit;

-- name: outbox
SELECT * FROM outbox_standing WHERE places > 0 AND (:state IS NULL OR state = :state) ORDER BY id;

-- name: list_entries
SELECT contact, kind, source, reason, added_at, expires_at FROM list_entry
WHERE :kind IS NULL OR kind = :kind ORDER BY kind, contact;

-- name: set_flag
INSERT INTO standing_flag (customer_id, account_id, flag, source, attempt_id, set_at)
VALUES (:customer_id, :account_id, :flag, :source, :attempt_id, :now)
ON CONFLICT (customer_id, account_id, flag) WHERE cleared_at IS NULL DO NOTHING;

-- name: clear_flag
UPDATE standing_flag SET cleared_at = MAX(set_at, :now), cleared_source = :source
WHERE customer_id = :customer_id AND account_id = :account_id AND flag = :flag AND cleared_at IS NULL;

-- name: flags_of
SELECT flag, account_id, source, attempt_id, set_at, cleared_at, cleared_source FROM standing_flag
WHERE customer_id = :customer_id ORDER BY id;

-- name: dead_numbers
SELECT phone, disposition, attempt_id, at FROM dead_number ORDER BY phone;

-- name: add_model_summary
INSERT INTO model_summary (attempt_id, text, key_points, model, at)
SELECT attempt_id, :text, :key_points, :model, :at FROM attempt
WHERE attempt_id = :attempt_id AND ended_at IS NOT NULL
ON CONFLICT (attempt_id) DO NOTHING;

-- name: model_summary_of
SELECT text, key_points, model, at FROM model_summary WHERE attempt_id = :attempt_id;

-- name: arms_of_customer
SELECT experiment, number, arm, reason, attempt_id, assigned_at FROM arm_assignment
WHERE customer_id = :customer_id ORDER BY experiment, number;

-- name: assign_arm
INSERT INTO arm_assignment (customer_id, experiment, number, arm, reason, attempt_id, assigned_at)
VALUES (:customer_id, :experiment, :number, :arm, :reason, :attempt_id, :now);

-- name: attempt_arms
UPDATE attempt SET arms = :arms WHERE attempt_id = :attempt_id;

-- name: arm_counts
SELECT a.key AS experiment, a.value AS arm,
    CASE :by WHEN 'bucket' THEN c.aging_bucket WHEN 'level' THEN c.customer_level WHEN 'risk' THEN c.risk_level
        WHEN 'language' THEN c.language ELSE '' END AS customer_group,
    COUNT(DISTINCT t.customer_id) AS customers, COUNT(*) AS attempts,
    COUNT(t.answered_at) AS answered, COALESCE(SUM(r.verified), 0) AS verified,
    COALESCE(SUM(r.verified AND EXISTS (SELECT 1 FROM promise AS p WHERE p.attempt_id = t.attempt_id)), 0) AS promises,
    COALESCE(SUM(r.result = 'complaint'), 0) AS complaints
FROM attempt AS t
JOIN json_each(t.arms) AS a
JOIN campaign_account AS ca ON ca.id = t.campaign_account
JOIN account AS c ON c.id = ca.account
LEFT JOIN call_result AS r ON r.attempt_id = t.attempt_id
WHERE t.dialled_at IS NOT NULL AND (:campaign_id IS NULL OR t.campaign_id = :campaign_id)
GROUP BY 1, 2, 3 ORDER BY 1, 3, 2;

-- name: caller_id_shown
INSERT INTO caller_id_hour (caller_id, hour, dials, last_at) VALUES (:caller_id, :hour, 1, :at)
ON CONFLICT (caller_id, hour) DO UPDATE SET dials = dials + 1, last_at = MAX(last_at, excluded.last_at);

-- name: caller_id_answered
UPDATE caller_id_hour SET answered = answered + 1 WHERE caller_id = :caller_id AND hour = :hour;

-- name: caller_id_uses
SELECT p.value AS caller_id, COALESCE(SUM(h.dials), 0) AS dials, COALESCE(SUM(h.answered), 0) AS answered,
    MAX(h.last_at) AS last_at, s.marked_at, s.rests_until, s.test_passed
FROM json_each(:pool) AS p
LEFT JOIN caller_id_hour AS h ON h.caller_id = p.value AND h.hour >= :since
LEFT JOIN caller_id_state AS s ON s.caller_id = p.value
GROUP BY p.value;

-- name: caller_ids_open
SELECT caller_id, COUNT(*) AS calls, SUM(dialled_at IS NULL) AS preparing, MAX(reserved_at) AS last_at FROM attempt
WHERE ended_at IS NULL GROUP BY caller_id;

-- name: caller_id_last_shown
SELECT caller_id FROM attempt WHERE customer_id = :customer_id AND dialled_at IS NOT NULL
ORDER BY dialled_at DESC LIMIT 1;

-- name: caller_id_states
SELECT * FROM caller_id_state ORDER BY caller_id;

-- name: caller_id_barred
SELECT 1 FROM caller_id_state WHERE caller_id = :caller_id AND (marked_at IS NOT NULL OR test_passed = 0);

-- name: mark_caller_id
INSERT INTO caller_id_state (caller_id, marked_at, mark_source) VALUES (:caller_id, :at, :source)
ON CONFLICT (caller_id) DO UPDATE SET marked_at = excluded.marked_at, mark_source = excluded.mark_source;

-- name: rest_caller_id
INSERT INTO caller_id_state (caller_id, rests_until, rest_reason) VALUES (:caller_id, :until, :reason)
ON CONFLICT (caller_id) DO UPDATE SET rests_until = excluded.rests_until, rest_reason = excluded.rest_reason;

-- name: test_caller_id
INSERT INTO caller_id_state (caller_id, tested_at, test_passed) VALUES (:caller_id, :at, :passed)
ON CONFLICT (caller_id) DO UPDATE SET tested_at = excluded.tested_at, test_passed = excluded.test_passed;
