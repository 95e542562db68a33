-- name: add_api_token
INSERT INTO api_token (token_id, name, digest, scopes, created_at, expires_at)
VALUES (:token_id, :name, :digest, :scopes, :created_at, :expires_at);

-- name: api_token
SELECT * FROM api_token WHERE token_id = :token_id;

-- name: api_tokens
SELECT * FROM api_token ORDER BY created_at, token_id;

-- name: api_token_used
UPDATE api_token SET last_used_at = :now WHERE token_id = :token_id AND COALESCE(last_used_at, 0) < :now;

-- name: revoke_api_token
UPDATE api_token SET revoked_at = :now WHERE token_id = :token_id AND revoked_at IS NULL;

-- name: begin_api_request
INSERT INTO api_request (token_id, key, fingerprint, began_at) VALUES (:token_id, :key, :fingerprint, :now)
ON CONFLICT (token_id, key) DO NOTHING;

-- name: api_request
SELECT * FROM api_request WHERE token_id = :token_id AND key = :key;

-- name: take_api_request
UPDATE api_request SET fingerprint = :fingerprint, began_at = :now, status = NULL, headers = NULL, body = NULL
WHERE token_id = :token_id AND key = :key;

-- name: finish_api_request
UPDATE api_request SET status = :status, headers = :headers, body = :body
WHERE token_id = :token_id AND key = :key AND status IS NULL;

-- name: drop_api_request
DELETE FROM api_request WHERE token_id = :token_id AND key = :key AND status IS NULL;

-- name: forget_api_requests
DELETE FROM api_request WHERE began_at < :before;

-- name: api_import_to_go_on
SELECT * FROM api_import
WHERE campaign_id = :campaign_id AND digest = :digest AND state IN ('waiting', 'running', 'interrupted')
ORDER BY state = 'interrupted', created_at DESC LIMIT 1;

-- name: put_api_import
INSERT INTO api_import (job_id, campaign_id, digest, file_name, bytes, state, share, rows, added, updated, unchanged,
    rejected, problem, created_at, alive_at, finished_at)
VALUES (:job_id, :campaign_id, :digest, :file_name, :bytes, :state, :share, :rows, :added, :updated, :unchanged,
    :rejected, :problem, :created_at, :alive_at, :finished_at)
ON CONFLICT (job_id) DO UPDATE SET state = :state, share = :share, rows = :rows, added = :added, updated = :updated,
    unchanged = :unchanged, rejected = :rejected, problem = :problem, alive_at = :alive_at, finished_at = :finished_at;

-- name: api_import
SELECT * FROM api_import WHERE job_id = :job_id;

-- name: api_imports
SELECT * FROM api_import WHERE campaign_id = :campaign_id ORDER BY created_at DESC, job_id LIMIT :limit;

-- name: interrupt_api_imports
UPDATE api_import SET state = 'interrupted', finished_at = :now
WHERE state IN ('waiting', 'running') AND alive_at < :before;

-- name: cursor_secret
SELECT cursor_secret FROM api_secret WHERE id = 1;

-- name: api_accounts
SELECT a.* FROM account AS a
WHERE a.id > :after AND (:bucket = '' OR a.aging_bucket = :bucket)
    AND (:min_minor IS NULL OR a.amount_minor >= :min_minor) AND (:due_before IS NULL OR a.due_date < :due_before)
    AND (:account_id = '' OR a.account_id = :account_id) AND (:bill_id = '' OR a.bill_id = :bill_id)
ORDER BY a.id LIMIT :limit;

-- name: api_accounts_of_task
SELECT a.* FROM campaign_account AS ca JOIN account AS a ON a.id = ca.account
WHERE ca.campaign_id = :task_id AND ca.account > :after AND (:bucket = '' OR a.aging_bucket = :bucket)
    AND (:customer_id = '' OR a.customer_id = :customer_id)
    AND (:min_minor IS NULL OR a.amount_minor >= :min_minor) AND (:due_before IS NULL OR a.due_date < :due_before)
    AND (:account_id = '' OR a.account_id = :account_id) AND (:bill_id = '' OR a.bill_id = :bill_id)
