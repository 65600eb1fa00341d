-- name: InsertAccessListEntry :exec
-- The same network may be named twice.
INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at)
VALUES (@org_id, @principal_id, @cidr_block, @created_at)
ON CONFLICT (org_id, principal_id, cidr_block) DO NOTHING;
