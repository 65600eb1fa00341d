package write_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/settle"
	"exportbuckets/internal/tenant"
)

// refuseCommits lets statements change rows, and refuses the commits of those that do.
const refuseCommits = `
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
	DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE format('CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE OR DELETE ON %I
				DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()', name);
		END LOOP;
	END $$`

// A secret or a row beside an error would be one that nobody has.
func TestWhatIsNotCommittedIsNotReturned(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupCredentials(t)
	principal := b.principal(t, iam.Origin{Org: raceOrg})
	orgOwner, err := principal.OrgOwner()
	if err != nil {
		t.Fatal(err)
	}
	users, err := b.principal(t, iam.Origin{Project: raceProject}).DatabaseUserWriter()
	if err != nil {
		t.Fatal(err)
	}
	who := dbaccess.New(b.pool, b.env)
	newUser := dbaccess.DatabaseUserRequest{
		Username: new("app"), Password: new("password"),
		Roles: []dbaccess.DatabaseRole{{RoleName: new("read"), DatabaseName: new("data")}},
	}
	if _, err := who.CreateDatabaseUser(ctx, users, newUser); err != nil {
		t.Fatal(err)
	}
	newUser.Username = new("other")
	backups := backupBundle{b, cluster.New(b.pool, b.env), settle.New(b.pool, b.env)}
	backups.createBackedUp(t, raceProject, "c")
	proofs := backups.prove(t, raceProject)
	snapshot, err := b.backup.CreateSnapshot(ctx, proofs.snapshots, "c", backup.SnapshotRequest{})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := b.create(ctx, raceAWSRole)
	if err != nil {
		t.Fatal(err)
	}
	var (
		text, hours, yes = "new", 24, true
		limit            = int64(1)
		orgRoles         = []string{"ORG_MEMBER"}
		projectRoles     = []string{"GROUP_READ_ONLY"}
		network          = "192.0.2.1"
		limitName        = "atlas.project.deployment.clusters"
	)
	if err := b.account.unassign(); err != nil { // to be invited
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(ctx, refuseCommits); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func() (any, error){
		"iam.CreateAPIKey": func() (any, error) {
			return b.iam.CreateAPIKey(ctx, b.org, iam.APIKeyRequest{Description: &text, Roles: &orgRoles})
		},
		"iam.UpdateAPIKey": func() (any, error) {
			return b.iam.UpdateAPIKey(ctx, b.org, b.key.named, iam.APIKeyRequest{Description: &text})
		},
		"iam.CreateServiceAccount": func() (any, error) {
			return b.iam.CreateServiceAccount(ctx, b.org, iam.ServiceAccountRequest{
				Name: &text, Description: &text, Roles: &orgRoles, SecretExpiresAfterHours: &hours,
			})
		},
		"iam.UpdateServiceAccount": func() (any, error) {
			return b.iam.UpdateServiceAccount(ctx, b.org, b.account.named, iam.ServiceAccountUpdate{Name: &text})
		},
		"iam.InviteServiceAccount": func() (any, error) {
			return b.iam.InviteServiceAccount(ctx, b.inviter, b.account.named,
				[]iam.ServiceAccountAssignment{{Roles: projectRoles}})
		},
		"iam.CreateServiceAccountSecret": func() (any, error) {
			return b.iam.CreateServiceAccountSecret(ctx, b.org, b.account.named,
				iam.ServiceAccountSecretRequest{SecretExpiresAfterHours: &hours})
		},
		"iam.CreateAccessListEntries": func() (any, error) {
			return b.iam.CreateAccessListEntries(ctx, b.org, b.key.named,
				[]iam.AccessListEntryRequest{{IPAddress: &network}}, atlas.Page{Number: 1, Size: 100, Count: true})
		},
		"iam.RevokeAccessToken": func() (any, error) {
			return b.iam.RevokeAccessToken(ctx, raceClientID, raceSecret, "none")
		},
		"iam.CreateAccessToken": func() (any, error) { return b.iam.CreateAccessToken(ctx, raceClientID, raceSecret) },
		"tenant.CreateProject":  func() (any, error) { return b.tenant.CreateProject(ctx, principal, newRaceProject()) },
		"tenant.UpdateProject": func() (any, error) {
			return b.tenant.UpdateProject(ctx, b.project, tenant.ProjectUpdate{Name: &text})
		},
		"tenant.UpdateProjectSettings": func() (any, error) {
			return b.tenant.UpdateProjectSettings(ctx, b.project, tenant.ProjectSettings{IsSchemaAdvisorEnabled: &yes})
		},
		"tenant.SetProjectLimit": func() (any, error) {
			return b.tenant.SetProjectLimit(ctx, b.project, limitName, tenant.ProjectLimitUpdate{Value: &limit})
		},
		"tenant.UpdateOrg": func() (any, error) {
			return b.tenant.UpdateOrg(ctx, orgOwner, tenant.OrgUpdate{Name: &text})
		},
		"tenant.UpdateOrgSettings": func() (any, error) {
			return b.tenant.UpdateOrgSettings(ctx, orgOwner, tenant.OrgSettings{APIAccessListRequired: &yes})
		},
		"dbaccess.CreateAccessListEntries": func() (any, error) {
			return who.CreateAccessListEntries(ctx, b.project,
				[]dbaccess.AccessListEntryRequest{{IPAddress: &network}}, atlas.Page{Number: 1, Size: 100, Count: true})
		},
		"dbaccess.CreateDatabaseUser": func() (any, error) { return who.CreateDatabaseUser(ctx, users, newUser) },
		"dbaccess.UpdateDatabaseUser": func() (any, error) {
			return who.UpdateDatabaseUser(ctx, users, "admin", "app", dbaccess.DatabaseUserRequest{Description: &text})
		},
		"cluster.CreateCluster": func() (any, error) {
			return backups.clusters.CreateCluster(ctx, proofs.clusters, newBackedUp("d"))
		},
		"cluster.UpdateCluster": func() (any, error) {
			return backups.clusters.UpdateCluster(ctx, cluster.Version20240805, proofs.clusters, "c", cluster.Request{})
		},
		"cluster.UpdateProcessArgs": func() (any, error) {
			return backups.clusters.UpdateProcessArgs(ctx, proofs.clusters, "c", cluster.ProcessArgsUpdate{NoTableScan: &yes})
		},
		"backup.CreateSnapshot": func() (any, error) {
			return b.backup.CreateSnapshot(ctx, proofs.snapshots, "c", backup.SnapshotRequest{})
		},
		"backup.UpdateSnapshot": func() (any, error) {
			return b.backup.UpdateSnapshot(ctx, proofs.snapshots, "c", snapshot.ID,
				backup.SnapshotUpdate{RetentionUnit: new("DAYS"), RetentionValue: &hours})
		},
		"backup.CreateExportJob": func() (any, error) {
			return b.backup.CreateExportJob(ctx, proofs.schedules, "c",
				backup.ExportJobRequest{ExportBucketID: &bucket.ID, SnapshotID: &snapshot.ID})
		},
		"backup.UpdateSchedule": func() (any, error) {
			return b.backup.UpdateSchedule(ctx, proofs.schedules, "c", exports(bucket.ID))
		},
		"backup.DeleteSchedule": func() (any, error) { return b.backup.DeleteSchedule(ctx, proofs.schedules, "c") },
		"backup.CreateAccessRole, AWS": func() (any, error) {
			return b.backup.CreateAccessRole(ctx, b.project, backup.AccessRoleRequest{ProviderName: new("AWS")})
		},
		"backup.CreateAccessRole, GCP": func() (any, error) {
			return b.backup.CreateAccessRole(ctx, b.project, backup.AccessRoleRequest{ProviderName: new("GCP")})
		},
		"backup.UpdateAccessRole, AWS": func() (any, error) {
			return b.backup.UpdateAccessRole(ctx, b.owner, objectid.MustParse(raceAWSRole), backup.AccessRoleRequest{
				ProviderName: new("AWS"), IAMAssumedRoleARN: new("arn:aws:iam::123456789012:role/new"),
			})
		},
		"backup.UpdateAccessRole, AZURE": func() (any, error) { return b.moveAzureRole(t) },
		"backup.CreateExportBucket":      func() (any, error) { return b.create(ctx, raceAWSRole) },
		"backup.CreatePrivateEndpoint": func() (any, error) {
			return b.backup.CreatePrivateEndpoint(ctx, b.project, backup.PrivateEndpointRequest{RegionName: new("US_EAST_1")})
		},
		"backup.UpdateExportBucket": func() (any, error) {
			return b.backup.UpdateExportBucket(ctx, b.writer, bucket.ID,
				backup.ExportBucketUpdate{RequirePrivateNetworking: &yes})
		},
	}
	for name, call := range tests {
		got, err := call()
		if err == nil || !strings.Contains(err.Error(), "refused") || !reflect.ValueOf(got).IsZero() {
			t.Errorf("%s: got %+v, %v; want nothing but the refusal of the commit", name, got, err)
		}
	}
	// Each that returns what it has written is among them.
	for name, service := range map[string]any{
		"iam.": b.iam, "tenant.": b.tenant, "backup.": b.backup, "cluster.": backups.clusters, "dbaccess.": who,
	} {
		for method := range reflect.TypeOf(service).Methods() {
			out := method.Type.NumOut()
			writes := out > 1 && method.Type.Out(out-1) == reflect.TypeFor[error]() && !slices.ContainsFunc([]string{"Get", "List", "Authenticate", "Is"},
				func(verb string) bool { return strings.HasPrefix(method.Name, verb) })
			tested := false
			for test := range tests {
				test, _, _ = strings.Cut(test, ",")
				tested = tested || test == name+method.Name
			}
			if writes && !tested {
				t.Errorf("%s%s: want it in this test", name, method.Name)
			}
		}
	}
}
