package postgres

import "testing"

func TestChoose(t *testing.T) {
	t.Parallel()
	found := []programs{{version: "14.9", major: 14}, {version: "17.2", major: 17}, {version: "15.4", major: 15}}
	for name, tt := range map[string]struct {
		found []programs
		major int
		want  string
	}{
		"a new directory takes the first that is new enough": {found: found, want: "17.2"},
		"a directory takes its own version":                  {found: found, major: 15, want: "15.4"},
		"even an old one":                                    {found: found, major: 14, want: "14.9"},
		"a directory takes no other version":                 {found: found, major: 16},
		"nothing is new enough":                              {found: found[:1]},
		"nothing is there":                                   {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := choose(tt.found, tt.major)
			if got.version != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %t, want %q", got.version, ok, tt.want)
			}
		})
	}
}

func TestVersionLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": {"15.18", "15"},
		"postgres (PostgreSQL) 17.10\n":                          {"17.10", "17"},
		"postgres (PostgreSQL) 19beta1\n":                        {"19beta1", "19"},
		"postgres (PostgreSQL) 20devel\n":                        {"20devel", "20"},
	} {
		m := versionLine.FindStringSubmatch(line)
		if m == nil || m[1] != want[0] || m[2] != want[1] {
			t.Errorf("%q: got %q, want %q", line, m, want)
		}
	}
}
