package tenant

import (
	"strings"
	"testing"
)

func TestTheNameOfAProjectHasAtMost64Characters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ok   bool
	}{
		{"", false},
		{"é", true},
		{strings.Repeat("é", 64), true},
		{strings.Repeat("é", 65), false},
		{strings.Repeat("a", 65), false},
	} {
		if err := checkProjectName(tt.name); (err == nil) != tt.ok {
			t.Errorf("%q: got error %v, want valid: %t", tt.name, err, tt.ok)
		}
	}
}
