package seed

import (
	"crypto/rand"
	"encoding/json"
	"reflect"
	"regexp"
	"time"

	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// IDs returns the ids that the organization has in fields of their own and in bodies.
func (o *Organization) IDs() map[objectid.ID]bool {
	found := make(map[objectid.ID]bool)
	collect(reflect.ValueOf(*o), found)
	return found
}

func collect(v reflect.Value, into map[objectid.ID]bool) {
	if v.Kind() == reflect.Pointer {
		if !v.IsNil() {
			collect(v.Elem(), into)
		}
		return
	}
	switch value := v.Interface().(type) {
	case objectID:
		into[value.ID] = true
		return
	case clientID:
		into[value.id] = true
		return
	case interface{ ids() []objectid.ID }:
		for _, id := range value.ids() {
			into[id] = true
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), into)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), into)
		}
	default: // has no ids
	}
}

var quotedID = regexp.MustCompile(`"([a-f0-9]{24})"`)

// ids returns what looks like an id in the body.
func (v body[T]) ids() []objectid.ID {
	encoded, err := json.Marshal(v.request)
	if err != nil {
		return nil // it has been decoded from JSON
	}
	var ids []objectid.ID
	for _, id := range quotedID.FindAllSubmatch(encoded, -1) {
		ids = append(ids, objectid.MustParse(string(id[1])))
	}
	return ids
}

// Renew gives the organization keys and secrets of its own, in place of those that the file
// has, and no tokens of the staging plane from there. It returns them by public key, and by the id of
// the secret.
func (o *Organization) Renew(now time.Time) (map[string]string, error) {
	own := Staging{}
	if o.Staging != nil {
		own = *o.Staging
		own.Tokens = nil
	}
	o.Staging = &own
	made := make(map[string]string)
	for i := range o.APIKeys {
		public, private, err := iam.NewKeyPair(rand.Reader)
		if err != nil {
			return nil, err
		}
		o.APIKeys[i].PublicKey, o.APIKeys[i].PrivateKey = publicKey(public), secret(private)
		made[public] = private
	}
	for _, account := range o.ServiceAccounts {
		for i := range account.Secrets {
			value, err := iam.NewClientSecret(rand.Reader)
			if err != nil {
				return nil, err
			}
			if account.Secrets[i].ID == nil {
				account.Secrets[i].ID = &objectID{objectid.New(now)}
			}
			account.Secrets[i].Secret = secret(value)
			made[account.Secrets[i].ID.String()] = value
		}
	}
	for _, project := range o.Projects {
		for i := range project.CloudProviderAccess.AWS {
			project.CloudProviderAccess.AWS[i].ExternalID = nil
		}
	}
	return made, nil
}
