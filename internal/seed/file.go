// Package seed brings tenants into a database from a YAML file: organizations
// with their projects, API keys and service accounts, and with what projects have: cloud
// provider access roles, export buckets, private endpoints, access lists, database users and
// clusters. These
// are declared by the bodies that create them, in the newest version of the API.
//
// Parse reads the file and reports the first invalid value with its line.
//
// Apply adds, in one transaction, what the file declares and the database lacks.
// What is there stays as it is, whoever changed it, and so does all that hangs
// on it: a file that is applied at every start reverts nothing, and applied
// twice it changes nothing.
//
//   - An organization, a project, an access role, an export bucket, a private endpoint, an
//     API key or a service account is there if its id is, under the same parent and of the same kind;
//     a cluster, a database user or a network if its name is.
//   - What is missing below an organization or a project that is there is added.
//   - Roles, access list and secrets are added together with their API key or
//     service account, and schedule, snapshots and export jobs with their cluster, and
//     never to one that is there.
//   - What was deleted is missing, and is added again.
//   - An id that is there under another parent or of another kind, and a name or
//     key that something else has, is an error.
//
// ApplyToEmpty is for the demo tenant: what was deleted there stays deleted.
package seed

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/tenant"
	"exportbuckets/staging"
)

// Demo is the seed file of the demo tenant.
//
//go:embed demo.yaml
var Demo []byte

// DemoOperatorToken is the operator's token where the demo tenant is served by Docker
// Compose. It is public, as the credentials of the demo tenant are.
//
//go:embed demo_operator_token
var DemoOperatorToken []byte

// File is a seed file.
type File struct {
	Organizations []Organization `yaml:"organizations"`
}

// Organization is an organization and what belongs to it.
type Organization struct {
	ID                    objectID `yaml:"id" required:"true"`
	Name                  string   `yaml:"name" required:"true" most:"name"`
	APIAccessListRequired bool     `yaml:"apiAccessListRequired"`
	// Settings are those of the organization beside apiAccessListRequired, which differ from the defaults.
	Settings        *body[tenant.OrgSettings] `yaml:"settings"`
	Projects        []Project                 `yaml:"projects"`
	APIKeys         []APIKey                  `yaml:"apiKeys"`
	ServiceAccounts []ServiceAccount          `yaml:"serviceAccounts"`
	// Staging marks the organization for the staging plane when it is added. Without it the
	// organization is protected.
	Staging *Staging `yaml:"staging"`
}

// Staging is what an organization has of the staging plane. Faults, clock and journal are
// begun with when the file is applied, and are no part of what it declares.
type Staging struct {
	Tokens  []StagingToken        `yaml:"tokens"`
	Faults  []body[staging.Fault] `yaml:"faults"`
	Clock   *body[ClockStart]     `yaml:"clock"`
	Journal journalMode           `yaml:"journal"` // what suits the organization if left out
}

// ClockStart is what a clock begins with.
type ClockStart struct {
	staging.Advance
	Frozen bool `json:"frozen"`
}

// FaultStart returns the faults that there are to be, in their order.
func (s *Staging) FaultStart() []staging.Fault {
	faults := make([]staging.Fault, len(s.Faults))
	for i, fault := range s.Faults {
		faults[i] = fault.request
	}
	return faults
}

// ClockStart returns what the clock begins with; nil for the real time.
func (s *Staging) ClockStart() *ClockStart {
	if s.Clock == nil {
		return nil
	}
	return &s.Clock.request
}

// StagingToken is a token of the staging plane for the organization that it stands below.
type StagingToken struct {
	Role  stagingRole `yaml:"role" required:"true"`
	Token secret      `yaml:"token" required:"true"`
}

