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

// noSuch returns the endpoint of things of which there are none, each of which is refused
// with the code. Its parameters are those of the path that are named.
func noSuch[P atlas.Proof](prove access[P], code atlas.Code, params ...string) endpoint {
	return absent(with(prove, func(_ context.Context, _ P, c *call) (noContent, error) {
		values := make([]any, len(params))
		for i, name := range params {
			values[i] = c.param(name)
		}
		return noContent{}, atlas.NewError(code, values...)
	}))
}

// nowhere returns the endpoint of things of which there are none, and for which Atlas has
// no code of their own.
func nowhere[P atlas.Proof](prove access[P]) endpoint {
	return absent(with(prove, func(_ context.Context, _ P, c *call) (noContent, error) {
		return noContent{}, resourceNotFound(c.gin)
	}))
}

// absent returns the endpoint for an operation on what there is none of.
func absent(e endpoint) endpoint {
	e.absent = true
	return e
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

	controlPlaneVersions   = []version{{date: "2023-11-15"}}
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

// controlPlaneBody is the addresses that the control plane is reached at, and calls from,
// by region. A cloud without any is an empty object.
type controlPlaneBody struct {
	Inbound  cloudAddresses `json:"inbound"`
	Outbound cloudAddresses `json:"outbound"`
}

type cloudAddresses struct {
	AWS   struct{} `json:"aws"`
	Azure struct{} `json:"azure"`
	GCP   struct{} `json:"gcp"`
}

func (s *Server) listControlPlaneAddresses(*call) (any, error) { return controlPlaneBody{}, nil }
