//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// load fills an empty, migrated database with the dataset and leaves it as it
// would be after a quiet night: vacuumed, with statistics, and written out.
func (d dataset) load(ctx context.Context, conn *pgx.Conn) error {
	if err := d.insertTenants(ctx, conn); err != nil {
		return err
	}
	restore, err := dropIndexes(ctx, conn, bucketsTable.Sanitize())
	if err != nil {
		return err
	}
	err = copyBuckets(ctx, conn, d.rows(), func(i int) (bucket, time.Time) { return d.row(i), d.createdAt(i) })
	if err != nil {
		return err
	}
	for _, statement := range append(restore, "VACUUM (ANALYZE)", "CHECKPOINT") {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// tenantsAtOnce is how many tenants are added in one transaction.
const tenantsAtOnce = 500

func (d dataset) insertTenants(ctx context.Context, conn *pgx.Conn) error {
	for first := 0; first < d.allTenants(); first += tenantsAtOnce {
		var r recorder
		for i := first; i < min(first+tenantsAtOnce, d.allTenants()); i++ {
			tenant(i).insert(ctx, &r, d.now.Add(-history), d.now)
		}
		if r.err != nil {
			return fmt.Errorf("statements of tenants: %w", r.err)
		}
		var batch pgx.Batch
		for _, s := range r.statements {
			batch.Queue(s.sql, s.args...)
		}
		if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
			return fmt.Errorf("add tenants: %w", err)
		}
	}
	return nil
}

// copyBuckets adds n export buckets.
func copyBuckets(ctx context.Context, conn *pgx.Conn, n int, each func(i int) (bucket, time.Time)) error {
	provider, err := conn.LoadType(ctx, "cloud_provider")
	if err != nil {
		return fmt.Errorf("add export buckets: %w", err)
	}
	conn.TypeMap().RegisterType(provider)
	rows := pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		b, created := each(i)
		return b.row(created), nil
	})
	if _, err := conn.CopyFrom(ctx, bucketsTable, bucketColumns, rows); err != nil {
		return fmt.Errorf("add export buckets: %w", err)
	}
	return nil
}

// dropIndexes takes the keys and indexes off a table, with the foreign keys to it, so that
// it fills faster, and returns the statements that put them back.
func dropIndexes(ctx context.Context, conn *pgx.Conn, table string) (restore []string, err error) {
	rows, err := conn.Query(ctx, `
		SELECT
		    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
		    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
		    CASE contype WHEN 'f' THEN 1 ELSE 2 END AS place
		FROM pg_constraint
		WHERE conrelid = $1::text::regclass AND contype IN ('p', 'u', 'f')
		    OR confrelid = $1::text::regclass AND contype = 'f'
		UNION ALL
		SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid), 3
		FROM pg_index
		WHERE indrelid = $1::text::regclass
		    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
		ORDER BY place`, table)
	if err != nil {
		return nil, fmt.Errorf("find indexes of %s: %w", table, err)
	}
	var drop []string
	var dropOne, restoreOne string
	var place int
	_, err = pgx.ForEachRow(rows, []any{&dropOne, &restoreOne, &place}, func() error {
		drop = append(drop, dropOne)
		// Foreign keys go first, and come back last.
		restore = append([]string{restoreOne}, restore...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find indexes of %s: %w", table, err)
	}
	for _, statement := range drop {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return append([]string{"SET maintenance_work_mem = '512MB'"}, restore...), nil
}
