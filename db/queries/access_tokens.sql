-- name: InsertAccessToken :one
-- Adds a token for a secret that has not expired, none that outlives it, and
-- removes some that have expired of the same service account, so that an account
-- in use leaves none behind. The secret is held first: whoever deletes it takes
-- it before its tokens, too. SKIP LOCKED lets requests that remove tokens at
-- once pass each other.
WITH secret AS (
    SELECT org_id, service_account_id, id, expires_at
    FROM service_account_secrets
    WHERE service_account_secrets.org_id = @org_id
        AND service_account_secrets.service_account_id = @service_account_id
        AND service_account_secrets.id = @secret_id
        AND service_account_secrets.expires_at > @created_at
    FOR KEY SHARE
), expired AS (
    DELETE FROM access_tokens
    WHERE token_hash IN (
        SELECT access_tokens.token_hash
        FROM secret
        JOIN access_tokens
            ON access_tokens.org_id = secret.org_id
            AND access_tokens.service_account_id = secret.service_account_id
        WHERE access_tokens.org_id = @org_id
            AND access_tokens.expires_at <= @created_at
        LIMIT 100
        FOR UPDATE OF access_tokens SKIP LOCKED
    )
)
INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
SELECT
    @token_hash::bytea AS token_hash,
    secret.org_id,
    secret.service_account_id,
    secret.id AS secret_id,
    @created_at::timestamptz AS created_at,
    least(secret.expires_at, @expires_at::timestamptz) AS expires_at
FROM secret
RETURNING expires_at;

-- name: DeleteAccessToken :exec
DELETE FROM access_tokens
WHERE org_id = @org_id
    AND service_account_id = @service_account_id
    AND token_hash = @token_hash;
