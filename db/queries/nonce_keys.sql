-- name: InsertNonceKey :exec
-- The first replica's key stays.
INSERT INTO nonce_keys (id, key, created_at)
VALUES (1, @key, @created_at)
ON CONFLICT (id) DO NOTHING;

-- name: GetNonceKey :one
SELECT key
FROM nonce_keys
WHERE id = 1;

-- name: GetSealed :one
-- Whether the nonce key or an API key is sealed, which makes it longer.
SELECT (
    EXISTS (SELECT FROM nonce_keys WHERE octet_length(key) > 32)
    OR EXISTS (SELECT FROM api_keys WHERE octet_length(ha1) > 16)
)::boolean AS sealed;

-- name: UpdateNonceKey :exec
-- Leaves one that is not as it was any more.
UPDATE nonce_keys
SET key = @key
WHERE id = 1 AND key = @stored;
