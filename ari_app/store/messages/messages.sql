-- name: addresses_of
SELECT channel, contact FROM address WHERE account = :account ORDER BY channel;

-- name: remove_addresses
DELETE FROM address WHERE account = :account;

-- name: add_address
INSERT INTO address (account, channel, contact) VALUES (:account, :channel, :contact);

-- name: usable_addresses
SELECT d.channel, d.contact FROM address AS d
WHERE d.account = :account
    AND NOT EXISTS (SELECT 1 FROM unusable_address AS u WHERE u.channel = d.channel AND u.contact = d.contact);

-- name: unusable_phone
SELECT why FROM unusable_address WHERE channel = 'sms' AND contact = :phone;

-- name: mark_address
INSERT INTO unusable_address (channel, contact, why, source, at) VALUES (:channel, :contact, :why, :source, :now)
ON CONFLICT (channel, contact) DO NOTHING;

-- name: unmark_address
DELETE FROM unusable_address WHERE channel = :channel AND contact = :contact;

-- name: message_channels
SELECT channel, provider FROM message_channel ORDER BY channel;

-- name: close_message_channels
DELETE FROM message_channel;

-- name: open_message_channel
INSERT INTO message_channel (channel, provider, opened_at) VALUES (:channel, :provider, :now);

-- name: message_occasion
SELECT template, notice, times FROM message_occasion WHERE event = :event;

-- name: forget_message_occasions
DELETE FROM message_occasion;

-- name: add_message_occasion
INSERT INTO message_occasion (event, template, notice, times) VALUES (:event, :template, :notice, :times);

-- name: written_to
SELECT
    EXISTS (SELECT 1 FROM campaign_account AS ca CROSS JOIN message AS m ON m.campaign_account = ca.id
        WHERE ca.account = :account AND m.contact_at IS NOT NULL) AS written,
    EXISTS (SELECT 1 FROM message_channel AS c WHERE c.channel IN (SELECT value FROM json_each(:channels)) AND (
        (c.channel = 'sms' AND :number_dead IS NULL AND NOT EXISTS (SELECT 1 FROM unusable_address AS u
            WHERE u.channel = 'sms' AND u.contact = :phone))
        OR EXISTS (SELECT 1 FROM address AS d WHERE d.account = :account AND d.channel = c.channel
            AND NOT EXISTS (SELECT 1 FROM unusable_address AS u
                WHERE u.channel = d.channel AND u.contact = d.contact)))) AS reachable,
    EXISTS (SELECT 1 FROM campaign_account AS ca CROSS JOIN message AS m ON m.campaign_account = ca.id
        WHERE ca.account = :account AND m.state IN ('failed', 'expired', 'suppressed')) AS in_vain,
    EXISTS (SELECT 1 FROM campaign_account AS ca CROSS JOIN message AS m ON m.campaign_account = ca.id
        WHERE ca.account = :account AND m.state IN ('planned', 'reserved')) AS on_its_way;

-- name: rearm_first_contact
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE account = :account AND state = 'waiting' AND refused_by = 'first_contact_by_message';

-- name: rearm_first_contacts
UPDATE campaign_account SET due_at = planned_at, refused_by = NULL
WHERE id > :after AND id <= :upto AND state = 'waiting' AND refused_by = 'first_contact_by_message';

-- name: message_clocks_due
SELECT campaign_account, looked_until FROM message_clock
WHERE next_at <= :now ORDER BY next_at LIMIT :limit;

-- name: move_message_clock
UPDATE message_clock SET looked_until = :looked_until, next_at = :next_at WHERE campaign_account = :campaign_account;

-- name: look_again_at_messages
UPDATE message_clock SET next_at = 0 WHERE campaign_account > :after AND campaign_account <= :upto;

-- name: plan_message
INSERT INTO message (message_id, campaign_account, campaign_id, customer_id, account_id, bill_id, origin, occasion, trial,
    purpose, template, language, values_given, channels, strategy, strategy_version, segment, step, planned_at, due_at,
    latest_at, state_at, contact)
VALUES (:message_id, :campaign_account, :campaign_id, :customer_id, :account_id, :bill_id, :origin, :occasion, :trial,
    :purpose, :template, :language, :values_given, :channels, :strategy, :strategy_version, :segment, :step, :now, :due_at,
    :latest_at, :now, :contact)
ON CONFLICT (campaign_account, occasion, trial) DO NOTHING;

-- name: message_planned
SELECT message_id FROM message WHERE campaign_account = :campaign_account AND occasion = :occasion ORDER BY trial LIMIT 1;

-- name: campaign_account_of_bill
SELECT ca.id FROM campaign_account AS ca JOIN campaign AS c ON c.campaign_id = ca.campaign_id
WHERE ca.account = :account ORDER BY c.status <> 'running', ca.id DESC LIMIT 1;

-- name: messages_due
SELECT * FROM message WHERE state = 'planned' AND due_at <= :now ORDER BY due_at, seq LIMIT :limit;

-- name: message_by_id
SELECT * FROM message WHERE message_id = :message_id;

-- name: move_message
UPDATE message SET state = :state, state_at = MAX(state_at, :now), why = :why, rule = :rule, due_at = :due_at,
    contact_at = :contact_at, tries = :tries, last_verdict = :last_verdict
