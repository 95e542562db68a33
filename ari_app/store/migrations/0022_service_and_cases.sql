-- The service behind an account with the orders to suspend and to restore it; and cases over 90 days with their evidence.
--
-- Units as before. A service belongs to all bills of one account of a customer.

CREATE TABLE service (
    id          INTEGER PRIMARY KEY,
    customer_id TEXT NOT NULL CHECK (customer_id <> ''),
    account_id  TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('active', 'warned_24h', 'warned_4h', 'suspension_ordered', 'suspended',
        'restoration_ordered')),
    state_at    INTEGER NOT NULL,
    UNIQUE (customer_id, account_id)
) STRICT;

-- What somebody outside has to do. cause names what it was ordered for (the announced instant, the movement that settled):
-- ordered once for each. notices are the warnings that prove a suspension was announced.
CREATE TABLE service_order (
    order_id     TEXT NOT NULL PRIMARY KEY CHECK (order_id <> ''),
    service      INTEGER NOT NULL REFERENCES service (id),
    account      INTEGER NOT NULL REFERENCES account (id),
    kind         TEXT NOT NULL CHECK (kind IN ('suspension', 'restoration')),
    cause        TEXT NOT NULL CHECK (cause <> ''),
    state        TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'withdrawn')),
    ordered_at   INTEGER NOT NULL,
    ordered_by   TEXT NOT NULL,
    reason       TEXT NOT NULL,
    payment_at   INTEGER,
    notices      TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(notices)),
    overdue_at   INTEGER,
    ended_at     INTEGER,
    ended_by     TEXT NOT NULL DEFAULT '',
    ended_why    TEXT NOT NULL DEFAULT '',
    UNIQUE (service, kind, cause),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK (payment_at IS NULL OR kind = 'restoration')
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX service_order_open ON service_order (service) WHERE state = 'open';
CREATE INDEX service_order_late ON service_order (ordered_at) WHERE state = 'open' AND overdue_at IS NULL;

CREATE TABLE arrears_case (
    case_id          TEXT NOT NULL PRIMARY KEY CHECK (case_id <> ''),
    account          INTEGER NOT NULL REFERENCES account (id),
    customer_id      TEXT NOT NULL CHECK (customer_id <> ''),
    account_id       TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('watching', 'evidence_fixed', 'handed_over', 'in_progress', 'closed')),
    state_at         INTEGER NOT NULL,
    opened_at        INTEGER NOT NULL,
    opened_day       INTEGER NOT NULL CHECK (opened_day >= 0),
    opened_minor     INTEGER NOT NULL CHECK (opened_minor > 0),
    package          TEXT NOT NULL DEFAULT '' CHECK (package NOT LIKE '/%' AND package NOT LIKE '%..%'),
    package_sha256   TEXT NOT NULL DEFAULT '',
    package_at       INTEGER,
    package_day      INTEGER,
    missing          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(missing)),
    handed_to        TEXT NOT NULL DEFAULT '' CHECK (handed_to IN ('', 'agency', 'law_firm')),
    handed_name      TEXT NOT NULL DEFAULT '',
    handed_at        INTEGER,
    handed_by        TEXT NOT NULL DEFAULT '',
    reviewed_by      TEXT NOT NULL DEFAULT '',
    handed_minor     INTEGER CHECK (handed_minor > 0),
    outcome          TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'recovered', 'written_off', 'withdrawn')),
    recovered_minor  INTEGER,
    commission_minor INTEGER CHECK (commission_minor >= 0),
    closed_at        INTEGER,
    closed_by        TEXT NOT NULL DEFAULT '',
    closed_why       TEXT NOT NULL DEFAULT '',
    CHECK ((package_at IS NULL) = (package = '')),
    CHECK ((package = '') = (package_sha256 = '')),
    CHECK (state <> 'evidence_fixed' OR package <> ''),
    CHECK ((handed_at IS NULL) = (handed_to = '')),
    CHECK ((handed_at IS NULL) = (handed_minor IS NULL)),
    CHECK (handed_at IS NULL OR handed_by <> ''),
    CHECK (reviewed_by = '' OR reviewed_by <> handed_by),
    CHECK (state NOT IN ('handed_over', 'in_progress') OR handed_at IS NOT NULL),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((state = 'closed') = (outcome <> ''))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX arrears_case_open ON arrears_case (account) WHERE state <> 'closed';
CREATE INDEX arrears_case_account ON arrears_case (account);
-- Who is called by no machine while somebody else has the case: read by every verdict.
CREATE INDEX arrears_case_handed ON arrears_case (customer_id) WHERE state IN ('handed_over', 'in_progress');

CREATE TABLE arrears_case_step (
    seq     INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES arrears_case (case_id),
    at      INTEGER NOT NULL,
    step    TEXT NOT NULL CHECK (step <> ''),
    state   TEXT NOT NULL,
    by      TEXT NOT NULL,
    note    TEXT NOT NULL
) STRICT;

CREATE INDEX arrears_case_step_case ON arrears_case_step (case_id);

-- Bills by the day they fell due, to find those that grow old without reading all.
CREATE INDEX account_due ON account (due_date);

-- A case that is handed over (or comes back) may forbid a call that is on its way.
CREATE TRIGGER revise_arrears_case AFTER UPDATE OF state ON arrears_case BEGIN
    UPDATE standing_revision SET number = number + 1;
END;
