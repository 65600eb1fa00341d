package seal_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"exportbuckets/internal/seal"
)

const length = 16 // of the texts here

var text = []byte("sixteen of bytes")

// parse returns the keys of a file of these lines.
func parse(t testing.TB, lines ...[]byte) seal.Keys {
	t.Helper()
	keys, err := seal.Parse(bytes.Join(lines, nil))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestWhatIsSealedIsOpenedAgain(t *testing.T) {
	t.Parallel()
	keys := parse(t, seal.NewKey())
	one, two := keys.Seal(text, "about"), keys.Seal(text, "about")
	if bytes.Equal(one, two) {
		t.Errorf("got %x twice, want two that differ", one)
	}
	for _, sealed := range [][]byte{one, two} {
		if bytes.Contains(sealed, text) || !bytes.HasPrefix(sealed, keys.Prefix()) || len(sealed) != length+37 {
			t.Errorf("got %q, want it sealed, with the prefix %x", sealed, keys.Prefix())
		}
		if got, err := keys.Open(sealed, length, "about"); err != nil || !bytes.Equal(got, text) {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
}

func TestOneByteLessOrOtherIsNotOpened(t *testing.T) {
	t.Parallel()
	keys := parse(t, seal.NewKey())
	sealed := keys.Seal(text, "about")
	for i := range sealed {
		other := slices.Clone(sealed)
		other[i] ^= 1
		if got, err := keys.Open(other, length, "about"); err == nil {
			t.Errorf("byte %d is another: got %q, want an error", i, got)
		}
		if got, err := keys.Open(sealed[:i], length, "about"); err == nil && i != length {
			t.Errorf("the first %d bytes: got %q, want an error", i, got)
		}
	}
	if got, err := keys.Open(sealed, length, "something else"); err == nil {
		t.Errorf("about something else: got %q, want an error", got)
	}
}

func TestTheFirstKeySealsAndEachOpens(t *testing.T) {
	t.Parallel()
	before, after := seal.NewKey(), seal.NewKey()
	older, newer, both := parse(t, before), parse(t, after), parse(t, after, []byte("\n"), before)
	old := older.Seal(text, "about")
	if got, err := both.Open(old, length, "about"); err != nil || !bytes.Equal(got, text) {
		t.Errorf("sealed with the second key: got %q, %v, want %q", got, err, text)
	}
	if got, err := newer.Open(both.Seal(text, "about"), length, "about"); err != nil || !bytes.Equal(got, text) {
		t.Errorf("sealed with both: got %q, %v, want it sealed with the first", got, err)
	}
	if got, err := newer.Open(old, length, "about"); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("sealed with a key that is gone: got %q, %v, want %v", got, err, seal.ErrNoKey)
	}
}

func TestWithoutAKeyNothingIsSealed(t *testing.T) {
	t.Parallel()
	var none seal.Keys
	if got := none.Seal(text, "about"); !bytes.Equal(got, text) || none.Prefix() != nil {
		t.Errorf("got %q, prefix %x, want the text, and no prefix", got, none.Prefix())
	}
	for name, keys := range map[string]seal.Keys{"none": none, "some": parse(t, seal.NewKey())} {
		if got, err := keys.Open(text, length, "about"); err != nil || !bytes.Equal(got, text) {
			t.Errorf("plain, with keys %s: got %q, %v, want %q", name, got, err, text)
		}
	}
	sealed := parse(t, seal.NewKey()).Seal(text, "about")
	if got, err := none.Open(sealed, length, "about"); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("sealed: got %q, %v, want %v", got, err, seal.ErrNoKey)
	}
}

func TestAFileWithoutGoodKeysIsRefused(t *testing.T) {
	t.Parallel()
	secret := strings.TrimSpace(string(seal.NewKey()))
	for name, file := range map[string]string{
		"empty":                     "",
		"blank lines":               "\n \n",
		"no base64":                 "not a key, not a key, not a key, not a key!\n",
		"31 bytes":                  "c2VhbHMgYWxsIHRoYXQgdGhlIHRlc3RzIHB1dCB0aA==\n",
		"33 bytes":                  "c2VhbHMgYWxsIHRoYXQgdGhlIHRlc3RzIHB1dCB0aGUu\n",
		"a good one and a bad one":  secret + "\n" + secret[1:] + "\n",
		"two on a line":             secret + " " + secret + "\n",
		"bits that count nothing":   "c2VhbHMgYWxsIHRoYXQgdGhlIHRlc3RzIHB1dCB0aGV=\n",
		"a good one, and something": secret + "\nkey\n",
	} {
		_, err := seal.Parse([]byte(file))
		if err == nil || strings.Contains(err.Error(), secret[1:9]) {
			t.Errorf("%s: got %v, want an error without the key", name, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	keys := parse(b, seal.NewKey())
	sealed := keys.Seal(text, "about")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Open(sealed, length, "about"); err != nil {
			b.Fatal(err)
		}
	}
}
