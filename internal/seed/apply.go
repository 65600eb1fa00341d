package seed

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
)

// Apply brings the database to what the file declares, in one transaction: all
// or nothing. An error names the part of the file that could not be written,
// such as a project that already belongs to another organization.
func Apply(ctx context.Context, pool *pgxpool.Pool, file File, now time.Time) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		w := writer{tx: tx, q: db.New(), now: now.UTC().Truncate(time.Microsecond)}
		for _, org := range file.Organizations {
			if err := w.org(ctx, org); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply seed: %w", err)
	}
	return nil
}

// writer writes within one transaction.
type writer struct {
	tx  pgx.Tx
	q   *db.Queries
	now time.Time
}

func (w writer) org(ctx context.Context, org Organization) error {
	err := w.q.UpsertOrg(ctx, w.tx, db.UpsertOrgParams{
		ID:                    org.ID.ID,
		Name:                  org.Name,
		APIAccessListRequired: org.APIAccessListRequired,
		CreatedAt:             w.now,
	})
	if err != nil {
		return fmt.Errorf("organization %s: %w", org.ID, err)
	}
	for _, project := range org.Projects {
		if err := w.project(ctx, org.ID.ID, project); err != nil {
			return fmt.Errorf("project %s: %w", project.ID, err)
		}
	}
	for _, key := range org.APIKeys {
		if err := w.apiKey(ctx, org.ID.ID, key); err != nil {
			return fmt.Errorf("API key %s: %w", key.PublicKey, err)
		}
	}
	for _, account := range org.ServiceAccounts {
		if err := w.serviceAccount(ctx, org.ID.ID, account); err != nil {
			return fmt.Errorf("service account %s%s: %w", atlas.ClientIDPrefix, account.ClientID.id, err)
		}
	}
	return nil
}

func (w writer) project(ctx context.Context, orgID objectid.ID, project Project) error {
	written, err := w.q.UpsertProject(ctx, w.tx, db.UpsertProjectParams{
		ID: project.ID.ID, OrgID: orgID, Name: project.Name, CreatedAt: w.now,
	})
	if err != nil {
		return err
	}
	if written == 0 {
		return fmt.Errorf("the database has it in another organization than %s", orgID)
	}
	access := project.CloudProviderAccess
	for _, role := range access.AWS {
		if err := w.awsRole(ctx, project.ID.ID, role); err != nil {
			return err
		}
	}
	for _, role := range access.Azure {
		if err := w.azureRole(ctx, project.ID.ID, role); err != nil {
			return err
		}
	}
	for _, role := range access.GCP {
		if err := w.gcpRole(ctx, project.ID.ID, role); err != nil {
			return err
		}
	}
	return nil
}

func (w writer) awsRole(ctx context.Context, projectID objectid.ID, role AWSRole) error {
	externalID := uuid.NewString()
	row := db.UpsertAccessRoleParams{
		ProjectID:             projectID,
		ID:                    role.RoleID.ID,
		CloudProvider:         db.CloudProviderAWS,
		AssumedRoleExternalID: &externalID,
	}
	if role.IAMAssumedRoleARN != nil {
		row.IAMAssumedRoleARN = (*string)(role.IAMAssumedRoleARN)
		row.AuthorizedAt = &w.now
	}
	return w.accessRole(ctx, row)
}

func (w writer) azureRole(ctx context.Context, projectID objectid.ID, role AzureRole) error {
	if role.AtlasAzureAppID == "" {
		role.AtlasAzureAppID = atlas.AtlasAzureAppID
	}
	return w.accessRole(ctx, db.UpsertAccessRoleParams{
		ProjectID:          projectID,
		ID:                 role.RoleID.ID,
		CloudProvider:      db.CloudProviderAZURE,
		AzureAppID:         (*string)(&role.AtlasAzureAppID),
		ServicePrincipalID: (*string)(&role.ServicePrincipalID),
		TenantID:           (*string)(&role.TenantID),
	})
}

func (w writer) gcpRole(ctx context.Context, projectID objectid.ID, role GCPRole) error {
	if role.Status == "" {
		role.Status = gcpStatus(db.GCPRoleStatusCOMPLETE)
	}
	account := atlas.GCPServiceAccount(projectID)
	return w.accessRole(ctx, db.UpsertAccessRoleParams{
		ProjectID:         projectID,
		ID:                role.RoleID.ID,
		CloudProvider:     db.CloudProviderGCP,
		GCPServiceAccount: &account,
		GCPStatus:         (*db.GCPRoleStatus)(&role.Status),
	})
}

func (w writer) accessRole(ctx context.Context, row db.UpsertAccessRoleParams) error {
	row.Now = w.now
	written, err := w.q.UpsertAccessRole(ctx, w.tx, row)
	if err != nil {
		return fmt.Errorf("access role %s: %w", row.ID, err)
	}
	if written == 0 {
		return fmt.Errorf("access role %s: the database has it with another cloud provider than %s",
			row.ID, row.CloudProvider)
	}
	return nil
}

