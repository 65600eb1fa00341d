package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Service finds the faults that requests are to meet. Its methods are safe for concurrent
// use.
type Service struct {
	pool  *dbpool.Pool
	clock func() time.Time // real time, whatever the clock of an organization says

	mu    sync.Mutex
	known *simplelru.LRU[objectid.ID, staged]
}

// staged are the faults of an organization as they were in one version of it.
type staged struct {
	version int64
	rules   []Rule
}

// maxKnown is of how many organizations the faults are kept.
const maxKnown = 1024

// New returns the service.
func New(pool *dbpool.Pool, clock func() time.Time) *Service {
	known, err := simplelru.NewLRU[objectid.ID, staged](maxKnown, nil)
	if err != nil {
		panic(err) // it is for a size that is not positive
	}
	return &Service{pool: pool, clock: clock, known: known}
}

// Find returns the fault that a request of the organization meets, or nil. The version is
// that of what is staged in the organization, as it was found with the caller: 0 says that
// nothing is, and costs nothing; of a version that is not known yet the faults are read
// first.
func (s *Service) Find(ctx context.Context, orgID objectid.ID, version int64, request Request) (*Rule, error) {
	if version == 0 {
		return nil, nil //nolint:nilnil // Most requests meet none.
	}
	rules, err := s.rules(ctx, orgID, version)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	for i := range rules {
		rule := &rules[i]
		if rule.spent.Load() || !rule.ExpiresAt.After(now) || !rule.Matches(request) {
			continue
		}
		var counted db.UpdateStagingFaultSeenRow
		// The turns of the organization's writes keep those who wait for the row from having
		// all connections.
		err := s.pool.Write(ctx, orgID, func(tx pgx.Tx) (err error) {
			counted, err = db.New().UpdateStagingFaultSeen(ctx, tx, db.UpdateStagingFaultSeenParams{
				OrgID: orgID, Name: rule.Name, Revision: rule.revision,
			})
			return err
		})
		if errors.Is(err, pgx.ErrNoRows) {
			continue // it was removed or replaced just now
		}
		if err != nil {
			return nil, fmt.Errorf("count request that a fault matches: %w", err)
		}
		if counted.Spent {
			rule.spent.Store(true)
		}
		if counted.Applies {
			return rule, nil
		}
	}
	return nil, nil //nolint:nilnil // As above.
}

func (s *Service) rules(ctx context.Context, orgID objectid.ID, version int64) ([]Rule, error) {
	s.mu.Lock()
	known, ok := s.known.Get(orgID)
	s.mu.Unlock()
	if ok && known.version == version {
		return known.rules, nil
	}
	rules, err := Stored(ctx, s.pool, orgID, s.clock())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.Add(orgID, staged{version, rules})
	return rules, nil
}

// Stored returns the faults of an organization that have not ended, in their order, with
// how many requests they have seen.
func Stored(ctx context.Context, conn db.DBTX, orgID objectid.ID, now time.Time) ([]Rule, error) {
	rows, err := db.New().ListStagingFaults(ctx, conn, db.ListStagingFaultsParams{OrgID: orgID, Now: now})
	if err != nil {
		return nil, fmt.Errorf("list faults: %w", err)
	}
	rules := make([]Rule, len(rows))
	for i, row := range rows {
		var fault staging.Fault
		if err := json.Unmarshal(row.Rule, &fault); err != nil {
			return nil, fmt.Errorf("decode fault %s: %w", row.Name, err)
		}
		// It was checked when it was stored. Its time has come nearer since, and is as the
		// database has it.
		fault.ExpiresAt = &row.ExpiresAt
		rules[i], err = Compile(fault, func(string) bool { return true }, now)
		if err != nil {
			return nil, fmt.Errorf("stored fault %s: %w", row.Name, err)
		}
		rules[i].Seen, rules[i].Applied, rules[i].revision = row.Seen, row.Applied, row.Revision
		rules[i].spent.Store(rules[i].Count != nil && row.Applied >= *rules[i].Count)
	}
	return rules, nil
}

// Row returns what is stored of a fault.
func Row(orgID objectid.ID, rule Rule) (db.UpsertStagingFaultParams, error) {
	encoded, err := json.Marshal(rule.Fault)
	if err != nil {
		return db.UpsertStagingFaultParams{}, fmt.Errorf("encode fault: %w", err)
	}
	probability := 1.0
	if rule.Probability != nil {
		probability = *rule.Probability
	}
	return db.UpsertStagingFaultParams{
		OrgID: orgID, Name: rule.Name, Rule: encoded, Skip: rule.Skip, Most: rule.Count, Probability: probability,
		Seed: rule.Seed, ExpiresAt: *rule.ExpiresAt,
	}, nil
}
