package seed

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"exportbuckets/db"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/staging"
)

// The values of a seed file check themselves as they are read, where the line is
// known. No error repeats a value: it may be a secret that stands in the wrong
// place.

type (
	objectID       struct{ objectid.ID } //nolint:recvcheck // What is read into it changes it.
	roleARN        string
	uuidText       string // as written
	publicKey      string
	secret         string
	clientID       struct{ id objectid.ID } //nolint:recvcheck // What is read into it changes it.
	network        struct{ prefix netip.Prefix }
	timestamp      struct{ time.Time }
	snapshotState  backup.SnapshotState
	exportJobState backup.ExportJobState
	body[T any]    struct { // of a request of the API
		request T
		encoded []byte // the same in JSON; alone of one that is written
	}
	orgRole     db.OrgRole
	projectRole db.ProjectRole
	gcpStatus   db.GCPRoleStatus
	stagingRole db.StagingRole
	journalMode staging.JournalMode
)

// secretForm is what clients can send of a secret. How long it is, is for its owner
// to say.
var secretForm = regexp.MustCompile(`^[[:graph:]]+$`)

// scalar parses the text of a node, and puts the line before an error.
func scalar(node ast.Node, parse func(text string) error) error {
	if _, ok := node.(ast.ScalarNode); !ok {
		return faultAt(node, errors.New("a single value was expected"))
	}
	if err := parse(node.GetToken().Value); err != nil {
		return faultAt(node, err)
	}
	return nil
}

// word reads a text that is valid. No complaint repeats the text: it may be a secret.
func word[T ~string](v *T, node ast.Node, valid func(string) bool, complaint string) error {
	return scalar(node, func(text string) error {
		if !valid(text) {
			return errors.New(complaint)
		}
		*v = T(text)
		return nil
	})
}

func (v *uuidText) UnmarshalYAML(node ast.Node) error {
	return word(v, node, backup.IsUUID, "not a UUID")
}

func (v *publicKey) UnmarshalYAML(node ast.Node) error {
	return word(v, node, iam.IsPublicKey, "not a public key: 8 lower-case letters")
}

func (v *roleARN) UnmarshalYAML(node ast.Node) error {
	return word(v, node, backup.IsRoleARN, "not the ARN of an IAM role")
}

func (v *secret) UnmarshalYAML(node ast.Node) error {
	return word(v, node, secretForm.MatchString, "a secret of other characters than the visible ones of ASCII")
}

func (v *orgRole) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool { return db.OrgRole(text).Valid() }, "not an organization role")
}

func (v *projectRole) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool { return db.ProjectRole(text).Valid() }, "not a project role")
}

func (v *gcpStatus) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool { return db.GCPRoleStatus(text).Valid() },
		"not a status of a Google Cloud role")
}

func (v *stagingRole) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool { return db.StagingRole(text).Valid() }, "not read or write")
}

func (v *journalMode) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool { return staging.JournalMode(text).Valid() }, "not off, lines or full")
}

func (v *snapshotState) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool {
		switch backup.SnapshotState(text) {
		case backup.SnapshotQueued, backup.SnapshotInProgress, backup.SnapshotCompleted, backup.SnapshotFailed:
			return true
		}
		return false
	}, "not a state of a snapshot")
}

func (v *exportJobState) UnmarshalYAML(node ast.Node) error {
	return word(v, node, func(text string) bool {
		switch backup.ExportJobState(text) {
		case backup.ExportJobQueued, backup.ExportJobInProgress, backup.ExportJobSuccessful, backup.ExportJobFailed:
			return true
		}
		return false
	}, "not a state of an export job")
}

func (v *objectID) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) (err error) {
		if v.ID, err = objectid.Parse(text); err != nil || v.IsZero() {
			return errors.New("not an id of 24 hex digits, or only zeros")
		}
		return nil
	})
}

func (v *clientID) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) error {
		var ok bool
		if v.id, ok = iam.ParseClientID(text); !ok || v.id.IsZero() {
			return errors.New("not a client id: " + iam.ClientIDPrefix + " and 24 hex digits, not only zeros")
		}
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

func isID(text string) bool {
	_, err := objectid.Parse(text)
	return err == nil
}

// value returns what a node stands for. An id is a text, also if it looks like a number.
func value(node ast.Node) (any, error) {
	switch node := node.(type) {
	case *ast.MappingNode:
		fields := make(map[string]any, len(node.Values))
		for _, field := range node.Values {
			var err error
			if fields[field.Key.GetToken().Value], err = value(field.Value); err != nil {
				return nil, err
			}
		}
		return fields, nil
	case *ast.SequenceNode:
		elements := make([]any, len(node.Values))
		for i, element := range node.Values {
			var err error
			if elements[i], err = value(element); err != nil {
				return nil, err
			}
		}
		return elements, nil
	}
	if text := node.GetToken().Value; isID(text) {
		return text, nil
	}
	var scalar any
	if err := yaml.NodeToValue(node, &scalar); err != nil {
		return nil, errors.New("not a value of a body")
	}
	return scalar, nil
}

func (v *body[T]) UnmarshalYAML(node ast.Node) error {
	if _, ok := node.(*ast.MappingNode); !ok {
		return faultAt(node, errors.New("an object was expected"))
	}
	fields, err := value(node)
	if err != nil {
		return faultAt(node, err)
	}
	v.encoded, err = json.Marshal(fields, json.Deterministic(true))
	if err != nil {
		return faultAt(node, errors.New("not a body of a request"))
	}
	var mismatch *json.SemanticError
	err = json.Unmarshal(v.encoded, &v.request, json.RejectUnknownMembers(true))
	switch {
	case errors.As(err, &mismatch) && errors.Is(err, json.ErrUnknownName):
		name := strconv.Quote(mismatch.JSONPointer.LastToken())
		if !key.MatchString(name) {
			name = "of the body" // it may be a secret
		}
		return faultAt(node, fmt.Errorf("unknown field %s", name))
	case errors.As(err, &mismatch):
		place := strings.Join(slices.Collect(mismatch.JSONPointer.Tokens()), ".")
		fault := faultAt(node, fmt.Errorf("%s is not of the kind that it must be", place))
		fault.At += string(mismatch.JSONPointer)
		return fault
	case err != nil:
		return faultAt(node, errors.New("not a body of a request"))
	}
	return nil
}

func (v *timestamp) UnmarshalYAML(node ast.Node) error {
	return scalar(node, func(text string) (err error) {
		if v.Time, err = time.Parse(time.RFC3339, text); err != nil {
			return errors.New("not a time like 2030-12-31T00:00:00Z")
		}
		return nil
	})
}
