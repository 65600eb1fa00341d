package seed_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/seed"
)

var (
	early = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	later = time.Date(2026, 6, 7, 8, 9, 10, 111213000, time.UTC)
)

// secrets are how the secrets in these files begin. No error may repeat one, in
// whole or in part.
var secrets = []string{
	"d3300000-0000-4000-8000-00000000000", "demo-owner-secret", "a-second-secret",
}

// whole has something in every place that a seed file has.
const whole = `organizations:
  - id: 5f0000000000000000000a02
    name: Whole
    apiAccessListRequired: true
    projects:
      - id: 5f0000000000000000000b03
        name: Whole Project
        cloudProviderAccess:
          aws:
            - roleId: 5f0000000000000000000d11
              iamAssumedRoleArn: arn:aws-us-gov:iam::123456789012:role/path/export
            - roleId: 5f0000000000000000000d12
          azure:
            - roleId: 5f0000000000000000000d13
              atlasAzureAppId: 00000000-0000-4000-8000-00000000000A
              servicePrincipalId: 00000000-0000-4000-8000-00000000000B
              tenantId: 00000000-0000-4000-8000-00000000000C
          gcp:
            - roleId: 5f0000000000000000000d14
              status: IN_PROGRESS
    apiKeys:
      - id: 5f0000000000000000000e11
        description: A key
        publicKey: wholekey
        privateKey: d3300000-0000-4000-8000-000000000009
        orgRoles: [ORG_MEMBER, ORG_GROUP_CREATOR]
        projectRoles:
          - projectId: 5f0000000000000000000b03
            roles: [GROUP_OWNER, GROUP_READ_ONLY]
        accessList: [192.0.2.1, 198.51.100.0/24, "2001:db8::/32"]
    serviceAccounts:
      - clientId: mdb_sa_id_5f0000000000000000000c11
        name: whole
        description: An account
        secrets:
          - secret: mdb_sa_sk_a-second-secret-of-more-than-32-letters
            expiresAt: 2099-12-31T00:00:00Z
        orgRoles: [ORG_READ_ONLY]
        projectRoles:
          - projectId: 5f0000000000000000000b03
            roles: [GROUP_BACKUP_MANAGER]
        accessList: [203.0.113.7/32]
`

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
		"an id in upper case": {
			"organizations:\n  - id: 5F0000000000000000000A01\n",
			`line 2: not an id of 24 lower-case hex digits`,
		},
		"an id that is short": {
			"organizations:\n  - id: 5f0000000000000000000a0\n",
			`line 2: not an id of 24 lower-case hex digits`,
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
		"a private key that is no UUID": {key("privateKey: d3300000-0000-4000-8000-00000000000g"), "line 5: not a UUID"},
		"a client id without its prefix": {
			account("clientId: 5f0000000000000000000c01"),
			`line 5: not a client id: mdb_sa_id_ and 24 lower-case hex digits`,
		},
		"a client secret that is short": {
			account("secrets: [{secret: mdb_sa_sk_short}]"),
			"line 5: not a client secret: mdb_sa_sk_ and at least 32 letters, digits, hyphens or underscores",
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
organizations[0].apiKeys[0].privateKey is missing
organizations[0].apiKeys[0].orgRoles is missing
organizations[0].serviceAccounts[0].clientId is missing
organizations[0].serviceAccounts[0].name is missing
organizations[0].serviceAccounts[0].description is missing
organizations[0].serviceAccounts[0].orgRoles is missing
organizations[0].serviceAccounts[0].secrets[0].secret is missing
organizations[0].serviceAccounts[0].secrets[0].expiresAt is missing
organizations[1].id is missing`))
}

func TestParseMissesTheProjectOfARole(t *testing.T) {
	t.Parallel()
	wantParseError(t, replaced(t, whole, "projectId: 5f0000000000000000000b03\n            roles: [GROUP_OWNER",
		"roles: [GROUP_OWNER"), "organizations[0].apiKeys[0].projectRoles[0].projectId is missing")
}

func TestParseRefusesATimeThatIsNone(t *testing.T) {
	t.Parallel()
	file := replaced(t, whole, "expiresAt: 2099-12-31T00:00:00Z", "expiresAt: soon")
	_, err := seed.Parse([]byte(file))
	if err == nil || !strings.Contains(err.Error(), "line 37: ") {
		t.Errorf("got %v, want an error with line 37", err)
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

func TestTheDemoTenantIsAsDocumented(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, string(seed.Demo), early)
	for name, tt := range map[string]struct {
		query string
		want  []string
	}{
		"organizations": {
			"SELECT id || ' ' || name || ' ' || api_access_list_required FROM orgs",
			[]string{"5f0000000000000000000a01 Demo Organization false"},
		},
		"projects": {
			"SELECT org_id || ' ' || id || ' ' || name FROM projects",
			[]string{
				"5f0000000000000000000a01 5f0000000000000000000b01 Demo Project",
				"5f0000000000000000000a01 5f0000000000000000000b02 Other Project",
			},
		},
		"API keys with HA1": {
			// RFC 7616, section 3.4.2, of the documented private keys.
			"SELECT public_key || ' ' || (encode(ha1, 'hex') = " +
				"md5(public_key || ':MMS Public API:d3300000-0000-4000-8000-00000000000' || number)) " +
				"FROM api_keys LEFT JOIN (VALUES ('demoownr', 1), ('demoproj', 2), ('demoread', 3)) " +
				"AS documented (public_key, number) USING (public_key)",
			[]string{"demoownr true", "demoproj true", "demoread true"},
		},
		"roles in the organization": {
			"SELECT coalesce(public_key, 'mdb_sa_id_' || service_accounts.id) || ' ' || role FROM org_role_grants AS org_grant " +
				"LEFT JOIN api_keys ON api_keys.id = principal_id LEFT JOIN service_accounts ON service_accounts.id = principal_id",
			[]string{
				"demoownr ORG_OWNER", "demoproj ORG_MEMBER", "demoread ORG_MEMBER",
				"mdb_sa_id_5f0000000000000000000c01 ORG_OWNER",
			},
		},
		"roles on projects": {
			"SELECT public_key || ' ' || project_id || ' ' || role FROM project_role_grants " +
				"LEFT JOIN api_keys ON api_keys.id = principal_id",
			[]string{
				"demoproj 5f0000000000000000000b01 GROUP_OWNER", "demoread 5f0000000000000000000b01 GROUP_READ_ONLY",
			},
		},
		"client secrets": {
			"SELECT service_account_id || ' ' || (secret_hash = " +
				"sha256('mdb_sa_sk_demo-owner-secret-not-for-production-01')) || ' ' || " +
				"(expires_at > now() + interval '10 years') FROM service_account_secrets",
			[]string{"5f0000000000000000000c01 true true"},
		},
		"access roles": {
			"SELECT concat_ws(' ', project_id, id, cloud_provider, authorized, iam_assumed_role_arn, azure_app_id, " +
				"tenant_id, gcp_status) FROM cloud_provider_access_roles",
			[]string{
				"5f0000000000000000000b01 5f0000000000000000000d01 AWS t arn:aws:iam::123456789012:role/demo-export",
				"5f0000000000000000000b01 5f0000000000000000000d02 AZURE t " +
					"9f2deb0d-be22-4524-a403-df531868bac0 4297fc77-1592-4de8-a6d5-a8c32401df87",
				"5f0000000000000000000b01 5f0000000000000000000d03 GCP t COMPLETE",
				"5f0000000000000000000b01 5f0000000000000000000d04 AWS f",
			},
		},
		"access lists":   {"SELECT cidr_block::text FROM access_list_entries", []string{}},
		"access tokens":  {"SELECT secret_id::text FROM access_tokens", []string{}},
		"export buckets": {"SELECT id::text FROM export_buckets", []string{}},
	} {
		got := strs(t, pool, tt.query)
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEveryPlaceIsWritten(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, whole, early)
	for query, want := range map[string][]string{
		"SELECT name || ' ' || api_access_list_required FROM orgs": {"Whole true"},
		"SELECT cidr_block::text FROM access_list_entries": {
			"192.0.2.1/32", "198.51.100.0/24", "2001:db8::/32", "203.0.113.7/32",
		},
		"SELECT principal_id || ' ' || role FROM org_role_grants": {
			"5f0000000000000000000c11 ORG_READ_ONLY", "5f0000000000000000000e11 ORG_GROUP_CREATOR",
			"5f0000000000000000000e11 ORG_MEMBER",
		},
		"SELECT principal_id || ' ' || role FROM project_role_grants": {
			"5f0000000000000000000c11 GROUP_BACKUP_MANAGER", "5f0000000000000000000e11 GROUP_OWNER",
			"5f0000000000000000000e11 GROUP_READ_ONLY",
		},
		// UUIDs as written.
		"SELECT concat_ws(' ', id, authorized, azure_app_id, service_principal_id, tenant_id, iam_assumed_role_arn, " +
			"gcp_status) FROM cloud_provider_access_roles": {
			"5f0000000000000000000d11 t arn:aws-us-gov:iam::123456789012:role/path/export",
			"5f0000000000000000000d12 f",
			"5f0000000000000000000d13 t 00000000-0000-4000-8000-00000000000A 00000000-0000-4000-8000-00000000000B " +
				"00000000-0000-4000-8000-00000000000C",
			"5f0000000000000000000d14 f IN_PROGRESS",
		},
	} {
		got := strs(t, pool, query)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"the demo tenant": string(seed.Demo), "every place": whole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			apply(t, pool, file, early)
			want := dump(t, pool)
			if len(want) < 10 {
				t.Fatalf("rows: got %d, want all", len(want))
			}
			apply(t, pool, file, later)
			if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
				t.Errorf("rows (-first +second):\n%s", diff)
			}
		})
	}
}

func TestWhatWasMadeWithARoleStays(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	const arn = "              iamAssumedRoleArn: arn:aws-us-gov:iam::123456789012:role/path/export\n"
	query := "SELECT concat_ws(' ', assumed_role_external_id, created_at, authorized_at, iam_assumed_role_arn) " +
		"FROM cloud_provider_access_roles WHERE id = '5f0000000000000000000d11'"
	made := "SELECT assumed_role_external_id || ' ' || created_at " +
		"FROM cloud_provider_access_roles WHERE id = '5f0000000000000000000d11'"
	apply(t, pool, whole, early)
	kept := strs(t, pool, made)[0]
	const (
		earlyText = "2026-01-02 03:04:05.678901+00"
		laterText = "2026-06-07 08:09:10.111213+00"
	)
	for _, step := range []struct{ what, file, want string }{
		{
			"another ARN keeps the time of authorization", replaced(t, whole, "role/path/export", "role/other"),
			kept + " " + earlyText + " arn:aws-us-gov:iam::123456789012:role/other",
		},
		{"no ARN takes the authorization away", replaced(t, whole, arn, ""), kept},
		{
			"an ARN again is a new authorization", whole,
			kept + " " + laterText + " arn:aws-us-gov:iam::123456789012:role/path/export",
		},
	} {
		apply(t, pool, step.file, later)
		if got := strs(t, pool, query)[0]; got != step.want {
			t.Errorf("%s: got %s, want %s", step.what, got, step.want)
		}
	}
}

func TestRolesAndAccessListsReplaceTheOld(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, whole, early)
	changed := replaced(t, whole, "[ORG_MEMBER, ORG_GROUP_CREATOR]", "[ORG_BILLING_ADMIN]")
	changed = replaced(t, changed, "[GROUP_OWNER, GROUP_READ_ONLY]", "[GROUP_CLUSTER_MANAGER]")
	changed = replaced(t, changed, `[192.0.2.1, 198.51.100.0/24, "2001:db8::/32"]`, "[192.0.2.2]")
	changed = replaced(t, changed, "          - projectId: 5f0000000000000000000b03\n            roles: [GROUP_BACKUP_MANAGER]\n",
		"          []\n")
	changed = replaced(t, changed, "accessList: [203.0.113.7/32]", "accessList: []")
	apply(t, pool, changed, later)
	for query, want := range map[string][]string{
		"SELECT principal_id || ' ' || role FROM org_role_grants": {
			"5f0000000000000000000c11 ORG_READ_ONLY", "5f0000000000000000000e11 ORG_BILLING_ADMIN",
		},
		"SELECT principal_id || ' ' || role FROM project_role_grants": {"5f0000000000000000000e11 GROUP_CLUSTER_MANAGER"},
		"SELECT principal_id || ' ' || cidr_block FROM access_list_entries": {
			"5f0000000000000000000e11 192.0.2.2/32",
		},
	} {
		got := strs(t, pool, query)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestChangedValuesReplaceTheOld(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, whole, early)
	changed := whole
	for old, value := range map[string]string{
		"name: Whole\n":               "name: Renamed\n",
		"apiAccessListRequired: true": "apiAccessListRequired: false",
		"name: Whole Project":         "name: Renamed Project",
		"description: A key":          "description: Changed key",
		"publicKey: wholekey":         "publicKey: otherkey",
		"name: whole\n":               "name: renamed\n",
		"description: An account":     "description: Changed account",
		"2099-12-31T00:00:00Z":        "2098-12-31T00:00:00Z",
		"status: IN_PROGRESS":         "status: COMPLETE",
		"00000000000C":                "0000000000CC",
	} {
		changed = replaced(t, changed, old, value)
	}
	apply(t, pool, changed, early)
	got := dump(t, pool)
	other := dbtest.New(t)
	apply(t, other, changed, early)
	// What chance has made.
	hide := regexp.MustCompile(`"assumed_role_external_id": "[^"]*"|service_account_secrets: .*"id": "[^"]*"`)
	want := dump(t, other)
	for _, list := range [][]string{want, got} {
		for i := range list {
			list[i] = hide.ReplaceAllString(list[i], "")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-of the changed file alone +after both):\n%s", diff)
	}
}

func TestWhatAFileDoesNotMentionIsLeftAlone(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	apply(t, pool, string(seed.Demo), early)
	apply(t, pool, whole, early)
	want := dump(t, pool)
	for _, file := range []string{
		"", "organizations: []\n",
		"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n",
		"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n" +
			"    projects:\n      - id: 5f0000000000000000000b01\n        name: Demo Project\n",
		"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n" +
			"    serviceAccounts:\n      - clientId: mdb_sa_id_5f0000000000000000000c01\n        name: demo-owner\n" +
			"        description: Demo service account of an Organization Owner\n        orgRoles: [ORG_OWNER]\n",
	} {
		apply(t, pool, file, later)
		if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
			t.Errorf("rows after %q (-before +after):\n%s", file, diff)
		}
	}
}

func TestApplyIsAllOrNothingAndNamesThePart(t *testing.T) {
	t.Parallel()
	const second = "organizations:\n  - id: 5f0000000000000000000a03\n    name: Third\n"
	key := "    apiKeys:\n      - id: 5f0000000000000000000e99\n        description: New\n        publicKey: newnewkk\n" +
		"        privateKey: d3300000-0000-4000-8000-000000000008\n        orgRoles: [ORG_MEMBER]\n"
	account := "    serviceAccounts:\n      - clientId: mdb_sa_id_5f0000000000000000000c99\n        name: new\n" +
		"        description: New\n        orgRoles: [ORG_MEMBER]\n"
	project := "    projects:\n      - id: 5f0000000000000000000b99\n        name: New\n"
	for name, tt := range map[string]struct {
		file string
		want []string // in the error
	}{
		"a project of another organization": {
			second + key + replaced(t, project, "b99", "b01"),
			[]string{"project 5f0000000000000000000b01", "another organization"},
		},
		"a project's name that is taken": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Demo Organization\n" + key +
				replaced(t, project, "name: New", "name: Other Project"),
			[]string{"project 5f0000000000000000000b99", "projects_org_id_name_key"},
		},
		"an API key of another organization": {
			second + project + replaced(t, key, "5f0000000000000000000e99", "5f0000000000000000000e01"),
			[]string{"API key newnewkk", "principals_id_key"},
		},
		"a service account of another organization": {
			second + project + key + replaced(t, account, "c99", "c01"),
			[]string{"service account mdb_sa_id_5f0000000000000000000c01", "principals_id_key"},
		},
		"one id for an API key and a service account": {
			second + project + key + replaced(t, account, "c99", "e99"),
			[]string{"service account mdb_sa_id_5f0000000000000000000e99", "is taken"},
		},
		"a public key of another key": {
			second + project + replaced(t, key, "newnewkk", "demoread"),
			[]string{"API key demoread", "api_keys_public_key_key"},
		},
		"a public key of another key of the organization": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Renamed\n" + project +
				replaced(t, key, "newnewkk", "demoread"),
			[]string{"API key demoread", "api_keys_public_key_key"},
		},
		"a role of another cloud provider": {
			"organizations:\n  - id: 5f0000000000000000000a01\n    name: Renamed\n    projects:\n" +
				"      - id: 5f0000000000000000000b01\n        name: Renamed\n        cloudProviderAccess:\n" +
				"          gcp:\n            - roleId: 5f0000000000000000000d01\n",
			[]string{"project 5f0000000000000000000b01", "access role 5f0000000000000000000d01", "another cloud provider than GCP"},
		},
		"a role on a project of another organization": {
			second + project + key +
				"        projectRoles:\n          - projectId: 5f0000000000000000000b01\n            roles: [GROUP_OWNER]\n",
			[]string{"API key newnewkk", "role on project 5f0000000000000000000b01"},
		},
		"a role on a project that does not exist": {
			second + project + account +
				"        projectRoles:\n          - projectId: 5f0000000000000000000b98\n            roles: [GROUP_OWNER]\n",
			[]string{"service account mdb_sa_id_5f0000000000000000000c99", "role on project 5f0000000000000000000b98"},
		},
		"a name that is long": {
			second + project + "  - id: 5f0000000000000000000a04\n    name: " + strings.Repeat("a", 65) + "\n",
			[]string{"organization 5f0000000000000000000a04", "orgs_name_check"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			apply(t, pool, string(seed.Demo), early)
			want := dump(t, pool)
			file, err := seed.Parse([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			err = seed.Apply(t.Context(), pool, file, later)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error: got %q, want it to contain %q", err, part)
				}
			}
			wantNoSecret(t, err)
			if diff := cmp.Diff(want, dump(t, pool)); diff != "" {
				t.Errorf("rows (-before +after):\n%s", diff)
			}
		})
	}
}

// Nothing of the first organization is left if the second fails.
func TestAFileThatFailsAtItsEndLeavesNoRow(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	file, err := seed.Parse([]byte(whole + "  - id: 5f0000000000000000000a04\n    name: " + strings.Repeat("a", 65) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), pool, file, early); err == nil {
		t.Fatal("got no error")
	}
	if got := dump(t, pool); len(got) > 0 {
		t.Errorf("rows: got %q, want none", got)
	}
}

func apply(t *testing.T, pool *pgxpool.Pool, text string, now time.Time) {
	t.Helper()
	file, err := seed.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Apply(t.Context(), pool, file, now); err != nil {
		t.Fatal(err)
	}
}

// dump returns every row of every table.
func dump(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	tables := strs(t, pool, `
		SELECT tablename FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'goose_db_version'
		ORDER BY tablename`)
	if len(tables) < 13 {
		t.Fatalf("tables: got %q, want all", tables)
	}
	var rows []string
	for _, table := range tables {
		rows = append(rows, strs(t, pool, fmt.Sprintf(
			"SELECT '%[1]s: ' || to_jsonb(t)::text FROM %[1]s AS t ORDER BY 1", table))...)
	}
	return rows
}

func strs(t *testing.T, pool *pgxpool.Pool, sql string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

// replaced returns the text with the one place changed.
func replaced(t *testing.T, text, old, value string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q: got it %d times in the file, want once", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, value, 1)
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

func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if err != nil && leaksSecret(err) {
		t.Errorf("error: got %q, want it without the secret", err)
	}
}

func leaksSecret(err error) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(err.Error(), secret) })
}
