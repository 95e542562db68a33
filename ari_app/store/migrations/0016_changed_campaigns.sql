-- Changes of the campaign for which what it had refused or moved has not been asked again to the end.
ALTER TABLE campaign ADD COLUMN to_ask INTEGER NOT NULL DEFAULT 0 CHECK (to_ask >= 0);
