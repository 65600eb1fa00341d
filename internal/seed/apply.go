package seed

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/digest"
	"exportbuckets/internal/objectid"
)

// Apply adds what the file declares and the database lacks, in one transaction:
// all or nothing. An error names the part of the file that could not be added,
// such as a project that belongs to another organization.
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

// ApplyToEmpty applies the file if the database has no organization yet.
func ApplyToEmpty(ctx context.Context, pool *pgxpool.Pool, file File, now time.Time) error {
	orgs, err := db.New().CountOrgs(ctx, pool)
	if err != nil {
		return fmt.Errorf("apply seed: count organizations: %w", err)
	}
	if orgs > 0 {
		return nil
	}
	return Apply(ctx, pool, file, now)
}

// writer writes within one transaction.
type writer struct {
	tx  pgx.Tx
	q   *db.Queries
	now time.Time
}

func (w writer) org(ctx context.Context, org Organization) error {
	err := w.q.InsertOrgIfMissing(ctx, w.tx, db.InsertOrgIfMissingParams{
		ID:                    org.ID.ID,
		Name:                  org.Name,
		APIAccessListRequired: org.APIAccessListRequired,
		CreatedAt:             w.now,
	})
	if err == nil {
		// Replicas that start at once add one after the other: side by side
		// they could meet on a unique key that is not in the ON CONFLICT.
		_, err = w.q.GetOrgForNoKeyUpdate(ctx, w.tx, org.ID.ID)
	}
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
	err := w.q.InsertProjectIfMissing(ctx, w.tx, db.InsertProjectIfMissingParams{
		ID: project.ID.ID, OrgID: orgID, Name: project.Name, CreatedAt: w.now,
	})
	if err != nil {
		return err
	}
	there, err := w.q.GetProject(ctx, w.tx, project.ID.ID)
	if err != nil {
		return err
	}
	if there.OrgID != orgID {
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
	row := db.InsertAccessRoleIfMissingParams{
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
	return w.accessRole(ctx, db.InsertAccessRoleIfMissingParams{
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
	return w.accessRole(ctx, db.InsertAccessRoleIfMissingParams{
		ProjectID:         projectID,
		ID:                role.RoleID.ID,
		CloudProvider:     db.CloudProviderGCP,
		GCPServiceAccount: &account,
		GCPStatus:         (*db.GCPRoleStatus)(&role.Status),
	})
}

func (w writer) accessRole(ctx context.Context, row db.InsertAccessRoleIfMissingParams) error {
	row.Now = w.now
	var there db.CloudProviderAccessRole
	err := w.q.InsertAccessRoleIfMissing(ctx, w.tx, row)
	if err == nil {
		there, err = w.q.GetAccessRole(ctx, w.tx, db.GetAccessRoleParams{ProjectID: row.ProjectID, ID: row.ID})
	}
	if err != nil {
		return fmt.Errorf("access role %s: %w", row.ID, err)
	}
	if there.CloudProvider != row.CloudProvider {
		return fmt.Errorf("access role %s: the database has it with another cloud provider than %s",
			row.ID, row.CloudProvider)
	}
	return nil
}

func (w writer) apiKey(ctx context.Context, orgID objectid.ID, key APIKey) error {
	added, err := w.principal(ctx, orgID, key.ID.ID, db.PrincipalKindAPIKEY, key.Access)
	if err != nil || !added {
		return err
	}
	return w.q.InsertAPIKey(ctx, w.tx, db.InsertAPIKeyParams{
		OrgID:            orgID,
		ID:               key.ID.ID,
		Description:      key.Description,
		PublicKey:        string(key.PublicKey),
		HA1:              digest.HA1(string(key.PublicKey), atlas.Realm, string(key.PrivateKey)),
		PrivateKeySuffix: new(atlas.PrivateKeySuffix(string(key.PrivateKey))),
		CreatedAt:        w.now,
	})
}

func (w writer) serviceAccount(ctx context.Context, orgID objectid.ID, account ServiceAccount) error {
	id := account.ClientID.id
	added, err := w.principal(ctx, orgID, id, db.PrincipalKindSERVICEACCOUNT, account.Access)
	if err != nil || !added {
		return err
	}
	err = w.q.InsertServiceAccount(ctx, w.tx, db.InsertServiceAccountParams{
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
		err := w.q.InsertServiceAccountSecret(ctx, w.tx, db.InsertServiceAccountSecretParams{
			OrgID:            orgID,
			ServiceAccountID: id,
			ID:               objectid.New(w.now),
			SecretHash:       hash[:],
			Suffix:           new(atlas.SecretSuffix(string(secret.Secret))),
			CreatedAt:        w.now,
			ExpiresAt:        secret.ExpiresAt.Time,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// principal adds the principal with its roles and its access list if it is not
// there yet, and returns whether it was added.
func (w writer) principal(
	ctx context.Context, orgID, id objectid.ID, kind db.PrincipalKind, access Access,
) (bool, error) {
	rows, err := w.q.InsertPrincipalIfMissing(ctx, w.tx, db.InsertPrincipalIfMissingParams{
		OrgID: orgID, ID: id, Kind: kind,
	})
	if err != nil {
		return false, err
	}
	if rows > 0 {
		return true, w.access(ctx, orgID, id, access)
	}
	there, err := w.q.GetPrincipalKind(ctx, w.tx, db.GetPrincipalKindParams{OrgID: orgID, ID: id})
	if err == nil && there != kind {
		err = fmt.Errorf("the id %s is taken, and not by a principal of the kind %s", id, kind)
	}
	return false, err
}

func (w writer) access(ctx context.Context, orgID, id objectid.ID, access Access) error {
	for _, role := range access.OrgRoles {
		err := w.q.InsertOrgRoleGrant(ctx, w.tx, db.InsertOrgRoleGrantParams{
			OrgID: orgID, PrincipalID: id, Role: db.OrgRole(role),
		})
		if err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	for _, grant := range access.ProjectRoles {
		for _, role := range grant.Roles {
			err := w.q.InsertProjectRoleGrant(ctx, w.tx, db.InsertProjectRoleGrantParams{
				ProjectID: grant.ProjectID.ID, PrincipalID: id, Role: db.ProjectRole(role), OrgID: orgID,
			})
			if err != nil {
				return fmt.Errorf("role on project %s: %w", grant.ProjectID, err)
			}
		}
	}
	for _, network := range access.AccessList {
		err := w.q.InsertAccessListEntry(ctx, w.tx, db.InsertAccessListEntryParams{
			OrgID: orgID, PrincipalID: id, CIDRBlock: network.prefix, CreatedAt: w.now,
		})
		if err != nil {
			return fmt.Errorf("access list entry %s: %w", network.prefix, err)
		}
	}
	return nil
}
