-- Links to the page of a bill, orders at providers, what providers have told, and what customers did on the page.

CREATE TABLE payment_link (
    link_id     TEXT NOT NULL PRIMARY KEY CHECK (link_id <> ''),
    account     INTEGER NOT NULL REFERENCES account (id),
    purpose     TEXT NOT NULL CHECK (purpose IN ('pay')),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    max_uses    INTEGER NOT NULL CHECK (max_uses >= 1),
    uses        INTEGER NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND max_uses),
    failures    INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    revoked_at  INTEGER,
    revoked_why TEXT NOT NULL DEFAULT '',
    CHECK (expires_at > created_at),
    CHECK ((revoked_at IS NULL) = (revoked_why = ''))
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_link_account ON payment_link (account, created_at);

CREATE TABLE payment_page_act (
    id      INTEGER PRIMARY KEY,
    link_id TEXT NOT NULL REFERENCES payment_link (link_id),
    act     TEXT NOT NULL CHECK (act IN ('opened', 'failed', 'ordered', 'promised', 'objected', 'opted_out')),
    subject TEXT NOT NULL DEFAULT '',
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX payment_page_act_link ON payment_page_act (link_id);

-- An order's number goes to the provider and comes back with the money.
CREATE TABLE payment_order (
    order_no     TEXT NOT NULL PRIMARY KEY CHECK (length(order_no) BETWEEN 6 AND 32),
    account      INTEGER NOT NULL REFERENCES account (id),
    provider     TEXT NOT NULL CHECK (provider <> ''),
    method       TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT NOT NULL CHECK (currency <> ''),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT NOT NULL,
    link_id      TEXT REFERENCES payment_link (link_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_order_account ON payment_order (account, created_at);

-- What providers have told, verified. body is what came, word for word; '' where it came as a row of a file.
CREATE TABLE payment_notice (
    seq          INTEGER PRIMARY KEY,
    provider     TEXT NOT NULL CHECK (provider <> ''),
    event_id     TEXT NOT NULL CHECK (event_id <> ''),
    kind         TEXT NOT NULL CHECK (kind IN ('payment', 'reversal', 'other')),
    amount_minor INTEGER CHECK (amount_minor > 0),
    is_total     INTEGER NOT NULL DEFAULT 0 CHECK (is_total IN (0, 1)),
    currency     TEXT NOT NULL,
    occurred_at  INTEGER NOT NULL,
    reference    TEXT NOT NULL,
    reverses     TEXT NOT NULL,
    order_no     TEXT NOT NULL,
    customer_id  TEXT NOT NULL,
    account_id   TEXT NOT NULL,
    bill_id      TEXT NOT NULL,
    body         BLOB NOT NULL,
    source       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('received', 'applied', 'refused', 'unmatched')),
    reason       TEXT NOT NULL CHECK (reason <> ''),
    note         TEXT NOT NULL DEFAULT '',
    entry_id     TEXT NOT NULL DEFAULT '',
    received_at  INTEGER NOT NULL,
    decided_at   INTEGER NOT NULL,
    deliveries   INTEGER NOT NULL DEFAULT 1 CHECK (deliveries >= 1),
    UNIQUE (provider, event_id),
    CHECK ((kind = 'other') = (amount_minor IS NULL)),
    CHECK ((kind = 'reversal') = (reverses <> '')),
    CHECK (kind = 'other' OR reference <> ''),
    CHECK ((kind = 'other') = (state = 'received')),
    CHECK (entry_id = '' OR state IN ('applied', 'refused'))
) STRICT;

CREATE INDEX payment_notice_unmatched ON payment_notice (seq) WHERE state = 'unmatched';
CREATE INDEX payment_notice_waiting ON payment_notice (provider, reverses) WHERE state = 'unmatched';

-- A provider's movements in the order in which they happened, for the comparison with its own list.
CREATE INDEX ledger_entry_happened ON ledger_entry (provider, occurred_at);
