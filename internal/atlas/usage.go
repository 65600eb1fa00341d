package atlas

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// credentialUsage collects which credentials were used since it was last written, so that
// no request waits for that to be written.
type credentialUsage struct {
	mu       sync.Mutex
	networks map[networkKey]networkUse
	secrets  map[secretKey]time.Time // of the last use
}

type networkKey struct {
	orgID       objectid.ID
	principalID objectid.ID
	network     netip.Prefix // on the principal's access list
}

type networkUse struct {
	requests int64
	last     time.Time
	address  netip.Addr // of the last request
}

type secretKey struct {
	orgID            objectid.ID
	serviceAccountID objectid.ID
	id               objectid.ID
}

func (u *credentialUsage) addRequest(key networkKey, address netip.Addr, at time.Time) {
	u.add(key, networkUse{requests: 1, last: at, address: address})
}

func (u *credentialUsage) add(key networkKey, more networkUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.networks == nil {
		u.networks = make(map[networkKey]networkUse)
	}
	use := u.networks[key]
	use.requests += more.requests
	if !more.last.Before(use.last) {
		use.last, use.address = more.last, more.address
	}
	u.networks[key] = use
}

func (u *credentialUsage) addSecret(secret db.ServiceAccountSecret, at time.Time) {
	u.addSecretUse(secretKey{secret.OrgID, secret.ServiceAccountID, secret.ID}, at)
}

func (u *credentialUsage) addSecretUse(key secretKey, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.secrets == nil {
		u.secrets = make(map[secretKey]time.Time)
	}
	if at.After(u.secrets[key]) {
		u.secrets[key] = at
	}
}

// take returns what was collected, and begins anew.
func (u *credentialUsage) take() (map[networkKey]networkUse, map[secretKey]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	networks, secrets := u.networks, u.secrets
	u.networks, u.secrets = nil, nil
	return networks, secrets
}

// WriteUsage writes which access list entries and secrets were used since it
// last did. It is to be called from time to time: Atlas lets five minutes pass.
// If one row can't be written, it and those after it are kept for the next time.
// Each row is a statement of its own, so that none is held while another is
// waited for.
func (s *Service) WriteUsage(ctx context.Context) error {
	networks, secrets := s.usage.take()
	var failed error
	left := 0
	for key, use := range networks {
		if failed == nil {
			failed = s.q.UpdateAccessListEntryUsage(ctx, s.pool, db.UpdateAccessListEntryUsageParams{
				OrgID:           key.orgID,
				PrincipalID:     key.principalID,
				CIDRBlock:       key.network,
				Requests:        use.requests,
				LastUsedAt:      use.last,
				LastUsedAddress: use.address,
			})
		}
		if failed != nil {
			s.usage.add(key, use)
			left++
		}
	}
	for key, last := range secrets {
		if failed == nil {
			failed = s.q.UpdateServiceAccountSecretUsage(ctx, s.pool, db.UpdateServiceAccountSecretUsageParams{
				OrgID:            key.orgID,
				ServiceAccountID: key.serviceAccountID,
				ID:               key.id,
				LastUsedAt:       last,
			})
		}
		if failed != nil {
			s.usage.addSecretUse(key, last)
			left++
		}
	}
	if failed != nil {
		return fmt.Errorf("write usage: %d rows left for later: %w", left, failed)
	}
	return nil
}
