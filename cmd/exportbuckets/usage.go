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

// writeUsage calls write from time to time until ctx ends, and then once more. It is to
// store when credentials were last used.
func writeUsage(ctx context.Context, write func(context.Context) error, log *slog.Logger) {
	ticker := time.NewTicker(usageInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done(): // once more
		case <-ticker.C:
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), usageTimeout)
		if err := write(bounded); err != nil {
			log.Warn("the last use of credentials is not written", "error", err)
		}
		cancel()
	}
}
