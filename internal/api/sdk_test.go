package api_test

import (
	"net/http"
	"testing"

	"go.mongodb.org/atlas-sdk/v20250312001/admin"
)

// TestTheAtlasGoSDKWorksUnmodified goes the way of an automation with the SDK's
// own client: project, role, authorization, bucket, and all of it back.
func TestTheAtlasGoSDKWorksUnmodified(t *testing.T) {
	t.Parallel()
	for name, credentials := range map[string]admin.ClientModifier{
		"an API key":        admin.UseDigestAuth("demoownr", privateKeys["demoownr"]),
		"a service account": admin.UseOAuthAuth(t.Context(), demoClientID, demoClientSecret),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			client, err := admin.NewClient(admin.UseBaseURL(b.server.URL), credentials)
			if err != nil {
				t.Fatal(err)
			}
			useSDK(t, client)
		})
	}
}

func useSDK(t *testing.T, client *admin.APIClient) {
	t.Helper()
	ctx := t.Context()
	fatal := func(doing string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: got %v, want no error", doing, err)
		}
	}
	refused := func(doing string, err error, code string) {
		t.Helper()
		if !admin.IsErrorCode(err, code) {
			t.Errorf("%s: got %v, want %s", doing, err, code)
		}
	}

	project, resp, err := client.ProjectsApi.CreateProject(ctx, &admin.Group{Name: "SDK project", OrgId: demoOrg}).Execute()
	fatal("create project", err)
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("create project: got %s, want 201", resp.Status)
	}
	groupID := project.GetId()
	named, _, err := client.ProjectsApi.GetProjectByName(ctx, "SDK project").Execute()
	fatal("get project by name", err)
	if named.GetId() != groupID {
		t.Errorf("project by name: got %s, want %s", named.GetId(), groupID)
	}

	role, _, err := client.CloudProviderAccessApi.CreateCloudProviderAccessRole(ctx, groupID,
		&admin.CloudProviderAccessRoleRequest{ProviderName: "AWS"}).Execute()
	fatal("create role", err)
	if role.GetAtlasAWSAccountArn() == "" || role.GetAtlasAssumedRoleExternalId() == "" {
		t.Errorf("role: got %+v, want the account and the external id", role)
	}
	bucket := &admin.DiskBackupSnapshotExportBucketRequest{
		BucketName: "export-bucket", CloudProvider: "AWS", IamRoleId: role.RoleId,
	}
	_, _, err = client.CloudBackupsApi.CreateExportBucket(ctx, groupID, bucket).Execute()
	refused("create bucket with a role that is not authorized", err, "CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED")
	arn := "arn:aws:iam::123456789012:role/export"
	_, _, err = client.CloudProviderAccessApi.AuthorizeCloudProviderAccessRole(ctx, groupID, role.GetRoleId(),
		&admin.CloudProviderAccessRoleRequestUpdate{ProviderName: "AWS", IamAssumedRoleArn: &arn}).Execute()
	fatal("authorize role", err)

	created, _, err := client.CloudBackupsApi.CreateExportBucket(ctx, groupID, bucket).Execute()
	fatal("create bucket", err)
	got, _, err := client.CloudBackupsApi.GetExportBucket(ctx, groupID, created.GetId()).Execute()
	fatal("get bucket", err)
	if got.GetBucketName() != "export-bucket" || got.GetIamRoleId() != role.GetRoleId() {
		t.Errorf("bucket: got %+v, want what was created", got)
	}
	list, _, err := client.CloudBackupsApi.ListExportBuckets(ctx, groupID).Execute()
	fatal("list buckets", err)
	if results := list.GetResults(); list.GetTotalCount() != 1 || len(results) != 1 || results[0].GetId() != created.GetId() {
		t.Errorf("buckets: got %+v, want the one", list)
	}

	_, err = client.CloudProviderAccessApi.DeauthorizeCloudProviderAccessRole(ctx, groupID, "AWS", role.GetRoleId()).Execute()
	refused("delete role in use", err, "AWS_IAM_ROLE_IN_USE")
	_, _, err = client.CloudBackupsApi.DeleteExportBucket(ctx, groupID, created.GetId()).Execute()
	fatal("delete bucket", err)
	_, err = client.CloudProviderAccessApi.DeauthorizeCloudProviderAccessRole(ctx, groupID, "AWS", role.GetRoleId()).Execute()
	fatal("delete role", err)
	_, _, err = client.ProjectsApi.DeleteProject(ctx, groupID).Execute()
	fatal("delete project", err)
	_, _, err = client.ProjectsApi.GetProject(ctx, groupID).Execute()
	refused("get project that is gone", err, "GROUP_NOT_FOUND")
}
