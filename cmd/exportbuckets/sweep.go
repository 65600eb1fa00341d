package main

import (
	"context"
	"log/slog"
	"time"
)

// sweepInterval is how often throw-away organizations that have expired are looked for.
// They are refused at once; their rows can wait.
const sweepInterval = 10 * time.Second

// sweep deletes what has expired from time to time until ctx ends.
func sweep(ctx context.Context, expired func(context.Context) (int, error), log *slog.Logger) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		swept, err := expired(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn("throw-away organizations that have expired are not deleted", "error", err)
		}
		if swept > 0 {
			log.Info("deleted throw-away organizations", "count", swept)
		}
	}
}
