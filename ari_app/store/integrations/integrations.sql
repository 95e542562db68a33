-- name: add_integration_run
INSERT INTO integration_run (integration, started_at, ended_at, result, records, added, updated, unchanged, rejected, file,
    digest, fault, position, rejects_file)
VALUES (:integration, :started_at, :ended_at, :result, :records, :added, :updated, :unchanged, :rejected, :file,
    :digest, :fault, :position, :rejects_file)
ON CONFLICT (integration, digest) WHERE digest <> '' AND result = 'done' DO NOTHING;

-- Files stay remembered for good; of pulls the newest are enough.
-- name: forget_integration_runs
DELETE FROM integration_run WHERE integration = :integration AND digest = '' AND id <= (
    SELECT r.id FROM integration_run AS r WHERE r.integration = :integration AND r.digest = ''
    ORDER BY r.id DESC LIMIT 1 OFFSET :kept
) AND id <> (
    SELECT COALESCE(MAX(p.id), 0) FROM integration_run AS p WHERE p.integration = :integration AND p.position <> ''
);

-- name: integration_position
SELECT position FROM integration_run WHERE integration = :integration AND position <> '' ORDER BY id DESC LIMIT 1;

-- name: integration_file
SELECT id FROM integration_run WHERE integration = :integration AND digest = :digest AND digest <> '' AND result = 'done';

-- name: integration_runs
SELECT * FROM integration_run WHERE :integration IS NULL OR integration = :integration ORDER BY id DESC LIMIT :limit;
