-- name: InsertOrgRoleGrant :exec
INSERT INTO org_role_grants (org_id, principal_id, role)
VALUES (@org_id, @principal_id, @role);
