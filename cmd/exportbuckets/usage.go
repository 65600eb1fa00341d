package main

import (
	"context"
	"log/slog"
	"time"
)

const (
	// usageInterval is how late the last use of a credential may be visible.
	usageInterval = 10 * time.Second
	// usageTimeout is how long one write may take.
	usageTimeout = 5 * time.Second
)

// startUsageWriter calls write from time to time, which is to store when
// credentials were last used. The function that it returns ends that, after a
// last call; ctx does not, as requests are served after it has ended.
func startUsageWriter(
	ctx context.Context, write func(context.Context) error, log *slog.Logger,
) (stop func()) {
	ctx = context.WithoutCancel(ctx)
	ticking, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(usageInterval)
		defer ticker.Stop()
		for ticking.Err() == nil {
			select {
			case <-ticking.Done(): // once more
			case <-ticker.C:
			}
			bounded, cancel := context.WithTimeout(ctx, usageTimeout)
			if err := write(bounded); err != nil {
				log.Warn("the last use of credentials is not written", "error", err)
			}
			cancel()
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
