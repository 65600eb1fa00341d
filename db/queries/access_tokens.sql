-- name: InsertAccessToken :one
-- Adds a token for a secret that has not expired, none that outlives it, and
-- removes some that have expired of the same service account, so that an account
-- in use leaves none behind. The organization is held first, and has the clock by which
-- it is now: whoever turns that back ends all tokens. Then the secret is held: whoever
-- deletes it takes it before its tokens, too. SKIP LOCKED lets requests that remove tokens
-- at once pass each other.
WITH org AS (
    SELECT orgs.id
    FROM orgs
    WHERE orgs.id = @org_id
        AND orgs.clock_offset = @clock_offset
        AND orgs.clock_frozen_at IS NOT DISTINCT FROM sqlc.narg('clock_frozen_at')
    FOR KEY SHARE
), secret AS (
    SELECT
        service_account_secrets.org_id,
        service_account_secrets.service_account_id,
        service_account_secrets.id,
        service_account_secrets.expires_at
    FROM org
    JOIN service_account_secrets ON service_account_secrets.org_id = org.id
    WHERE service_account_secrets.org_id = @org_id
        AND service_account_secrets.service_account_id = @service_account_id
        AND service_account_secrets.id = @secret_id
        AND service_account_secrets.expires_at > @created_at
    FOR KEY SHARE OF service_account_secrets
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

-- name: DeleteOrgAccessTokens :exec
DELETE FROM access_tokens
WHERE org_id = @org_id;
