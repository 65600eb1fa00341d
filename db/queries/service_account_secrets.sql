-- name: InsertServiceAccountSecret :exec
INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, suffix, created_at, expires_at)
VALUES (@org_id, @service_account_id, @id, @secret_hash, @suffix, @created_at, @expires_at);

-- name: ListLiveServiceAccountSecrets :many
-- The secrets that a token may be issued for, by the service account's id alone:
-- the client has not said which organization it is of.
SELECT service_account_secrets.*
FROM principals
JOIN service_account_secrets
    ON service_account_secrets.org_id = principals.org_id
    AND service_account_secrets.service_account_id = principals.id
WHERE principals.id = @service_account_id
    AND service_account_secrets.expires_at > @now
ORDER BY service_account_secrets.id
LIMIT 100;

-- name: UpdateServiceAccountSecretUsage :exec
-- Replicas write in any order: the latest use stays.
UPDATE service_account_secrets
SET last_used_at = greatest(last_used_at, @last_used_at::timestamptz)
WHERE org_id = @org_id AND service_account_id = @service_account_id AND id = @id;
