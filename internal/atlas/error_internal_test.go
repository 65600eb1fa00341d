package atlas

import (
	"fmt"
	"strings"
	"testing"
)

func TestEveryCodeHasASentenceForItsParameters(t *testing.T) {
	t.Parallel()
	for code, detail := range details {
		parameters := make([]any, strings.Count(detail, "%v"))
		for i := range parameters {
			parameters[i] = fmt.Sprintf("parameter%d", i)
		}
		got := NewError(code, parameters...).Detail
		if strings.Contains(got, "%") {
			t.Errorf("%s: got %q, want every parameter in its place", code, got)
		}
	}
}
