package tenantstate

// The tables that columns of others name.
const (
	orgs     = "orgs"
	projects = "projects"
)

// leftOut are the tables that are not of a state, each with the reason.
var leftOut = map[string]struct {
	reason string
	// ofProject says that the rows of a project go with it when a restore removes it.
	// Nothing else would remove them.
	ofProject bool
}{
	"access_tokens":      {reason: "whoever is signed in stays so; they go with the secrets that they were issued for"},
	"goose_db_version":   {reason: "it is of the schema"},
	"journal_entries":    {reason: "what was asked stays so, and tells who restored a state"},
	"nonce_keys":         {reason: "it is of the installation"},
	"org_events":         {reason: "what has happened stays so, and a restore is no event"},
	"project_events":     {reason: "as org_events", ofProject: true},
	"saved_state_tables": {reason: "it is of the states themselves"},
	"saved_states":       {reason: "it is of the states themselves"},
	"staging_faults":     {reason: "a restore clears them"},
	"staging_sessions":   {reason: "as staging_tokens"},
	"staging_tokens":     {reason: "whoever restores a state must be able to restore another"},
}

// kept are the columns that a restore leaves as they are, each with the reason. They count
// for no difference.
var kept = map[string]struct {
	reason string
	// ofNew is the value of rows that are not there, in SQL; empty if there is none.
	ofNew string
}{
	"access_list_entries.last_used_address": {reason: "calls move it"},
	"access_list_entries.last_used_at":      {reason: "calls move it"},
	"access_list_entries.request_count":     {reason: "calls move it"},
	"orgs.expires_at":                       {reason: "it says when the organization ends, which no state has"},
	"orgs.journal_mode":                     {reason: "it says what the journal keeps, which no state has"},
	"orgs.protected":                        {reason: "it says whether a restore may be, and is the operator's"},
	"orgs.staging_version":                  {reason: "it only rises: replicas look what is staged anew"},
	"service_account_secrets.last_used_at":  {reason: "calls move it"},
	// A principal that comes back must have a version that it has never had: whoever was
	// found before it went may not act on the rights that it had.
	"principals.version": {
		reason: "it only rises: what a principal may do is then looked up anew",
		ofNew:  "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
	},
}

// clockwork are the columns that time moves by itself, each with the reason. They are
// restored, and count for no difference.
var clockwork = map[string]struct {
	reason string
	// rest is the SQL of what counts of the value, with %s in its place; empty if nothing
	// does.
	rest string
}{
	"backup_schedules.due_at": {reason: "it follows from the policy items"},
	"backup_schedules.policy_items": {
		reason: "each has the time of its next snapshot",
		rest:   "(SELECT jsonb_agg(item - 'next') FROM jsonb_array_elements(%s) AS item)",
	},
	"clusters.due_at":    {reason: "it is the next of the times in the row"},
	"export_jobs.prefix": {reason: "it has the time of the job in it"},
	"projects.due_at":    {reason: "it follows from what the project has"},
	"snapshots.due_at":   {reason: "it is the next of the times in the row"},
}

// undeclared are the columns that what is declared says nothing of, each with the reason. They
// are restored, and count for no difference from it.
var undeclared = map[string]string{
	"orgs.clock_frozen_at": begunClock,
	"orgs.clock_offset":    begunClock,
}

const begunClock = "a file begins with a clock when it is applied, and declares none"

// absolute are the columns whose times stay when the times of the declared state move,
// each with the reason.
var absolute = map[string]string{
	"database_users.delete_after":              declaredTime,
	"project_access_list_entries.delete_after": declaredTime,
	"service_account_secrets.expires_at":       declaredTime,

	"access_list_entries.created_at":            recordedTime,
	"api_keys.created_at":                       recordedTime,
	"backup_private_endpoints.created_at":       recordedTime,
	"cloud_provider_access_roles.authorized_at": recordedTime,
	"cloud_provider_access_roles.created_at":    recordedTime,
	"cloud_provider_access_roles.updated_at":    recordedTime,
	"database_users.created_at":                 recordedTime,
	"export_buckets.created_at":                 recordedTime,
	"network_containers.created_at":             recordedTime,
	"orgs.created_at":                           recordedTime,
	"project_access_list_entries.created_at":    recordedTime,
	"projects.created_at":                       recordedTime,
	"service_account_secrets.created_at":        recordedTime,
	"service_accounts.created_at":               recordedTime,
}

const (
	declaredTime = "the file says when"
	// Rows that are there keep it, and a reset writes those alone that differ.
	recordedTime = "nothing follows from it"
)

// replaced are the columns that make another thing of the row: it is deleted and inserted
// anew if they differ, each with the reason.
var replaced = map[string]string{
	"service_account_secrets.secret_hash": "the access tokens of another secret end",
}

// added are the columns that can't be NULL and have no default, and that came after the
// first states were saved, with the value that they have in those, in SQL.
var added = map[string]string{}
