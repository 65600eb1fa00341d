package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"exportbuckets/internal/iam"
	"exportbuckets/internal/journal"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/shell"
	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// requestData is the data of the page of one entry of the journal.
type requestData struct {
	staging.JournalEntry

	Messages []messageData // the request and the response; none if they are not kept
	Again    string        // address of the form of a fault that answers so; empty if it is of no operation
	Curl     string        // the request as a command; empty for a change
}

// messageData is a message as it is shown.
type messageData struct {
	Name, Line string
	Query      []string
	Headers    map[string]string
	Body, Left string
}

func (c *Console) showRequest(ctx context.Context, reader tenantstate.Reader, v *visit) (page, error) {
	entry, err := c.Journal.Get(ctx, reader, v.PathValue("entry"))
	if err != nil {
		return page{}, err
	}
	data := requestData{JournalEntry: entry}
	if entry.Admin != nil {
		return show("Change: "+entry.Admin.Action, data), nil
	}
	line := entry.Method + " " + entry.Path
	if entry.Request != nil {
		data.Messages = append(data.Messages, messageOf("Request", line, entry.Request))
	}
	if entry.Response != nil {
		data.Messages = append(data.Messages, messageOf("Response", "", entry.Response))
	}
	data.Curl = curl(c.cfg.BaseURL, entry)
	if entry.Operation != "" {
		data.Again = address(organizationPath(v.org.ID)+"/faults", faultLike(entry))
		line = entry.Operation
	}
	return show("Request: "+line, data), nil
}

// messageOf returns a message as it is shown.
func messageOf(name, line string, message *staging.Message) messageData {
	shown := messageData{Name: name, Line: line, Headers: message.Headers, Left: message.Left}
	for _, parameter := range slices.Sorted(maps.Keys(message.Query)) {
		for _, value := range message.Query[parameter] {
			shown.Query = append(shown.Query, parameter+"="+value)
		}
	}
	var body bytes.Buffer
	if json.Indent(&body, message.Body, "", "  ") == nil {
		shown.Body = body.String()
	}
	return shown
}

// faultLike fills in the form of a fault that answers as an entry was, or that meets such
// requests if they were not refused.
func faultLike(entry staging.JournalEntry) url.Values {
	like := url.Values{"operations": {entry.Operation}}
	if _, err := objectid.Parse(entry.Project); err == nil {
		like.Set("projectId", entry.Project)
	}
	if entry.Status == http.StatusUnauthorized {
		like.Set("kind", string(staging.KindUnauthenticated))
		return like
	}
	if entry.ErrorCode != "" {
		like.Set("name", entry.ErrorCode)
		like.Set("kind", string(staging.KindError))
		like.Set("errorCode", entry.ErrorCode)
	}
	type refusal struct {
		Parameters json.RawMessage `json:"parameters"`
	}
	var answered struct {
		refusal

		Content refusal `json:"content"` // of an envelope
	}
	if entry.Response != nil && json.Unmarshal(entry.Response.Body, &answered) == nil {
		like.Set("parameters", string(slices.Concat(answered.Parameters, answered.Content.Parameters)))
	}
	return withoutEmpty(like)
}

// withoutLeftOut drops what the journal has left out of an object in JSON.
var withoutLeftOut = func() *strings.Replacer {
	member := fmt.Sprintf(`"%[1]s":"%[1]s"`, journal.LeftOut)
	return strings.NewReplacer(member+",", "", ","+member, "", member, "")
}()

// curl returns the command that sends a request again, with shell variables in the place of
// what is secret. What the journal leaves out is missing.
func curl(baseURL string, entry staging.JournalEntry) string {
	command := []string{"curl --request " + shell.Quote(entry.Method)}
	if entry.Method == http.MethodHead {
		command[0] = "curl --head" // with --request it would wait for a body
	}
	add := func(option, value string) { command = append(command, "--"+option+" "+value) }
	isToken := strings.HasPrefix(entry.Path, "/api/oauth/")
	switch {
	case isToken:
		add("user", `"$CLIENT_ID:$CLIENT_SECRET"`)
	case strings.HasPrefix(entry.Principal, iam.ClientIDPrefix):
		add("header", `"Authorization: Bearer $ACCESS_TOKEN"`)
	default:
		add("digest --user", `"$PUBLIC_KEY:$PRIVATE_KEY"`)
	}
	target := strings.TrimRight(baseURL, "/") + entry.Path
	if sent := entry.Request; sent != nil {
		for _, name := range []string{"Accept", "Content-Type"} {
			if value := sent.Headers[name]; value != "" {
				add("header", shell.Quote(name+": "+value))
			}
		}
		query := url.Values(maps.Clone(sent.Query))
		query.Del(journal.LeftOut)
		target = address(target, query)
		var form url.Values
		switch {
		case len(sent.Body) == 0:
		case isToken && json.Unmarshal(sent.Body, &form) == nil:
			form.Del(journal.LeftOut)
			add("data", shell.Quote(form.Encode()))
		default:
			add("data", shell.Quote(withoutLeftOut.Replace(string(sent.Body))))
		}
	}
	command = append(command, shell.Quote(target))
	return strings.Join(command, " \\\n  ")
}
