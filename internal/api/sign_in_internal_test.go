package api

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exportbuckets/internal/waittest"
)

func TestFailedSignInsOfOnePairAreCountedFromTheEleventhOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log waittest.Log
		f := failedSignIns{log: slog.New(slog.NewTextHandler(&log, nil)), total: make(map[string]int64)}
		add := func(times int, credential, address string) {
			for range times {
				f.add(t.Context(), "reason", signInPair{credential, netip.MustParseAddr(address)})
			}
		}
		want := func(when string, lines map[string]int) {
			t.Helper()
			for line, count := range lines {
				if got := strings.Count(log.String(), line); got != count {
					t.Errorf("%s: got %d of %q, want %d, in:\n%s", when, got, line, count, log.String())
				}
			}
			log.Reset()
		}
		add(signInEvents, "firstkey", "192.0.2.1")
		add(signInEvents+5, "otherkey", "192.0.2.1")
		add(1, "firstkey", "192.0.2.2")
		want("in the first minute", map[string]int{
			"msg=\"failed sign-in\"": 2*signInEvents + 1, "credential=firstkey address=192.0.2.2 reason=reason total=26": 1, "more": 0,
		})
		time.Sleep(signInPeriod)
		synctest.Wait()
		want("at its end", map[string]int{
			"msg=": 1, "msg=\"more failed sign-ins\" credential=otherkey address=192.0.2.1 count=5": 1,
		})
		time.Sleep(signInPeriod)
		add(1, "otherkey", "192.0.2.1")
		want("later", map[string]int{"msg=": 1, "credential=otherkey address=192.0.2.1 reason=reason total=27": 1})
		time.Sleep(signInPeriod)
		synctest.Wait()
		want("at the end of that", map[string]int{"msg=": 0})
	})
}

func TestOfManyPairsSomeAreCountedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log waittest.Log
		f := failedSignIns{log: slog.New(slog.NewTextHandler(&log, nil)), total: make(map[string]int64)}
		const more = 500
		for i := range signInPairs + more {
			f.add(t.Context(), "reason", signInPair{fmt.Sprintf("key%d", i), netip.MustParseAddr("192.0.2.1")})
		}
		f.mu.Lock()
		got := len(f.pairs)
		f.mu.Unlock()
		if got > signInPairs+1 {
			t.Errorf("got %d pairs in memory, want at most %d", got, signInPairs+1)
		}
		time.Sleep(signInPeriod)
		synctest.Wait()
		if got, want := strings.Count(log.String(), "msg=\"failed"), signInPairs+signInEvents; got != want {
			t.Errorf("got %d events, want %d", got, want)
		}
		end := fmt.Sprintf("msg=\"more failed sign-ins\" credential=\"\" address=\"\" count=%d", more-signInEvents)
		if !strings.Contains(log.String(), end) {
			t.Errorf("got no %q, want it", end)
		}
		if f.pairs != nil || f.total["reason"] != signInPairs+more {
			t.Errorf("got %d pairs and a total of %d, want none and all", len(f.pairs), f.total["reason"])
		}
	})
}
