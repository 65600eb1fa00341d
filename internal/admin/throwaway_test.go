package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"exportbuckets/staging"
)

func TestAThrowawayIsMadeAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created, err := b.as(writeToken).CreateOrganization(t.Context(),
		staging.NewOrganization{From: demo + "/live", Name: "pr-42", TTL: "90m"})
	if err != nil {
		t.Fatal(err)
	}
	org := created.Organization
	if org.Name != "pr-42" || org.Protected || org.ExpiresAt == nil || created.BaseURL != b.config.BaseURL {
		t.Errorf("got %+v, want a throw-away organization", created)
	}
	own := b.as(created.Token.Secret)
	if got, err := own.Organization(t.Context(), org.ID); err != nil || got.ID != org.ID || got.ExpiresAt == nil {
		t.Errorf("got %+v, %v, want it", got, err)
	}
	for _, of := range []struct{ token, org string }{{writeToken, demo}, {created.Token.Secret, org.ID}} {
		told, err := b.as(of.token).Journal(t.Context(), of.org, staging.JournalQuery{})
		if err != nil || len(told) != 1 || told[0].Admin.Action != "POST /organizations" {
			t.Errorf("journal of %s: got %+v, %v, want the creation", of.org, told, err)
		}
	}
	_, err = b.as(writeToken).Organization(t.Context(), org.ID)
	isProblem(t, err, staging.CodeNotFound)
	_, err = b.as(operatorToken).UpdateOrganization(t.Context(), org.ID, staging.OrganizationUpdate{Protected: new(true)})
	isProblem(t, err, staging.CodeConflict)
	if _, err := own.Reset(t.Context(), org.ID, staging.Reset{To: staging.Declared}); err != nil {
		t.Errorf("got %v, want it never protected", err)
	}
	if err := own.DeleteOrganization(t.Context(), org.ID, ""); err != nil {
		t.Fatal(err)
	}
	_, err = own.Organization(t.Context(), org.ID)
	isProblem(t, err, staging.CodeUnauthenticated)
	isProblem(t, b.as(operatorToken).DeleteOrganization(t.Context(), org.ID, ""), staging.CodeNotFound)
}

func TestWhoMayEndAnOrganizationThatStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	isProblem(t, b.as(readToken).DeleteOrganization(t.Context(), demo, ""), staging.CodeReadOnlyToken)
	isProblem(t, b.as(writeToken).DeleteOrganization(t.Context(), demo, "Demo Organization"), staging.CodeReadOnlyToken)
	isProblem(t, b.as(neighborToken).DeleteOrganization(t.Context(), demo, "Demo Organization"), staging.CodeNotFound)
	isProblem(t, b.as(operatorToken).DeleteOrganization(t.Context(), demo, ""), staging.CodeInvalid)
	isProblem(t, b.as(operatorToken).DeleteOrganization(t.Context(), demo, "Neighbor"), staging.CodeConflict)
	if err := b.as(operatorToken).DeleteOrganization(t.Context(), demo, "Demo Organization"); err != nil {
		t.Error(err)
	}
	_, err := b.as(writeToken).Organization(t.Context(), demo)
	isProblem(t, err, staging.CodeUnauthenticated)
}

// An object and a text of a file make the same, and a wrong one has its place told.
func TestAThrowawayIsMadeOfAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, file := range []string{
		`{"organizations":[{"id":"` + demo + `","name":"a","projects":[{"id":"5f0000000000000000000b01","name":"p"}]}]}`,
		`"organizations:\n- id: ` + demo + `\n  name: a\n  projects: [{id: 5f0000000000000000000b01, name: p}]"`,
	} {
		got := b.do(t, http.MethodPost, staging.Root+"/organizations", writeToken, `{"name":"from-file","file":`+file+`}`)
		if got.status != http.StatusCreated || !strings.Contains(got.body, `"projects": 1`) {
			t.Errorf("got %+v, want an organization with a project", got)
		}
	}
	for body, at := range map[string]string{
		`{"name":"a","file":{"organizations":[{"id":"x","name":"a"}]}}`: "/file/organizations/0/id",
		`{"name":"a","colour":"red"}`:                                   "/colour",
		`{"name":"a","from":"` + demo + `/live","ttl":"1y"}`:            "/ttl",
	} {
		got := b.do(t, http.MethodPost, staging.Root+"/organizations", operatorToken, body)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "`+at+`"`) {
			t.Errorf("%s: got %+v, want a problem at %s", body, got, at)
		}
	}
}
