-- name: UpsertOrg :exec
INSERT INTO orgs (id, name, api_access_list_required, created_at)
VALUES (@id, @name, @api_access_list_required, @created_at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name,
    api_access_list_required = excluded.api_access_list_required;
