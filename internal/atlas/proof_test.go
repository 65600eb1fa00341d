package atlas_test

import (
	"testing"

	"exportbuckets/internal/atlas"
)

// Anyone can write the zero value of a proof. It is good for nothing.
func TestAProofThatNoPrincipalMadePanics(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(){
		"OrgReader":             func() { atlas.OrgReader{}.OrgID() },
		"OrgOwner":              func() { atlas.OrgOwner{}.OrgID() },
		"CredentialReader":      func() { atlas.CredentialReader{}.Scope() },
		"CredentialOwner":       func() { atlas.CredentialOwner{}.Scope() },
		"CredentialOwner.Owns":  func() { atlas.CredentialOwner{}.OwnsOrg() },
		"ServiceAccountInviter": func() { atlas.ServiceAccountInviter{}.Scope() },
		"ProjectReader":         func() { atlas.ProjectReader{}.ProjectID() },
		"ProjectOwner":          func() { atlas.ProjectOwner{}.ProjectID() },
		"BackupWriter":          func() { atlas.BackupWriter{}.ProjectID() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got no panic, want one", name)
				}
			}()
			use()
		}()
	}
}
