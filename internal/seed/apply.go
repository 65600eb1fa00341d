package seed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenant"
	"exportbuckets/internal/write"
)

// Apply adds what the file declares and the database lacks, in one transaction:
// all or nothing. An error names the part of the file that could not be added,
// such as a project that belongs to another organization.
func Apply(ctx context.Context, pool *dbpool.Pool, sealer *iam.Sealer, file File, now time.Time) error {
	err := pgx.BeginTxFunc(ctx, pool, dbpool.LongTx(), func(tx pgx.Tx) error {
		for _, org := range file.Organizations {
			clock, err := atlas.HoldClock(ctx, tx, org.ID.ID)
			if err != nil && !errors.Is(err, atlas.ErrNoOrg) {
				return err
			}
			if err := ApplyOrg(ctx, tx, sealer, org, clock.Now(now)); err != nil {
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

// ApplyOrg is Apply for one organization, in a transaction, by its clock.
func ApplyOrg(ctx context.Context, tx pgx.Tx, sealer *iam.Sealer, org Organization, now time.Time) error {
	w := newWriter(tx, sealer, now)
	if err := w.org(ctx, org); err != nil {
		return err
	}
	return w.tokens(ctx, org)
}

// ErrTaken says that another organization has an id of the file.
var ErrTaken = errors.New("the id is taken")

// ApplyOrgAlone is ApplyOrg without what the organization has.
func ApplyOrgAlone(ctx context.Context, tx pgx.Tx, org Organization, now time.Time) error {
	return newWriter(tx, nil, now).orgRow(ctx, org)
}

// Fill makes what the file declares of an organization that is held and has nothing left
// but itself, without its tokens of the staging plane. It takes the secrets that the file
// leaves out from those that were kept, and what has not changed of them as it was.
func Fill(
	ctx context.Context, tx pgx.Tx, sealer *iam.Sealer, held objectid.ID, org Organization, kept Kept, now time.Time,
) error {
	w := newWriter(tx, sealer, now)
	org.ID = objectID{held}
	w.kept = &kept
	return w.org(ctx, org)
}

// ApplyTokens adds the tokens of the staging plane that the file declares of an
// organization and the database lacks.
func ApplyTokens(ctx context.Context, tx pgx.Tx, org Organization, now time.Time) error {
	return newWriter(tx, nil, now).tokens(ctx, org)
}

// ApplyToEmpty applies the file if the database has no organization yet.
func ApplyToEmpty(ctx context.Context, pool *dbpool.Pool, sealer *iam.Sealer, file File, now time.Time) error {
	orgs, err := db.New().CountOrgs(ctx, pool)
	if err != nil {
		return fmt.Errorf("apply seed: count organizations: %w", err)
	}
	if orgs > 0 {
		return nil
	}
	return Apply(ctx, pool, sealer, file, now)
}

// defaultRegion is that of export buckets at AWS.
const defaultRegion = "us-east-1"

// writer writes within one transaction.
type writer struct {
	tx     pgx.Tx
	q      *db.Queries
	sealer *iam.Sealer
	now    time.Time
	// kept is what the organization had before it was emptied; nil if it was not.
	kept *Kept
}

func newWriter(tx pgx.Tx, sealer *iam.Sealer, now time.Time) writer {
	return writer{tx: tx, q: db.New(), sealer: sealer, now: now.UTC().Truncate(time.Microsecond)}
}

func (w writer) org(ctx context.Context, org Organization) error {
	if err := w.orgRow(ctx, org); err != nil {
		return fmt.Errorf("organization %s: %w", org.ID, err)
	}
	for i, project := range org.Projects {
		if err := w.project(ctx, org.ID.ID, project); err != nil {
			return within("projects", i, fmt.Errorf("project %s: %w", project.ID, err))
		}
	}
	for i, key := range org.APIKeys {
		if err := w.apiKey(ctx, org.ID.ID, key); err != nil {
			return within("apiKeys", i, fmt.Errorf("API key %s: %w", key.PublicKey, err))
		}
	}
	for i, account := range org.ServiceAccounts {
		if err := w.serviceAccount(ctx, org.ID.ID, account); err != nil {
			return within("serviceAccounts", i,
				fmt.Errorf("service account %s%s: %w", iam.ClientIDPrefix, account.ClientID.id, err))
		}
	}
	return nil
}

// orgRow adds the organization unless it is there.
func (w writer) orgRow(ctx context.Context, org Organization) error {
	if w.kept != nil {
		err := w.q.UpdateOrg(ctx, w.tx, db.UpdateOrgParams{
			OrgID: org.ID.ID, Name: org.Name, APIAccessListRequired: org.APIAccessListRequired,
		})
		if err != nil {
			return err
		}
		return w.orgSettings(ctx, org)
	}
	inserted, err := w.q.InsertOrg(ctx, w.tx, db.InsertOrgParams{
		ID:                    org.ID.ID,
		Name:                  org.Name,
		APIAccessListRequired: org.APIAccessListRequired,
		Protected:             org.Staging == nil,
		CreatedAt:             w.now,
	})
	if err == nil {
		// Replicas that start at once add one after the other: side by side
		// they could meet on a unique key that is not in the ON CONFLICT.
		_, err = w.q.GetOrgForNoKeyUpdate(ctx, w.tx, org.ID.ID)
	}
	if err != nil || inserted == 0 {
		return err
	}
	return w.orgSettings(ctx, org)
}

// orgSettings gives a new organization what differs from the defaults.
func (w writer) orgSettings(ctx context.Context, org Organization) error {
	if org.Settings == nil {
		return nil
	}
	settings := org.Settings.request
	settings.APIAccessListRequired = nil // has a key of its own
	return atPlace("settings", tenant.DeclareOrg(ctx, w.tx, org.ID.ID, settings))
}

// tokens adds the tokens of the staging plane that are not there.
func (w writer) tokens(ctx context.Context, org Organization) error {
	if org.Staging == nil {
		return nil
	}
	for i, token := range org.Staging.Tokens {
		row := iam.NewStagingTokenRow(org.ID.ID, objectid.New(w.now), db.StagingRole(token.Role), string(token.Token), w.now)
		if err := w.q.InsertStagingToken(ctx, w.tx, row); err != nil {
			return within("staging/tokens", i, fmt.Errorf("staging.tokens[%d]: %w", i, err))
		}
	}
	return nil
}

func (w writer) project(ctx context.Context, orgID objectid.ID, project Project) error {
	isNew := true
	there, err := w.q.InsertProject(ctx, w.tx, db.InsertProjectParams{
		ID:                        project.ID.ID,
		OrgID:                     orgID,
		Name:                      project.Name,
		CreatedAt:                 w.now,
		WithDefaultAlertsSettings: true,
		Tags:                      []byte("[]"),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		var row db.GetProjectRow
		row, err = w.q.GetProject(ctx, w.tx, db.GetProjectParams{ProjectID: project.ID.ID, Now: w.now})
		there, isNew = row.Project, false
	}
	if err != nil {
		return err
	}
	if there.OrgID != orgID {
		return fmt.Errorf("%w: the database has it in another organization than %s", ErrTaken, orgID)
	}
	if isNew {
		if err := w.declareProject(ctx, there.ID, project); err != nil {
			return err
		}
	}
	var rows []db.InsertAccessRoleParams
	var places []string
	for i, role := range project.CloudProviderAccess.AWS {
		places = append(places, fmt.Sprintf("cloudProviderAccess/aws/%d", i))
		rows = append(rows, backup.DeclareAWSRole(there.ID, role.RoleID.ID, (*string)(role.ExternalID),
			(*string)(role.IAMAssumedRoleARN), w.now))
	}
	for i, role := range project.CloudProviderAccess.Azure {
		places = append(places, fmt.Sprintf("cloudProviderAccess/azure/%d", i))
		rows = append(rows, backup.NewAzureRoleRow(there.ID, role.RoleID.ID, (*string)(role.AtlasAzureAppID),
			string(role.ServicePrincipalID), string(role.TenantID), w.now))
	}
	for i, role := range project.CloudProviderAccess.GCP {
		places = append(places, fmt.Sprintf("cloudProviderAccess/gcp/%d", i))
		status := cmp.Or(db.GCPRoleStatus(role.Status), db.GCPRoleStatusCOMPLETE)
		rows = append(rows, backup.NewGCPRoleRow(there.ID, role.RoleID.ID, status, w.now))
	}
	for i, row := range rows {
		if err := w.accessRole(ctx, row); err != nil {
			return &element{places[i], err}
		}
	}
	return w.resources(ctx, there.ID, project)
}

// declareProject gives a new project what the file says of it.
func (w writer) declareProject(ctx context.Context, id objectid.ID, project Project) error {
	declared := tenant.Declared{
		WithDefaultAlertsSettings: project.WithDefaultAlertsSettings, ManagedSlowMs: project.ManagedSlowMS,
		Limits: project.Limits,
	}
	for _, tag := range project.Tags {
		declared.Tags = append(declared.Tags, tag.request)
	}
	if project.Settings != nil {
		declared.Settings = project.Settings.request
	}
	return tenant.DeclareProject(ctx, w.tx, id, declared)
}

// resources adds what the project has beside access roles.
func (w writer) resources(ctx context.Context, id objectid.ID, project Project) error {
	for i, bucket := range project.ExportBuckets {
		row := db.InsertExportBucketParams{
			ProjectID: id, ID: bucket.ID.ID, CreatedAt: w.now, Region: cmp.Or(bucket.Region, new(defaultRegion)),
		}
		if err := backup.DeclareExportBucket(ctx, w.tx, row, bucket.Body.request); err != nil {
			return within("exportBuckets", i, fmt.Errorf("export bucket %s: %w", bucket.ID, err))
		}
	}
	for i, endpoint := range project.PrivateEndpoints {
		err := backup.DeclarePrivateEndpoint(ctx, w.tx, id, endpoint.ID.ID, endpoint.Body.request, w.now)
		if err != nil {
			return within("privateEndpoints", i, fmt.Errorf("private endpoint %s: %w", endpoint.ID, err))
		}
	}
	for i, entry := range project.AccessList {
		if err := dbaccess.DeclareNetwork(ctx, w.tx, id, entry.request, w.now); err != nil {
			return within("accessList", i, fmt.Errorf("accessList[%d]: %w", i, err))
		}
	}
	for i, user := range project.DatabaseUsers {
		newID := ids("databaseUser", id,
			cmp.Or(deref(user.request.DatabaseName), "admin"), deref(user.request.Username))
		err := dbaccess.DeclareDatabaseUser(ctx, w.tx, id, newID(), user.request, w.now)
		if err != nil {
			return within("databaseUsers", i, fmt.Errorf("databaseUsers[%d]: %w", i, err))
		}
	}
	for i, declared := range project.Clusters {
		if err := w.cluster(ctx, id, declared); err != nil {
			return within("clusters", i, fmt.Errorf("cluster %s: %w", declared.ID, err))
		}
	}
	return w.q.UpdateProjectDueAt(ctx, w.tx, id)
}

// cluster adds the cluster with its backups, if it is not there yet.
func (w writer) cluster(ctx context.Context, projectID objectid.ID, declared Cluster) error {
	newID := given(declared.IDs, ids("cluster", projectID, declared.ID.String()))
	var args cluster.ProcessArgsUpdate
	if declared.ProcessArgs != nil {
		args = declared.ProcessArgs.request
	}
	added, err := cluster.Declare(ctx, w.tx, projectID, declared.ID.ID, declared.Body.request, args, w.now, newID)
	if err != nil || added == nil {
		return err
	}
	if schedule := declared.Schedule; schedule != nil || added.HasBackup() {
		if schedule == nil {
			schedule = new(body[backup.ScheduleUpdate])
		}
		newID := ids("schedule", projectID, declared.ID.String())
		if err := backup.DeclareSchedule(ctx, w.tx, *added, schedule.request, w.now, newID); err != nil {
			return &element{"schedule", fmt.Errorf("schedule: %w", err)}
		}
	}
	for i, snapshot := range declared.Snapshots {
		state := cmp.Or(backup.SnapshotState(snapshot.State), backup.SnapshotCompleted)
		err := backup.DeclareSnapshot(ctx, w.tx, *added, snapshot.ID.ID, snapshot.Body.request, state, w.now,
			ids("snapshot", projectID, snapshot.ID.String()))
		if err != nil {
			return within("snapshots", i, fmt.Errorf("snapshot %s: %w", snapshot.ID, err))
		}
	}
	for i, job := range declared.Exports {
		state := cmp.Or(backup.ExportJobState(job.State), backup.ExportJobSuccessful)
		err := backup.DeclareExportJob(ctx, w.tx, *added, job.ID.ID, job.Body.request, state, w.now,
			ids("export", projectID, job.ID.String()))
		if err != nil {
			return within("exports", i, fmt.Errorf("export %s: %w", job.ID, err))
		}
	}
	return nil
}

func (w writer) accessRole(ctx context.Context, row db.InsertAccessRoleParams) error {
	there, err := w.q.InsertAccessRole(ctx, w.tx, row)
	if errors.Is(err, pgx.ErrNoRows) {
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
	row := w.sealer.NewAPIKeyRow(
		orgID, key.ID.ID, key.Description, string(key.PublicKey), string(key.PrivateKey), w.now)
	if err := w.keepKey(&row, key); err != nil {
		return err
	}
	return w.q.InsertAPIKey(ctx, w.tx, row)
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
	rows, err := w.secrets(orgID, account)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := w.q.InsertServiceAccountSecret(ctx, w.tx, row); err != nil {
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
	rows, err := w.q.InsertPrincipal(ctx, w.tx, db.InsertPrincipalParams{OrgID: orgID, ID: id, Kind: kind})
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
	if err := write.Grant(ctx, w.tx, atlas.Scope{OrgID: orgID}, id, access.OrgRoles); err != nil {
		return err
	}
	for _, grant := range access.ProjectRoles {
		scope := atlas.Scope{OrgID: orgID, ProjectID: &grant.ProjectID.ID}
		if err := write.Grant(ctx, w.tx, scope, id, grant.Roles); err != nil {
			return fmt.Errorf("role on project %s: %w", grant.ProjectID, err)
		}
	}
	for _, network := range access.AccessList {
		_, err := w.q.InsertAccessListEntry(ctx, w.tx, db.InsertAccessListEntryParams{
			OrgID: orgID, PrincipalID: id, CIDRBlock: network.prefix, CreatedAt: w.now,
		})
		if err != nil {
			return fmt.Errorf("access list entry %s: %w", network.prefix, err)
		}
	}
	return nil
}

// ids returns a function that makes ids. They follow from what they are for, and from how
// many it has made: a file that is applied to an empty organization twice makes the same
// rows.
func ids(kind string, projectID objectid.ID, names ...string) func() objectid.ID {
	made := 0
	return func() objectid.ID {
		made++
		parts := append([]string{kind, projectID.String(), strconv.Itoa(made)}, names...)
		sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
		return objectid.ID(sum[:len(objectid.ID{})])
	}
}

// given returns a function that returns the ids and then what newID makes.
func given(ids []objectID, newID func() objectid.ID) func() objectid.ID {
	return func() objectid.ID {
		made := newID() // the next is the same, whether this one was given or not
		if len(ids) == 0 {
			return made
		}
		next := ids[0]
		ids = ids[1:]
		return next.ID
	}
}

// deref returns the text, or an empty one if there is none.
func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
