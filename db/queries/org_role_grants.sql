-- name: InsertOrgRoleGrant :exec
INSERT INTO org_role_grants (org_id, principal_id, role)
VALUES (@org_id, @principal_id, @role);

-- name: GetOrgHasOwner :one
-- Tells whether an Organization Owner is left who can sign in: an API key, or a
-- service account with a secret that has not expired.
SELECT EXISTS (
    SELECT
    FROM org_role_grants
    WHERE org_role_grants.org_id = @org_id
        AND org_role_grants.role = 'ORG_OWNER'
        AND (
            EXISTS (
                SELECT
                FROM api_keys
                WHERE api_keys.org_id = @org_id AND api_keys.id = org_role_grants.principal_id
            )
            OR EXISTS (
                SELECT
                FROM service_account_secrets
                WHERE service_account_secrets.org_id = @org_id
                    AND service_account_secrets.service_account_id = org_role_grants.principal_id
                    AND service_account_secrets.expires_at > @now
            )
        )
);

-- name: DeleteOrgRoleGrants :exec
DELETE FROM org_role_grants
WHERE org_id = @org_id AND principal_id = @principal_id;
