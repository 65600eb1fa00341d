package api

import (
	"testing"
	"time"
)

func TestBucketsThatAreFullAgainAreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 10, 0, 0, 0, 0, time.UTC)
	l := newRateLimiter(func() time.Time { return now })
	for range 600 {
		l.allow(backupLimit, "drained")
	}
	l.allow(backupLimit, "touched")
	now = now.Add(refillPeriod)
	l.allow(backupLimit, "new")
	if _, ok := l.buckets[bucketKey{backupLimit.name, "touched"}]; ok {
		t.Error("got a full bucket kept, want it forgotten")
	}
	if left, _ := l.allow(backupLimit, "drained"); left != 1200-600+500-1 {
		t.Errorf("got %d left, want %d", left, 1200-600+500-1)
	}
}
