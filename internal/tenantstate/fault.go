package tenantstate

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/fault"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// Faults returns the faults of the organization that have not ended, in their order.
func (s *Service) Faults(ctx context.Context, reader Reader) ([]staging.Fault, error) {
	rules, err := fault.Stored(ctx, s.pool, reader.OrgID(), s.env.Now())
	faults := make([]staging.Fault, len(rules))
	for i, rule := range rules {
		faults[i] = rule.Fault
	}
	return faults, err
}

// errNoFault is the problem of a name that no fault has.
var errNoFault = staging.NewProblem(staging.CodeNotFound, "The organization has no such fault.")

// Fault returns the fault of a name. It returns NOT_FOUND if there is none, or if it has
// ended.
func (s *Service) Fault(ctx context.Context, reader Reader, name string) (staging.Fault, error) {
	faults, err := s.Faults(ctx, reader)
	if err != nil {
		return staging.Fault{}, err
	}
	i := slices.IndexFunc(faults, func(f staging.Fault) bool { return f.Name == name })
	if i < 0 {
		return staging.Fault{}, errNoFault
	}
	return faults[i], nil
}

var errTooManyFaults = staging.NewProblem(staging.CodeLimit,
	"An organization has at most %d faults.", staging.MaxFaults)

// PutFault adds a fault after all others, or replaces the one of its name. It returns
// INVALID with the place of what can't be, ORGANIZATION_PROTECTED, and LIMIT if the
// organization has staging.MaxFaults.
func (s *Service) PutFault(ctx context.Context, writer Writer, asked staging.Fault) (staging.Fault, error) {
	rule, err := s.compile(asked)
	if err != nil {
		return staging.Fault{}, err
	}
	return rule.Fault, s.stage(ctx, writer, func(tx pgx.Tx) error {
		return s.insertFaults(ctx, tx, writer.OrgID(), rule)
	})
}

// PutFaults makes these the faults of the organization. It returns what PutFault does.
func (s *Service) PutFaults(ctx context.Context, writer Writer, asked []staging.Fault) ([]staging.Fault, error) {
	rules, err := s.compileAll(asked)
	if err != nil {
		return nil, err
	}
	faults := make([]staging.Fault, len(rules))
	for i, rule := range rules {
		faults[i] = rule.Fault
	}
	return faults, s.stage(ctx, writer, func(tx pgx.Tx) error {
		if _, err := db.New().DeleteStagingFaults(ctx, tx, writer.OrgID()); err != nil {
			return fmt.Errorf("delete faults: %w", err)
		}
		return s.insertFaults(ctx, tx, writer.OrgID(), rules...)
	})
}

// compileAll checks all faults that there are to be.
func (s *Service) compileAll(asked []staging.Fault) ([]fault.Rule, error) {
	if len(asked) > staging.MaxFaults {
		return nil, errTooManyFaults
	}
	rules, names := make([]fault.Rule, len(asked)), make(map[string]bool)
	for i, one := range asked {
		rule, err := s.compile(one)
		if err == nil && names[one.Name] {
			err = staging.Invalid("/name", "Another fault has the name.")
		}
		if err != nil {
			return nil, below(err, fmt.Sprintf("/%d", i))
		}
		names[one.Name] = true
		rules[i] = rule
	}
	return rules, nil
}

// DeleteFault removes a fault. It returns NOT_FOUND if there is none of the name.
func (s *Service) DeleteFault(ctx context.Context, writer Writer, name string) error {
	return s.stage(ctx, writer, func(tx pgx.Tx) error {
		deleted, err := db.New().DeleteStagingFault(ctx, tx,
			db.DeleteStagingFaultParams{OrgID: writer.OrgID(), Name: name})
		if err == nil && deleted == 0 {
			return errNoFault
		}
		return atlas.Wrap(err, "delete fault")
	})
}

// ClearFaults removes all faults of the organization.
func (s *Service) ClearFaults(ctx context.Context, writer Writer) error {
	return s.stage(ctx, writer, func(tx pgx.Tx) error { return clearFaults(ctx, tx, writer.OrgID()) })
}

// clearFaults removes all faults of an organization that is locked, and tells every replica.
func clearFaults(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	deleted, err := db.New().DeleteStagingFaults(ctx, tx, orgID)
	if err != nil || deleted == 0 {
		return atlas.Wrap(err, "delete faults")
	}
	return raiseStaging(ctx, tx, orgID)
}

func raiseStaging(ctx context.Context, tx pgx.Tx, orgID objectid.ID) error {
	return atlas.Wrap(db.New().UpdateOrgStagingVersion(ctx, tx, orgID), "raise version of what is staged")
}

func (s *Service) compile(asked staging.Fault) (fault.Rule, error) {
	return fault.Compile(asked, s.cfg.IsOperation, s.env.Now())
}

// insertFaults adds faults that have been checked, and removes those that have ended.
func (s *Service) insertFaults(ctx context.Context, tx pgx.Tx, orgID objectid.ID, rules ...fault.Rule) error {
	q := db.New()
	err := q.DeleteEndedStagingFaults(ctx, tx, db.DeleteEndedStagingFaultsParams{OrgID: orgID, Now: s.env.Now()})
	if err != nil {
		return fmt.Errorf("delete faults that have ended: %w", err)
	}
	for _, rule := range rules {
		row, err := fault.Row(orgID, rule)
		if err != nil {
			return err
		}
		if err := q.UpsertStagingFault(ctx, tx, row); err != nil {
			return fmt.Errorf("upsert fault: %w", err)
		}
	}
	faults, err := q.CountStagingFaults(ctx, tx, orgID)
	if err == nil && faults > staging.MaxFaults {
		return errTooManyFaults
	}
	return atlas.Wrap(err, "count faults")
}

// stage runs a change of what is staged in the organization, and tells every replica. It
// returns ORGANIZATION_PROTECTED.
func (s *Service) stage(ctx context.Context, writer Writer, change func(tx pgx.Tx) error) error {
	return s.pool.Write(ctx, writer.OrgID(), func(tx pgx.Tx) error {
		if err := lock(ctx, tx, writer.OrgID()); err != nil {
			return err
		}
		if err := checkUnprotected(ctx, tx, writer.OrgID()); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		return raiseStaging(ctx, tx, writer.OrgID())
	})
}
