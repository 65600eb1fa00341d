package api

import (
	"context"
	"net/url"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/objectid"
)

// databaseUserBody is a database user.
type databaseUserBody struct {
	AWSIAMType      string                  `json:"awsIAMType"`
	DatabaseName    string                  `json:"databaseName"`
	DeleteAfterDate *time.Time              `json:"deleteAfterDate,omitzero"`
	Description     string                  `json:"description,omitzero"`
	GroupID         objectid.ID             `json:"groupId"`
	Labels          []atlas.Tag             `json:"labels"`
	LDAPAuthType    string                  `json:"ldapAuthType"`
	Links           []link                  `json:"links"`
	OIDCAuthType    string                  `json:"oidcAuthType"`
	Roles           []dbaccess.DatabaseRole `json:"roles"`
	Scopes          []dbaccess.Scope        `json:"scopes"`
	Username        string                  `json:"username"`
	X509Type        string                  `json:"x509Type"`
}

func (c *call) newDatabaseUserBody(user dbaccess.DatabaseUser) databaseUserBody {
	// Both as parts of a path, in which $ stands for itself.
	self := c.projectURL(user.ProjectID) + "/databaseUsers/" + user.DatabaseName + "/" + url.PathEscape(user.Username)
	return databaseUserBody{
		AWSIAMType:      user.AWSIAMType,
		DatabaseName:    user.DatabaseName,
		DeleteAfterDate: wholeSecondsOrNil(user.DeleteAfter),
		Description:     user.Description,
		GroupID:         user.ProjectID,
		Labels:          user.Labels,
		LDAPAuthType:    user.LDAPAuthType,
		Links:           []link{{Href: self, Rel: "self"}},
		OIDCAuthType:    user.OIDCAuthType,
		Roles:           user.Roles,
		Scopes:          user.Scopes,
		Username:        user.Username,
		X509Type:        user.X509Type,
	}
}

func (s *Server) createDatabaseUser(
	ctx context.Context, project atlas.DatabaseUserWriter, c *call, req dbaccess.DatabaseUserRequest,
) (databaseUserBody, error) {
	user, err := s.dbaccess.CreateDatabaseUser(ctx, project, req)
	return c.newDatabaseUserBody(user), err
}

func (s *Server) listDatabaseUsers(
	ctx context.Context, project atlas.ProjectReader, c *call, page atlas.Page,
) (atlas.List[databaseUserBody], error) {
	users, err := s.dbaccess.ListDatabaseUsers(ctx, project, page)
	return atlas.MapList(users, c.newDatabaseUserBody), err
}

func (s *Server) getDatabaseUser(
	ctx context.Context, project atlas.ProjectReader, c *call,
) (databaseUserBody, error) {
	database, username := c.param("databaseName"), c.param("username")
	if database != "admin" && database != "$external" && username == "certs" {
		// It has the form of the certificates of a user.
		return databaseUserBody{}, atlas.NewError(atlas.CodeNotServed,
			c.gin.Request.Method+" "+c.root()+"/groups/{groupId}/databaseUsers/{username}/certs")
	}
	user, err := s.dbaccess.GetDatabaseUser(ctx, project, database, username)
	return c.newDatabaseUserBody(user), err
}

func (s *Server) updateDatabaseUser(
	ctx context.Context, project atlas.DatabaseUserWriter, c *call, req dbaccess.DatabaseUserRequest,
) (databaseUserBody, error) {
	user, err := s.dbaccess.UpdateDatabaseUser(ctx, project, c.param("databaseName"), c.param("username"), req)
	return c.newDatabaseUserBody(user), err
}

func (s *Server) deleteDatabaseUser(
	ctx context.Context, project atlas.DatabaseUserWriter, c *call,
) (noContent, error) {
	return noContent{}, s.dbaccess.DeleteDatabaseUser(ctx, project, c.param("databaseName"), c.param("username"))
}
