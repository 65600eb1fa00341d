package console

import (
	"context"
	"net/url"
	"strings"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// journalPage is how many entries a page has.
const journalPage = 100

// journalFilters are the fields that say which entries are shown.
var journalFilters = []field{
	{Name: "status", Label: "Status", Hint: "404, or 4xx for all such"},
	{Name: "errorCode", Label: "Error code", Hint: "GROUP_NOT_FOUND"},
	{Name: "operation", Label: "Operation", Hint: "an operation id of the API"},
	{Name: "project", Label: "Project", Hint: "the id in the path"},
	{Name: "principal", Label: "Principal", Hint: "a public key or a client id"},
	{Name: "userAgent", Label: "User-Agent", Hint: "how it begins"},
	{Name: "fault", Label: "Fault", Hint: "the name of one that requests met"},
	{Name: "requestId", Label: "X-Request-Id", Hint: "of the answer"},
	{Name: "since", Label: "Since", Hint: "2027-01-31T00:00:00Z"},
}

// journalParameters are those of the page.
func journalParameters() admin.Path {
	return admin.Path("?" + strings.Join(names(journalFilters), "&") + "&before")
}

// journalData is the data of the page of the journal.
type journalData struct {
	Filters  []field
	Filtered bool
	Entries  []staging.JournalEntry
	// Newest is the address of the newest entries, and Older that of those after the last;
	// empty if it is the last of all.
	Newest, Older string
	// IsNewest is whether the page has the newest entries.
	IsNewest bool
	// Dropped counts the entries of all organizations that this replica has dropped.
	Dropped int64
}

func (c *Console) showJournal(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	path, asked := v.URL.Path, v.URL.Query()
	filters := withoutEmpty(asked)
	if len(filters) < len(asked) { // a form sends all of its fields
		return leadTo(address(path, filters), ""), nil
	}
	invalid := func(problem *staging.Problem) (any, error) { return journalOf(path, filters, problem), nil }
	query, err := admin.JournalQuery(filters)
	if err != nil {
		return refill("Journal", err, invalid)
	}
	query.Limit = journalPage + 1
	list, err := c.Journal.List(ctx, reader, query)
	if err != nil {
		return refill("Journal", err, invalid)
	}
	data := journalOf(path, filters, nil)
	data.Entries = list.Results[:min(journalPage, len(list.Results))]
	_, data.Dropped = c.Journal.Stats()
	if len(list.Results) > journalPage {
		filters.Set("before", data.Entries[journalPage-1].ID)
		data.Older = address(path, filters)
	}
	return show("Journal", data), nil
}

// journalOf returns what the page has whatever is found.
func journalOf(path string, sent url.Values, problem *staging.Problem) journalData {
	data := journalData{Filters: filled(journalFilters, sent, problem), IsNewest: !sent.Has("before")}
	filters := url.Values{}
	for name := range sent {
		if name != "before" {
			filters.Set(name, sent.Get(name))
		}
	}
	data.Filtered = len(filters) > 0
	data.Newest = address(path, filters)
	return data
}

func (c *Console) clearJournal(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	if _, err := v.form(); err != nil {
		return page{}, err
	}
	count, err := c.Journal.Clear(ctx, writer)
	if err != nil {
		return page{}, err
	}
	v.Note("entries", count)
	return leadTo(organizationPath(v.org.ID)+"/journal", "Deleted %d entries.", count), nil
}
