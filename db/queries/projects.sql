-- name: UpsertProject :execrows
-- Changes nothing if the project belongs to another organization.
INSERT INTO projects (id, org_id, name, created_at)
VALUES (@id, @org_id, @name, @created_at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name
WHERE projects.org_id = excluded.org_id;
