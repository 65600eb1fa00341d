-- name: InsertStagingSession :exec
INSERT INTO staging_sessions (id_hash, org_id, token_id, operator_hash, expires_at)
VALUES (@id_hash, sqlc.narg('org_id'), sqlc.narg('token_id'), sqlc.narg('operator_hash'), @expires_at);

-- name: GetStagingSession :one
-- The hash of the token that a session which has not expired was begun with.
SELECT coalesce(staging_tokens.token_hash, staging_sessions.operator_hash)::bytea AS token_hash
FROM staging_sessions
LEFT JOIN staging_tokens
    ON staging_tokens.org_id = staging_sessions.org_id
    AND staging_tokens.id = staging_sessions.token_id
WHERE staging_sessions.id_hash = @id_hash
    AND staging_sessions.expires_at > @now::timestamptz;

-- name: DeleteStagingSession :exec
DELETE FROM staging_sessions
WHERE id_hash = @id_hash;

-- name: DeleteStagingSessionsBefore :exec
-- Deletes those that have expired.
DELETE FROM staging_sessions
WHERE expires_at <= @now;

-- name: DeleteStagingSessionsPast :exec
-- Leaves the newest sessions of the token of an organization, or of the operator's, so many.
DELETE FROM staging_sessions
WHERE id_hash IN (
    SELECT past.id_hash
    FROM staging_sessions AS past
    WHERE past.org_id IS NOT DISTINCT FROM sqlc.narg('org_id')::object_id
        AND past.token_id IS NOT DISTINCT FROM sqlc.narg('token_id')::object_id
    ORDER BY past.expires_at DESC, past.id_hash
    OFFSET @kept::integer
);