ORDER BY ca.account LIMIT :limit;

-- name: api_accounts_of_customer
SELECT a.* FROM account AS a
WHERE a.customer_id = :customer_id AND a.id > :after AND (:bucket = '' OR a.aging_bucket = :bucket)
    AND (:min_minor IS NULL OR a.amount_minor >= :min_minor) AND (:due_before IS NULL OR a.due_date < :due_before)
    AND (:account_id = '' OR a.account_id = :account_id) AND (:bill_id = '' OR a.bill_id = :bill_id)
ORDER BY a.id LIMIT :limit;

-- name: api_account
SELECT * FROM account WHERE customer_id = :customer_id AND account_id = :account_id AND bill_id = :bill_id;

-- name: tasks_of_account
SELECT campaign_id FROM campaign_account WHERE account = :account ORDER BY campaign_id;

-- name: attempts_page_newest
SELECT * FROM attempt_record
WHERE seq < :seq AND (:disposition = '' OR disposition = :disposition) AND (:since IS NULL OR reserved_at >= :since)
    AND (:bill_id = '' OR bill_id = :bill_id)
ORDER BY seq DESC LIMIT :limit;

-- name: attempts_page_newest_of_task
SELECT * FROM attempt_record
WHERE campaign_id = :task_id AND seq < :seq AND (:disposition = '' OR disposition = :disposition)
    AND (:since IS NULL OR reserved_at >= :since) AND (:bill_id = '' OR bill_id = :bill_id)
ORDER BY seq DESC LIMIT :limit;

-- name: attempts_page_newest_of_customer
SELECT * FROM attempt_record
WHERE customer_id = :customer_id AND (:task_id = '' OR campaign_id = :task_id) AND seq < :seq
    AND (:disposition = '' OR disposition = :disposition) AND (:since IS NULL OR reserved_at >= :since)
    AND (:bill_id = '' OR bill_id = :bill_id)
ORDER BY seq DESC LIMIT :limit;

-- name: api_promises
SELECT p.*, a.customer_id, a.account_id, a.bill_id, a.timezone
FROM promise_to_pay AS p JOIN account AS a ON a.id = p.account
WHERE (:made_at IS NULL OR (p.made_at, p.promise_id) < (:made_at, :promise_id)) AND (:state = '' OR p.state = :state)
ORDER BY p.made_at DESC, p.promise_id DESC LIMIT :limit;

-- name: api_promises_of_customer
SELECT p.*, a.customer_id, a.account_id, a.bill_id, a.timezone
FROM account AS a JOIN promise_to_pay AS p ON p.account = a.id
WHERE a.customer_id = :customer_id AND (:state = '' OR p.state = :state)
    AND (:made_at IS NULL OR (p.made_at, p.promise_id) < (:made_at, :promise_id))
ORDER BY p.made_at DESC, p.promise_id DESC LIMIT :limit;

-- name: api_entries
SELECT e.*, a.customer_id, a.account_id, a.bill_id FROM ledger_entry AS e JOIN account AS a ON a.id = e.account
WHERE e.seq < :seq AND (:kind = '' OR e.kind = :kind) AND (:bill_id = '' OR a.bill_id = :bill_id)
ORDER BY e.seq DESC LIMIT :limit;

-- name: api_entries_of_customer
SELECT e.*, a.customer_id, a.account_id, a.bill_id FROM account AS a JOIN ledger_entry AS e ON e.account = a.id
WHERE a.customer_id = :customer_id AND e.seq < :seq AND (:kind = '' OR e.kind = :kind)
    AND (:bill_id = '' OR a.bill_id = :bill_id)
ORDER BY e.seq DESC LIMIT :limit;

-- name: api_entry
SELECT e.*, a.customer_id, a.account_id, a.bill_id FROM ledger_entry AS e JOIN account AS a ON a.id = e.account
WHERE e.entry_id = :entry_id;

-- name: outbox_after
SELECT * FROM outbox_standing WHERE id > :after ORDER BY id LIMIT :limit;

-- name: newest_event
SELECT COALESCE(MAX(id), 0) AS id FROM outbox;
