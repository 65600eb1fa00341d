package write_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// Creations that never end hold the role one after the other, and together all
// of the time. Whoever changes it gets its turn all the same.
func TestCreationsDoNotKeepARoleFromItsOwner(t *testing.T) {
	t.Parallel()
	b := setupRace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var created atomic.Int64
	var wg sync.WaitGroup
	ended := make(chan struct{})
	for range 16 {
		wg.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				if _, err := b.create(t.Context(), raceAWSRole); err != nil {
					t.Errorf("create: got %v, want a bucket", err)
					return
				}
				created.Add(1)
			}
		})
	}
	provider := "AWS"
	for i := range 5 {
		before := created.Load()
		arn := "arn:aws:iam::123456789012:role/" + strconv.Itoa(i)
		role, err := b.backup.UpdateAccessRole(ctx, b.owner, objectid.MustParse(raceAWSRole),
			backup.AccessRoleRequest{ProviderName: &provider, IAMAssumedRoleARN: &arn})
		if err != nil || role.IAMAssumedRoleARN == nil || *role.IAMAssumedRoleARN != arn {
			t.Errorf("change %d: got %+v, %v; want it made", i, role, err)
		}
		t.Logf("change %d came after %d creations", i, created.Load()-before)
	}
	close(ended)
	wg.Wait()
}
