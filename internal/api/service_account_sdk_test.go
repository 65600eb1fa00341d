package api_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"go.mongodb.org/atlas-sdk/v20250312001/admin"
)

// TestTheAtlasGoSDKManagesServiceAccounts goes the way of an automation with the
// SDK's own client: an account in the organization, assigned to a project, and
// one that is the project's own.
func TestTheAtlasGoSDKManagesServiceAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client, err := admin.NewClient(admin.UseBaseURL(b.server.URL), admin.UseDigestAuth("demoownr", privateKeys["demoownr"]))
	if err != nil {
		t.Fatal(err)
	}
	api := client.ServiceAccountsApi
	// One after the other: the server is theirs together.
	t.Run("of an organization", func(t *testing.T) {
		useOrgAccounts(t, b.server.URL, api)
	})
	t.Run("of a project", func(t *testing.T) {
		useProjectAccounts(t, api)
	})
}

func fatalSDK(t *testing.T, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: got %v, want no error", doing, err)
	}
}

func wantSDKCode(t *testing.T, doing string, err error, code string) {
	t.Helper()
	if !admin.IsErrorCode(err, code) {
		t.Errorf("%s: got %v, want %s", doing, err, code)
	}
}

// signIn fails the test unless the account can read its organization.
func signIn(ctx context.Context, t *testing.T, url, clientID, clientSecret string) {
	t.Helper()
	client, err := admin.NewClient(admin.UseBaseURL(url), admin.UseOAuthAuth(ctx, clientID, clientSecret))
	fatalSDK(t, "sign in", err)
	orgs, _, err := client.OrganizationsApi.ListOrganizations(ctx).Execute()
	fatalSDK(t, "list organizations", err)
	if orgs.GetTotalCount() != 1 {
		t.Errorf("organizations: got %+v, want one", orgs)
	}
}

func useOrgAccounts(t *testing.T, url string, api admin.ServiceAccountsApi) {
	t.Helper()
	ctx := t.Context()
	created, resp, err := api.CreateServiceAccount(ctx, demoOrg, &admin.OrgServiceAccountRequest{
		Name: "sdk", Description: "of the SDK", Roles: []string{"ORG_READ_ONLY"}, SecretExpiresAfterHours: 24,
	}).Execute()
	fatalSDK(t, "create", err)
	if resp.StatusCode != http.StatusCreated || len(created.GetSecrets()) != 1 {
		t.Fatalf("create: got %s and %+v, want 201 and a secret", resp.Status, created)
	}
	clientID, first := created.GetClientId(), created.GetSecrets()[0]
	signIn(ctx, t, url, clientID, first.GetSecret())

	got, _, err := api.GetServiceAccount(ctx, demoOrg, clientID).Execute()
	fatalSDK(t, "get", err)
	if secrets := got.GetSecrets(); got.GetName() != "sdk" || len(secrets) != 1 || secrets[0].HasSecret() {
		t.Errorf("get: got %+v, want what was created, without its secret", got)
	}
	list, _, err := api.ListServiceAccounts(ctx, demoOrg).Execute()
	fatalSDK(t, "list", err)
	if last := list.GetResults()[list.GetTotalCount()-1]; last.GetClientId() != clientID {
		t.Errorf("list: got %+v, want the new account at its end", list)
	}
	updated, _, err := api.UpdateServiceAccount(ctx, clientID, demoOrg, &admin.OrgServiceAccountUpdateRequest{
		Description: new("changed"),
	}).Execute()
	fatalSDK(t, "update", err)
	if updated.GetDescription() != "changed" || updated.GetName() != "sdk" {
		t.Errorf("update: got %+v, want another description", updated)
	}

	second, resp, err := api.CreateServiceAccountSecret(ctx, demoOrg, clientID,
		&admin.ServiceAccountSecretRequest{SecretExpiresAfterHours: 8}).Execute()
	fatalSDK(t, "create secret", err)
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("create secret: got %s, want 201", resp.Status)
	}
	signIn(ctx, t, url, clientID, second.GetSecret())
	_, err = api.DeleteServiceAccountSecret(ctx, clientID, first.GetId(), demoOrg).Execute()
	fatalSDK(t, "delete secret", err)

	// This SDK sends an array, newer ones an object.
	invited, resp, err := api.AddProjectServiceAccount(ctx, clientID, demoProject,
		&[]admin.GroupServiceAccountRoleAssignment{{Roles: []string{"GROUP_READ_ONLY"}}}).Execute()
	fatalSDK(t, "invite", err)
	if resp.StatusCode != http.StatusOK || !slices.Equal(invited.GetRoles(), []string{"GROUP_READ_ONLY"}) {
		t.Errorf("invite: got %s and %+v, want 200 and the role", resp.Status, invited)
	}
	projects, _, err := api.ListServiceAccountProjects(ctx, demoOrg, clientID).Execute()
	fatalSDK(t, "list projects", err)
	if results := projects.GetResults(); len(results) != 1 || results[0].GetGroupId() != demoProject {
		t.Errorf("projects: got %+v, want the one", projects)
	}

	entries, _, err := api.CreateServiceAccountAccessList(ctx, demoOrg, clientID,
		&[]admin.ServiceAccountIPAccessListEntry{{CidrBlock: new("192.0.2.0/24")}}).Execute()
	fatalSDK(t, "create access list", err)
	if results := entries.GetResults(); len(results) != 1 || results[0].GetCidrBlock() != "192.0.2.0/24" {
		t.Errorf("access list: got %+v, want the network", entries)
	}
	_, err = api.DeleteServiceAccountAccessListEntry(ctx, demoOrg, clientID, "192.0.2.0/24").Execute()
	fatalSDK(t, "delete access list entry", err)
	entries, _, err = api.ListServiceAccountAccessList(ctx, demoOrg, clientID).Execute()
	fatalSDK(t, "list access list", err)
	if entries.GetTotalCount() != 0 {
		t.Errorf("access list: got %+v, want none", entries)
	}

	_, err = api.DeleteServiceAccount(ctx, clientID, demoOrg).Execute()
	fatalSDK(t, "delete", err)
	_, _, err = api.GetServiceAccount(ctx, demoOrg, clientID).Execute()
	wantSDKCode(t, "get what is gone", err, "SERVICE_ACCOUNT_NOT_FOUND")
}

