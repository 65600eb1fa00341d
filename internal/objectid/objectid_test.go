package objectid_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"exportbuckets/internal/objectid"
)

const (
	sampleText  = "32b6e34b3d91647abb20e7b8"
	largestText = "ffffffffffffffffffffffff"
)

func sample() objectid.ID {
	return objectid.ID{0x32, 0xb6, 0xe3, 0x4b, 0x3d, 0x91, 0x64, 0x7a, 0xbb, 0x20, 0xe7, 0xb8}
}

func TestNewCarriesTheTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.August, 10, 5, 3, 36, 999_999_999, time.FixedZone("", 2*60*60))

	id := objectid.New(now)

	if got, want := id.String()[:8], "6a793f88"; got != want {
		t.Errorf("first 8 digits: got %s, want %s", got, want)
	}
}

func TestNewKeepsTheWholeRangeOfTimes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Uint32().Draw(t, "seconds")
		id := objectid.New(time.Unix(int64(seconds), 0))
		if got, want := id.String()[:8], fmt.Sprintf("%08x", seconds); got != want {
			t.Errorf("first 8 digits: got %s, want %s", got, want)
		}
	})
}

func TestNewNeverRepeatsWithinASecond(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	seen := make(map[objectid.ID]bool)
	for range 10_000 {
		seen[objectid.New(now)] = true
	}
	if got, want := len(seen), 10_000; got != want {
		t.Errorf("distinct IDs: got %d, want %d", got, want)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want objectid.ID
	}{
		{"digits and letters", sampleText, sample()},
		{"upper case", strings.ToUpper(sampleText), sample()},
		{"the zero ID", strings.Repeat("0", 24), objectid.ID{}},
		{
			"the largest ID", largestText,
			objectid.ID{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := objectid.Parse(tt.text)
			if err != nil {
				t.Fatalf("got error %v, want none", err)
			}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if want := strings.ToLower(tt.text); got.String() != want {
				t.Errorf("printed: got %s, want %s", got, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want string
	}{
		{"nothing", "", `object ID "" is not 24 hex digits`},
		{
			"one digit less", sampleText[1:],
			`object ID "2b6e34b3d91647abb20e7b8" is not 24 hex digits`,
		},
		{
			"one digit more", sampleText + "0",
			`object ID "32b6e34b3d91647abb20e7b80" is not 24 hex digits`,
		},
		{
			"a letter after f", "32b6e34b3d91647abb20e7bg",
			`object ID "32b6e34b3d91647abb20e7bg" is not 24 hex digits`,
		},
		{
			"24 bytes that are not ASCII", strings.Repeat("é", 12),
			`object ID "éééééééééééé" is not 24 hex digits`,
		},
		{
			"a line end after the digits", sampleText + "\n",
			`object ID "32b6e34b3d91647abb20e7b8\n" is not 24 hex digits`,
		},
		{
			"a text of the quoted length", strings.Repeat("z", 40),
			`object ID "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" is not 24 hex digits`,
		},
		{
			"a text too long to quote", strings.Repeat("z", 1_000_000),
			`object ID "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"... is not 24 hex digits`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := objectid.Parse(tt.text)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error: got %v, want %s", err, tt.want)
			}
			if !got.IsZero() {
				t.Errorf("ID: got %v, want zero", got)
			}

			kept := sample()
			if err := kept.UnmarshalText([]byte(tt.text)); err == nil || err.Error() != tt.want {
				t.Errorf("error of UnmarshalText: got %v, want %s", err, tt.want)
			}
			if err := kept.Scan(tt.text); err == nil || err.Error() != tt.want {
				t.Errorf("error of Scan: got %v, want %s", err, tt.want)
			}
			if kept != sample() {
				t.Errorf("ID after refusal: got %v, want %v", kept, sample())
			}
		})
	}
}

func TestIsZero(t *testing.T) {
	t.Parallel()
	if got := (objectid.ID{}).IsZero(); !got {
		t.Errorf("zero ID: got %t, want true", got)
	}
	if got := (objectid.ID{11: 1}).IsZero(); got {
		t.Errorf("ID with one bit: got %t, want false", got)
	}
}

func TestIDsSortByTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Uint32Range(0, 1<<32-2).Draw(t, "seconds")
		early := objectid.New(time.Unix(int64(seconds), 0)).String()
		late := objectid.New(time.Unix(int64(seconds)+1, 0)).String()
		if early >= late {
			t.Errorf("got %s not before %s, want it before", early, late)
		}
	})
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type body struct {
		ID   objectid.ID            `json:"_id"`
		None objectid.ID            `json:"none,omitzero"`
		Keys map[objectid.ID]string `json:"keys"`
	}
	value := body{ID: sample(), Keys: map[objectid.ID]string{sample(): "x"}}
	text := `{"_id":"32b6e34b3d91647abb20e7b8","keys":{"32b6e34b3d91647abb20e7b8":"x"}}`

	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if got := string(encoded); got != text {
		t.Errorf("encoded: got %s, want %s", got, text)
	}

	var decoded body
	if err := json.Unmarshal([]byte(text), &decoded); err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if diff := cmp.Diff(value, decoded); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestAppendTextKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	got, err := sample().AppendText([]byte("id="))
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if want := "id=" + sampleText; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		src     any
		want    objectid.ID
		wantErr string
	}{
		{name: "a string", src: sampleText, want: sample()},
		{name: "bytes", src: []byte(sampleText), want: sample()},
		{name: "NULL", src: nil, wantErr: "cannot read an object ID from NULL"},
		{name: "a number", src: int64(1), wantErr: "cannot read an object ID from int64"},
		{
			name: "raw bytes", src: []byte("123456789012"),
			wantErr: `object ID "123456789012" is not 24 hex digits`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got objectid.ID
			var gotErr string
			if err := got.Scan(tt.src); err != nil {
				gotErr = err.Error()
			}
			if gotErr != tt.wantErr {
				t.Errorf("error: got %q, want %q", gotErr, tt.wantErr)
			}
			if got != tt.want {
				t.Errorf("ID: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestValueIsTheText(t *testing.T) {
	t.Parallel()
	got, err := sample().Value()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	if diff := cmp.Diff(any(sampleText), got); diff != "" {
		t.Errorf("value (-want +got):\n%s", diff)
	}
}

// TestPostgresText asks the driver's own encoder, because an array of bytes
// has several forms a driver could pick from.
func TestPostgresText(t *testing.T) {
	t.Parallel()
	const unregisteredDomain = 100_000
	tests := []struct {
		name   string
		oid    uint32
		format int16
	}{
		{"text in text format", pgtype.TextOID, pgtype.TextFormatCode},
		{"text in binary format", pgtype.TextOID, pgtype.BinaryFormatCode},
		{"a domain the driver does not know", unregisteredDomain, pgtype.TextFormatCode},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			types := pgtype.NewMap()

			encoded, err := types.Encode(tt.oid, tt.format, sample(), nil)
			if err != nil {
				t.Fatalf("encode: got error %v, want none", err)
			}
			if got := string(encoded); got != sampleText {
				t.Errorf("encoded: got %q, want %q", got, sampleText)
			}

			var decoded objectid.ID
			if err := types.Scan(tt.oid, tt.format, []byte(sampleText), &decoded); err != nil {
				t.Fatalf("scan: got error %v, want none", err)
			}
			if decoded != sample() {
				t.Errorf("decoded: got %v, want %v", decoded, sample())
			}
			if err := types.Scan(tt.oid, tt.format, nil, &decoded); err == nil {
				t.Error("scan NULL into ID: got no error, want one")
			}

			nullable := &decoded
			if err := types.Scan(tt.oid, tt.format, nil, &nullable); err != nil {
				t.Fatalf("scan NULL into *ID: got error %v, want none", err)
			}
			if nullable != nil {
				t.Errorf("NULL in *ID: got %v, want nil", nullable)
			}
			if err := types.Scan(tt.oid, tt.format, []byte(sampleText), &nullable); err != nil {
				t.Fatalf("scan into *ID: got error %v, want none", err)
			}
			if nullable == nil || *nullable != sample() {
				t.Errorf("text in *ID: got %v, want %v", nullable, sample())
			}

			var none *objectid.ID
			encoded, err = types.Encode(tt.oid, tt.format, none, nil)
			if err != nil {
				t.Fatalf("encode nil: got error %v, want none", err)
			}
			if encoded != nil {
				t.Errorf("encoded nil: got %q, want NULL", encoded)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", sampleText, largestText, strings.ToUpper(sampleText), sampleText + "\n",
		"32b6e34b3d91647abb20e7b", "32b6e34b3d91647abb20e7bg", strings.Repeat("é", 12), "\xff",
	} {
		f.Add(seed)
	}
	valid := regexp.MustCompile(`\A[A-Fa-f0-9]{24}\z`)
	f.Fuzz(func(t *testing.T, s string) {
		id, err := objectid.Parse(s)
		if got, want := err == nil, valid.MatchString(s); got != want {
			t.Fatalf("accepted %q: got %t, want %t", s, got, want)
		}
		var unmarshalled, scanned objectid.ID
		if got, want := unmarshalled.UnmarshalText([]byte(s)) == nil, err == nil; got != want {
			t.Errorf("accepted %q by UnmarshalText: got %t, want %t", s, got, want)
		}
		if got, want := scanned.Scan(s) == nil, err == nil; got != want {
			t.Errorf("accepted %q by Scan: got %t, want %t", s, got, want)
		}
		if unmarshalled != id || scanned != id {
			t.Errorf("got %v by UnmarshalText and %v by Scan, want %v", unmarshalled, scanned, id)
		}
		if err != nil {
			if got, limit := len(err.Error()), 250; got > limit {
				t.Errorf("length of error: got %d, want at most %d", got, limit)
			}
			return
		}
		if got, want := id.String(), strings.ToLower(s); got != want {
			t.Errorf("round trip: got %q, want %q", got, want)
		}
	})
}
