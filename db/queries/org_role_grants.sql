-- name: InsertOrgRoleGrant :exec
INSERT INTO org_role_grants (org_id, principal_id, role)
VALUES (@org_id, @principal_id, @role);

-- name: DeleteOrgRoleGrants :exec
DELETE FROM org_role_grants
WHERE org_id = @org_id AND principal_id = @principal_id;
