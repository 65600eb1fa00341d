package tuning

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTheHeapGrowsFurtherUnlessGOGCIsSet(t *testing.T) { //nolint:paralleltest // It changes what the whole process shares.
	for gogc, want := range map[string]int{"": gcPercent, "50": 50} {
		t.Setenv("GOGC", gogc)
		before := debug.SetGCPercent(50)
		SetMemory()
		if got := debug.SetGCPercent(before); got != want {
			t.Errorf("GOGC=%s: got %d percent, want %d", gogc, got, want)
		}
	}
}

func TestMemoryHasALimitUnlessGOMEMLIMITIsSet(t *testing.T) { //nolint:paralleltest // It changes what the whole process shares.
	for limit, want := range map[string]int64{"": memoryLimit, "1GiB": 1 << 30} {
		t.Setenv("GOMEMLIMIT", limit)
		before := debug.SetMemoryLimit(1 << 30)
		SetMemory()
		if got := debug.SetMemoryLimit(before); got != want {
			t.Errorf("GOMEMLIMIT=%s: got %d, want %d", limit, got, want)
		}
	}
}

func TestHalfOfTheProcessorsAreLeftUnlessGOMAXPROCSIsSet(t *testing.T) { //nolint:paralleltest // It changes what the whole process shares.
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, tt := range []struct {
		variable         string
		processors, want int
	}{
		{"", 8, 4},
		{"", 3, 1},
		{"", 1, 1},
		{"8", 8, 8},
	} {
		t.Setenv("GOMAXPROCS", tt.variable)
		runtime.GOMAXPROCS(tt.processors)
		LeaveProcessors()
		if got := runtime.GOMAXPROCS(0); got != tt.want {
			t.Errorf("GOMAXPROCS=%s on %d processors: got %d, want %d", tt.variable, tt.processors, got, tt.want)
		}
	}
}
