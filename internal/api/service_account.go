package api

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// v2024Aug is the list of versions of every operation on service accounts.
var v2024Aug = []version{{date: "2024-08-05"}}

// serviceAccountBody is a service account on the wire. Atlas, "Service
// Accounts".
type serviceAccountBody struct {
	ClientID    string       `json:"clientId"`
	CreatedAt   time.Time    `json:"createdAt"`
	Description string       `json:"description"`
	Name        string       `json:"name"`
	Roles       []string     `json:"roles"`
	Secrets     []secretBody `json:"secrets"`
}

func newServiceAccountBody(account iam.ServiceAccount) serviceAccountBody {
	body := serviceAccountBody{
		ClientID:    account.ClientID(),
		CreatedAt:   wholeSeconds(account.CreatedAt),
		Description: account.Description,
		Name:        account.Name,
		Roles:       account.Roles,
		Secrets:     make([]secretBody, len(account.Secrets)),
	}
	for i, secret := range account.Secrets {
		body.Secrets[i] = newSecretBody(secret)
	}
	return body
}

// serviceAccountProjectBody is a project that a service account was assigned to.
type serviceAccountProjectBody struct {
	GroupID objectid.ID `json:"groupId"`
}

// serviceAccountName is the service account that the path names.
func serviceAccountName(c *call) iam.CredentialName {
	return iam.ServiceAccountName(c.param("clientId"))
}

func (s *Server) createServiceAccount(
	ctx context.Context, owner atlas.CredentialOwner, c *call, req iam.ServiceAccountRequest,
) (serviceAccountBody, error) {
	noStore(c.gin)
	account, err := s.iam.CreateServiceAccount(ctx, owner, req)
	return newServiceAccountBody(account), err
}

func (s *Server) listServiceAccounts(
	ctx context.Context, reader atlas.CredentialReader, _ *call, page atlas.Page,
) (atlas.List[serviceAccountBody], error) {
	accounts, err := s.iam.ListServiceAccounts(ctx, reader, page)
	return atlas.MapList(accounts, newServiceAccountBody), err
}

func (s *Server) getServiceAccount(
	ctx context.Context, reader atlas.CredentialReader, c *call,
) (serviceAccountBody, error) {
	account, err := s.iam.GetServiceAccount(ctx, reader, serviceAccountName(c))
	return newServiceAccountBody(account), err
}

func (s *Server) updateServiceAccount(
	ctx context.Context, owner atlas.CredentialOwner, c *call, update iam.ServiceAccountUpdate,
) (serviceAccountBody, error) {
	account, err := s.iam.UpdateServiceAccount(ctx, owner, serviceAccountName(c), update)
	return newServiceAccountBody(account), err
}

func (s *Server) inviteServiceAccount(
	ctx context.Context, inviter atlas.ServiceAccountInviter, c *call,
) (serviceAccountBody, error) {
	assignments, err := decodeAssignments(c)
	if err != nil {
		return serviceAccountBody{}, err
	}
	account, err := s.iam.InviteServiceAccount(ctx, inviter, serviceAccountName(c), assignments)
	return newServiceAccountBody(account), err
}

// decodeAssignments reads an assignment, or an array of them, which older clients
// of the same version send.
func decodeAssignments(c *call) ([]iam.ServiceAccountAssignment, error) {
	data, err := checkBody(c)
	if err != nil {
		return nil, err
	}
	if jsontext.Value(data).Kind() == jsontext.KindBeginArray {
		var assignments []iam.ServiceAccountAssignment
		err := decodeData(data, jsontext.KindBeginArray, &assignments)
		return assignments, err
	}
	var assignment iam.ServiceAccountAssignment
	err = decodeData(data, jsontext.KindBeginObject, &assignment)
	return []iam.ServiceAccountAssignment{assignment}, err
}

func (s *Server) listServiceAccountProjects(
	ctx context.Context, reader atlas.CredentialReader, c *call, page atlas.Page,
) (atlas.List[serviceAccountProjectBody], error) {
	projects, err := s.iam.ListServiceAccountProjects(ctx, reader, serviceAccountName(c), page)
	return atlas.MapList(projects, func(project db.Project) serviceAccountProjectBody {
		return serviceAccountProjectBody{GroupID: project.ID}
	}), err
}

func (s *Server) deleteServiceAccount(ctx context.Context, owner atlas.CredentialOwner, c *call) (noContent, error) {
	return noContent{}, s.iam.DeleteServiceAccount(ctx, owner, serviceAccountName(c))
}
