-- name: InsertStagingToken :exec
-- Adds the token unless there is one of that hash.
INSERT INTO staging_tokens (org_id, id, role, token_hash, created_at)
VALUES (@org_id, @id, @role, @token_hash, @created_at)
ON CONFLICT (token_hash) DO NOTHING;

-- name: GetStagingToken :one
-- The token of an organization that has not expired.
SELECT staging_tokens.org_id, staging_tokens.id, staging_tokens.role
FROM staging_tokens
JOIN orgs ON orgs.id = staging_tokens.org_id
WHERE staging_tokens.token_hash = @token_hash
    AND (orgs.expires_at IS NULL OR orgs.expires_at > @now::timestamptz);

-- name: ListStagingTokens :many
SELECT id, role, created_at
FROM staging_tokens
WHERE org_id = @org_id
ORDER BY id
LIMIT 1000;

-- name: CountStagingTokens :one
SELECT count(*)
FROM staging_tokens
WHERE org_id = @org_id;

-- name: DeleteStagingToken :execrows
DELETE FROM staging_tokens
WHERE org_id = @org_id AND id = @id;
