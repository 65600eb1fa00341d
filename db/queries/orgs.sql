-- name: InsertOrg :execrows
-- Adds the organization unless there is one of that id.
INSERT INTO orgs (id, name, api_access_list_required, protected, created_at, expires_at)
VALUES (@id, @name, @api_access_list_required, @protected, @created_at, sqlc.narg('expires_at'))
ON CONFLICT (id) DO NOTHING;

-- name: GetOrg :one
SELECT *
FROM orgs
WHERE id = @org_id;

-- name: GetOrgForNoKeyUpdate :one
-- Locks the organization: of two requests that count what it has, one waits.
SELECT *
FROM orgs
WHERE id = @org_id
FOR NO KEY UPDATE;

-- name: GetOrgForUpdate :one
-- Locks the organization as a whole: whoever adds something to it waits.
SELECT *
FROM orgs
WHERE id = @org_id
FOR UPDATE;

-- name: GetOrgClockForKeyShare :one
-- What the organization's clock shows, by which things are done until the commit: whoever
-- moves it waits.
SELECT clock_offset, clock_frozen_at
FROM orgs
WHERE id = @org_id
FOR KEY SHARE;

-- name: GetExpiredOrgForUpdateSkipLocked :one
-- Locks an organization that has expired, that nobody else has locked, and that is none of
-- some.
SELECT id
FROM orgs
WHERE
    expires_at <= @now::timestamptz
    AND id <> ALL(@but::text[])
ORDER BY expires_at
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: GetOrgMaxSecretHours :one
-- The longest validity that the organization allows the secrets of its service
-- accounts.
SELECT coalesce((settings ->> 'maxServiceAccountSecretValidityInHours')::integer, @by_default::integer)::integer AS hours
FROM orgs
WHERE id = @org_id;

-- name: GetOrgJournalMode :one
-- How much the journal keeps, as ListPrincipals has it.
SELECT coalesce(journal_mode, CASE WHEN protected THEN 'off' ELSE 'full' END)::text AS journal_mode
FROM orgs
WHERE id = @org_id;

-- name: GetThrowawaysLock :one
-- Of two transactions that count throw-away organizations, one waits until the other has
-- committed.
SELECT true AS held
FROM pg_advisory_xact_lock(x'7461726573'::bigint);

-- name: ListOrgs :many
-- All organizations after an id, or the one of an id, that have not expired, with how much
-- each of them has, but for clusters that are being deleted, what is staged in it, and the last
-- request that its journal has.
SELECT
    orgs.id,
    orgs.name,
    orgs.protected,
    orgs.clock_offset,
    orgs.clock_frozen_at,
    orgs.expires_at,
    (SELECT count(*) FROM projects WHERE projects.org_id = orgs.id) AS projects,
    (SELECT count(*) FROM api_keys WHERE api_keys.org_id = orgs.id) AS api_keys,
    (SELECT count(*) FROM service_accounts WHERE service_accounts.org_id = orgs.id) AS service_accounts,
    (
        SELECT count(*)
        FROM projects
        JOIN export_buckets ON export_buckets.project_id = projects.id
        WHERE projects.org_id = orgs.id
    ) AS export_buckets,
    (
        SELECT count(*)
        FROM projects
        JOIN clusters ON clusters.project_id = projects.id
        WHERE projects.org_id = orgs.id AND clusters.gone_at IS NULL
    ) AS clusters,
    EXISTS (
        SELECT FROM saved_states
        WHERE saved_states.org_id = orgs.id AND saved_states.name = 'declared'
    ) AS declared,
    (
        SELECT count(*)
        FROM staging_faults
        WHERE staging_faults.org_id = orgs.id AND staging_faults.expires_at > @now::timestamptz
    ) AS faults,
    coalesce(orgs.journal_mode, CASE WHEN orgs.protected THEN 'off' ELSE 'full' END)::text AS journal_mode,
    last_request.at AS last_request_at
FROM orgs
LEFT JOIN journal_entries AS last_request
    ON last_request.org_id = orgs.id
    AND last_request.id = (
        SELECT entry.id
        FROM journal_entries AS entry
        WHERE entry.org_id = orgs.id AND entry.kind = 'request'
        ORDER BY entry.id DESC
        LIMIT 1
    )
WHERE (orgs.expires_at IS NULL OR orgs.expires_at > @now::timestamptz)
    AND (sqlc.narg('org_id')::object_id IS NULL OR orgs.id = sqlc.narg('org_id')::object_id)
    AND (sqlc.narg('after')::object_id IS NULL OR orgs.id > sqlc.narg('after')::object_id)
ORDER BY orgs.id
LIMIT @most;

-- name: CountOrgs :one
SELECT count(*)
FROM orgs;

-- name: CountThrowaways :one
-- The throw-away organizations that have not expired.
SELECT count(*)
FROM orgs
WHERE expires_at > @now::timestamptz;

-- name: UpdateOrg :exec
-- Makes the organization anew, but for when it was made and whether it is protected.
UPDATE orgs
SET name = @name,
    api_access_list_required = @api_access_list_required,
    settings = @settings
WHERE id = @org_id;

-- name: UpdateOrgName :one
UPDATE orgs
SET name = @name
WHERE id = @org_id
RETURNING *;

-- name: UpdateOrgSettings :one
-- Changes the settings that are in the object, and the rule about access lists
-- if it is given.
UPDATE orgs
SET settings = coalesce(settings, '{}') || @changes::jsonb,
    api_access_list_required = coalesce(sqlc.narg('api_access_list_required'), api_access_list_required)
WHERE id = @org_id
RETURNING *;

-- name: UpdateOrgProtected :execrows
UPDATE orgs
SET protected = @protected
WHERE id = @org_id;

-- name: UpdateOrgStagingVersion :exec
-- Tells every replica that what is staged in the organization has changed.
UPDATE orgs
SET staging_version = staging_version + 1
WHERE id = @org_id;

-- name: UpdateOrgClock :exec
UPDATE orgs
SET clock_offset = @clock_offset,
    clock_frozen_at = sqlc.narg('clock_frozen_at')
WHERE id = @org_id;

-- name: UpdateOrgJournalMode :execrows
UPDATE orgs
SET journal_mode = @journal_mode::text
WHERE id = @org_id;
