-- name: InsertAccessListEntry :exec
INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at)
VALUES (@org_id, @principal_id, @cidr_block, @created_at);

-- name: DeleteAccessListEntries :exec
DELETE FROM access_list_entries
WHERE org_id = @org_id AND principal_id = @principal_id;
