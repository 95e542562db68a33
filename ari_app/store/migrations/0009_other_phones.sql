-- Further numbers of an account, in the order in which they are tried; the first number stands in account.
CREATE TABLE other_phone (
    account  INTEGER NOT NULL REFERENCES account (id),
    position INTEGER NOT NULL CHECK (position >= 1),
    phone    TEXT NOT NULL CHECK (phone <> ''),
    PRIMARY KEY (account, position),
    UNIQUE (account, phone)
) STRICT, WITHOUT ROWID;

CREATE INDEX other_phone_phone ON other_phone (phone);

-- A number that was taken away may be ringing.
CREATE TRIGGER revise_other_phone AFTER DELETE ON other_phone BEGIN
    UPDATE standing_revision SET number = number + 1;
END;
