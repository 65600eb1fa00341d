package write_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// newPrincipal is another service principal than the demo tenant's.
const newPrincipal = "11111111-0000-4000-8000-000000000000"

// moveAzureRole gives the AZURE role another principal, of another tenant.
func (b raceBundle) moveAzureRole(t *testing.T) (backup.AccessRole, error) {
	t.Helper()
	provider, principal, tenant := "AZURE", newPrincipal, newTenant
	return b.backup.UpdateAccessRole(t.Context(), b.owner, objectid.MustParse(raceAzureRole), backup.AccessRoleRequest{
		ProviderName: &provider, ServicePrincipalID: &principal, TenantID: &tenant,
	})
}

// moved is the end of moveAzureRole.
type moved struct {
	role backup.AccessRole
	err  error
}

func (b raceBundle) moveAzureRoleInBackground(t *testing.T) <-chan moved {
	t.Helper()
	done := make(chan moved, 1)
	go func() {
		role, err := b.moveAzureRole(t)
		done <- moved{role, err}
	}()
	return done
}

// wantMoved ends the test unless the role has moved, with the buckets that use
// it.
func (b raceBundle) wantMoved(t *testing.T, got moved, buckets []objectid.ID) {
	t.Helper()
	if got.err != nil {
		t.Fatalf("update: got %v, want none", got.err)
	}
	if got.role.TenantID == nil || *got.role.TenantID != newTenant {
		t.Errorf("tenant of the role: got %v, want %s", got.role.TenantID, newTenant)
	}
	want := []string{}
	for _, id := range buckets {
		want = append(want, id.String())
		if tenant := b.azureTenant(t, id); tenant != newTenant {
			t.Errorf("tenant of bucket %s: got %s, want %s", id, tenant, newTenant)
		}
	}
	slices.Sort(want) // all made at the one time of their caller, so that their ids order them
	if diff := cmp.Diff(want, got.role.ExportBucketIDs); diff != "" {
		t.Errorf("buckets of the role (-want +got):\n%s", diff)
	}
}

// The creation comes first: a bucket that the update's statement can't see yet
// moves along all the same.
func TestAnUpdateOfAnAzureRoleWaitsForACreationAndMovesItsBucket(t *testing.T) {
	t.Parallel()
	for end, commit := range map[string]bool{"a creation that is committed": true, "a creation that is rolled back": false} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			b := setupRace(t)
			tx, err := b.other.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			bucket := insertBucket(t, tx, raceAzureRole)
			done := b.moveAzureRoleInBackground(t)
			b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(done) > 0 })
			finish, buckets := tx.Commit, []objectid.ID{bucket.ID}
			if !commit {
				finish, buckets = tx.Rollback, nil
			}
			if err := finish(ctx); err != nil {
				t.Fatal(err)
			}
			b.wantMoved(t, <-done, buckets)
			b.wantBuckets(t, buckets)
		})
	}
}

// The update comes first, and is held open at a bucket that it is to move: the
// creation waits for it, and its bucket is of the new tenant from the start.
func TestACreationWaitsForAnUpdateOfItsAzureRoleAndSeesIt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := setupRace(t)
	old, err := b.create(ctx, raceAzureRole)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := b.other.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "SELECT FROM export_buckets WHERE id = $1 FOR UPDATE", old.ID); err != nil {
		t.Fatal(err)
	}
	update := b.moveAzureRoleInBackground(t)
	updating := b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(update) > 0 })
	creation := b.createInBackground(t, raceAzureRole)
	b.wantWaiter(t, updating, func() bool { return len(creation) > 0 })
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}

	updated, got := <-update, <-creation
	if got.err != nil {
		t.Fatalf("creation: got %v, want a bucket", got.err)
	}
	// The update reads what uses the role after its commit, and may see the new
	// bucket by then.
	buckets := []objectid.ID{old.ID, got.bucket.ID}
	b.wantMoved(t, updated, buckets[:min(max(len(updated.role.ExportBucketIDs), 1), 2)])
	if got.bucket.TenantID == nil || *got.bucket.TenantID != newTenant {
		t.Errorf("tenant of the new bucket: got %v, want %s", got.bucket.TenantID, newTenant)
	}
	b.wantBuckets(t, []objectid.ID{old.ID, got.bucket.ID})
}

func TestADeletionOfARoleWaitsForACreationAndIsRefused(t *testing.T) {
	t.Parallel()
	for provider, tt := range map[string]struct {
		role     string
		code     atlas.Code
		sentence string // the parameter of the code
	}{
		"AWS": {
			raceAWSRole, atlas.CodeAWSIAMRoleInUse,
			"Cannot remove the AWS IAM role (" + raceAWSRole + ") because it is still in use.",
		},
		"AZURE": {
			raceAzureRole, atlas.CodeAzureServicePrincipalInUse,
			"Cannot remove the Azure Service Principal (" + raceAzureRole + ") because it is still in use.",
		},
		"GCP": {
			raceGCPRole, atlas.CodeGCPServiceAccountInUse,
			"Cannot remove the GCP Service Account (" + raceGCPRole + ") because it is still in use.",
		},
	} {
		for end, commit := range map[string]bool{"that is committed": true, "that is rolled back": false} {
			t.Run(provider+", a creation "+end, func(t *testing.T) {
				t.Parallel()
				ctx := t.Context()
				b := setupRace(t)
				tx, err := b.other.Begin(ctx)
				if err != nil {
					t.Fatal(err)
				}
				bucket := insertBucket(t, tx, tt.role)
				done := make(chan error, 1)
				go func() { done <- b.backup.DeleteAccessRole(ctx, b.owner, provider, objectid.MustParse(tt.role)) }()
				b.wantWaiter(t, b.other.PgConn().PID(), func() bool { return len(done) > 0 })
				if !commit {
					if err := tx.Rollback(ctx); err != nil {
						t.Fatal(err)
					}
					if err := <-done; err != nil {
						t.Errorf("deletion: got %v, want nil", err)
					}
					_, err := b.create(ctx, tt.role)
					wantCode(t, err, atlas.CodeAccessRoleNotFound, tt.role)
					b.wantBuckets(t, nil)
					return
				}
				if err := tx.Commit(ctx); err != nil {
					t.Fatal(err)
				}
				var got *atlas.Error
				if err := <-done; !errors.As(err, &got) {
					t.Fatalf("deletion: got %v, want %s", err, tt.code)
				}
				want := atlas.NewError(tt.code)
				want.Parameters = []any{tt.sentence}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(atlas.Error{}, "Because")); diff != "" {
					t.Errorf("deletion (-want +got):\n%s", diff)
				}
				b.wantBuckets(t, []objectid.ID{bucket.ID})
			})
		}
	}
}
