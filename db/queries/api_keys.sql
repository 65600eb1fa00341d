-- name: InsertAPIKey :exec
INSERT INTO api_keys (org_id, id, description, public_key, ha1, created_at)
VALUES (@org_id, @id, @description, @public_key, @ha1, @created_at);

-- name: GetAPIKey :one
SELECT *
FROM api_keys
WHERE org_id = @org_id AND id = @id;
