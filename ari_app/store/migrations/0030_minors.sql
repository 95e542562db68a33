-- A list that says that a customer is a minor takes back a call that rings, as a payment does.
DROP TRIGGER revise_account;
CREATE TRIGGER revise_account AFTER UPDATE OF phone, amount_minor, minor ON account
WHEN old.phone <> new.phone OR old.amount_minor <> new.amount_minor OR old.minor <> new.minor BEGIN
    UPDATE standing_revision SET number = number + 1;
END;
