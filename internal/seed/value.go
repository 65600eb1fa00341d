package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// The values of a seed file check themselves as they are read, where the line is
// known. No error repeats a value: it may be a secret that stands in the wrong
// place.

type (
	objectID     struct{ objectid.ID }
	roleARN      string
	uuidText     string // as written
	publicKey    string
	clientSecret string
	clientID     struct{ id objectid.ID }
	network      struct{ prefix netip.Prefix }
	timestamp    struct{ time.Time }
	orgRole      db.OrgRole
	projectRole  db.ProjectRole
	gcpStatus    db.GCPRoleStatus
)

var (
	clientSecretForm = regexp.MustCompile(`^mdb_sa_sk_[A-Za-z0-9_-]{32,}$`)
)

// scalar parses the text of a node, and puts the line before an error.
func scalar(node ast.Node, parse func(text string) error) error {
	token := node.GetToken()
	if _, ok := node.(ast.ScalarNode); !ok {
		return fmt.Errorf("line %d: a single value was expected", token.Position.Line)
	}
	if err := parse(token.Value); err != nil {
		return fmt.Errorf("line %d: %w", token.Position.Line, err)
	}
	return nil
}

func (v *objectID) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		id, err := objectid.Parse(text)
		if err != nil {
			return errors.New("not an id of 24 lower-case hex digits") // the text may be a secret
		}
		v.ID = id
		return nil
	})
}

func (v *uuidText) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !atlas.IsUUID(text) {
			return errors.New("not a UUID")
		}
		*v = uuidText(text)
		return nil
	})
}

func (v *publicKey) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !atlas.IsPublicKey(text) {
			return errors.New("not a public key: 8 lower-case letters")
		}
		*v = publicKey(text)
		return nil
	})
}

func (v *roleARN) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !atlas.IsRoleARN(text) {
			return errors.New("not the ARN of an IAM role")
		}
		*v = roleARN(text)
		return nil
	})
}

func (v *clientSecret) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !clientSecretForm.MatchString(text) {
			return errors.New("not a client secret: mdb_sa_sk_ and at least 32 letters, digits, hyphens or underscores")
		}
		*v = clientSecret(text)
		return nil
	})
}

func (v *clientID) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		hexID, ok := strings.CutPrefix(text, atlas.ClientIDPrefix)
		id, err := objectid.Parse(hexID)
		if !ok || err != nil {
			return errors.New("not a client id: " + atlas.ClientIDPrefix + " and 24 lower-case hex digits")
		}
		v.id = id
		return nil
	})
}

func (v *network) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if address, err := netip.ParseAddr(text); err == nil {
			v.prefix = netip.PrefixFrom(address.WithZone(""), address.BitLen())
			return nil
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil || prefix != prefix.Masked() {
			return errors.New("neither an IP address nor a network in CIDR form")
		}
		v.prefix = prefix
		return nil
	})
}

func (v *orgRole) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !db.OrgRole(text).Valid() {
			return errors.New("not an organization role")
		}
		*v = orgRole(text)
		return nil
	})
}

func (v *projectRole) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !db.ProjectRole(text).Valid() {
			return errors.New("not a project role")
		}
		*v = projectRole(text)
		return nil
	})
}

func (v *gcpStatus) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !db.GCPRoleStatus(text).Valid() {
			return errors.New("not a status of a Google Cloud role")
		}
		*v = gcpStatus(text)
		return nil
	})
}

func (v *timestamp) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return errors.New("not a time like 2030-12-31T00:00:00Z")
		}
		v.Time = at
		return nil
	})
}
