-- Who signed, written so that the same person is the same whatever the case and spaces of the name.
ALTER TABLE strategy_sign_off ADD COLUMN signer TEXT NOT NULL DEFAULT '';
