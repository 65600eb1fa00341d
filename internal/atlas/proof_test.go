package atlas_test

import (
	"reflect"
	"testing"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// Anyone can write the zero value of a proof. It is good for nothing.
func TestAProofThatNoPrincipalMadePanics(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(){
		"OrgReader":             func() { atlas.OrgReader{}.OrgID() },
		"OrgOwner":              func() { atlas.OrgOwner{}.OrgID() },
		"ProjectCreator":        func() { atlas.ProjectCreator{}.OrgID() },
		"CredentialReader":      func() { atlas.CredentialReader{}.Scope() },
		"CredentialOwner":       func() { atlas.CredentialOwner{}.Scope() },
		"CredentialOwner.Owns":  func() { atlas.CredentialOwner{}.OwnsOrg() },
		"ServiceAccountInviter": func() { atlas.ServiceAccountInviter{}.Scope() },
		"ProjectReader":         func() { atlas.ProjectReader{}.ProjectID() },
		"ProjectOwner":          func() { atlas.ProjectOwner{}.ProjectID() },
		"BackupWriter":          func() { atlas.BackupWriter{}.ProjectID() },
		"ClusterWriter":         func() { atlas.ClusterWriter{}.ProjectID() },
		"ClusterWriter.Owns":    func() { atlas.ClusterWriter{}.OwnsProject() },
		"Due":                   func() { atlas.ProjectReader{}.Due() },
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

// Whoever has one proof can't turn it into another.
func TestNoProofConvertsIntoAnother(t *testing.T) {
	t.Parallel()
	proofs := []reflect.Type{
		reflect.TypeFor[*atlas.Principal](),
		reflect.TypeFor[atlas.OrgReader](),
		reflect.TypeFor[atlas.OrgOwner](),
		reflect.TypeFor[atlas.ProjectCreator](),
		reflect.TypeFor[atlas.CredentialReader](),
		reflect.TypeFor[atlas.CredentialOwner](),
		reflect.TypeFor[atlas.ServiceAccountInviter](),
		reflect.TypeFor[atlas.ProjectReader](),
		reflect.TypeFor[atlas.ProjectOwner](),
		reflect.TypeFor[atlas.BackupWriter](),
		reflect.TypeFor[atlas.ClusterWriter](),
	}
	for _, from := range proofs {
		if !from.Implements(reflect.TypeFor[atlas.Proof]()) {
			t.Errorf("%v: got no atlas.Proof, want one", from)
		}
		for _, to := range proofs {
			if from != to && from.ConvertibleTo(to) {
				t.Errorf("%v: converts to %v, want it not to", from, to)
			}
		}
	}
}

// What a caller writes to the answers of a proof changes no proof.
func TestAProofKeepsWhatItIsFor(t *testing.T) {
	t.Parallel()
	mine, other := objectid.New(time.Unix(1, 0)), objectid.New(time.Unix(2, 0))
	principal := atlas.NewPrincipal(atlas.Facts{
		OrgID: other, OrgRoles: []db.OrgRole{db.OrgRoleORGOWNER},
		Project: mine.String(), ProjectExists: true, ProjectInOrg: true,
	})
	proof, err := principal.CredentialOwner()
	if err != nil {
		t.Fatal(err)
	}
	*proof.Scope().ProjectID = other
	*proof.Caller() = *atlas.NewPrincipal(atlas.Facts{OrgID: other, Project: other.String(), ProjectExists: true})
	if got := *proof.Scope().ProjectID; got != mine {
		t.Errorf("got a proof for project %v, want it for %v", got, mine)
	}
}
