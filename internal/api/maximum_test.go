package api_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel/high/base"

	"exportbuckets/internal/atlas"
)

// place is a text or a list in a request body, as the OpenAPI document describes it.
type place struct {
	route string // as the document has it
	path  string // such as .tags[].key; that of the body is empty
}

// bound is what a place can hold.
type bound struct {
	most    int64 // characters or elements; 0 if something else bounds them
	bounded bool
}

// tighter returns the bound with both in force.
func (b bound) tighter(other bound) bound {
	b.bounded = b.bounded || other.bounded
	if b.most == 0 || other.most > 0 && other.most < b.most {
		b.most = other.most
	}
	return b
}

// boundOf returns what the schema says of a text or a list, wherever it says it.
func boundOf(t *testing.T, schema *base.Schema) bound {
	t.Helper()
	b := bound{
		bounded: len(schema.Enum) > 0 || schema.Const != nil || schema.Format != "" || isBounded(t, schema.Pattern),
	}
	for _, most := range []*int64{schema.MaxLength, schema.MaxItems} {
		if most != nil {
			b.most, b.bounded = *most, true
		}
	}
	for _, part := range schema.AllOf {
		b = b.tighter(boundOf(t, part.Schema()))
	}
	for _, alternatives := range [][]*base.SchemaProxy{schema.OneOf, schema.AnyOf} {
		all := len(alternatives) > 0
		for _, one := range alternatives {
			all = all && boundOf(t, one.Schema()).bounded
		}
		b.bounded = b.bounded || all
	}
	return b
}

