-- name: InsertOrg :exec
-- Adds the organization unless there is one of that id.
INSERT INTO orgs (id, name, api_access_list_required, created_at)
VALUES (@id, @name, @api_access_list_required, @created_at)
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

-- name: GetOrgMaxSecretHours :one
-- The longest validity that the organization allows the secrets of its service
-- accounts.
SELECT coalesce((settings ->> 'maxServiceAccountSecretValidityInHours')::integer, @by_default::integer)::integer AS hours
FROM orgs
WHERE id = @org_id;

-- name: CountOrgs :one
SELECT count(*)
FROM orgs;

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
