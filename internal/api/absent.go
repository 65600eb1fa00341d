package api

import (
	"context"

	"exportbuckets/internal/atlas"
)

// What an organization or a project of Atlas can have besides, none of it here.

// nothing is the handler of lists that have nothing in them.
func nothing[P atlas.Proof](_ context.Context, _ P, c *call) (list, error) { return emptyList(c) }

// bareNothing is the handler of lists that are a bare array with nothing in it.
func bareNothing[P atlas.Proof](context.Context, P, *call) ([]struct{}, error) {
	return []struct{}{}, nil
}

// switchBody is a setting that is on or off.
type switchBody struct {
	Enabled bool `json:"enabled"`
}

// switchedOff is the handler of settings that are off.
func switchedOff[P atlas.Proof](context.Context, P, *call) (switchBody, error) {
	return switchBody{}, nil
}

// The versions of what Atlas does not offer for good.
var (
	// Atlas deprecates invitations by a date that is no version of theirs.
	inviteVersions    = []version{{date: "2023-01-01", successor: "2023-10-04", sunset: "2027-07-01"}}
	orgInviteVersions = []version{{date: "2023-01-01", successor: "2025-02-19", sunset: "2027-07-01"}}

	logExportVersions      = []version{{date: "2023-01-01", sunset: "2027-02-04"}}
	logIntegrationVersions = []version{{date: "2025-03-12"}}
	maintenanceVersions    = []version{{date: "2023-01-01"}, {date: preview}}
	resourcePolicyVersions = []version{{date: "2024-08-05"}}
	serverlessVersions     = []version{{date: "2023-01-01", sunset: "2027-01-18"}}
	streamVersions         = []version{{date: "2023-02-01"}}
)

// listAlertMatcherFields names what alerts could be matched by, in a bare array.
func (s *Server) listAlertMatcherFields(context.Context, *atlas.Principal, *call) ([]string, error) {
	return []string{
		"ATLAS_NODE_TYPE", "CLUSTER_NAME", "HOSTNAME", "PORT", "HOSTNAME_AND_PORT", "APPLICATION_ID",
		"REPLICA_SET_NAME", "TYPE_NAME", "SHARD_NAME",
	}, nil
}

// maintenanceWindowBody is when clusters may be maintained: on no day of choice.
type maintenanceWindowBody struct {
	AutoDeferOnceEnabled bool   `json:"autoDeferOnceEnabled"`
	DayOfWeek            int    `json:"dayOfWeek"` // 0 if none was chosen
	HourOfDay            int    `json:"hourOfDay"`
	NumberOfDeferrals    int    `json:"numberOfDeferrals"`
	StartASAP            bool   `json:"startASAP"`
	TimeZoneID           string `json:"timeZoneId"`
}

func (s *Server) getMaintenanceWindow(context.Context, atlas.ProjectReader, *call) (maintenanceWindowBody, error) {
	return maintenanceWindowBody{TimeZoneID: "UTC"}, nil
}

// userSecurityBody is how database users sign in by other means.
type userSecurityBody struct {
	CustomerX509 struct{} `json:"customerX509"`
	LDAP         struct {
		AuthenticationEnabled bool `json:"authenticationEnabled"`
		AuthorizationEnabled  bool `json:"authorizationEnabled"`
	} `json:"ldap"`
}

func (s *Server) getUserSecurity(context.Context, atlas.ProjectOwner, *call) (userSecurityBody, error) {
	return userSecurityBody{}, nil
}

// logExportBody is where a project's logs are pushed to.
type logExportBody struct {
	State string `json:"state"`
}

func (s *Server) getLogExport(context.Context, atlas.ProjectOwner, *call) (logExportBody, error) {
	return logExportBody{State: "UNCONFIGURED"}, nil
}

// getFederation answers for the federation of an organization that has none.
func (s *Server) getFederation(_ context.Context, _ atlas.OrgOwner, c *call) (noContent, error) {
	return noContent{}, resourceNotFound(c.gin)
}
