-- name: InsertStagingToken :exec
-- Adds the token unless there is one of that hash.
INSERT INTO staging_tokens (org_id, id, role, token_hash, created_at)
VALUES (@org_id, @id, @role, @token_hash, @created_at)
ON CONFLICT (token_hash) DO NOTHING;

-- name: GetStagingToken :one
SELECT org_id, id, role
FROM staging_tokens
WHERE token_hash = @token_hash;

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
