-- name: UpsertProject :execrows
-- Changes nothing if the project belongs to another organization.
INSERT INTO projects (id, org_id, name, created_at)
VALUES (@id, @org_id, @name, @created_at)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name
WHERE projects.org_id = excluded.org_id;

-- name: GetProjectForUpdate :one
-- Holds the project: whoever else holds it so, or deletes it, waits.
SELECT *
FROM projects
WHERE id = @project_id
FOR NO KEY UPDATE;
