package journal

import (
	"context"
	"time"
)

// Trim does what Run does from time to time.
func (j *Journal) Trim(ctx context.Context, now time.Time) error { return j.trim(ctx, now) }
