package tenantstate

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// A throw-away organization is a copy of rows in which every id is another. Which ids there
// are is read from the columns that have them, and they are replaced wherever they stand, in
// texts and bodies, too: so no table that comes later can be forgotten. What else is one
// row's alone, secrets and what follows from ids, is made anew for the tables below.

// renames are ids and which stand in their place.
type renames map[string]string

// newRenames gives each of the ids another. Their order stays: so do the lists that have it.
func newRenames(ids map[objectid.ID]bool, orgID objectid.ID, made *throwaway) renames {
	fresh := make([]string, 0, len(ids))
	for range ids {
		fresh = append(fresh, made.newID(made.now).String())
	}
	slices.Sort(fresh)
	old := objectid.Strings(slices.Collect(maps.Keys(ids)))
	slices.Sort(old)
	r := make(renames, len(ids))
	for i, id := range old {
		r[id] = fresh[i]
	}
	r[orgID.String()] = made.id.String()
	return r
}

// hexRun is where ids may stand.
var hexRun = regexp.MustCompile(`[A-Fa-f0-9]{24,}`)

// apply replaces the ids in a text.
func (r renames) apply(text []byte) []byte {
	const length = 2 * len(objectid.ID{})
	return hexRun.ReplaceAllFunc(text, func(run []byte) []byte {
		replaced := make([]byte, 0, len(run))
		for len(run) >= length {
			if other, ok := r[string(bytes.ToLower(run[:length]))]; ok {
				replaced, run = append(replaced, other...), run[length:]
			} else {
				replaced, run = append(replaced, run[0]), run[1:]
			}
		}
		return append(replaced, run...)
	})
}

// jsonRow is a row as states have it.
type jsonRow map[string]json.RawMessage

func rowsIn(t string, text []byte) (rows []jsonRow, err error) {
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("decode rows of %s: %w", t, err)
	}
	return rows, nil
}

// text returns the value of a column, or nothing if it is NULL.
func (r jsonRow) text(column string) (text string) {
	_ = json.Unmarshal(r[column], &text) // the schema says that it is a text
	return text
}

func (r jsonRow) id(column string) (id objectid.ID) {
	_ = id.UnmarshalText([]byte(r.text(column))) // as the schema says
	return id
}

func (r jsonRow) set(column string, value any) {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic("tenantstate: " + err.Error()) // a text, or nil
	}
	r[column] = encoded
}

// bytea is bytes as PostgreSQL has them in JSON.
func bytea(b []byte) string { return `\x` + hex.EncodeToString(b) }

// ids returns the ids in the rows: the values of columns of ids, and those in arrays and
// objects.
func (s stateRows) ids() (ids map[objectid.ID]bool, orgID objectid.ID, err error) {
	ids = make(map[objectid.ID]bool)
	for i, t := range s.tables {
		rows, err := rowsIn(t.name, s.texts[i])
		if err != nil {
			return nil, orgID, err
		}
		for _, row := range rows {
			for _, c := range t.columns {
				switch value := row[c.name]; {
				case c.isID:
					if id := row.id(c.name); !id.IsZero() { // or NULL
						ids[id] = true
					}
				case len(value) > 0 && (value[0] == '[' || value[0] == '{'):
					for _, id := range objectid.InJSON(c.name, value) {
						ids[id] = true
					}
				}
			}
			if t.name == orgs {
				orgID = row.id("id")
			}
		}
	}
	return ids, orgID, nil
}

// renewed are the tables whose rows have more of their own than ids, and what makes that
// anew.
var renewed = map[string]func(made *throwaway, sealer *iam.Sealer, row jsonRow) error{
	orgs: func(made *throwaway, _ *iam.Sealer, row jsonRow) error {
		row.set("name", made.name)
		row.set("clock_offset", "0")
		row.set("clock_frozen_at", nil)
		return nil
	},
	"api_keys": func(made *throwaway, sealer *iam.Sealer, row jsonRow) error {
		public, private, err := iam.NewKeyPair(rand.Reader)
		if err != nil {
			return err
		}
		key := sealer.NewAPIKeyRow(made.id, row.id("id"), "", public, private, time.Time{})
		row.set("public_key", key.PublicKey)
		row.set("ha1", bytea(key.HA1))
		row.set("private_key_suffix", key.PrivateKeySuffix)
		made.secrets[public] = private
		return nil
	},
	"service_account_secrets": func(made *throwaway, _ *iam.Sealer, row jsonRow) error {
		value, err := iam.NewClientSecret(rand.Reader)
		if err != nil {
			return err
		}
		secret := iam.NewSecretRow(made.id, row.id("service_account_id"), row.id("id"), value, time.Time{}, time.Time{})
		row.set("secret_hash", bytea(secret.SecretHash))
		row.set("suffix", secret.Suffix)
		made.secrets[row.text("id")] = value
		return nil
	},
	"cloud_provider_access_roles": func(_ *throwaway, _ *iam.Sealer, row jsonRow) error {
		project, id := row.id("project_id"), row.id("id")
		switch db.CloudProvider(row.text("cloud_provider")) {
		case db.CloudProviderAWS:
			role := backup.DeclareAWSRole(project, id, nil, nil, time.Time{})
			row.set("assumed_role_external_id", role.AssumedRoleExternalID)
		case db.CloudProviderGCP:
			role := backup.NewGCPRoleRow(project, id, "", time.Time{})
			row.set("gcp_service_account", role.GCPServiceAccount)
		case db.CloudProviderAZURE: // its owner says what it is
		}
		return nil
	},
}

