-- Webhooks: every event once, where events go, and what became of each on its way there.
--
-- Until now the outbox held what one webhook wanted. From now on it holds every event, whether or not anybody wants it,
-- and a delivery stands for each place that one goes to. account names the lane in which order is kept.
ALTER TABLE outbox RENAME TO outbox_before;

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id TEXT REFERENCES campaign (campaign_id),
    account     INTEGER REFERENCES account (id),
    event       TEXT NOT NULL,
    key         TEXT NOT NULL UNIQUE,
    payload     TEXT NOT NULL CHECK (json_valid(payload)),
    created_at  INTEGER NOT NULL
) STRICT;

INSERT INTO outbox (id, campaign_id, account, event, key, payload, created_at)
SELECT o.id, o.campaign_id, (SELECT a.id FROM account AS a WHERE a.customer_id = o.payload ->> '$.customerId'
    AND a.account_id = o.payload ->> '$.accountId' AND a.bill_id = o.payload ->> '$.billId'),
    o.event, o.key, o.payload, o.created_at
FROM outbox_before AS o;

CREATE INDEX outbox_account ON outbox (account);

-- A campaign's own webhook has its row here too; it is written with the campaign. Without a campaign: a standing endpoint.
-- events holds names, or patterns such as collection.*; old_secret signs beside secret until old_until.
CREATE TABLE webhook_endpoint (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE CHECK (name <> ''),
    campaign_id TEXT UNIQUE REFERENCES campaign (campaign_id),
    url         TEXT NOT NULL CHECK (url <> ''),
    events      TEXT NOT NULL CHECK (json_type(events) = 'array'),
    secret      TEXT NOT NULL,
    old_secret  TEXT NOT NULL DEFAULT '',
    old_until   INTEGER,
    state       TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'failing', 'disabled')),
    why         TEXT NOT NULL DEFAULT '',
    state_at    INTEGER NOT NULL,
    failures    INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    probes      INTEGER NOT NULL DEFAULT 0 CHECK (probes >= 0),
    probe_at    INTEGER,
    CHECK ((old_secret = '') = (old_until IS NULL)),
    CHECK ((state = 'failing') = (probe_at IS NOT NULL)),
    CHECK ((state = 'active') = (why = ''))
) STRICT;

INSERT INTO webhook_endpoint (name, campaign_id, url, events, secret, state_at)
SELECT 'campaign/' || campaign_id, campaign_id, webhook ->> '$.url', webhook -> '$.events',
    coalesce(webhook ->> '$.secret', ''), 0
FROM campaign WHERE webhook IS NOT NULL;

-- One event on its way to one endpoint. next_at: not before; status and fault: the last answer.
CREATE TABLE delivery (
    event    INTEGER NOT NULL REFERENCES outbox (id),
    endpoint INTEGER NOT NULL REFERENCES webhook_endpoint (id),
    account  INTEGER,
    state    TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    tries    INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    spent    INTEGER NOT NULL DEFAULT 0 CHECK (spent BETWEEN 0 AND tries),
    next_at  INTEGER,
    status   INTEGER,
    fault    TEXT NOT NULL DEFAULT '',
    tried_at INTEGER,
    PRIMARY KEY (event, endpoint),
    CHECK ((state = 'pending') = (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO delivery (event, endpoint, account, state, tries, spent, next_at)
SELECT o.id, e.id, n.account, o.state, o.attempts, o.attempts,
    CASE o.state WHEN 'pending' THEN coalesce(o.next_at, o.created_at) END
FROM outbox_before AS o JOIN webhook_endpoint AS e ON e.campaign_id = o.campaign_id JOIN outbox AS n ON n.id = o.id;

DROP TABLE outbox_before;

-- What is due next at an endpoint, and whether something of the same account goes first.
CREATE INDEX delivery_due ON delivery (endpoint, next_at, event) WHERE state = 'pending';
CREATE INDEX delivery_lane ON delivery (endpoint, account, event) WHERE state = 'pending';
CREATE INDEX delivery_dead ON delivery (tried_at) WHERE state = 'dead';

-- An event with where it stands over all places that it goes to; kept: it goes nowhere.
CREATE VIEW outbox_standing AS
SELECT o.id, o.campaign_id, o.account, o.event, o.key, o.payload, o.created_at,
    (SELECT count(*) FROM delivery AS d WHERE d.event = o.id) AS places,
    CASE WHEN EXISTS (SELECT 1 FROM delivery AS d WHERE d.event = o.id AND d.state = 'pending') THEN 'pending'
        WHEN EXISTS (SELECT 1 FROM delivery AS d WHERE d.event = o.id AND d.state = 'dead') THEN 'dead'
        WHEN EXISTS (SELECT 1 FROM delivery AS d WHERE d.event = o.id) THEN 'sent' ELSE 'kept' END AS state,
    (SELECT coalesce(max(d.tries), 0) FROM delivery AS d WHERE d.event = o.id) AS attempts,
    (SELECT min(d.next_at) FROM delivery AS d WHERE d.event = o.id) AS next_at
FROM outbox AS o;
