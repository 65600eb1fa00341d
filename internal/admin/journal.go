package admin

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

func (s *Server) listJournal(
	ctx context.Context, reader tenantstate.Reader, c *call,
) (staging.List[staging.JournalEntry], error) {
	query, err := JournalQuery(c.URL.Query())
	if err != nil {
		return staging.List[staging.JournalEntry]{}, err
	}
	if query.AtLeast > 0 && query.Wait > 0 {
		leave, err := s.waiting.Take(ctx, reader.OrgID(), 1)
		if errors.Is(err, atlas.ErrUnavailable) {
			return staging.List[staging.JournalEntry]{}, errTooManyWait
		} else if err != nil {
			return staging.List[staging.JournalEntry]{}, err
		}
		defer leave()
	}
	return s.Journal.List(ctx, reader, query)
}

// How many lists may wait for entries: each asks the database time and again.
const (
	maxWaiting      = 400
	maxWaitingOfOrg = 20
)

var errTooManyWait = staging.NewProblem(staging.CodeBusy,
	"At most %d lists of an organization wait for entries at a time, and %d of all.", maxWaitingOfOrg, maxWaiting)

// journalParameters are those of a list.
const journalParameters = "?operation&status&project&principal&userAgent&errorCode&fault&requestId&since&before" +
	"&limit&atLeast&wait"

// JournalQuery reads what a list is asked for. It returns INVALID with the parameter that is
// wrong.
func JournalQuery(values url.Values) (query staging.JournalQuery, err error) {
	for name := range values {
		value := values.Get(name)
		switch name {
		case "operation":
			query.Operation = value
		case "status":
			query.Status = value
		case "project":
			query.Project = value
		case "principal":
			query.Principal = value
		case "userAgent":
			query.UserAgent = value
		case "errorCode":
			query.ErrorCode = value
		case "fault":
			query.Fault = value
		case "requestId":
			query.RequestID = value
		case "since":
			query.Since, err = time.Parse(time.RFC3339, value)
		case "before":
			query.Before = value
		case "limit":
			query.Limit, err = strconv.Atoi(value)
		case "atLeast":
			query.AtLeast, err = strconv.Atoi(value)
		case "wait":
			query.Wait, err = time.ParseDuration(value)
		}
		if err != nil {
			return query, staging.Invalid("/"+name, "This is not of the form that belongs here.")
		}
	}
	return query, nil
}

func (s *Server) getJournalEntry(
	ctx context.Context, reader tenantstate.Reader, c *call,
) (staging.JournalEntry, error) {
	return s.Journal.Get(ctx, reader, c.PathValue("entry"))
}

func (s *Server) clearJournal(ctx context.Context, writer tenantstate.Writer, c *call) (nothing, error) {
	count, err := s.Journal.Clear(ctx, writer)
	c.Note("entries", count)
	return nothing{}, err
}

func (s *Server) setJournal(
	ctx context.Context, writer tenantstate.Writer, c *call,
) (staging.JournalSettings, error) {
	settings, err := decode[staging.JournalSettings](c)
	if err != nil {
		return settings, err
	}
	return s.Journal.Set(ctx, writer, settings)
}
