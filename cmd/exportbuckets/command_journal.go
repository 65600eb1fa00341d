package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"exportbuckets/staging"
)

// journalFilter says which entries a command is about.
type journalFilter struct {
	Operation string `placeholder:"ID" help:"Of this operation id."`
	Status    string `placeholder:"CODE" help:"Answered with this status, or with one of a class, such as 4xx."`
	Project   string `placeholder:"ID" help:"On this project."`
	Principal string `placeholder:"NAME" help:"By this public key or client id."`
	UserAgent string `placeholder:"TEXT" help:"By a client whose User-Agent begins so."`
	ErrorCode string `placeholder:"CODE" help:"Refused with this error code."`
	Fault     string `placeholder:"NAME" help:"That met this fault."`
	RequestID string `placeholder:"ID" help:"With this X-Request-Id."`
}

func (f journalFilter) query() staging.JournalQuery {
	return staging.JournalQuery{
		Operation: f.Operation, Status: f.Status, Project: f.Project, Principal: f.Principal, UserAgent: f.UserAgent,
		ErrorCode: f.ErrorCode, Fault: f.Fault, RequestID: f.RequestID,
	}
}

type journalListCommand struct {
	orgConfig
	journalFilter
	Since   time.Duration `placeholder:"DURATION" help:"Since so long ago, such as 5m."`
	Limit   int           `default:"20" help:"So many at most, the newest (${default})."`
	AtLeast int           `placeholder:"N" help:"Wait until so many match."`
	Wait    time.Duration `default:"10s" placeholder:"DURATION" help:"How long to wait for --at-least, a minute at most (${default})."`
}

// Run prints entries, newest first. It returns errUnmet if there are fewer than expected.
func (j journalListCommand) Run(ctx context.Context, o output) error {
	client, org, err := j.open()
	if err != nil {
		return err
	}
	query := j.query()
	query.Limit, query.AtLeast = j.Limit, j.AtLeast
	if j.AtLeast > 0 {
		query.Wait = j.Wait
	}
	if j.Since > 0 {
		query.Since = time.Now().Add(-j.Since)
	}
	entries, err := client.Journal(ctx, org, query)
	if err != nil {
		return err
	}
	shown := table{head: journalHead}
	for _, entry := range entries {
		shown.rows = append(shown.rows, journalRow(entry))
	}
	if err := j.print(o.out, entries, shown); err != nil {
		return err
	}
	if len(entries) < j.AtLeast {
		return fmt.Errorf("%w: %d entries match, not %d", errUnmet, len(entries), j.AtLeast)
	}
	return nil
}

var journalHead = []string{"ID", "AT", "STATUS", "ERROR", "OPERATION", "PRINCIPAL", "PROJECT", "MS"}

func journalRow(e staging.JournalEntry) []string {
	if e.Admin != nil {
		return []string{e.ID, e.At.Format(time.RFC3339Nano), "", "", e.Admin.Action, e.Admin.Token, "", ""}
	}
	return []string{
		e.ID, e.At.Format(time.RFC3339Nano), statusText(e), e.ErrorCode, e.Operation, e.Principal, e.Project,
		strconv.FormatFloat(e.DurationMS, 'f', 1, 64),
	}
}

// statusText is the status that was made, and whether it was sent.
func statusText(e staging.JournalEntry) string {
	switch {
	case !e.AnswerLost:
		return strconv.Itoa(e.Status)
	case e.Status == 0:
		return "lost"
	default:
		return strconv.Itoa(e.Status) + " lost"
	}
}

type journalTailCommand struct {
	orgConfig
	journalFilter
}

const (
	// tailLimit is how many entries each request of a tail gets at most.
	tailLimit = 1000
	// tailWait is how long each waits for entries. What is deleted from the journal
	// meanwhile counts as found until then.
	tailWait = 5 * time.Second
	// lookBack is how much later than others an entry is still shown: it tells when its
	// request began, and is there when that has ended, which a fault can delay twice.
	lookBack = 2*staging.MaxFaultDelay + time.Minute
)

// Run prints entries as they come, until it is interrupted.
func (j journalTailCommand) Run(ctx context.Context, o output) error {
	client, org, err := j.open()
	if err != nil {
		return err
	}
	query, start := j.query(), time.Now()
	query.Limit = tailLimit
	var found map[string]bool // ids, from the first answer on
	for {
		entries, err := client.Journal(ctx, org, query)
		if ctx.Err() != nil {
			return nil // it is the end that was asked for
		}
		if err != nil {
			return err
		}
		for _, entry := range slices.Backward(entries) {
			if found[entry.ID] || found == nil && entry.At.Before(start) {
				continue
			}
			line := printable(strings.Join(journalRow(entry), "  "))
			if _, err := fmt.Fprintln(o.out, line); err != nil {
				return err
			}
		}
		query, found = followUp(query, entries)
	}
}

// followUp returns the query that waits for an entry which is not among those that the last
// query of a tail has found, and the ids of those that it finds again.
func followUp(query staging.JournalQuery, entries []staging.JournalEntry) (staging.JournalQuery, map[string]bool) {
	if len(entries) > 0 {
		query.Since = entries[0].At.Add(-lookBack)
	}
	if len(entries) == query.Limit { // so that there is room for another
		if past := entries[len(entries)-1].At.Add(time.Microsecond); past.After(query.Since) {
			query.Since = past
		}
	}
	found := make(map[string]bool)
	for _, entry := range entries {
		if !entry.At.Before(query.Since) {
			found[entry.ID] = true
		}
	}
	query.AtLeast, query.Wait = len(found)+1, tailWait
	return query, found
}

type journalWhyCommand struct {
	orgConfig
	journalFilter
	ID string `arg:"" optional:"" help:"Id of an entry. The last refusal if left out."`
}

// Run says why a request was answered as it was.
func (j journalWhyCommand) Run(ctx context.Context, o output) error {
	client, org, err := j.open()
	if err != nil {
		return err
	}
	var entry staging.JournalEntry
	if j.ID == "" {
		entry, err = client.LastRefusal(ctx, org, j.query())
	} else {
		entry, err = client.JournalEntry(ctx, org, j.ID)
	}
	if err != nil {
		return err
	}
	if j.Output != "table" {
		return j.print(o.out, entry, table{})
	}
	return writeWhy(o.out, entry)
}

// writeWhy writes an entry as people read it.
func writeWhy(to io.Writer, e staging.JournalEntry) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n%s %s  %s  %s\n\n",
		e.Method, e.Path, statusText(e), e.ErrorCode, e.Principal, e.At.Format(time.RFC3339Nano))
	for _, step := range e.Steps {
		mark := "ok  "
		if !step.OK {
			mark = "NO  "
		}
		fmt.Fprintf(&text, "%s%-14s%s\n", mark, step.Name, step.Rule)
		for _, fact := range step.Facts {
			fmt.Fprintf(&text, "      %s: %s", fact.Name, fact.Value)
			if fact.Needs != "" {
				fmt.Fprintf(&text, "  (needs: %s)", fact.Needs)
			}
			text.WriteString("\n")
		}
		for _, row := range step.Rows {
			fmt.Fprintf(&text, "      %s %s %s (%d)\n", row.Change, row.Table, row.ID, row.Count)
		}
	}
	for _, hint := range e.Hints {
		fmt.Fprintf(&text, "\nhint: %s", hint)
	}
	if _, err := fmt.Fprintln(to, printable(strings.TrimRight(text.String(), "\n"))); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