// Project is a project and what belongs to it.
type Project struct {
	ID   objectID          `yaml:"id" required:"true"`
	Name string            `yaml:"name" required:"true" most:"name"`
	Tags []body[atlas.Tag] `yaml:"tags" most:"elements"`
	// Atlas' own are true.
	WithDefaultAlertsSettings *bool                         `yaml:"withDefaultAlertsSettings"`
	ManagedSlowMS             *bool                         `yaml:"managedSlowMs"`
	Settings                  *body[tenant.ProjectSettings] `yaml:"settings"` // that differ from the defaults
	Limits                    map[string]int64              `yaml:"limits"`   // that differ from the defaults
	CloudProviderAccess       struct {
		AWS   []AWSRole   `yaml:"aws"`
		Azure []AzureRole `yaml:"azure"`
		GCP   []GCPRole   `yaml:"gcp"`
	} `yaml:"cloudProviderAccess"`
	ExportBuckets []ExportBucket `yaml:"exportBuckets"`
	// For object storage.
	PrivateEndpoints []PrivateEndpoint                       `yaml:"privateEndpoints"`
	AccessList       []body[dbaccess.AccessListEntryRequest] `yaml:"accessList" most:"elements"`
	DatabaseUsers    []body[dbaccess.DatabaseUserRequest]    `yaml:"databaseUsers"`
	Clusters         []Cluster                               `yaml:"clusters"`
}

// ExportBucket is an export bucket.
type ExportBucket struct {
	ID     objectID                         `yaml:"id" required:"true"`
	Region *string                          `yaml:"region"` // of AWS; us-east-1 if left out
	Body   body[backup.ExportBucketRequest] `yaml:"body" required:"true"`
}

// PrivateEndpoint is a private endpoint for object storage, which is active.
type PrivateEndpoint struct {
	ID   objectID                            `yaml:"id" required:"true"`
	Body body[backup.PrivateEndpointRequest] `yaml:"body" required:"true"`
}

// Cluster is a cluster, which is ready, with its backups.
type Cluster struct {
	ID          objectID                         `yaml:"id" required:"true"`
	Body        body[cluster.Request]            `yaml:"body" required:"true"`
	IDs         []objectID                       `yaml:"ids"`         // of its shards and zones; new ones if left out
	ProcessArgs *body[cluster.ProcessArgsUpdate] `yaml:"processArgs"` // what it changes of Atlas' own
	Schedule    *body[backup.ScheduleUpdate]     `yaml:"schedule"`    // what it changes of Atlas' own
	Snapshots   []Snapshot                       `yaml:"snapshots"`
	Exports     []ExportJob                      `yaml:"exports"`
}

// Snapshot is a snapshot on demand. What has not ended goes on.
type Snapshot struct {
	ID    objectID                     `yaml:"id" required:"true"`
	State snapshotState                `yaml:"state"` // completed if left out
	Body  body[backup.SnapshotRequest] `yaml:"body"`
}

// ExportJob is a job that exports a snapshot. What has not ended goes on.
type ExportJob struct {
	ID    objectID                      `yaml:"id" required:"true"`
	State exportJobState                `yaml:"state"` // Successful if left out
	Body  body[backup.ExportJobRequest] `yaml:"body" required:"true"`
}

// AWSRole is an access role of AWS. It is authorized if it has an ARN.
type AWSRole struct {
	RoleID            objectID  `yaml:"roleId" required:"true"`
	IAMAssumedRoleARN *roleARN  `yaml:"iamAssumedRoleArn"`
	ExternalID        *uuidText `yaml:"externalId"` // one that follows from the ids if left out
}

// AzureRole is an access role of Azure.
type AzureRole struct {
	RoleID             objectID  `yaml:"roleId" required:"true"`
	AtlasAzureAppID    *uuidText `yaml:"atlasAzureAppId"` // Atlas' own if left out
	ServicePrincipalID uuidText  `yaml:"servicePrincipalId" required:"true"`
	TenantID           uuidText  `yaml:"tenantId" required:"true"`
}

// GCPRole is an access role of Google Cloud. It is authorized if its status is
// COMPLETE.
type GCPRole struct {
	RoleID objectID  `yaml:"roleId" required:"true"`
	Status gcpStatus `yaml:"status"` // COMPLETE if left out
}

