package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

const (
	maxHints = 3
	// maxNamed is how many things a hint names.
	maxNamed = 5
)

// hinter finds what may help against a refusal. Whatever it looks at is of the
// organization alone.
type hinter struct {
	ctx     context.Context //nolint:containedctx // It lives as long as one call.
	pool    *dbpool.Pool
	orgID   objectid.ID
	entry   staging.JournalEntry
	project *objectid.ID // that the path names; nil if it names none
	facts   map[string]staging.Fact
	paths   []string // method and path of all operations
	fields  Fields
	err     error
}

// hints returns what may help, three at most.
func (j *Journal) hints(ctx context.Context, orgID objectid.ID, entry staging.JournalEntry) ([]string, error) {
	h := &hinter{
		ctx: ctx, pool: j.pool, orgID: orgID, entry: entry, facts: make(map[string]staging.Fact),
		paths: j.cfg.Operations, fields: j.cfg.Fields(),
	}
	if id, err := objectid.Parse(entry.Project); err == nil {
		h.project = &id
	}
	step := ""
	for _, s := range entry.Steps {
		for _, fact := range s.Facts {
			h.facts[fact.Name] = fact
		}
		step = s.Name
	}
	var hints []string
	add := func(found string) {
		if found != "" {
			hints = append(hints, found)
		}
	}
	add(means[entry.ErrorCode])
	for _, find := range finds[entry.ErrorCode] {
		add(find(h))
	}
	switch {
	case entry.Status == 401 && entry.ErrorCode == "":
		add(h.signIn())
	case entry.Status == 405:
		add("The path takes " + h.facts["method"].Needs + ".")
	case entry.Status == 415:
		add("Send Content-Type: application/json.")
	}
	if step != "" && entry.Status >= 400 {
		add(h.oldVersion())
	}
	return hints[:min(len(hints), maxHints)], h.err
}

// means says of codes what helps, whatever the organization has.
//
//nolint:gosec // A hint is no password.
var means = map[string]string{
	"ATTRIBUTE_READ_ONLY":                       "Leave the field out: the server sets it.",
	"BACKUP_JOB_NOT_FOUND":                      "Change the cluster with backupEnabled: true, and wait until it is IDLE.",
	"CANNOT_DELETE_IN_PROGRESS_SNAPSHOT":        "Wait until the snapshot's status is completed.",
	"CANNOT_UPDATE_AND_PAUSE_CLUSTER":           "Change the cluster first, and pause it with a request of its own.",
	"CANNOT_UPDATE_PAUSED_CLUSTER":              "Resume the cluster first: PATCH it with paused: false.",
	"CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED": "Authorize the role first: PATCH …/cloudProviderAccess/{roleId}.",
	"CLUSTER_ALREADY_REQUESTED_DELETION":        "Wait until a GET of the cluster answers 404.",
	"CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED": "PATCH the cluster with " +
		"terminationProtectionEnabled: false first.",
	"INVALID_JSON":                  "The body has to be of another kind: an object or an array.",
	"IP_ADDRESS_NOT_ON_ACCESS_LIST": "Add the address to the access list of the key, or call from one that is on it.",
	"MALFORMED_JSON":                "The body is cut off, or is no JSON; Content-Length and quotes are the usual causes.",
	"ORG_REQUIRES_ACCESS_LIST":      "Give the key an access list, or PATCH the organization's settings.",
	"PATH_PARAM_PARSE_ERROR":        "An id in the path has 24 hexadecimal digits; a name or a placeholder stands there.",
	"RATE_LIMITED_TOKEN_BUCKET":     "Wait as long as Retry-After says, or start the server with --no-rate-limits.",
	"SNAPSHOT_NOT_COMPLETED":        "Wait until the snapshot's status is completed.",
	"UNFINISHED_ON_DEMAND_SNAPSHOT": "Wait until the snapshot before is completed, or take it with another cluster.",
	"UNSUPPORTED_FOR_CURRENT_CONFIG": "Atlas has the operation and this server does not; docs/differences.md has what " +
		"it serves.",
	"WEAK_PASSWORD":  "Use a password of 8 characters or more.",
	"invalid_client": "The client id is known and its secret is wrong, or has ended.",
}