// renew returns rows that are the organization's own, as those of its declared state.
func (t *throwaway) renew(rows stateRows, sealer *iam.Sealer) (own []db.InsertSavedStateTableParams, err error) {
	ids, orgID, err := rows.ids()
	if err != nil {
		return nil, err
	}
	t.renames = newRenames(ids, orgID, t)
	for i, of := range rows.tables {
		text := t.renames.apply(rows.texts[i])
		list, err := rowsIn(of.name, text)
		if err != nil {
			return nil, err
		}
		if change := renewed[of.name]; change != nil {
			for _, row := range list {
				if err := change(t, sealer, row); err != nil {
					return nil, err
				}
			}
			if text, err = json.Marshal(list); err != nil {
				return nil, fmt.Errorf("encode rows of %s: %w", of.name, err)
			}
		}
		if len(list) > 0 {
			own = append(own, db.InsertSavedStateTableParams{
				OrgID: t.id, StateName: staging.Declared, TableName: of.name, RowCount: int64(len(list)), Rows: text,
			})
		}
	}
	return own, nil
}

// show adds what the tables have of names and credentials.
func (t *throwaway) show(tables []db.SavedStateTable, created *staging.CreatedOrganization) error {
	all := make(map[string][]jsonRow)
	created.Names = make(map[string]map[string]string)
	for _, table := range tables {
		rows, err := rowsIn(table.TableName, table.Rows)
		if err != nil {
			return err
		}
		all[table.TableName] = rows
		if names := namesIn(rows); len(names) > 0 {
			created.Names[kind(table.TableName)] = names
		}
	}
	grants, secrets := by("principal_id", all["org_role_grants"]), by("service_account_id", all["service_account_secrets"])
	orgRoles := func(id string) []string {
		roles := []string{}
		for _, grant := range grants[id] {
			roles = append(roles, grant.text("role"))
		}
		return roles
	}
	created.APIKeys, created.ServiceAccounts = []staging.APIKey{}, []staging.ServiceAccount{}
	for _, row := range all["api_keys"] {
		created.APIKeys = append(created.APIKeys, staging.APIKey{
			ID: row.text("id"), Description: row.text("description"), OrgRoles: orgRoles(row.text("id")),
			PublicKey: row.text("public_key"), PrivateKey: t.secrets[row.text("public_key")],
		})
	}
	for _, row := range all["service_accounts"] {
		account := staging.ServiceAccount{
			ClientID: iam.ClientIDPrefix + row.text("id"), Name: row.text("name"), OrgRoles: orgRoles(row.text("id")),
			Secrets: []staging.ClientSecret{},
		}
		for _, secret := range secrets[row.text("id")] {
			shown := staging.ClientSecret{ID: secret.text("id"), Secret: t.secrets[secret.text("id")]}
			if err := json.Unmarshal(secret["expires_at"], &shown.ExpiresAt); err != nil {
				return fmt.Errorf("decode expiry of secret: %w", err)
			}
			account.Secrets = append(account.Secrets, shown)
		}
		created.ServiceAccounts = append(created.ServiceAccounts, account)
	}
	return nil
}

// by returns the rows by a text that each has.
func by(column string, rows []jsonRow) map[string][]jsonRow {
	grouped := make(map[string][]jsonRow)
	for _, row := range rows {
		text := row.text(column)
		grouped[text] = append(grouped[text], row)
	}
	return grouped
}

// namesIn returns the ids of rows that have a name which no other has.
func namesIn(rows []jsonRow) map[string]string {
	names, seen := make(map[string]string), make(map[string]bool)
	for _, row := range rows {
		name := row.text("name")
		if id := row.text("id"); name != "" && id != "" && !seen[name] {
			names[name] = id
		} else {
			delete(names, name)
		}
		seen[name] = true
	}
	return names
}
