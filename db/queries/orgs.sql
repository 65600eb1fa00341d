-- name: UpsertOrg :exec
INSERT INTO orgs (id, name, api_access_list_required, created_at)
VALUES (@id, @name, @api_access_list_required, @created_at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name,
    api_access_list_required = excluded.api_access_list_required;

-- name: GetOrgForNoKeyUpdate :one
-- Holds the organization: of two requests that count what it has, one waits.
SELECT *
FROM orgs
WHERE id = @org_id
FOR NO KEY UPDATE;