func useProjectAccounts(t *testing.T, api admin.ServiceAccountsApi) {
	t.Helper()
	ctx := t.Context()
	created, resp, err := api.CreateProjectServiceAccount(ctx, demoProject, &admin.GroupServiceAccountRequest{
		Name: "sdk", Description: "of the SDK", Roles: []string{"GROUP_READ_ONLY"}, SecretExpiresAfterHours: 24,
	}).Execute()
	fatalSDK(t, "create", err)
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("create: got %s, want 201", resp.Status)
	}
	clientID := created.GetClientId()
	updated, _, err := api.UpdateProjectServiceAccount(ctx, clientID, demoProject,
		&admin.GroupServiceAccountUpdateRequest{Roles: &[]string{"GROUP_OWNER"}}).Execute()
	fatalSDK(t, "update", err)
	if !slices.Equal(updated.GetRoles(), []string{"GROUP_OWNER"}) {
		t.Errorf("update: got %+v, want another role", updated)
	}
	secret, _, err := api.CreateProjectServiceAccountSecret(ctx, demoProject, clientID,
		&admin.ServiceAccountSecretRequest{SecretExpiresAfterHours: 8}).Execute()
	fatalSDK(t, "create secret", err)
	_, err = api.DeleteProjectServiceAccountSecret(ctx, clientID, secret.GetId(), demoProject).Execute()
	fatalSDK(t, "delete secret", err)
	entries, _, err := api.CreateProjectServiceAccountAccessList(ctx, demoProject, clientID,
		&[]admin.ServiceAccountIPAccessListEntry{{IpAddress: new("2001:db8::1")}}).Execute()
	fatalSDK(t, "create access list", err)
	if results := entries.GetResults(); len(results) != 1 || results[0].GetIpAddress() != "2001:db8::1" {
		t.Errorf("access list: got %+v, want the address", entries)
	}
	_, err = api.DeleteProjectServiceAccountAccessListEntry(ctx, demoProject, clientID, "2001:db8::1").Execute()
	fatalSDK(t, "delete access list entry", err)
	list, _, err := api.ListProjectServiceAccounts(ctx, demoProject).Execute()
	fatalSDK(t, "list", err)
	if list.GetTotalCount() != 2 { // and the spare account
		t.Errorf("list: got %+v, want two", list)
	}
	_, _, err = api.DeleteProjectServiceAccount(ctx, clientID, demoProject).Execute()
	fatalSDK(t, "unassign", err)
	_, _, err = api.GetProjectServiceAccount(ctx, demoProject, clientID).Execute()
	wantSDKCode(t, "get what is not assigned", err, "SERVICE_ACCOUNT_NOT_FOUND")
	got, _, err := api.GetServiceAccount(ctx, demoOrg, clientID).Execute()
	fatalSDK(t, "get from the organization", err)
	if !slices.Equal(got.GetRoles(), []string{"ORG_MEMBER"}) {
		t.Errorf("get from the organization: got %+v, want a member", got)
	}
}