// finds has what looks for hints at each code, the best first.
var finds = map[string][]func(*hinter) string{
	"CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND":      {(*hinter).otherProvider, (*hinter).elsewhere, (*hinter).roles},
	"CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED": {(*hinter).roles},
	"EXPORT_BUCKET_NOT_FOUND":                   {(*hinter).elsewhere},
	"SNAPSHOT_NOT_FOUND":                        {(*hinter).elsewhere},
	"CLUSTER_NOT_FOUND":                         {(*hinter).elsewhere, (*hinter).clusters},
	"CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS":  {(*hinter).clusters},
	"EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE": {(*hinter).bucketUsers},
	"AWS_IAM_ROLE_IN_USE":                       {(*hinter).roleUsers},
	"AZURE_SERVICE_PRINCIPAL_IN_USE":            {(*hinter).roleUsers},
	"GCP_SERVICE_ACCOUNT_IN_USE":                {(*hinter).roleUsers},
	"GROUP_NOT_FOUND":                           {(*hinter).projects},
	"INVALID_GROUP_ID":                          {(*hinter).projects},
	"GROUP_ALREADY_EXISTS":                      {(*hinter).projects},
	"NOT_IN_GROUP":                              {(*hinter).projects},
	"USER_UNAUTHORIZED":                         {(*hinter).rights},
	"NOT_ORG_GROUP_CREATOR":                     {(*hinter).rights},
	"INVALID_VERSION_DATE":                      {(*hinter).version},
	"VERSION_GONE":                              {(*hinter).version},
	"RESOURCE_NOT_FOUND":                        {(*hinter).nearestPath},
	"INVALID_ATTRIBUTE":                         {(*hinter).nearestField, (*hinter).otherRoleField},
	"MISSING_ATTRIBUTE":                         {(*hinter).otherRoleField},
	"INVALID_ENUM_VALUE":                        {(*hinter).allowed},
}

// failed keeps the first error, and reports whether there is one.
func (h *hinter) failed(err error) bool {
	if err != nil && h.err == nil {
		h.err = fmt.Errorf("look for hints: %w", err)
	}
	return err != nil
}

// otherProvider says that a role is there and is another provider's.
func (h *hinter) otherProvider() string {
	fact, ok := h.facts["cloudProvider"]
	if !ok || fact.Needs == "" {
		return ""
	}
	return fmt.Sprintf("The role %s is one of %s; the request is about %s.",
		h.facts["accessRole"].Value, fact.Value, fact.Needs)
}

// rights says which role the caller has, and which it needs.
func (h *hinter) rights() string {
	for _, name := range []string{"projectRoles", "organizationRoles", "roles"} {
		if fact, ok := h.facts[name]; ok {
			return fmt.Sprintf("%s has %s here, and this takes %s.", h.entry.Principal, fact.Value, fact.Needs)
		}
	}
	if fact, ok := h.facts["organization"]; ok && fact.Needs != "" {
		return fmt.Sprintf("%s is of the organization %s; the path names another.", h.entry.Principal, fact.Needs)
	}
	return ""
}

// signIn says what is wrong with credentials.
func (h *hinter) signIn() string {
	switch h.facts["reason"].Value {
	case "wrong private key":
		return "The public key is right, and the private key is another's; look for blanks, and for a key that was replaced."
	case "an access token that has expired":
		return "Ask /api/oauth/token for a new one: it lasts an hour on the organization's clock, which may have been moved."
	case "":
		return "Clients answer a fresh challenge by themselves: this request was repeated."
	}
	return ""
}

// version says which versions the operation has.
func (h *hinter) version() string {
	if fact, ok := h.facts["successor"]; ok {
		return "The version has ended; ask for " + fact.Value + " or a later date in Accept."
	}
	if fact := h.facts["asked"]; fact.Needs != "" {
		return "Send Accept: " + fact.Needs + "."
	}
	return ""
}

// oldVersion says that a version has an end.
func (h *hinter) oldVersion() string {
	sunset, ok := h.facts["sunset"]
	if !ok {
		return ""
	}
	return fmt.Sprintf("Version %s served the request, an old one that ends on %s: later ones may know what it does not.",
		h.facts["served"].Value, sunset.Value)
}

// allowed names the values that would do.
func (h *hinter) allowed() string {
	for _, fact := range h.facts {
		if fact.Value == h.facts["value"].Value && fact.Needs != "" {
			return "Allowed here: " + fact.Needs + ". Names are in the case of the documentation."
		}
	}
	return ""
}

// otherRoleField says that AWS and the others name the role by fields of their own.
func (h *hinter) otherRoleField() string {
	switch h.facts["field"].Value {
	case "iamRoleId", "roleId":
		return "AWS takes iamRoleId; AZURE and GCP take roleId."
	}
	return ""
}

// nearestField names a field that is spelt almost the same.
func (h *hinter) nearestField() string {
	field := h.facts["field"].Value
	best, distance := nearest(field, slices.Sorted(maps.Keys(h.fields)))
	if best == "" || best == field || distance > 3 {
		return ""
	}
	return fmt.Sprintf("Is it %s that is meant?", best)
}

// nearestPath names the operations whose path is almost that of the request.
func (h *hinter) nearestPath() string {
	var like []string
	asked := strings.Split(h.entry.Path, "/")
	for _, operation := range h.paths {
		method, path, _ := strings.Cut(operation, " ")
		parts := strings.Split(path, "/")
		if method != h.entry.Method || len(parts) != len(asked) {
			continue
		}
		// A parameter takes what stands in its place.
		for i, part := range parts {
			if strings.HasPrefix(part, ":") {
				parts[i] = asked[i]
			}
		}
		like = append(like, strings.Join(parts, "/"))
	}
	best, _ := nearest(h.entry.Path, like)
	if best == "" {
		return "No operation with " + h.entry.Method + " has a path of as many parts."
	}
	return "The nearest path is " + h.entry.Method + " " + best + "."
}
