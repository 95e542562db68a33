-- What a language model wrote about a call, beside the summary of the rules in call_result.
CREATE TABLE model_summary (
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES attempt (attempt_id),
    text       TEXT NOT NULL CHECK (text <> ''),
    key_points TEXT NOT NULL CHECK (json_valid(key_points)),
    model      TEXT NOT NULL,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
