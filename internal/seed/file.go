// Package seed brings tenants into a database from a YAML file: organizations
// with their projects, API keys, service accounts and cloud provider access
// roles.
//
// Parse reads the file and refuses, with the line, what is not as it should be.
//
// Apply adds, in one transaction, what the file declares and the database lacks.
// What is there stays as it is, whoever changed it, and so does all that hangs
// on it: a file that is applied at every start reverts nothing, and applied
// twice it changes nothing.
//
//   - An organization, a project, an access role, an API key or a service
//     account is there if its id is, under the same parent and of the same kind.
//   - What is missing below an organization or a project that is there is added.
//   - Roles, access list and secrets are added together with their API key or
//     service account, and never to one that is there.
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
	"regexp"

	"github.com/goccy/go-yaml"
)

// Demo is the seed file of the demo tenant.
//
//go:embed demo.yaml
var Demo []byte

// File is a seed file.
type File struct {
	Organizations []Organization `yaml:"organizations"`
}

// Organization is an organization and what belongs to it.
type Organization struct {
	ID                    objectID         `yaml:"id"`
	Name                  string           `yaml:"name"`
	APIAccessListRequired bool             `yaml:"apiAccessListRequired"`
	Projects              []Project        `yaml:"projects"`
	APIKeys               []APIKey         `yaml:"apiKeys"`
	ServiceAccounts       []ServiceAccount `yaml:"serviceAccounts"`
}

// Project is a project and its cloud provider access roles.
type Project struct {
	ID                  objectID `yaml:"id"`
	Name                string   `yaml:"name"`
	CloudProviderAccess struct {
		AWS   []AWSRole   `yaml:"aws"`
		Azure []AzureRole `yaml:"azure"`
		GCP   []GCPRole   `yaml:"gcp"`
	} `yaml:"cloudProviderAccess"`
}

// AWSRole is an access role of AWS. It is authorized if it has an ARN.
type AWSRole struct {
	RoleID            objectID `yaml:"roleId"`
	IAMAssumedRoleARN *roleARN `yaml:"iamAssumedRoleArn"`
}

// AzureRole is an access role of Azure.
type AzureRole struct {
	RoleID             objectID `yaml:"roleId"`
	AtlasAzureAppID    uuidText `yaml:"atlasAzureAppId"` // Atlas' own if left out
	ServicePrincipalID uuidText `yaml:"servicePrincipalId"`
	TenantID           uuidText `yaml:"tenantId"`
}

// GCPRole is an access role of Google Cloud. It is authorized if its status is
// COMPLETE.
type GCPRole struct {
	RoleID objectID  `yaml:"roleId"`
	Status gcpStatus `yaml:"status"` // COMPLETE if left out
}

// Access is what API keys and service accounts have in common.
type Access struct {
	OrgRoles     []orgRole     `yaml:"orgRoles"`
	ProjectRoles []ProjectRole `yaml:"projectRoles"`
	AccessList   []network     `yaml:"accessList"`
}

// ProjectRole is the roles of a principal on one project.
type ProjectRole struct {
	ProjectID objectID      `yaml:"projectId"`
	Roles     []projectRole `yaml:"roles"`
}

// APIKey is a programmatic API key.
type APIKey struct {
	ID          objectID  `yaml:"id"`
	Description string    `yaml:"description"`
	PublicKey   publicKey `yaml:"publicKey"`
	PrivateKey  uuidText  `yaml:"privateKey"`
	Access      `yaml:",inline"`
}

// ServiceAccount is a service account with its secrets.
type ServiceAccount struct {
	ClientID    clientID `yaml:"clientId"`
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Secrets     []Secret `yaml:"secrets"`
	Access      `yaml:",inline"`
}

// Secret is a client secret.
type Secret struct {
	Secret    clientSecret `yaml:"secret"`
	ExpiresAt timestamp    `yaml:"expiresAt"`
}

