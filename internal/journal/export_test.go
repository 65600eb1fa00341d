package journal

import (
	"context"
	"errors"
	"time"
)

// Trim does what Run does from time to time.
func (j *Journal) Trim(ctx context.Context, now time.Time) error {
	return errors.Join(j.trimOrgs(ctx), j.trim(ctx, now))
}
