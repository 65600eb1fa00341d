package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"exportbuckets/internal/admin"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// faultFields are the fields of the form of a fault, named as in its JSON.
var faultFields = []field{
	{Name: "name", Label: "Name", Hint: "letters, digits, dots, underscores, hyphens"},
	{Name: "kind", Label: "Kind", Options: []option{
		{string(staging.KindError), "error: a refusal of Atlas"},
		{string(staging.KindStatus), "status: the answer of a load balancer"},
		{string(staging.KindUnauthenticated), "unauthenticated: the credentials are refused"},
		{string(staging.KindRateLimit), "rateLimit: the rate limit is used up"},
		{string(staging.KindLatency), "latency: the answer comes later"},
		{string(staging.KindReset), "reset: the connection is reset"},
	}},
	{Name: "errorCode", Label: "Error code", Hint: "of error, such as GROUP_NOT_FOUND"},
	{Name: "parameters", Label: "Parameters", Hint: `of error, as many as its sentence has: ["a", 1]`},
	{Name: "status", Label: "Status", Hint: "of status, from 400 to 599"},
	{Name: "retryAfter", Label: "Retry after", Hint: "seconds, of status and rateLimit"},
	{Name: "at", Label: "Moment", Hint: "of reset", Options: []option{
		{"", "none"}, {staging.ResetBefore, "before anything is done"}, {staging.ResetCommit, "when all is done"},
	}},
	{Name: "ms", Label: "Delay", Hint: "milliseconds, of every kind"},
	{Name: "operations", Label: "Operations", Hint: "operation ids with blanks between; all if empty"},
	{Name: "projectId", Label: "Project", Hint: "an id; all if empty"},
	{Name: "principal", Label: "Principal", Hint: "a public key or a client id; all if empty"},
	{Name: "skip", Label: "Skip", Hint: "so many requests that match first"},
	{Name: "count", Label: "Count", Hint: "to so many requests; to all if empty"},
}

// faultParameters are those of the page, which fill in the form.
func faultParameters() admin.Path { return admin.Path("?" + strings.Join(names(faultFields), "&")) }

// faultData is the data of the page of faults.
type faultData struct {
	Faults []faultRow
	Fields []field
	JSON   string // as it was sent
	Most   int    // that there can be

	Lifetime time.Duration // of one that does not say when it ends
}

// faultRow is a fault as it is shown.
type faultRow struct {
	staging.Fault

	Requests, Action string // what it is for and what it does, in JSON
	Left             string // to how many requests it will yet be applied
}

// faultJSON is the name of the field that has a fault in JSON, in place of the others.
const faultJSON = "json"

func (c *Console) showFaults(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	data, err := c.faultsOf(ctx, reader, v.URL.Query(), nil)
	return show("Faults", data), err
}

// faultsOf returns the data of the page with a form that was sent.
func (c *Console) faultsOf(
	ctx context.Context, reader tenantstate.Reader, sent url.Values, problem *staging.Problem,
) (faultData, error) {
	faults, err := c.TenantState.Faults(ctx, reader)
	if sent.Has(faultJSON) {
		problem = nil // is of that, and no field's
	}
	data := faultData{
		Faults: make([]faultRow, len(faults)), Fields: filled(faultFields, sent, problem),
		JSON: sent.Get(faultJSON), Most: staging.MaxFaults, Lifetime: staging.FaultLifetime,
	}
	for i, fault := range faults {
		row := faultRow{Fault: fault, Requests: compact(fault.Match), Action: compact(fault.Effect), Left: "all"}
		if fault.Count != nil {
			row.Left = strconv.FormatInt(max(0, *fault.Count-fault.Applied), 10)
		}
		data.Faults[i] = row
	}
	return data, err
}

// compact returns a part of a fault in JSON.
func compact(part any) string {
	text, err := json.Marshal(part)
	if err != nil {
		return fmt.Sprint(part)
	}
	return string(text)
}

func (c *Console) putFault(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form(append(names(faultFields), faultJSON)...)
	if err != nil {
		return page{}, err
	}
	asked, err := faultIn(form)
	if err == nil {
		asked, err = c.TenantState.PutFault(ctx, writer, asked)
	}
	if err != nil {
		return refill("Faults", err, func(problem *staging.Problem) (any, error) {
			return c.faultsOf(ctx, writer.Reader(), form, problem)
		})
	}
	return leadTo(organizationPath(v.org.ID)+"/faults", "Stored the fault %s.", asked.Name), nil
}

// faultIn returns the fault that a form asks for, or INVALID.
func faultIn(form url.Values) (staging.Fault, error) {
	if form.Has(faultJSON) {
		return admin.Decode[staging.Fault]([]byte(form.Get(faultJSON)))
	}
	asked := staging.Fault{
		Name: strings.TrimSpace(form.Get("name")),
		Match: staging.Match{
			ProjectID: strings.TrimSpace(form.Get("projectId")),
			Principal: strings.TrimSpace(form.Get("principal")),
		},
		Effect: staging.Effect{
			Kind: staging.Kind(form.Get("kind")), ErrorCode: strings.TrimSpace(form.Get("errorCode")), At: form.Get("at"),
		},
	}
	if operations := strings.Fields(form.Get("operations")); len(operations) > 0 {
		asked.Match.Operations = operations
	}
	if text := strings.TrimSpace(form.Get("parameters")); text != "" {
		parameters, err := admin.Decode[[]any]([]byte(text))
		if err != nil {
			return asked, staging.Invalid("/fault/parameters", "This is no array in JSON.")
		}
		asked.Effect.Parameters = parameters
	}
	var err error
	number := func(at string) int64 {
		text := strings.TrimSpace(form.Get(path.Base(at)))
		if text == "" || err != nil {
			return 0
		}
		n, wrong := strconv.ParseInt(text, 10, 32)
		if wrong != nil {
			err = staging.Invalid(at, "This is no whole number.")
		}
		return n
	}
	asked.Effect.Status, asked.Effect.RetryAfter = int(number("/fault/status")), int(number("/fault/retryAfter"))
	asked.Effect.Ms, asked.Skip = int(number("/fault/ms")), number("/skip")
	if strings.TrimSpace(form.Get("count")) != "" {
		asked.Count = new(number("/count"))
	}
	return asked, err
}

func (c *Console) removeFault(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	form, err := v.form("name")
	if err != nil {
		return page{}, err
	}
	name := form.Get("name")
	if err := c.TenantState.DeleteFault(ctx, writer, name); err != nil {
		return page{}, err
	}
	return leadTo(organizationPath(v.org.ID)+"/faults", "Removed the fault %s.", name), nil
}

func (c *Console) clearFaults(ctx context.Context, writer tenantstate.Writer, v *visit) (page, error) {
	if _, err := v.form(); err != nil {
		return page{}, err
	}
	if err := c.TenantState.ClearFaults(ctx, writer); err != nil {
		return page{}, err
	}
	return leadTo(organizationPath(v.org.ID)+"/faults", "Removed all faults."), nil
}
