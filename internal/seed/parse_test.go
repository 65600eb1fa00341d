package seed_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"exportbuckets/internal/seed"
)

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		orgs int
	}{
		"an empty file":                  {"", 0},
		"a comment":                      {"# nothing yet\n", 0},
		"a document without a value":     {"---\n", 0},
		"a key without a value":          {"organizations:\n", 0},
		"an empty list":                  {"organizations: []\n", 0},
		"an organization alone":          {"organizations:\n  - id: 5f0000000000000000000a01\n    name: x\n", 1},
		"an id of decimal digits":        {"organizations:\n  - id: 500000000000000000000001\n    name: x\n", 1},
		"an id that looks like a number": {"organizations:\n  - id: 500000000000000000000e01\n    name: x\n", 1},
		"a quoted id":                    {"organizations:\n  - id: \"5f0000000000000000000a01\"\n    name: x\n", 1},
		"the demo tenant":                {string(seed.Demo), 1},
		"a file with every place":        {whole, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := seed.Parse([]byte(tt.file))
			if err != nil {
				t.Fatalf("got %v, want it accepted", err)
			}
			if got := len(file.Organizations); got != tt.orgs {
				t.Errorf("organizations: got %d, want %d", got, tt.orgs)
			}
		})
	}
}

func TestParseRefusesWithTheLine(t *testing.T) {
	t.Parallel()
	const org = "organizations:\n  - id: 5f0000000000000000000a01\n    name: x\n"
	key := func(line string) string { return org + "    apiKeys:\n      - " + line + "\n" }
	account := func(line string) string { return org + "    serviceAccounts:\n      - " + line + "\n" }
	access := func(lines string) string {
		return org + "    projects:\n      - name: y\n        cloudProviderAccess:\n          " + lines + "\n"
	}
	for name, tt := range map[string]struct{ file, want string }{
		"an unknown key at the top":   {"organisations: []\n", `line 1: unknown field "organisations"`},
		"an unknown key further down": {org + "    colour: red\n", `line 4: unknown field "colour"`},
		"a key in the wrong case":     {org + "    apikeys: []\n", `line 4: unknown field "apikeys"`},
		"an unknown key of an access role": {
			access("azure:\n            - tenant: x"), `line 8: unknown field "tenant"`,
		},
		"a repeated key":        {org + "    name: y\n", `line 4: mapping key "name" already defined at [3:5]`},
		"a second document":     {org + "---\n" + org, "more than one YAML document"},
		"a list at the top":     {"- x\n", "line 1: sequence was used where mapping is expected"},
		"a text at the top":     {"text\n", "line 1: string was used where mapping is expected"},
		"a text for a list":     {"organizations: text\n", "line 1: string was used where sequence is expected"},
		"a list without an end": {"organizations: [\n", "line 1: sequence end token ']' not found"},
		"a tab":                 {"organizations:\n\t- x\n", "line 2: found character '\t' that cannot start any token"},
		"an id with another letter": {
			"organizations:\n  - id: 5g0000000000000000000a01\n",
			`line 2: not an id of 24 hex digits, or only zeros`,
		},
		"an id that is short": {
			"organizations:\n  - id: 5f0000000000000000000a0\n",
			`line 2: not an id of 24 hex digits, or only zeros`,
		},
		"an id of only zeros": {
			"organizations:\n  - id: \"000000000000000000000000\"\n",
			`line 2: not an id of 24 hex digits, or only zeros`,
		},
		"an id that is a list": {"organizations:\n  - id: [x]\n", "line 2: a single value was expected"},
		"an organization role that is none": {
			key("orgRoles: [ORG_OWNER, ORG_KING]"), `line 5: not an organization role`,
		},
		"a project role for an organization": {
			key("orgRoles: [GROUP_OWNER]"), `line 5: not an organization role`,
		},
		"an organization role on a project": {
			key("projectRoles:\n          - roles: [ORG_OWNER]"), `line 6: not a project role`,
		},
		"a public key that is long": {
			key("publicKey: abcdefghi"), `line 5: not a public key: 8 lower-case letters`,
		},
		"a private key with a blank": {
			key("privateKey: d3300000-0000-4000-8000 000000000001"),
			"line 5: a secret of other characters than the visible ones of ASCII",
		},
		"a client id without its prefix": {
			account("clientId: 5f0000000000000000000c01"),
			`line 5: not a client id: mdb_sa_id_ and 24 hex digits, not only zeros`,
		},
		"a client secret with an umlaut": {
			account("secrets: [{secret: mdb_sa_sk_d3300000-0000-4000-8000-00000000000ü}]"),
			"line 5: a secret of other characters than the visible ones of ASCII",
		},
		"a client secret in the place of its mapping": {
			account("secrets: [mdb_sa_sk_demo-owner-secret-not-for-production-01]"),
			"line 5: string was used where mapping is expected",
		},
		"a network with bits of a host": {
			key("accessList: [10.0.0.1/8]"), `line 5: neither an IP address nor a network in CIDR form`,
		},
		"a host name for a network": {
			key("accessList: [localhost]"), `line 5: neither an IP address nor a network in CIDR form`,
		},
		"an ARN of a user": {
			access("aws:\n            - iamAssumedRoleArn: arn:aws:iam::123456789012:user/x"),
			`line 8: not the ARN of an IAM role`,
		},
		"an unknown field of a body": {
			access("aws: []\n        accessList:\n          - cidr: 192.0.2.0/24"), `line 9: unknown field "cidr"`,
		},
		"a number for a text of a body": {
			access("aws: []\n        clusters:\n          - body: {name: 1}"), `line 9: name is not of the kind that it must be`,
		},
		"a text for a body": {
			access("aws: []\n        accessList: [192.0.2.0/24]"), `line 8: an object was expected`,
		},
		"a tenant that is no UUID": {access("azure:\n            - tenantId: demo"), "line 8: not a UUID"},
		"a Google status that is none": {
			access("gcp:\n            - status: DONE"), `line 8: not a status of a Google Cloud role`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantParseError(t, tt.file, tt.want)
		})
	}
}

