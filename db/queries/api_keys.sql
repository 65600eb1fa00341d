-- name: UpsertAPIKey :exec
INSERT INTO api_keys (org_id, id, description, public_key, ha1, created_at)
VALUES (@org_id, @id, @description, @public_key, @ha1, @created_at)
ON CONFLICT (org_id, id) DO UPDATE
SET description = excluded.description,
    public_key = excluded.public_key,
    ha1 = excluded.ha1;
