-- name: InsertProjectRoleGrant :exec
-- The principal may have the role already.
INSERT INTO project_role_grants (project_id, principal_id, role, org_id)
VALUES (@project_id, @principal_id, @role, @org_id)
ON CONFLICT (project_id, principal_id, role) DO NOTHING;

-- name: DeleteProjectRoleGrants :exec
-- Takes all roles on the project from the principal.
DELETE FROM project_role_grants
WHERE org_id = @org_id AND project_id = @project_id AND principal_id = @principal_id;