// Access is what API keys and service accounts have in common.
type Access struct {
	OrgRoles     []orgRole     `yaml:"orgRoles" required:"true"`
	ProjectRoles []ProjectRole `yaml:"projectRoles"`
	AccessList   []network     `yaml:"accessList" most:"elements"`
}

// ProjectRole is the roles of a principal on one project.
type ProjectRole struct {
	ProjectID objectID      `yaml:"projectId" required:"true"`
	Roles     []projectRole `yaml:"roles" required:"true"`
}

// APIKey is a programmatic API key.
type APIKey struct {
	ID          objectID  `yaml:"id" required:"true"`
	Description string    `yaml:"description" required:"true" most:"description"`
	PublicKey   publicKey `yaml:"publicKey" required:"true"`
	PrivateKey  secret    `yaml:"privateKey"` // that of the key of the id, if it is left out
	Access      `yaml:",inline"`
}

// ServiceAccount is a service account with its secrets.
type ServiceAccount struct {
	ClientID    clientID `yaml:"clientId" required:"true"`
	Name        string   `yaml:"name" required:"true" most:"name"`
	Description string   `yaml:"description" required:"true" most:"description"`
	Access      `yaml:",inline"`
	Secrets     []Secret `yaml:"secrets"` // those of the account, if they are left out
}

// Secret is a client secret.
type Secret struct {
	ID        *objectID `yaml:"id"`
	Secret    secret    `yaml:"secret"` // that of the id, if it is left out
	ExpiresAt timestamp `yaml:"expiresAt" required:"true"`
}

// Credential is a public key with its private key, or a client id with a secret.
type Credential struct{ Name, Secret string }

// Credentials returns all that the file has.
func (f File) Credentials() []Credential {
	var all []Credential
	for _, org := range f.Organizations {
		for _, key := range org.APIKeys {
			all = append(all, Credential{string(key.PublicKey), string(key.PrivateKey)})
		}
		for _, account := range org.ServiceAccounts {
			for _, secret := range account.Secrets {
				all = append(all, Credential{iam.ClientIDPrefix + account.ClientID.id.String(), string(secret.Secret)})
			}
		}
	}
	return all
}

// Parse reads a seed file. It returns an error, whose *PlaceError tells the line of an unknown
// key, a repeated key or a value of the wrong form, or the place in the file
// where something that is required is missing, or is more than it may be.
func Parse(data []byte) (File, error) {
	if err := checkDepth(data); err != nil {
		return File{}, fmt.Errorf("seed file: %w", err)
	}
	var file File
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.DisallowUnknownField())
	err := decoder.Decode(&file)
	if err == nil {
		err = decoder.Decode(&File{})
		if err == nil {
			err = errors.New("more than one YAML document")
		}
	}
	if !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("seed file: %w", withLine(data, err))
	}
	if err := errors.Join(faults("", reflect.ValueOf(file))...); err != nil {
		return File{}, fmt.Errorf("seed file: %w", err)
	}
	if err := errors.Join(foreignTokens(file)...); err != nil {
		return File{}, fmt.Errorf("seed file: %w", err)
	}
	return file, nil
}

// The bounds of how deep things stand in each other. The memory that the YAML library takes
// grows with the square of that.
const (
	maxDepth  = 50  // of brackets
	maxColumn = 500 // in which a key or an element begins outside of brackets
)

// checkDepth returns an error for a file in which things stand too deep in each other.
func checkDepth(data []byte) error {
	depth := 0
	for _, t := range lexer.Tokenize(string(data)) {
		deep := false
		switch t.Type { //nolint:exhaustive // Nothing else goes deeper.
		case token.SequenceStartType, token.MappingStartType:
			depth++
			deep = depth > maxDepth
		case token.SequenceEndType, token.MappingEndType:
			depth = max(depth-1, 0)
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			deep = depth == 0 && t.Position.Column > maxColumn
		}
		if deep {
			return &PlaceError{Line: t.Position.Line, Err: errors.New("things stand too deep in each other")}
		}
	}
	return nil
}