// isBounded reports whether no text of more than some length matches the pattern.
func isBounded(t *testing.T, pattern string) bool {
	t.Helper()
	if pattern == "" {
		return false
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	whole := strings.HasPrefix(pattern, "^") && strings.HasSuffix(pattern, "$")
	return whole && !repeats(parsed)
}

func repeats(r *syntax.Regexp) bool {
	return r.Op == syntax.OpStar || r.Op == syntax.OpPlus || r.Op == syntax.OpRepeat && r.Max < 0 ||
		slices.ContainsFunc(r.Sub, repeats)
}

// bodyPlaces returns every text and every list of every request body.
func bodyPlaces(t *testing.T) map[place]bound {
	t.Helper()
	places := make(map[place]bound)
	for route, op := range describe(t).operations() {
		if op.RequestBody == nil {
			continue
		}
		for _, mediaType := range op.RequestBody.Content.FromOldest() {
			if mediaType.Schema != nil { // telemetry is not looked at
				addPlaces(t, places, place{route, ""}, mediaType.Schema.Schema())
			}
		}
	}
	return places
}

func addPlaces(t *testing.T, places map[place]bound, at place, schema *base.Schema) {
	t.Helper()
	if slices.Contains(schema.Type, "string") || slices.Contains(schema.Type, "array") {
		found := boundOf(t, schema)
		if !found.bounded {
			t.Errorf("%s: the body at %q: got a text or a list without a bound, want one", at.route, at.path)
		}
		places[at] = found.tighter(places[at])
	}
	for _, parts := range [][]*base.SchemaProxy{schema.AllOf, schema.OneOf, schema.AnyOf} {
		for _, part := range parts {
			addPlaces(t, places, at, part.Schema())
		}
	}
	for name, property := range schema.Properties.FromOldest() {
		addPlaces(t, places, place{at.route, at.path + "." + name}, property.Schema())
	}
	if schema.Items != nil && schema.Items.IsA() {
		addPlaces(t, places, place{at.route, at.path + "[]"}, schema.Items.A.Schema())
	}
}

func TestEveryTextAndEveryListOfARequestHasABound(t *testing.T) {
	t.Parallel()
	if got := len(bodyPlaces(t)); got < 50 {
		t.Errorf("got %d texts and lists, want all that the document describes", got)
	}
}

// fullBodies have every text and every list of every request, with their answers.
func fullBodies() []access {
	const (
		project = apiRoot + "/groups/:groupId"
		org     = apiRoot + "/orgs/:orgId"
		arn     = "arn:aws:iam::123456789012:role/x"
		uuid    = "22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c1"
		other   = "22f1d2a6-d0e9-482a-83a4-b8dd7dddc2c2"

		tags      = `"tags":[{"key":"k","value":"v"}]`
		key       = `{"desc":"d","roles":["GROUP_READ_ONLY"]}`
		orgKey    = `{"desc":"d","roles":["ORG_MEMBER"]}`
		account   = `{"name":"n","description":"d","roles":["GROUP_READ_ONLY"],"secretExpiresAfterHours":8}`
		change    = `{"name":"n","description":"d","roles":["GROUP_READ_ONLY"]}`
		azure     = `"servicePrincipalId":"` + uuid + `","tenantId":"` + uuid + `","atlasAzureAppId":"` + uuid + `"`
		network   = `[{"cidrBlock":"192.0.2.0/24"}]`
		address   = `[{"ipAddress":"192.0.2.1"}]`
		awsARN    = `{"providerName":"AWS","iamAssumedRoleArn":"` + arn + `"}`
		container = `{"cloudProvider":"AZURE","bucketName":"examplecontainer",` // and what azureBody has

		date = `"deleteAfterDate":"2026-08-11T00:00:00Z"`
		user = `"awsIAMType":"NONE","databaseName":"admin","groupId":"` + demoProject + `","ldapAuthType":"NONE",` +
			`"oidcAuthType":"NONE","x509Type":"NONE","description":"d","labels":[{"key":"k","value":"v"}],"password":"password",` +
			`"roles":[{"roleName":"read","databaseName":"d","collectionName":"c"}],"scopes":[{"name":"c","type":"CLUSTER"}]`
		cluster = project + "/clusters/:clusterName"
		tls     = `"minimumEnabledTlsProtocol":"TLS1_2","tlsCipherConfigMode":"CUSTOM",` +
			`"customOpensslCipherConfigTls12":["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],` +
			`"customOpensslCipherConfigTls13":["TLS_AES_256_GCM_SHA384"]`
		compute  = `{"maxInstanceSize":"M20","minInstanceSize":"M10"}`
		scaling  = `{"compute":` + compute + `}`
		hardware = `{"instanceSize":"M10","nodeCount":3,"ebsVolumeType":"STANDARD"}`
		region   = `{"providerName":"AWS","regionName":"US_EAST_1","autoScaling":` + scaling + `,"analyticsAutoScaling":` + scaling +
			`,"electableSpecs":` + hardware + `,"readOnlySpecs":` + hardware + `,"analyticsSpecs":` + hardware + `}`
		shards    = `"replicationSpecs":[{"id":"` + azureRole + `","zoneName":"Zone 1","regionConfigs":[` + region + `]}]`
		oldShards = `"replicationSpecs":[{"id":"` + azureRole + `","zoneName":"Zone 1",` +
			`"regionsConfig":{"US_EAST_1":{"electableNodes":3}}}]`
		settings = `"clusterType":"REPLICASET","advancedConfiguration":{` + tls + `},"biConnector":{"readPreference":"primary"},` +
			`"configServerManagementMode":"ATLAS_MANAGED","diskWarmingMode":"FULLY_WARMED","encryptionAtRestProvider":"NONE",` +
			`"labels":[{"key":"k","value":"v"}],"mongoDBMajorVersion":"8.0","replicaSetScalingStrategy":"SEQUENTIAL",` +
			`"rootCertType":"ISRGROOTX1",` + tags + `,"versionReleaseSystem":"LTS"`
		provider = `"providerSettings":{"providerName":"AWS","instanceSizeName":"M10","regionName":"US_EAST_1",` +
			`"volumeType":"STANDARD","autoScaling":` + scaling + `}`
	)
	return []access{
		{route: "POST " + projects, body: `{"name":"another","orgId":"` + demoOrg + `",` + tags + `}`, status: 201},
		{route: "PATCH " + project, body: `{"name":"Demo Project",` + tags + `}`, status: 200},
		{route: "POST " + project + "/teams", body: `[]`, status: 200},

		{
			// The ids are those that prepare gets.
			route: "PATCH " + cluster + "/backup/schedule", status: 200,
			body: `{"policies":[{"id":"6a7900010203040506000008","policyItems":[{"id":"6a7900010203040506000009",` +
				`"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":7}]}],"copySettings":[` +
				`{"cloudProvider":"AWS","regionName":"US_EAST_1","replicationSpecId":"6a7900010203040506000004",` +
				`"zoneId":"6a7900010203040506000005","frequencies":["DAILY"],"copyPolicyItems":[{"id":"` + awsRole + `",` +
				`"frequencyType":"daily","retentionUnit":"days","retentionValue":7}]}],"export":{"exportBucketId":"` + spareBucket +
				`","frequencyType":"daily"},"extraRetentionSettings":[{"frequencyType":"DAILY","retentionDays":1}]}`,
		},
		{
			route: "PATCH " + cluster + "/backup/snapshots/:snapshotId", status: 200,
			body: `{"retentionUnit":"DAYS","retentionValue":7}`,
		},
		{
			route: "POST " + cluster + "/backup/exports", status: 200,
			body: `{"customData":[{"key":"k","value":"v"}],"exportBucketId":"` + spareBucket + `","snapshotId":"` + spareSnapshot + `"}`,
		},
		{route: "POST " + cluster + "/backup/snapshots", body: `{"description":"d"}`, status: 200},

		{
			route: "POST " + project + "/clusters", status: 201,
			body: `{"name":"another","adaptiveCapacity":"ENABLED",` + settings + `,` + shards + `}`,
		},
		{
			route: "POST " + project + "/clusters", accept: v2023, status: 201,
			body: `{"name":"another",` + settings + `,` + provider + `,` + oldShards + `}`,
		},
		{route: "PATCH " + cluster, body: `{"name":"c","adaptiveCapacity":"ENABLED",` + settings + `,` + shards + `}`, status: 200},
		{route: "PATCH " + cluster, accept: v2023, body: `{"name":"c",` + settings + `,` + provider + `,` + oldShards + `}`, status: 200},
		{route: "PATCH " + cluster + "/processArgs", body: `{"defaultWriteConcern":"1",` + tls + `}`, status: 200},
		{route: "PATCH " + cluster + "/processArgs", accept: v2023, body: `{"defaultReadConcern":"local"}`, status: 200},

		{route: "POST " + project + "/accessList", body: `[{"ipAddress":"192.0.2.1","comment":"c","awsSecurityGroup":"",` +
			`"groupId":"` + demoProject + `"}]`, status: 201},
		{route: "POST " + project + "/accessList", body: `[{"cidrBlock":"192.0.2.0/24",` + date + `}]`, status: 201},
		{route: "POST " + project + "/databaseUsers", body: `{"username":"another",` + date + `,` + user + `}`, status: 201},
		{
			route: "PATCH " + project + "/databaseUsers/:databaseName/:username", body: `{"username":"app",` + user + `}`, status: 200,
		},
		{
			route: "PATCH " + project + "/databaseUsers/:databaseName/:username", status: 200,
			path: demoUsers + "/admin/temporary", body: `{` + date + `}`,
		},

		{route: "POST " + project + "/backup/exportBuckets", body: awsBody, status: 200},
		{
			route: "POST " + project + "/backup/:cloudProvider/privateEndpoints", status: 201,
			body: `{"cloudProvider":"AWS","regionName":"EU_WEST_1","vpcRegionName":"EU_WEST_2"}`,
		},
		{route: "POST " + project + "/backup/exportBuckets", body: container + azureBody[len(`{"cloudProvider":"AZURE",`):], status: 200},
		{route: "POST " + project + "/backup/exportBuckets", body: gcpBody, status: 200},
		{route: "POST " + project + "/cloudProviderAccess", body: `{"providerName":"AZURE",` +
			strings.ReplaceAll(azure, uuid, other) + `}`, status: 200},
		{route: "PATCH " + project + "/cloudProviderAccess/:roleId", body: awsARN, status: 200},
		{
			route: "PATCH " + project + "/cloudProviderAccess/:roleId", body: `{"providerName":"AZURE",` + azure + `}`, status: 200,
			path: apiRoot + "/groups/" + demoProject + "/cloudProviderAccess/" + azureRole,
		},

		{route: "POST " + project + "/apiKeys", body: key, status: 200},
		{route: "POST " + project + "/apiKeys/:apiUserId", body: "[" + key[:1] + key[len(`{"desc":"d",`):] + "]", status: 204},
		{route: "PATCH " + project + "/apiKeys/:apiUserId", body: key, status: 200},
		{route: "POST " + project + "/serviceAccounts", body: account, status: 201},
		{route: "PATCH " + project + "/serviceAccounts/:clientId", body: change, status: 200},
		{
			route: "POST " + project + "/serviceAccounts/:clientId:invite", body: `{"roles":["GROUP_READ_ONLY"]}`, status: 200,
			path: demoAccounts + "/" + freeAccount + ":invite",
		},
		{
			route: "POST " + project + "/serviceAccounts/:clientId:invite", body: `[{"roles":["GROUP_READ_ONLY"]}]`, status: 200,
			path: otherAccounts + "/" + freeAccount + ":invite",
		},
		{route: "POST " + project + "/serviceAccounts/:clientId/accessList", body: network, status: 200},
		{route: "POST " + project + "/serviceAccounts/:clientId/accessList", body: address, status: 200},

		{route: "PATCH " + org, body: `{"name":"Demo Organization"}`, status: 200},
		{
			route: "PATCH " + org + "/settings", status: 200,
			body: `{"operationsContact":"o@example.com","securityContact":"s@example.com"}`,
		},
		{route: "POST " + org + "/apiKeys", body: orgKey, status: 200},
		{route: "PATCH " + org + "/apiKeys/:apiUserId", body: orgKey, status: 200},
		{route: "POST " + org + "/apiKeys/:apiUserId/accessList", body: network, status: 200},
		{route: "POST " + org + "/apiKeys/:apiUserId/accessList", body: address, status: 200},
		{route: "POST " + org + "/serviceAccounts", body: strings.Replace(account, "GROUP_READ_ONLY", "ORG_MEMBER", 1), status: 201},
		{route: "PATCH " + org + "/serviceAccounts/:clientId", body: strings.Replace(change, "GROUP_READ_ONLY", "ORG_MEMBER", 1), status: 200},
		{route: "POST " + org + "/serviceAccounts/:clientId/accessList", body: network, status: 200},
		{route: "POST " + org + "/serviceAccounts/:clientId/accessList", body: address, status: 200},
	}
}

// formBodies are those of the token endpoints.
var formBodies = map[string]url.Values{
	"POST /api/oauth/token": {
		"grant_type": {"client_credentials"}, "client_id": {demoClientID}, "client_secret": {demoClientSecret},
	},
	"POST /api/oauth/revoke": {
		"token": {"x"}, "token_type_hint": {"access_token"}, "client_id": {demoClientID}, "client_secret": {demoClientSecret},
	},
}

// walk visits every value of a body with its place, and what puts another there.
func walk(at place, value any, set func(any), visit func(at place, value any, set func(any))) {
	visit(at, value, set)
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			walk(place{at.route, at.path + "." + name}, member, func(v any) { value[name] = v }, visit)
		}
	case []any:
		for i, element := range value {
			walk(place{at.route, at.path + "[]"}, element, func(v any) { value[i] = v }, visit)
		}
	}
}

