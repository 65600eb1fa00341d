package atlas

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The constraints of the schema whose violation is an answer and not a fault.
const (
	apiKeysPublicKeyKey            = "api_keys_public_key_key"
	projectRoleGrantsPrincipalFkey = "project_role_grants_org_id_principal_id_fkey"
	projectRoleGrantsProjectFkey   = "project_role_grants_org_id_project_id_fkey"
	accessRolesServicePrincipalKey = "cloud_provider_access_roles_project_id_service_principal_id_key"
	exportBucketsRoleFkey          = "export_buckets_project_id_role_id_cloud_provider_fkey"
	exportBucketsTenantFkey        = "export_buckets_project_id_role_id_tenant_id_fkey"
	accessRolesProjectFkey         = "cloud_provider_access_roles_project_id_fkey"
	projectsNameKey                = "projects_org_id_name_key"
)

// Classes of SQLSTATEs: values that a type can't have, and broken constraints.
const (
	dataException      = "22"
	integrityViolation = "23"
)

// isViolation says whether err is Postgres refusing a statement because of the
// named constraint.
func isViolation(err error, constraint string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && strings.HasPrefix(refused.Code, integrityViolation) &&
		refused.ConstraintName == constraint
}
