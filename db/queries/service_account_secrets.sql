-- name: InsertServiceAccountSecret :exec
INSERT INTO service_account_secrets (org_id, service_account_id, id, secret_hash, suffix, created_at, expires_at)
VALUES (@org_id, @service_account_id, @id, @secret_hash, @suffix, @created_at, @expires_at);

-- name: ListServiceAccountSecrets :many
-- The secrets of some accounts of the organization, those that have expired
-- among them, in the order of their creation.
SELECT *
FROM service_account_secrets
WHERE org_id = @org_id AND service_account_id = ANY(@service_account_ids::text[])
ORDER BY created_at, id
LIMIT 100000;

-- name: ListOrgServiceAccountSecrets :many
-- The secrets of all accounts of the organization.
SELECT *
FROM service_account_secrets
WHERE org_id = @org_id
ORDER BY service_account_id, created_at, id
LIMIT 100000;

-- name: ListClientSecrets :many
-- The secrets of a service account, those that have expired among them, by its id alone:
-- the client has not said which organization it is of. With them is what the clock of that
-- shows.
SELECT
    sqlc.embed(service_account_secrets),
    coalesce(orgs.journal_mode, CASE WHEN orgs.protected THEN 'off' ELSE 'full' END)::text AS journal_mode,
    orgs.clock_offset,
    orgs.clock_frozen_at
FROM principals
JOIN orgs ON orgs.id = principals.org_id
JOIN service_account_secrets
    ON service_account_secrets.org_id = principals.org_id
    AND service_account_secrets.service_account_id = principals.id
WHERE principals.id = @service_account_id
    AND (orgs.expires_at IS NULL OR orgs.expires_at > @now::timestamptz)
ORDER BY service_account_secrets.id
LIMIT 100;

-- name: CountServiceAccountSecrets :one
SELECT count(*)
FROM service_account_secrets
WHERE org_id = @org_id AND service_account_id = @service_account_id;

-- name: UpdateServiceAccountSecretsExpiry :exec
-- Lets the account's secrets expire at a time, if they would not before.
UPDATE service_account_secrets
SET expires_at = @expires_at
WHERE org_id = @org_id AND service_account_id = @service_account_id AND expires_at > @expires_at;

-- name: UpdateServiceAccountSecretUsage :exec
-- Replicas write in any order: the latest use stays.
UPDATE service_account_secrets
SET last_used_at = greatest(last_used_at, @last_used_at::timestamptz)
WHERE org_id = @org_id AND service_account_id = @service_account_id AND id = @id;

-- name: DeleteServiceAccountSecret :one
-- Deletes the secret with the tokens that were issued for it.
DELETE FROM service_account_secrets
WHERE org_id = @org_id AND service_account_id = @service_account_id AND id = @id
RETURNING id;