// fill makes a text or a list longer.
func fill(value any, length int) any {
	switch value := value.(type) {
	case string:
		return value + strings.Repeat("a", length-len(value))
	case []any:
		return slices.Repeat(append(value, map[string]any{})[:1], length)
	default:
		return value
	}
}

// longAsItIs are texts that can't be filled up with letters, whatever their length.
var longAsItIs = []string{".serviceUrl", ".bucketName", "[].cidrBlock", "[].ipAddress", ".username"}

// Each request is also made as it should be, so that nothing else is wrong with what
// is refused.
func TestWhatIsMoreThanItMayBeIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *settings) {
		s.api.RateLimits = false
		s.pace = atlas.Paces["instant"]
	})
	b.prepare(t)
	b.send(t, 201, http.MethodPost, demoUsers, strings.Replace(newUser("temporary"), "{", `{"deleteAfterDate":"2026-08-11T00:00:00Z",`, 1))
	places := bodyPlaces(t)
	unseen := maps.Clone(places)
	sent := 0
	for _, tt := range fullBodies() {
		method, path := tt.methodAndPath()
		var body any
		parse(t, tt.body, &body)
		send := func(what string, status int) {
			t.Helper()
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			sent++
			r := request{method: method, path: path, header: http.Header{"Accept": {cmp.Or(tt.accept, v2025)}}}
			r.body = strings.Replace(string(encoded), `"another"`, fmt.Sprintf(`"another-%d"`, sent), 1) // each its own name
			got := b.do(t, r)
			if got.status != status {
				t.Errorf("%s, %s: got %d %.300s, want %d", tt.route, what, got.status, got.body, status)
			}
		}
		walk(place{inBraces(tt.route), ""}, body, func(v any) { body = v }, func(at place, value any, set func(any)) {
			found, ok := places[at]
			_, isText := value.(string)
			_, isList := value.([]any)
			if !ok || !isText && !isList {
				return
			}
			delete(unseen, at)
			if found.most > 0 && isText && !slices.Contains(longAsItIs, at.path) {
				set(fill(value, int(found.most)))
				send("filled at "+at.path, tt.status)
			}
			if found.most == 0 {
				found.most = 5000
			}
			set(fill(value, int(found.most)+1))
			send("too much at "+at.path, http.StatusBadRequest)
			set(value)
		})
		send("as it should be", tt.status)
	}
	for route, form := range formBodies {
		_, path, _ := strings.Cut(route, " ")
		for name, value := range form {
			found, ok := places[place{route, "." + name}]
			if !ok {
				continue
			}
			delete(unseen, place{route, "." + name})
			long := maps.Clone(form)
			long[name] = []string{value[0] + strings.Repeat("a", int(found.most)+1-len(value[0]))}
			if got := b.post(t, path, long, nil); got.status != http.StatusBadRequest {
				t.Errorf("%s, too much at %s: got %d %s, want 400", route, name, got.status, got.body)
			}
		}
		if got := b.post(t, path, form, nil); got.status != http.StatusOK {
			t.Errorf("%s, as it should be: got %d %s, want 200", route, got.status, got.body)
		}
	}
	for at := range unseen {
		t.Errorf("%s: got nothing at %q in fullBodies, want something", at.route, at.path)
	}
}
