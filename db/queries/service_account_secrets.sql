-- name: InsertServiceAccountSecret :exec
INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, created_at, expires_at)
VALUES (@org_id, @service_account_id, @id, @secret_hash, @created_at, @expires_at);

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