func TestParseTellsEveryMissingPlaceAtOnce(t *testing.T) {
	t.Parallel()
	wantParseError(t, `organizations:
  - projects:
      - cloudProviderAccess:
          aws:
            - iamAssumedRoleArn: arn:aws:iam::123456789012:role/x
          azure:
            - atlasAzureAppId: 00000000-0000-4000-8000-000000000000
          gcp:
            - status: COMPLETE
    apiKeys:
      - accessList: []
    serviceAccounts:
      - secrets: [{}]
  - name: Second
`, strings.TrimSpace(`
organizations[0].id is missing
organizations[0].name is missing
organizations[0].projects[0].id is missing
organizations[0].projects[0].name is missing
organizations[0].projects[0].cloudProviderAccess.aws[0].roleId is missing
organizations[0].projects[0].cloudProviderAccess.azure[0].roleId is missing
organizations[0].projects[0].cloudProviderAccess.azure[0].servicePrincipalId is missing
organizations[0].projects[0].cloudProviderAccess.azure[0].tenantId is missing
organizations[0].projects[0].cloudProviderAccess.gcp[0].roleId is missing
organizations[0].apiKeys[0].id is missing
organizations[0].apiKeys[0].description is missing
organizations[0].apiKeys[0].publicKey is missing
organizations[0].apiKeys[0].orgRoles is missing
organizations[0].serviceAccounts[0].clientId is missing
organizations[0].serviceAccounts[0].name is missing
organizations[0].serviceAccounts[0].description is missing
organizations[0].serviceAccounts[0].orgRoles is missing
organizations[0].serviceAccounts[0].secrets[0].expiresAt is missing
organizations[1].id is missing`))
}

func TestParseTellsEveryPlaceThatHoldsTooMuch(t *testing.T) {
	t.Parallel()
	text := func(n int) string { return strings.Repeat("é", n) }
	file := func(more int) string {
		return fmt.Sprintf(`organizations:
  - id: 5f0000000000000000000a02
    name: %[1]s
    projects:
      - {id: 5f0000000000000000000b23, name: %[1]s}
    apiKeys:
      - id: 5f0000000000000000000e11
        description: %[2]s
        publicKey: wholekey
        privateKey: d3300000-0000-4000-8000-000000000009
        orgRoles: [ORG_MEMBER]
        accessList: [%[3]s]
    serviceAccounts:
      - clientId: mdb_sa_id_5f0000000000000000000c11
        name: %[1]s
        description: %[2]s
        orgRoles: [ORG_MEMBER]
        accessList: [%[3]s]
`, text(64+more), text(250+more), strings.Repeat("192.0.2.1,", 200+more))
	}
	if _, err := seed.Parse([]byte(file(0))); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	wantParseError(t, file(1), strings.TrimSpace(`
organizations[0].name has more than 64 characters, or a zero character
organizations[0].projects[0].name has more than 64 characters, or a zero character
organizations[0].apiKeys[0].description has more than 250 characters, or a zero character
organizations[0].apiKeys[0].accessList has more than 200 elements
organizations[0].serviceAccounts[0].name has more than 64 characters, or a zero character
organizations[0].serviceAccounts[0].description has more than 250 characters, or a zero character
organizations[0].serviceAccounts[0].accessList has more than 200 elements`))
}

func TestParseMissesTheProjectOfARole(t *testing.T) {
	t.Parallel()
	wantParseError(t, replaced(t, whole, "projectId: 5f0000000000000000000b23\n            roles: [GROUP_OWNER",
		"roles: [GROUP_OWNER"), "organizations[0].apiKeys[0].projectRoles[0].projectId is missing")
}

