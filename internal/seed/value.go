package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/objectid"
)

// The values of a seed file check themselves as they are read, where the line is
// known. No error repeats a secret.

type (
	objectID     struct{ objectid.ID }
	roleARN      string
	uuidText     string // as written
	publicKey    string
	clientSecret string
	clientID     struct{ id objectid.ID }
	network      struct{ prefix netip.Prefix }
	orgRole      db.OrgRole
	projectRole  db.ProjectRole
	gcpStatus    db.GCPRoleStatus
)

var (
	uuidForm         = regexp.MustCompile(`^(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	publicKeyForm    = regexp.MustCompile(`^[a-z]{8}$`)
	roleARNForm      = regexp.MustCompile(`^arn:aws(?:-[a-z-]+)?:iam::[0-9]{12}:role/.+$`)
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
	return scalar(node, func(text string) (err error) {
		v.ID, err = objectid.Parse(text)
		return err
	})
}

func (v *uuidText) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !uuidForm.MatchString(text) {
			return errors.New("not a UUID")
		}
		*v = uuidText(text)
		return nil
	})
}

func (v *publicKey) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !publicKeyForm.MatchString(text) {
			return fmt.Errorf("public key %q is not 8 lower-case letters", text)
		}
		*v = publicKey(text)
		return nil
	})
}

func (v *roleARN) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !roleARNForm.MatchString(text) {
			return fmt.Errorf("%q is not the ARN of an IAM role", text)
		}
		*v = roleARN(text)
		return nil
	})
}

func (v *clientSecret) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !clientSecretForm.MatchString(text) {
			return errors.New("a client secret is mdb_sa_sk_ and at least 32 letters, digits, hyphens or underscores")
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
			return fmt.Errorf("client id %q is not %s and 24 lower-case hex digits", text, atlas.ClientIDPrefix)
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
			return fmt.Errorf("%q is neither an IP address nor a network in CIDR form", text)
		}
		v.prefix = prefix
		return nil
	})
}

func (v *orgRole) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !db.OrgRole(text).Valid() {
			return fmt.Errorf("%q is no organization role", text)
		}
		*v = orgRole(text)
		return nil
	})
}

func (v *projectRole) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !db.ProjectRole(text).Valid() {
			return fmt.Errorf("%q is no project role", text)
		}
		*v = projectRole(text)
		return nil
	})
}

func (v *gcpStatus) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		if !db.GCPRoleStatus(text).Valid() {
			return fmt.Errorf("%q is no status of a Google Cloud role", text)
		}
		*v = gcpStatus(text)
		return nil
	})
}
