package torture

import (
	"sync"
	"testing"
	"time"
)

// The rounds of a race.
const (
	shortRounds = 200
	longRounds  = 10_000
)

// Rounds runs the rounds of a race until one fails, and collects how many held and
// how long they took.
func Rounds(t *testing.T, round func()) {
	t.Helper()
	rounds := shortRounds
	if Long() {
		rounds = longRounds
	}
	began, held := time.Now(), 0
	defer func() {
		Figure(t, "rounds-that-held", held)
		Figure(t, "time", time.Since(began))
	}()
	for range rounds {
		round()
		if t.Failed() {
			return
		}
		held++
	}
}

// AtOnce runs the functions at the same moment and returns when all have ended.
func AtOnce(fs ...func()) {
	start := make(chan struct{})
	var group sync.WaitGroup
	for _, f := range fs {
		group.Go(func() {
			<-start
			f()
		})
	}
	close(start)
	group.Wait()
}