// Parse reads a seed file. It returns an error that tells the line of an unknown
// key, a repeated key or a value of the wrong form, or the place in the file
// where something that is required is missing.
func Parse(data []byte) (File, error) {
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
		return File{}, fmt.Errorf("seed file: %w", withLine(err))
	}
	if err := file.checkRequired(); err != nil {
		return File{}, fmt.Errorf("seed file: %w", err)
	}
	return file, nil
}

// withLine makes an error of the decoder short. Its own text shows the lines
// around the place, and its message may quote any text of the file; there may
// be secrets in both. What is quoted stays only if it looks like a key.
func withLine(err error) error {
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
	return fmt.Errorf("line %d: %s", where.GetToken().Position.Line, message)
}

var (
	quoted = regexp.MustCompile(`(?s)".*"`)
	key    = regexp.MustCompile(`^"[A-Za-z]{1,40}"$`)
)

// checkRequired returns every place that is empty and must not be.
func (f File) checkRequired() error {
	var missing []error
	need := func(there bool, format string, args ...any) {
		if !there {
			missing = append(missing, fmt.Errorf(format+" is missing", args...))
		}
	}
	for i, org := range f.Organizations {
		at := fmt.Sprintf("organizations[%d]", i)
		need(!org.ID.IsZero(), "%s.id", at)
		need(org.Name != "", "%s.name", at)
		for j, project := range org.Projects {
			at := fmt.Sprintf("%s.projects[%d]", at, j)
			need(!project.ID.IsZero(), "%s.id", at)
			need(project.Name != "", "%s.name", at)
			for k, role := range project.CloudProviderAccess.AWS {
				need(!role.RoleID.IsZero(), "%s.cloudProviderAccess.aws[%d].roleId", at, k)
			}
			for k, role := range project.CloudProviderAccess.Azure {
				at := fmt.Sprintf("%s.cloudProviderAccess.azure[%d]", at, k)
				need(!role.RoleID.IsZero(), "%s.roleId", at)
				need(role.ServicePrincipalID != "", "%s.servicePrincipalId", at)
				need(role.TenantID != "", "%s.tenantId", at)
			}
			for k, role := range project.CloudProviderAccess.GCP {
				need(!role.RoleID.IsZero(), "%s.cloudProviderAccess.gcp[%d].roleId", at, k)
			}
		}
		for j, key := range org.APIKeys {
			at := fmt.Sprintf("%s.apiKeys[%d]", at, j)
			need(!key.ID.IsZero(), "%s.id", at)
			need(key.Description != "", "%s.description", at)
			need(key.PublicKey != "", "%s.publicKey", at)
			need(key.PrivateKey != "", "%s.privateKey", at)
			key.checkRequired(at, need)
		}
		for j, account := range org.ServiceAccounts {
			at := fmt.Sprintf("%s.serviceAccounts[%d]", at, j)
			need(account.ClientID != clientID{}, "%s.clientId", at)
			need(account.Name != "", "%s.name", at)
			need(account.Description != "", "%s.description", at)
			account.checkRequired(at, need)
			for k, secret := range account.Secrets {
				need(secret.Secret != "", "%s.secrets[%d].secret", at, k)
				need(!secret.ExpiresAt.IsZero(), "%s.secrets[%d].expiresAt", at, k)
			}
		}
	}
	return errors.Join(missing...)
}

func (a Access) checkRequired(at string, need func(there bool, format string, args ...any)) {
	need(len(a.OrgRoles) > 0, "%s.orgRoles", at)
	for i, role := range a.OrgRoles {
		need(role != "", "%s.orgRoles[%d]", at, i)
	}
	for i, grant := range a.ProjectRoles {
		at := fmt.Sprintf("%s.projectRoles[%d]", at, i)
		need(!grant.ProjectID.IsZero(), "%s.projectId", at)
		need(len(grant.Roles) > 0, "%s.roles", at)
		for j, role := range grant.Roles {
			need(role != "", "%s.roles[%d]", at, j)
		}
	}
	for i, network := range a.AccessList {
		need(network.prefix.IsValid(), "%s.accessList[%d]", at, i)
	}
}
