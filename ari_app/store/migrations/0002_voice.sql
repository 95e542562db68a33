-- The voice: what each call's recording holds and when it began, who answered, how long the customer waited for the bot,
-- and of each turn its latency ledger.
--
-- Instants are microseconds since 1970 UTC as before, names ending in _ms are milliseconds, names ending in _s are
-- seconds of call time.

-- Consent: the recording's start beside the moment at which the notice of it was spoken, and the answer to that.
ALTER TABLE attempt ADD COLUMN recording_started_at INTEGER;
ALTER TABLE attempt ADD COLUMN recording_notice_at INTEGER;
ALTER TABLE attempt ADD COLUMN recording_notice_answer TEXT;

-- The finished file: its length, and the sound on each leg.
ALTER TABLE attempt ADD COLUMN recording_seconds REAL CHECK (recording_seconds >= 0);
ALTER TABLE attempt ADD COLUMN recording_customer_s REAL CHECK (recording_customer_s >= 0);
ALTER TABLE attempt ADD COLUMN recording_bot_s REAL CHECK (recording_bot_s >= 0);

-- Who answered, and how long after the answer that was known.
ALTER TABLE attempt ADD COLUMN answer_verdict TEXT CHECK (answer_verdict <> '');
ALTER TABLE attempt ADD COLUMN answer_verdict_ms REAL CHECK (answer_verdict_ms >= 0);

-- Spoken answers that the bot replied to, and the wait from the customer's last voice to the bot's first sound.
ALTER TABLE attempt ADD COLUMN replies INTEGER CHECK (replies >= 0);
ALTER TABLE attempt ADD COLUMN turn_p50_ms REAL;
ALTER TABLE attempt ADD COLUMN turn_max_ms REAL;

ALTER TABLE turn ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1));
ALTER TABLE turn ADD COLUMN covers TEXT NOT NULL DEFAULT '';
ALTER TABLE turn ADD COLUMN speech_ended_s REAL;
ALTER TABLE turn ADD COLUMN final_text_s REAL;
ALTER TABLE turn ADD COLUMN decided_s REAL;
ALTER TABLE turn ADD COLUMN audio_sent_s REAL;
ALTER TABLE turn ADD COLUMN on_wire_s REAL;
