-- Accounts whose service ends on a day, to be found without reading all of them.
CREATE INDEX account_suspension ON account (suspension_on) WHERE suspension_on IS NOT NULL;