func (w writer) apiKey(ctx context.Context, orgID objectid.ID, key APIKey) error {
	if err := w.principal(ctx, orgID, key.ID.ID, db.PrincipalKindAPIKEY, key.Access); err != nil {
		return err
	}
	return w.q.UpsertAPIKey(ctx, w.tx, db.UpsertAPIKeyParams{
		OrgID:       orgID,
		ID:          key.ID.ID,
		Description: key.Description,
		PublicKey:   string(key.PublicKey),
		HA1:         digest.HA1(string(key.PublicKey), atlas.Realm, string(key.PrivateKey)),
		CreatedAt:   w.now,
	})
}

func (w writer) serviceAccount(ctx context.Context, orgID objectid.ID, account ServiceAccount) error {
	id := account.ClientID.id
	if err := w.principal(ctx, orgID, id, db.PrincipalKindSERVICEACCOUNT, account.Access); err != nil {
		return err
	}
	err := w.q.UpsertServiceAccount(ctx, w.tx, db.UpsertServiceAccountParams{
		OrgID:       orgID,
		ID:          id,
		Name:        account.Name,
		Description: account.Description,
		CreatedAt:   w.now,
	})
	if err != nil {
		return err
	}
	for _, secret := range account.Secrets {
		hash := sha256.Sum256([]byte(secret.Secret))
		err := w.q.UpsertServiceAccountSecret(ctx, w.tx, db.UpsertServiceAccountSecretParams{
			OrgID:            orgID,
			ServiceAccountID: id,
			ID:               objectid.New(w.now),
			SecretHash:       hash[:],
			CreatedAt:        w.now,
			ExpiresAt:        secret.ExpiresAt.Time,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// principal adds the principal if it is not there yet, and brings its roles and
// access list to what the file says.
func (w writer) principal(
	ctx context.Context, orgID, id objectid.ID, kind db.PrincipalKind, access Access,
) error {
	written, err := w.q.UpsertPrincipal(ctx, w.tx, db.UpsertPrincipalParams{OrgID: orgID, ID: id, Kind: kind})
	if err != nil {
		return err
	}
	if written == 0 {
		return fmt.Errorf("the id %s is taken, and not by a principal of the kind %s", id, kind)
	}
	if err := w.orgRoles(ctx, orgID, id, access.OrgRoles); err != nil {
		return err
	}
	if err := w.projectRoles(ctx, orgID, id, access.ProjectRoles); err != nil {
		return err
	}
	return w.accessList(ctx, orgID, id, access.AccessList)
}

func (w writer) orgRoles(ctx context.Context, orgID, id objectid.ID, roles []orgRole) error {
	err := w.q.DeleteOrgRoleGrants(ctx, w.tx, db.DeleteOrgRoleGrantsParams{OrgID: orgID, PrincipalID: id})
	if err != nil {
		return err
	}
	for _, role := range roles {
		err := w.q.InsertOrgRoleGrant(ctx, w.tx, db.InsertOrgRoleGrantParams{
			OrgID: orgID, PrincipalID: id, Role: db.OrgRole(role),
		})
		if err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	return nil
}

func (w writer) projectRoles(ctx context.Context, orgID, id objectid.ID, grants []ProjectRole) error {
	err := w.q.DeleteProjectRoleGrants(ctx, w.tx, db.DeleteProjectRoleGrantsParams{OrgID: orgID, PrincipalID: id})
	if err != nil {
		return err
	}
	for _, grant := range grants {
		for _, role := range grant.Roles {
			err := w.q.InsertProjectRoleGrant(ctx, w.tx, db.InsertProjectRoleGrantParams{
				ProjectID: grant.ProjectID.ID, PrincipalID: id, Role: db.ProjectRole(role), OrgID: orgID,
			})
			if err != nil {
				return fmt.Errorf("role on project %s: %w", grant.ProjectID, err)
			}
		}
	}
	return nil
}

func (w writer) accessList(ctx context.Context, orgID, id objectid.ID, networks []network) error {
	prefixes := make([]netip.Prefix, len(networks))
	for i, network := range networks {
		prefixes[i] = network.prefix
	}
	err := w.q.DeleteOtherAccessListEntries(ctx, w.tx, db.DeleteOtherAccessListEntriesParams{
		OrgID: orgID, PrincipalID: id, Kept: prefixes,
	})
	if err != nil {
		return err
	}
	for _, prefix := range prefixes {
		err := w.q.InsertAccessListEntry(ctx, w.tx, db.InsertAccessListEntryParams{
			OrgID: orgID, PrincipalID: id, CIDRBlock: prefix, CreatedAt: w.now,
		})
		if err != nil {
			return fmt.Errorf("access list entry %s: %w", prefix, err)
		}
	}
	return nil
}
