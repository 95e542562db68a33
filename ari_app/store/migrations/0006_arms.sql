-- Experiments: the arm that each customer was given, and the arms that each attempt ran with.

-- The newest number of an experiment is the arm that the customer has; the rows before it are what he had.
CREATE TABLE arm_assignment (
    customer_id TEXT NOT NULL CHECK (customer_id <> ''),
    experiment  TEXT NOT NULL CHECK (experiment <> ''),
    number      INTEGER NOT NULL CHECK (number >= 1),
    arm         TEXT NOT NULL CHECK (arm <> ''),
    reason      TEXT NOT NULL CHECK (reason IN ('first', 'arm_removed')),
    attempt_id  TEXT NOT NULL REFERENCES attempt (attempt_id),
    assigned_at INTEGER NOT NULL,
    PRIMARY KEY (customer_id, experiment, number),
    CHECK ((reason = 'first') = (number = 1))
) STRICT, WITHOUT ROWID;

-- A JSON object of experiment and arm.
ALTER TABLE attempt ADD COLUMN arms TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(arms));
