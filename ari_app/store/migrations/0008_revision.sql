-- A number that rises with every change that may forbid a call which is already on its way. A controller looks at it
-- once a second, whichever process made the change.

CREATE TABLE standing_revision (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
) STRICT;

INSERT INTO standing_revision (one, number) VALUES (1, 0);

CREATE TRIGGER revise_list_added AFTER INSERT ON list_entry BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

CREATE TRIGGER revise_list_changed AFTER UPDATE ON list_entry BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

CREATE TRIGGER revise_flag_set AFTER INSERT ON standing_flag BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

CREATE TRIGGER revise_flag_cleared AFTER UPDATE ON standing_flag BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

CREATE TRIGGER revise_campaign AFTER UPDATE ON campaign BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

CREATE TRIGGER revise_dead_number AFTER INSERT ON dead_number BEGIN
    UPDATE standing_revision SET number = number + 1;
END;

CREATE TRIGGER revise_account AFTER UPDATE OF phone, amount_minor ON account
WHEN old.phone <> new.phone OR old.amount_minor <> new.amount_minor BEGIN
    UPDATE standing_revision SET number = number + 1;
END;
