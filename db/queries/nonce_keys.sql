-- name: InsertNonceKey :exec
-- The first replica's key stays.
INSERT INTO nonce_keys (id, key, created_at)
VALUES (1, @key, @created_at)
ON CONFLICT (id) DO NOTHING;

-- name: GetNonceKey :one
SELECT key
FROM nonce_keys
WHERE id = 1;
