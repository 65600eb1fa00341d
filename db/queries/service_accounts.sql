-- name: InsertServiceAccount :exec
INSERT INTO service_accounts (org_id, id, name, description, created_at)
VALUES (@org_id, @id, @name, @description, @created_at);
