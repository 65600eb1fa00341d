//go:build linux

package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"exportbuckets/db"
)

// statement is one that the server sends, with its arguments.
type statement struct {
	sql  string
	args []any
}

// recorder is a connection that records statements and runs none. The functions
// that sqlc generates are called with it, so that their text is the server's.
type recorder struct {
	db.DBTX // for what is not recorded

	statements []statement
	err        error
}

// errRecorded is all that a statement of a recorder returns.
var errRecorded = errors.New("statement was recorded, not run")

// note keeps the error of a function that was called with the recorder, if it is
// another than the recorder's.
func (r *recorder) note(err error) {
	if err != nil && !errors.Is(err, errRecorded) {
		r.err = errors.Join(r.err, err)
	}
}

// Exec records a statement.
func (r *recorder) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	r.statements = append(r.statements, statement{sql, args})
	return pgconn.CommandTag{}, errRecorded
}

// Query records a statement.
//
//nolint:ireturn // As pgx has it.
func (r *recorder) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	r.statements = append(r.statements, statement{sql, args})
	return nil, errRecorded
}

// QueryRow records a statement.
//
//nolint:ireturn // As pgx has it.
func (r *recorder) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	r.statements = append(r.statements, statement{sql, args})
	return noRow{}
}

type noRow struct{}

// Scan returns errRecorded.
func (noRow) Scan(...any) error { return errRecorded }
