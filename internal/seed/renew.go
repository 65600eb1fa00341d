package seed

import (
	"crypto/rand"
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"

	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

// part is a value that says itself which ids it has.
type part interface {
	// ids returns them.
	ids() []objectid.ID
	// rename replaces them: apply does it in a text.
	rename(apply func(text []byte) []byte) error
}

// IDs returns the ids that the organization has in fields of their own and in bodies.
func (o *Organization) IDs() map[objectid.ID]bool {
	found := make(map[objectid.ID]bool)
	_ = visit(reflect.ValueOf(o).Elem(), func(p part) error { // which returns none
		for _, id := range p.ids() {
			found[id] = true
		}
		return nil
	}, func(text string) string { return text })
	return found
}

// Rename replaces ids wherever they stand in the organization: apply does it in a text.
func (o *Organization) Rename(apply func(text []byte) []byte) error {
	return visit(reflect.ValueOf(o).Elem(), func(p part) error { return p.rename(apply) },
		func(text string) string { return string(apply([]byte(text))) })
}

// visit calls onPart for each part of a value, and replaces each text beside these by what
// onText returns for it.
func visit(v reflect.Value, onPart func(part) error, onText func(text string) string) error {
	if p, ok := reflect.TypeAssert[part](v.Addr()); ok {
		return onPart(p)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return visit(v.Elem(), onPart, onText)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			if err := visit(v.Field(i), onPart, onText); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := visit(v.Index(i), onPart, onText); err != nil {
				return err
			}
		}
	case reflect.String:
		v.SetString(onText(v.String()))
	default: // has no ids
	}
	return nil
}

func (v *objectID) ids() []objectid.ID { return []objectid.ID{v.ID} }

func (v *objectID) rename(apply func([]byte) []byte) error { return renameID(&v.ID, apply) }

func (v *clientID) ids() []objectid.ID { return []objectid.ID{v.id} }

func (v *clientID) rename(apply func([]byte) []byte) error { return renameID(&v.id, apply) }

func renameID(id *objectid.ID, apply func([]byte) []byte) (err error) {
	*id, err = objectid.Parse(string(apply([]byte(id.String()))))
	return err
}

func (v *body[T]) ids() []objectid.ID { return objectid.InJSON("", v.encoded) }

func (v *body[T]) rename(apply func([]byte) []byte) error {
	var renamed body[T]
	renamed.encoded = apply(v.encoded)
	if err := json.Unmarshal(renamed.encoded, &renamed.request); err != nil {
		return fmt.Errorf("decode body with other ids: %w", err)
	}
	*v = renamed
	return nil
}

// Renew gives the organization keys and secrets of its own, in place of those that the file
// has, and no tokens of the staging plane from there. It returns them by public key, and by
// the id of the secret.
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