// foreignTokens returns an error for each token of the staging plane that is none of its
// organization.
func foreignTokens(file File) []error {
	var errs []error
	for i, org := range file.Organizations {
		if org.Staging == nil {
			continue
		}
		for j, token := range org.Staging.Tokens {
			if !iam.IsStagingTokenOf(org.ID.ID, string(token.Token)) {
				place := fmt.Sprintf("organizations[%d].staging.tokens[%d].token", i, j)
				errs = append(errs, &PlaceError{At: pointer("$." + place), Err: fmt.Errorf("%s is not ebt_, the id of the "+
					"organization, _, and 43 characters of base64url", place)})
			}
		}
	}
	return errs
}

// withLine makes an error of the decoder short. Its own text shows the lines
// around the place, and its message may quote any text of the file; there may
// be secrets in both. What is quoted stays only if it looks like a key.
func withLine(data []byte, err error) error {
	var where yaml.Error
	if !errors.As(err, &where) {
		return err
	}
	message := quoted.ReplaceAllStringFunc(where.GetMessage(), func(text string) string {
		if key.MatchString(text) {
			return text
		}
		return `"..."`
	})
	return &PlaceError{
		Line: where.GetToken().Position.Line, At: placeOf(data, where.GetToken()), Err: errors.New(message),
	}
}

var (
	quoted = regexp.MustCompile(`(?s)".*"`)
	key    = regexp.MustCompile(`^"[A-Za-z]{1,40}"$`)
)

// most is what fields can hold, by the kind that they name.
var most = map[string]int{
	"name":        atlas.MaxName,
	"description": atlas.MaxDescription,
	"elements":    atlas.MaxElements,
}

// faults returns an error for every value that is required and empty, or has more in
// it than it may, with its place in the file. A list that is required has an element,
// and no element that is a single value is empty.
func faults(at string, v reflect.Value) []error {
	var errs []error
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field, place := v.Type().Field(i), at
			if name := field.Tag.Get("yaml"); name != ",inline" {
				place = strings.TrimPrefix(at+"."+name, ".")
			}
			if field.Tag.Get("required") != "" && isEmpty(v.Field(i)) {
				errs = append(errs, missing(place))
			} else if field.IsExported() && !isSingle(field.Type) {
				errs = append(errs, excess(place, v.Field(i), most[field.Tag.Get("most")])...)
				errs = append(errs, faults(place, v.Field(i))...)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			place := fmt.Sprintf("%s[%d]", at, i)
			if isSingle(v.Index(i).Type()) && isEmpty(v.Index(i)) {
				errs = append(errs, missing(place))
			} else {
				errs = append(errs, faults(place, v.Index(i))...)
			}
		}
	default: // has no parts
	}
	return errs
}

// missing returns the error of a place with nothing in it.
func missing(place string) error {
	return &PlaceError{At: pointer("$." + place), Err: fmt.Errorf("%s is missing", place)}
}

// excess returns an error if a text or a list is longer than most, which is 0 if it may
// have any length.
func excess(at string, v reflect.Value, most int) []error {
	switch {
	case most == 0:
	case v.Kind() == reflect.String && !atlas.HasLength(v.String(), 0, most):
		return []error{&PlaceError{
			At: pointer("$." + at), Err: fmt.Errorf("%s has more than %d characters, or a zero character", at, most),
		}}
	case v.Kind() == reflect.Slice && v.Len() > most:
		return []error{&PlaceError{At: pointer("$." + at), Err: fmt.Errorf("%s has more than %d elements", at, most)}}
	}
	return nil
}

func isEmpty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// isSingle reports whether the type reads itself from a single value of the file.
func isSingle(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[yaml.NodeUnmarshaler]())
}