func TestParseRefusesATimeThatIsNone(t *testing.T) {
	t.Parallel()
	file := replaced(t, whole, "expiresAt: 2099-12-31T00:00:00Z", "expiresAt: soon")
	_, err := seed.Parse([]byte(file))
	if err == nil || !strings.Contains(err.Error(), "line 89: ") {
		t.Errorf("got %v, want an error with line 89", err)
	}
}

// A secret in the wrong place is a mistake that is easily made.
func TestNoErrorRepeatsASecret(t *testing.T) {
	t.Parallel()
	const (
		privateKey   = "d3300000-0000-4000-8000-000000000001"
		clientSecret = "mdb_sa_sk_demo-owner-secret-not-for-production-01"
	)
	line := regexp.MustCompile(`^([ -]*)([a-zA-Z]+):(.*)$`)
	lines := strings.Split(whole, "\n")
	for name, changed := range map[string]string{
		"a private key for a value":           "${1}${2}: " + privateKey,
		"a client secret for a value":         "${1}${2}: " + clientSecret,
		"a private key in a list of values":   "${1}${2}: [" + privateKey + "]",
		"a client secret in a list of values": "${1}${2}: [" + clientSecret + "]",
		"a private key after a block's sign":  "${1}${2}: >" + privateKey,
		"a private key after an alias's sign": "${1}${2}: *" + privateKey,
		"a private key for a key":             "${1}" + privateKey + ":${3}",
		"a client secret for a key":           "${1}" + clientSecret + ":${3}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var leaks []string
			for i := range lines {
				file := slices.Clone(lines)
				file[i] = line.ReplaceAllString(file[i], changed)
				_, err := seed.Parse([]byte(strings.Join(file, "\n")))
				if err != nil && leaksSecret(err) {
					leaks = append(leaks, err.Error())
				}
			}
			if len(leaks) > 0 {
				t.Errorf("errors: got %d with the secret, want none; such as %q", len(leaks), leaks[len(leaks)/2])
			}
		})
	}
}

func TestNoErrorRepeatsASecretOfABrokenFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"demo": string(seed.Demo), "whole": whole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(text, "\n")
			rapid.Check(t, func(t *rapid.T) {
				file := slices.Clone(lines)
				for range rapid.IntRange(1, 3).Draw(t, "changes") {
					i := rapid.IntRange(0, len(file)-1).Draw(t, "line")
					switch rapid.IntRange(0, 3).Draw(t, "change") {
					case 0: // take a line out
						file = slices.Delete(file, i, i+1)
					case 1: // shift a line
						file[i] = strings.Repeat(" ", rapid.IntRange(0, 12).Draw(t, "indent")) + strings.TrimSpace(file[i])
					case 2: // put something between
						at := rapid.IntRange(0, len(file[i])).Draw(t, "place")
						file[i] = file[i][:at] + rapid.StringMatching(`[\[\]{}'":,&*!|>%@#\t -]`).Draw(t, "text") + file[i][at:]
					case 3: // repeat a line
						file = slices.Insert(file, i, file[i])
					}
				}
				if _, err := seed.Parse([]byte(strings.Join(file, "\n"))); err != nil && leaksSecret(err) {
					t.Fatalf("error: got %q, want it without the secret", err)
				}
			})
		})
	}
}

func wantParseError(t *testing.T, file, want string) {
	t.Helper()
	_, err := seed.Parse([]byte(file))
	if err == nil {
		t.Fatal("got no error")
	}
	if got := err.Error(); got != "seed file: "+want {
		t.Errorf("got %s, want seed file: %s", got, want)
	}
	wantNoSecret(t, err)
}

// The YAML library would take gigabytes for them.
func TestParseRefusesWhatIsTooDeep(t *testing.T) {
	t.Parallel()
	var indented strings.Builder
	for i := range 1000 {
		indented.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for name, file := range map[string]string{
		"lists in brackets":   "organizations: " + strings.Repeat("[", 30_000),
		"objects in brackets": strings.Repeat("{a: ", 30_000),
		"lists":               strings.Repeat("- ", 30_000),
		"keys":                strings.Repeat("? ", 30_000),
		"indented keys":       indented.String(),
	} {
		_, err := seed.Parse([]byte(file))
		if err == nil || !strings.Contains(err.Error(), "too deep") {
			t.Errorf("%s: got %v, want it refused as too deep", name, err)
		}
	}
	wide := "organizations:\n" + strings.Repeat("  - {id: 5f0000000000000000000a01, name: '[[[[[{{{{{'}\n", 200)
	if _, err := seed.Parse([]byte(wide)); err != nil {
		t.Errorf("got %v, want many that are not deep accepted", err)
	}
}
