-- name: InsertAccessListEntry :exec
-- Leaves an entry that is there as it is.
INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at)
VALUES (@org_id, @principal_id, @cidr_block, @created_at)
ON CONFLICT (org_id, principal_id, cidr_block) DO NOTHING;

-- name: DeleteOtherAccessListEntries :exec
-- Removes what is not to be kept.
DELETE FROM access_list_entries
WHERE org_id = @org_id
    AND principal_id = @principal_id
    AND NOT cidr_block = ANY(@kept::cidr[]);
