-- name: UpsertServiceAccount :exec
INSERT INTO service_accounts (org_id, id, name, description, created_at)
VALUES (@org_id, @id, @name, @description, @created_at)
ON CONFLICT (org_id, id) DO UPDATE
SET name = excluded.name,
    description = excluded.description;
