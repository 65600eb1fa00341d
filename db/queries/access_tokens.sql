-- name: InsertAccessToken :exec
-- Adds the token and removes some that have expired of the same service account,
-- so that an account in use leaves none behind. SKIP LOCKED lets requests that
-- do so at once pass each other.
WITH expired AS (
    DELETE FROM access_tokens
    WHERE token_hash IN (
        SELECT access_tokens.token_hash
        FROM access_tokens
        WHERE access_tokens.org_id = @org_id
            AND access_tokens.service_account_id = @service_account_id
            AND access_tokens.expires_at <= @created_at
        LIMIT 100
        FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
VALUES (@token_hash, @org_id, @service_account_id, @secret_id, @created_at, @expires_at);

-- name: DeleteAccessToken :exec
DELETE FROM access_tokens
WHERE org_id = @org_id
    AND service_account_id = @service_account_id
    AND token_hash = @token_hash;
