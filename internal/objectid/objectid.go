// Package objectid is the identifier of every resource: a MongoDB ObjectID.
//
// An ID is made by New, or read by Parse from a path, a body or a column. It is
// twelve bytes, and its text form is 24 lower-case hex digits: that is what answers and
// the SQL domain object_id hold. Requests may have upper-case digits as well. Code that
// has an ID need not check its format again.
//
// The first four bytes are the time of creation, which makes IDs sort by it.
// The other eight are random, so replicas need not agree on anything to make
// IDs that differ.
package objectid

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

const (
	size       = 12
	timeSize   = 4
	textSize   = 2 * size
	maxExcerpt = 40
)

// ID identifies one resource. The zero ID belongs to none.
type ID [size]byte

// New returns an ID that carries now, cut to the second. The time is kept in
// 32 unsigned bits, enough from 1970 to 2106; outside these years it wraps.
func New(now time.Time) ID {
	var id ID
	binary.BigEndian.PutUint32(id[:timeSize], uint32(now.Unix())) //nolint:gosec // Good until 2106.
	rand.Read(id[timeSize:])
	return id
}

// Parse reads the text form, in either case. Anything but exactly 24 hex digits is an
// error, whose text quotes at most the beginning of s.
func Parse(s string) (ID, error) {
	id, ok := decode(s)
	if !ok {
		return ID{}, formatError(s)
	}
	return id, nil
}

// MustParse does what Parse does, and panics if it returns an error: for ids that are
// known to be ones.
func MustParse(s string) ID {
	id, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return id
}

// String returns the text form.
func (i ID) String() string {
	var text [textSize]byte
	hex.Encode(text[:], i[:])
	return string(text[:])
}

// Strings returns the texts of ids.
func Strings(ids []ID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return texts
}

// IsZero reports whether the ID is the zero ID.
func (i ID) IsZero() bool {
	return i == ID{}
}

// AppendText appends the text form to b. It never fails.
func (i ID) AppendText(b []byte) ([]byte, error) {
	return hex.AppendEncode(b, i[:]), nil
}

// MarshalText returns the text form. It never fails.
func (i ID) MarshalText() ([]byte, error) {
	return i.AppendText(make([]byte, 0, textSize))
}

// UnmarshalText reads the text form under the rule of Parse. A text that is
// refused leaves the ID as it was.
func (i *ID) UnmarshalText(text []byte) error {
	id, ok := decode(text)
	if !ok {
		return formatError(string(text[:min(len(text), maxExcerpt+1)]))
	}
	*i = id
	return nil
}

// Scan reads the text form from a column under the rule of Parse. NULL is an
// error: a column that may be NULL is scanned into a *ID. A value that is
// refused leaves the ID as it was.
func (i *ID) Scan(src any) error {
	switch src := src.(type) {
	case string:
		return i.UnmarshalText([]byte(src))
	case []byte:
		return i.UnmarshalText(src)
	case nil:
		return errors.New("cannot read an object ID from NULL")
	default:
		return fmt.Errorf("cannot read an object ID from %T", src)
	}
}

// ScanBytes reads the text form from a column, as Scan does. It is pgx's own
// way, which copies nothing: pgtype.BytesScanner.
func (i *ID) ScanBytes(src []byte) error {
	if src == nil {
		return i.Scan(nil)
	}
	return i.UnmarshalText(src)
}

// Value returns the text form as a string. It never fails.
func (i ID) Value() (driver.Value, error) {
	return i.String(), nil
}

func decode[T string | []byte](text T) (id ID, ok bool) {
	if len(text) != textSize {
		return ID{}, false
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return ID{}, false
	}
	return id, true
}

// formatError bounds what it quotes, as the text comes from a client and the
// error may end in a log.
func formatError(s string) error {
	if len(s) > maxExcerpt {
		return fmt.Errorf("object ID %q... is not 24 hex digits", s[:maxExcerpt])
	}
	return fmt.Errorf("object ID %q is not 24 hex digits", s)
}
