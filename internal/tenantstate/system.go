package tenantstate

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
)

// System is what all replicas share.
type System struct {
	// Schema is the number of the last migration.
	Schema     int64
	PostgreSQL string // its version
	// JournalBytes is how large the journals of all organizations are, with what is free in
	// the table.
	JournalBytes int64
	Replicas     []Replica
}

// Replica is a process that has connections to the database.
type Replica struct {
	Name        string // number and host of the process
	Connections int64
	Since       time.Time // of the oldest of them
}

const selectReplicas = `
	SELECT application_name, count(*), min(backend_start)
	FROM pg_stat_activity
	WHERE datname = current_database() AND starts_with(application_name, $1)
	GROUP BY 1
	ORDER BY 1`

// System returns what all replicas share. A replica whose database URL has an
// application_name is not among them.
func (s *Service) System(ctx context.Context, _ Operator) (system System, err error) {
	batch := new(pgx.Batch)
	scan := func(what string, into any) func(pgx.Row) error {
		return func(row pgx.Row) error { return atlas.Wrap(row.Scan(into), what) }
	}
	batch.Queue(selectVersion).QueryRow(scan("read version of the schema", &system.Schema))
	batch.Queue("SHOW server_version").QueryRow(scan("read version of PostgreSQL", &system.PostgreSQL))
	batch.Queue(selectReplicas, dbpool.ProcessPrefix).Query(func(rows pgx.Rows) error {
		system.Replicas, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Replica])
		return atlas.Wrap(err, "list replicas")
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return system, err
	}
	for i := range system.Replicas {
		system.Replicas[i].Name = strings.TrimPrefix(system.Replicas[i].Name, dbpool.ProcessPrefix)
	}
	system.JournalBytes, err = db.New().GetJournalSize(ctx, s.pool)
	return system, atlas.Wrap(err, "read size of the journal")
}
