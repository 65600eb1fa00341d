package api

import (
	"strconv"
	"testing"
	"time"
)

func TestTheMemoryOfRateLimitsIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 10, 0, 0, 0, 0, time.UTC)
	l := newRateLimiter()
	busy := draw{backupLimit, "busy"}
	for i := range 3 * maxBuckets {
		l.take(now, draw{tokenLimit, strconv.Itoa(i)})
		if i%(maxBuckets/2) == 0 {
			l.take(now, busy)
		}
	}
	if got := l.buckets.Len(); got > maxBuckets {
		t.Errorf("got %d buckets, want at most %d", got, maxBuckets)
	}
	if _, left, _ := l.take(now, busy); left != backupLimit.capacity-7 {
		t.Errorf("the bucket that is used all the time: got %d left, want %d", left, backupLimit.capacity-7)
	}
}
