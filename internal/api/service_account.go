package api

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// serviceAccountVersions is the list of versions of every operation on service
// accounts.
var serviceAccountVersions = []version{{date: "2024-08-05"}}

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

func newServiceAccountBody(account atlas.ServiceAccount) serviceAccountBody {
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

// namedServiceAccount is the service account that the path names.
func namedServiceAccount(c *call) atlas.Credential {
	return atlas.NamedServiceAccount(c.Param("clientId"))
}

func (s *Server) createServiceAccount(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	var req atlas.ServiceAccountRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	account, err := s.atlas.CreateServiceAccount(c.Request.Context(), owner, req)
	if err != nil {
		return err
	}
	return respond(c, http.StatusCreated, newServiceAccountBody(account))
}

func (s *Server) listServiceAccounts(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	accounts, err := s.atlas.ListServiceAccounts(c.Request.Context(), reader, page)
	if err != nil {
		return err
	}
	return respondList(s, c, page, accounts, newServiceAccountBody)
}

func (s *Server) getServiceAccount(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	account, err := s.atlas.GetServiceAccount(c.Request.Context(), reader, namedServiceAccount(c))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, newServiceAccountBody(account))
}

func (s *Server) updateServiceAccount(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	var update atlas.ServiceAccountUpdate
	if err := decode(c, &update); err != nil {
		return err
	}
	account, err := s.atlas.UpdateServiceAccount(c.Request.Context(), owner, namedServiceAccount(c), update)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, newServiceAccountBody(account))
}

func (s *Server) inviteServiceAccount(c *call) error {
	inviter, err := s.atlas.ServiceAccountInviter(c.principal)
	if err != nil {
		return err
	}
	assignments, err := decodeAssignments(c)
	if err != nil {
		return err
	}
	account, err := s.atlas.InviteServiceAccount(c.Request.Context(), inviter, namedServiceAccount(c), assignments)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, newServiceAccountBody(account))
}

// decodeAssignments reads an assignment, or an array of them, which older clients
// of the same version send.
func decodeAssignments(c *call) ([]atlas.ServiceAccountAssignment, error) {
	data, err := checkBody(c)
	if err != nil {
		return nil, err
	}
	if jsontext.Value(data).Kind() == jsontext.KindBeginArray {
		var assignments []atlas.ServiceAccountAssignment
		err := decodeData(data, jsontext.KindBeginArray, &assignments)
		return assignments, err
	}
	var assignment atlas.ServiceAccountAssignment
	err = decodeData(data, jsontext.KindBeginObject, &assignment)
	return []atlas.ServiceAccountAssignment{assignment}, err
}

func (s *Server) listServiceAccountProjects(c *call) error {
	reader, err := s.atlas.CredentialReader(c.principal)
	if err != nil {
		return err
	}
	page, err := queryPage(c)
	if err != nil {
		return err
	}
	projects, err := s.atlas.ListServiceAccountProjects(c.Request.Context(), reader, namedServiceAccount(c), page)
	if err != nil {
		return err
	}
	return respondList(s, c, page, projects, func(project db.Project) serviceAccountProjectBody {
		return serviceAccountProjectBody{GroupID: project.ID}
	})
}

func (s *Server) deleteServiceAccount(c *call) error {
	owner, err := s.atlas.CredentialOwner(c.principal)
	if err != nil {
		return err
	}
	if err := s.atlas.DeleteServiceAccount(c.Request.Context(), owner, namedServiceAccount(c)); err != nil {
		return err
	}
	respondNoContent(c)
	return nil
}
