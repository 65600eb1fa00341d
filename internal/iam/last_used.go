package iam

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// lastUsed collects which credentials were used since it was last written, so
// that no request waits for that to be written.
type lastUsed struct {
	mu   sync.Mutex
	uses map[usedKey]use
}

// usedKey is a network on the access list of a principal, or a secret of a service
// account.
type usedKey struct {
	orgID       objectid.ID
	principalID objectid.ID
	network     netip.Prefix
	secretID    objectid.ID
}

type use struct {
	requests int64
	last     time.Time
	address  netip.Addr // of the last request
}

func (u *lastUsed) add(key usedKey, more use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.uses == nil {
		u.uses = make(map[usedKey]use)
	}
	sum := u.uses[key]
	sum.requests += more.requests
	if !more.last.Before(sum.last) {
		sum.last, sum.address = more.last, more.address
	}
	u.uses[key] = sum
}

// drain returns what was collected, and begins anew.
func (u *lastUsed) drain() map[usedKey]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	uses := u.uses
	u.uses = nil
	return uses
}

// WriteLastUsed writes which access list entries and secrets were used since it
// last did. It is to be called from time to time: Atlas lets five minutes pass.
// If a row can't be written, such as one that somebody holds, it and the others of its
// organization are kept for the next time. Each row is a statement of its own, so that
// none is locked while another is waited for.
func (s *Service) WriteLastUsed(ctx context.Context) error {
	var failed error
	failing := make(map[objectid.ID]bool) // organizations
	left := 0
	for key, used := range s.lastUsed.drain() {
		if !failing[key.orgID] {
			if err := s.writeLastUsed(ctx, key, used); err != nil {
				failed, failing[key.orgID] = err, true
			}
		}
		if failing[key.orgID] {
			s.lastUsed.add(key, used)
			left++
		}
	}
	if failed != nil {
		return fmt.Errorf("write last use: %d rows left for later: %w", left, failed)
	}
	return nil
}

func (s *Service) writeLastUsed(ctx context.Context, key usedKey, used use) error {
	if key.network.IsValid() {
		return s.q.UpdateAccessListEntryUsage(ctx, s.pool, db.UpdateAccessListEntryUsageParams{
			OrgID:           key.orgID,
			PrincipalID:     key.principalID,
			CIDRBlock:       key.network,
			Requests:        used.requests,
			LastUsedAt:      used.last,
			LastUsedAddress: used.address,
		})
	}
	return s.q.UpdateServiceAccountSecretUsage(ctx, s.pool, db.UpdateServiceAccountSecretUsageParams{
		OrgID:            key.orgID,
		ServiceAccountID: key.principalID,
		ID:               key.secretID,
		LastUsedAt:       used.last,
	})
}
