-- name: InsertAccessListEntry :execrows
-- The same network may be named twice: it is added once.
INSERT INTO access_list_entries (org_id, principal_id, cidr_block, created_at)
VALUES (@org_id, @principal_id, @cidr_block, @created_at)
ON CONFLICT (org_id, principal_id, cidr_block) DO NOTHING;

-- name: GetAccessListEntry :one
SELECT *
FROM access_list_entries
WHERE org_id = @org_id AND principal_id = @principal_id AND cidr_block = @cidr_block;

-- name: ListAccessListEntries :many
-- In the order of their creation, each with the number of all.
SELECT sqlc.embed(access_list_entries), count(*) OVER () AS total_count
FROM access_list_entries
WHERE org_id = @org_id AND principal_id = @principal_id
ORDER BY created_at, cidr_block
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListOrgAccessListUses :many
-- When principals of the organization were last used from a network of their access list.
SELECT principal_id, max(last_used_at)::timestamptz AS last_used_at
FROM access_list_entries
WHERE org_id = @org_id AND last_used_at IS NOT NULL
GROUP BY principal_id
ORDER BY principal_id
LIMIT 100000;

-- name: UpdateAccessListEntryUsage :exec
-- Adds requests that came from the network since the last time. Replicas write
-- in any order: the latest use stays.
UPDATE access_list_entries
SET request_count = coalesce(request_count, 0) + @requests::bigint,
    last_used_at = greatest(last_used_at, @last_used_at::timestamptz),
    last_used_address = CASE
        WHEN last_used_at > @last_used_at::timestamptz THEN last_used_address
        ELSE @last_used_address::inet
    END
WHERE org_id = @org_id AND principal_id = @principal_id AND cidr_block = @cidr_block;

-- name: DeleteAccessListEntry :one
DELETE FROM access_list_entries
WHERE org_id = @org_id AND principal_id = @principal_id AND cidr_block = @cidr_block
RETURNING cidr_block;
