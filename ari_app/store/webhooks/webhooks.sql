-- name: add_event
INSERT INTO outbox (campaign_id, account, event, key, payload, created_at)
VALUES (:campaign_id, :account, :event, :key, :payload, :now)
ON CONFLICT (key) DO NOTHING RETURNING id;

-- name: add_deliveries
INSERT INTO delivery (event, endpoint, account, next_at)
SELECT :id, e.id, :account, :now FROM webhook_endpoint AS e
WHERE (:campaign_id IS NULL OR e.campaign_id IS NULL OR e.campaign_id = :campaign_id)
    AND EXISTS (SELECT 1 FROM json_each(e.events) AS j WHERE :event GLOB j.value);

-- name: campaigns_of_account
SELECT campaign_id FROM campaign_account WHERE account = :account ORDER BY campaign_id;

-- name: endpoint_of_campaign
SELECT url, events, secret FROM webhook_endpoint WHERE campaign_id = :campaign_id;

-- name: put_campaign_endpoint
INSERT INTO webhook_endpoint (name, campaign_id, url, events, secret, state_at)
VALUES (:name, :campaign_id, :url, :events, :secret, 0)
ON CONFLICT (campaign_id) DO UPDATE SET url = excluded.url, events = excluded.events, secret = excluded.secret,
    state = IIF(url = excluded.url, state, 'active'), why = IIF(url = excluded.url, why, ''),
    failures = IIF(url = excluded.url, failures, 0), probes = IIF(url = excluded.url, probes, 0),
    probe_at = IIF(url = excluded.url, probe_at, NULL);

-- name: live_endpoints
SELECT id, url, secret, old_secret, old_until, state FROM webhook_endpoint
WHERE state = 'active' OR (state = 'failing' AND probe_at <= :now) ORDER BY id;

-- name: due_deliveries
SELECT d.event, o.event AS name, o.key, o.payload FROM delivery AS d JOIN outbox AS o ON o.id = d.event
WHERE d.endpoint = :endpoint AND d.state = 'pending' AND d.next_at <= :upto
    AND NOT EXISTS (SELECT 1 FROM delivery AS b WHERE b.endpoint = d.endpoint AND b.account = d.account
        AND b.state = 'pending' AND b.event < d.event)
ORDER BY d.next_at, d.event LIMIT :limit;

-- name: delivery
SELECT d.*, o.event AS name, o.campaign_id, o.key FROM delivery AS d JOIN outbox AS o ON o.id = d.event
WHERE d.event = :event AND d.endpoint = :endpoint;

-- name: move_delivery
UPDATE delivery SET state = :state, tries = :tries, spent = :spent, next_at = :next_at, status = :status, fault = :fault,
    tried_at = :now
WHERE event = :event AND endpoint = :endpoint;

-- name: endpoint
SELECT * FROM webhook_endpoint WHERE id = :endpoint;

-- name: endpoint_named
SELECT * FROM webhook_endpoint WHERE name = :name;

-- name: move_endpoint
UPDATE webhook_endpoint SET state_at = CASE WHEN state = :state THEN state_at ELSE :now END, state = :state, why = :why,
    failures = :failures, probes = :probes, probe_at = :probe_at
WHERE id = :endpoint;

-- name: add_endpoint
INSERT INTO webhook_endpoint (name, url, events, secret, state_at) VALUES (:name, :url, :events, :secret, :now)
ON CONFLICT (name) DO NOTHING;

-- name: rotate_endpoint
UPDATE webhook_endpoint SET old_secret = secret, old_until = :until, secret = :secret
WHERE name = :name AND secret <> '' AND secret <> :secret;

-- name: old_events
SELECT o.id FROM outbox AS o WHERE o.created_at < :before AND o.id <= (SELECT event FROM alert_cursor)
    AND NOT EXISTS (SELECT 1 FROM delivery AS d WHERE d.event = o.id AND d.state = 'pending')
ORDER BY o.created_at LIMIT :limit;

-- name: forget_deliveries
DELETE FROM delivery WHERE event IN (SELECT value FROM json_each(:events));

-- name: forget_events
DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(:events));

-- name: endpoints
SELECT e.*,
    (SELECT count(*) FROM delivery AS d WHERE d.endpoint = e.id AND d.state = 'pending') AS pending,
    (SELECT count(*) FROM delivery AS d WHERE d.endpoint = e.id AND d.state = 'dead') AS dead
FROM webhook_endpoint AS e ORDER BY e.name;

-- name: backlog
SELECT (SELECT count(*) FROM delivery WHERE state = 'pending') AS pending,
    (SELECT count(*) FROM delivery WHERE state = 'dead') AS dead,
    (SELECT min(o.created_at) FROM outbox AS o WHERE o.id = (
        SELECT min(event) FROM delivery INDEXED BY delivery_due WHERE state = 'pending'))
        AS oldest,
    (SELECT count(*) FROM webhook_endpoint WHERE state <> 'active') AS failing;

-- name: deliveries
SELECT d.*, o.event AS name, o.key, o.campaign_id, o.created_at, o.payload, e.name AS endpoint_name
FROM delivery AS d JOIN outbox AS o ON o.id = d.event JOIN webhook_endpoint AS e ON e.id = d.endpoint
WHERE (:event_id IS NULL OR d.event = :event_id) AND (:state IS NULL OR d.state = :state)
    AND (:event IS NULL OR o.event GLOB :event) AND (:endpoint IS NULL OR e.name = :endpoint)
    AND (:since IS NULL OR o.created_at >= :since) AND (:before IS NULL OR o.created_at < :before)
ORDER BY d.event DESC, d.endpoint LIMIT :limit;

-- name: replay_deliveries
UPDATE delivery SET state = 'pending', spent = 0, next_at = :now
WHERE (event, endpoint) IN (
    SELECT d.event, d.endpoint
    FROM delivery AS d JOIN outbox AS o ON o.id = d.event JOIN webhook_endpoint AS e ON e.id = d.endpoint
    WHERE (:event_id IS NULL OR d.event = :event_id) AND (:state IS NULL OR d.state = :state)
        AND (:event IS NULL OR o.event GLOB :event) AND (:endpoint IS NULL OR e.name = :endpoint)
        AND (:since IS NULL OR o.created_at >= :since) AND (:before IS NULL OR o.created_at < :before));
