-- People who answered, by campaign and time: what the limit on abandoned calls is counted from.

CREATE INDEX attempt_answers ON attempt (campaign_id, answered_at, disposition) WHERE answered_at IS NOT NULL;