WHERE message_id = :message_id AND state = :before;

-- name: message_written
UPDATE message SET channel = :channel, contact = :contact, provider = :provider, variant = :variant, subject = :subject,
    text = :text, parts = :parts, language = :language
WHERE message_id = :message_id;

-- name: message_referred
UPDATE OR IGNORE message SET reference = :reference WHERE message_id = :message_id AND reference = '';

-- name: messages_left
SELECT * FROM message WHERE state IN ('reserved', 'sending') AND state_at <= :since ORDER BY seq LIMIT 500;

-- name: messages_unsure
SELECT * FROM message
WHERE state = 'unknown' AND state_at <= :since AND contact_at >= :known AND latest_at >= :now
    AND provider IN (SELECT value FROM json_each(:providers))
ORDER BY seq LIMIT 500;

-- name: messages_untold
SELECT message_id, state FROM message
WHERE state IN ('sent', 'unknown') AND state_at <= :since
    AND (state = 'unknown' OR provider IN (SELECT value FROM json_each(:providers)))
ORDER BY seq LIMIT 500;

-- name: drop_later_trial
UPDATE message SET state = 'expired', state_at = :now, due_at = NULL, why = :why
WHERE campaign_account = :campaign_account AND occasion = :occasion AND trial > :trial AND state = 'planned';

-- name: next_promise
SELECT day, amount_minor FROM promise_to_pay WHERE account = :account AND state IN ('open', 'due')
ORDER BY day, promise_id LIMIT 1;

-- name: unanswered_since
SELECT attempt_id, answered_at FROM attempt
WHERE customer_id = :customer_id AND campaign_account = :campaign_account AND dialled_at IS NOT NULL AND ended_at IS NOT NULL
ORDER BY dialled_at DESC LIMIT 50;

-- name: add_receipt
INSERT INTO message_receipt (provider, reference, status, detail, bounced, at, message_id)
VALUES (:provider, :reference, :status, :detail, :bounced, :at, :message_id)
ON CONFLICT (provider, reference, status) DO NOTHING;

-- name: message_referred_to
SELECT * FROM message WHERE provider = :provider AND reference = :reference AND reference <> '';

-- name: receipts_waiting
SELECT * FROM message_receipt WHERE provider = :provider AND reference = :reference AND message_id = '' ORDER BY seq;

-- name: receipts_met
UPDATE message_receipt SET message_id = :message_id
WHERE provider = :provider AND reference = :reference AND message_id = '';

-- name: sender_by_message
SELECT m.message_id, m.customer_id, m.language, a.id AS account, a.timezone FROM message AS m
JOIN campaign_account AS ca ON ca.id = m.campaign_account JOIN account AS a ON a.id = ca.account
WHERE m.channel = :channel AND m.contact = :contact AND m.contact <> '' AND m.contact_at IS NOT NULL ORDER BY m.contact_at DESC LIMIT 1;

-- name: sender_by_address
SELECT a.customer_id, a.language, a.id AS account, a.timezone FROM account AS a
WHERE a.id IN (SELECT account FROM address WHERE channel = :channel AND contact = :contact
    UNION ALL SELECT id FROM account WHERE :channel = 'sms' AND phone = :contact
    UNION ALL SELECT account FROM other_phone WHERE :channel = 'sms' AND phone = :contact)
ORDER BY a.due_date DESC, a.id DESC LIMIT 1;

-- name: add_reply
INSERT INTO message_reply (reply_id, provider, reference, channel, contact, customer_id, account, message_id, text, at,
    understood, done)
VALUES (:reply_id, :provider, :reference, :channel, :contact, :customer_id, :account, :message_id, :text, :at,
    :understood, :done)
ON CONFLICT (provider, reference) DO NOTHING;

-- name: handle_reply
UPDATE message_reply SET handled_at = :now, handled_by = :by WHERE reply_id = :reply_id AND handled_at IS NULL;

-- name: replies
SELECT * FROM message_reply WHERE NOT :waiting OR (done = 'waits' AND handled_at IS NULL) ORDER BY seq DESC LIMIT :limit;

-- name: accounts_of_customer
SELECT id FROM account WHERE customer_id = :customer_id ORDER BY id;

-- name: call_back
UPDATE campaign_account SET state = 'waiting', planned_at = :at, due_at = :at, refused_by = NULL, closed_reason = NULL
WHERE id = :campaign_account AND (state = 'waiting' OR (state = 'done' AND closed_phone IS NULL));

-- name: stop_messages
UPDATE message SET state = 'suppressed', state_at = :now, due_at = NULL, rule = 'do_not_contact', why = :why
WHERE customer_id = :customer_id AND state = 'planned';

-- name: messages_shown
SELECT * FROM message WHERE :state = '' OR state = :state ORDER BY seq DESC LIMIT :limit;

-- name: messages_of_customer
SELECT * FROM message WHERE customer_id = :customer_id AND (:state = '' OR state = :state) ORDER BY seq DESC LIMIT :limit;

-- name: message_counts
SELECT state, rule, COUNT(*) AS messages FROM message
WHERE state IN ('planned', 'reserved', 'sending', 'sent', 'unknown', 'delivered', 'failed', 'expired', 'suppressed')
    AND state_at >= :since
GROUP BY state, IIF(state = 'suppressed', rule, '');
