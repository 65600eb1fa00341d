package atlas_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/atlas"
)

func TestEveryCodeHasASentenceForItsParameters(t *testing.T) {
	t.Parallel()
	for _, code := range atlas.Codes() {
		parameters := make([]any, code.Parameters())
		for i := range parameters {
			parameters[i] = fmt.Sprintf("parameter%d", i)
		}
		got := atlas.NewError(code, parameters...)
		shown := fmt.Sprint(got.Detail, got.Parameters)
		if got.Detail == "" || strings.Contains(shown, "%") || got.Rule() == "" {
			t.Errorf("%s: got %q, %q, want every parameter in its place, and a rule", code, shown, got.Rule())
		}
	}
}

func TestEveryCodeIsAFailureOfItsOwn(t *testing.T) {
	t.Parallel()
	type failure struct {
		name   string
		status int
	}
	var seen []failure
	for _, code := range atlas.Codes() {
		if code.Status < 400 || http.StatusText(code.Status) == "" {
			t.Errorf("%s: got status %d, want one of a failure", code.Name, code.Status)
		}
		this := failure{name: code.Name}
		if code.Name == atlas.CodeUnexpected.Name { // for what Atlas has no code for, whatever its status
			this.status = code.Status
		}
		if slices.Contains(seen, this) {
			t.Errorf("%s: got it twice", code.Name)
		}
		seen = append(seen, this)
	}
}

func TestTheParameterOfSomeCodesIsASentence(t *testing.T) {
	t.Parallel()
	got := atlas.NewError(atlas.CodeAWSIAMRoleInUse, "5f0000000000000000000d01")
	if want := "Cannot remove the AWS IAM role because it is still in use."; got.Detail != want {
		t.Errorf("got detail %q, want %q", got.Detail, want)
	}
	want := "Cannot remove the AWS IAM role (5f0000000000000000000d01) because it is still in use."
	if len(got.Parameters) != 1 || got.Parameters[0] != want {
		t.Errorf("got parameters %q, want %q alone", got.Parameters, want)
	}
}
