package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// The bounds of a list.
const (
	defaultLimit = 100
	maxLimit     = 1000
	// MaxWait is how long a list may wait for entries.
	MaxWait = time.Minute
	// pollInterval is how often it looks for them.
	pollInterval = 100 * time.Millisecond
)

// List returns entries of the organization, newest first, without hints. It waits as the
// query says, and holds no connection meanwhile. What this replica has not written yet is
// written first. It returns INVALID for a query that names nothing.
func (j *Journal) List(
	ctx context.Context, reader tenantstate.Reader, query staging.JournalQuery,
) (staging.List[staging.JournalEntry], error) {
	list := staging.List[staging.JournalEntry]{Results: []staging.JournalEntry{}}
	params, err := listParams(reader.OrgID(), query)
	if err != nil {
		return list, err
	}
	j.Flush(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	end := time.After(query.Wait)
	for {
		rows, err := db.New().ListJournalEntries(ctx, j.pool, params)
		if err != nil {
			return list, fmt.Errorf("list entries: %w", err)
		}
		if len(rows) >= query.AtLeast {
			return decodeList(rows)
		}
		select {
		case <-time.After(pollInterval):
		case <-end:
			return decodeList(rows)
		case <-ctx.Done():
			return list, fmt.Errorf("wait for entries: %w", ctx.Err())
		}
	}
}

func decodeList(rows [][]byte) (staging.List[staging.JournalEntry], error) {
	list := staging.List[staging.JournalEntry]{Results: make([]staging.JournalEntry, len(rows))}
	for i, row := range rows {
		if err := json.Unmarshal(row, &list.Results[i]); err != nil {
			return list, fmt.Errorf("decode entry: %w", err)
		}
	}
	return list, nil
}

// listParams returns the query as the database takes it, or INVALID with the parameter that
// is wrong.
func listParams(orgID objectid.ID, query staging.JournalQuery) (db.ListJournalEntriesParams, error) {
	params := db.ListJournalEntriesParams{OrgID: orgID}
	for _, part := range []struct {
		value  string
		column **string
	}{
		{query.Operation, &params.Operation}, {query.ErrorCode, &params.ErrorCode}, {query.Project, &params.Project},
		{query.Fault, &params.Fault},
		{query.Principal, &params.Principal}, {query.RequestID, &params.RequestID},
		{strings.TrimSuffix(query.UserAgent, "*"), &params.UserAgent},
	} {
		if part.value != "" {
			*part.column = &part.value
		}
	}
	if !query.Since.IsZero() {
		params.Since = &query.Since
	}
	if query.Before != "" {
		before, err := objectid.Parse(query.Before)
		if err != nil {
			return params, staging.Invalid("/before", "This is no id of an entry.")
		}
		params.Before = &before
	}
	if query.Status != "" {
		status, err := strconv.ParseInt(strings.TrimSuffix(query.Status, "xx"), 10, 16)
		class := strings.HasSuffix(query.Status, "xx")
		if err != nil || class && (status < 1 || status > 5) || !class && (status < 100 || status > 599) {
			return params, staging.Invalid("/status", "This is neither a status, such as 404, nor a class, such as 4xx.")
		}
		params.Status = new(int32(status))
	}
	limit := cmp.Or(query.Limit, defaultLimit)
	switch {
	case limit < 1 || limit > maxLimit:
		return params, staging.Invalid("/limit", "This is not from 1 to %d.", maxLimit)
	case query.AtLeast < 0 || query.AtLeast > limit:
		return params, staging.Invalid("/atLeast", "This is not from 0 to the limit, %d.", limit)
	case query.Wait < 0 || query.Wait > MaxWait:
		return params, staging.Invalid("/wait", "This is not from 0s to %s.", MaxWait)
	}
	params.RowLimit = int32(limit)
	return params, nil
}

// errNoEntry says the same of an entry that is not there, and of one that is another's.
var errNoEntry = staging.NewProblem(staging.CodeNotFound, "There is no such entry, or not any more.")

// Get returns an entry of the organization, with hints, or NOT_FOUND.
func (j *Journal) Get(ctx context.Context, reader tenantstate.Reader, id string) (staging.JournalEntry, error) {
	var entry staging.JournalEntry
	parsed, err := objectid.Parse(id)
	if err != nil {
		return entry, errNoEntry
	}
	j.Flush(ctx)
	row, err := db.New().GetJournalEntry(ctx, j.pool, db.GetJournalEntryParams{OrgID: reader.OrgID(), ID: parsed})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return entry, errNoEntry
	case err != nil:
		return entry, fmt.Errorf("get entry: %w", err)
	}
	if err := json.Unmarshal(row, &entry); err != nil {
		return entry, fmt.Errorf("decode entry: %w", err)
	}
	entry.Hints, err = j.hints(ctx, reader.OrgID(), entry)
	return entry, err
}

// Clear empties the journal of the organization, and returns how many entries it had.
func (j *Journal) Clear(ctx context.Context, writer tenantstate.Writer) (int64, error) {
	j.Flush(ctx)
	count, err := db.New().DeleteJournalEntries(ctx, j.pool, writer.OrgID())
	if err != nil {
		return 0, fmt.Errorf("delete entries: %w", err)
	}
	return count, nil
}

// Set changes how much the journal of the organization keeps, from the next request on. It
// returns INVALID for a mode that is none.
func (j *Journal) Set(
	ctx context.Context, writer tenantstate.Writer, settings staging.JournalSettings,
) (staging.JournalSettings, error) {
	if !settings.Mode.Valid() {
		return settings, staging.Invalid("/mode", "This is none of off, lines and full.")
	}
	_, err := db.New().UpdateOrgJournalMode(ctx, j.pool,
		db.UpdateOrgJournalModeParams{OrgID: writer.OrgID(), JournalMode: string(settings.Mode)})
	if err != nil {
		return settings, fmt.Errorf("update mode: %w", err)
	}
	return settings, nil
}
