package digest_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"exportbuckets/internal/digest"
)

const lifetime = 5 * time.Minute

func nonceKey() []byte {
	return []byte("0123456789abcdef0123456789abcdef")
}

func nonceTime() time.Time {
	return time.Date(2026, time.August, 10, 3, 3, 36, 123_456_789, time.UTC)
}

func TestNewNonceIs24BytesInBase64(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`\A[A-Za-z0-9+/]{32}\z`)
	seen := make(map[string]bool)
	for range 1000 {
		nonce := digest.NewNonce(nonceKey(), nonceTime())
		if !form.MatchString(nonce) {
			t.Fatalf("got %q, want 32 characters of base64", nonce)
		}
		seen[nonce] = true
	}
	if got, want := len(seen), 1000; got != want {
		t.Errorf("distinct nonces of one instant: got %d, want %d", got, want)
	}
}

// fresh tells whether a nonce is one of the key's that is still good.
func fresh(key []byte, nonce string, now time.Time, life time.Duration) bool {
	made, ok := digest.NonceTime(key, nonce)
	return ok && digest.NonceFresh(made, now, life)
}

func TestNonceFresh(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		age  time.Duration
		want bool
	}{
		{"at once", 0, true},
		{"in the middle of its life", lifetime / 2, true},
		{"at the last instant", lifetime, true},
		{"a millisecond too late", lifetime + time.Millisecond, false},
		{"a year too late", 365 * 24 * time.Hour, false},
		{"from a replica whose clock is ahead", -2 * time.Second, true},
		{"from further in the future than clocks differ", -time.Minute, false},
		{"from a year in the future", -365 * 24 * time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			nonce := digest.NewNonce(nonceKey(), nonceTime())
			if got := fresh(nonceKey(), nonce, nonceTime().Add(tt.age), lifetime); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestNonceFreshForItsWholeLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		made := time.Unix(
			rapid.Int64Range(0, 250_000_000_000).Draw(t, "seconds"),
			rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"),
		)
		life := time.Duration(rapid.Int64Range(0, int64(time.Hour/time.Millisecond)).Draw(t, "life")) * time.Millisecond
		age := time.Duration(rapid.Int64Range(0, int64(life)).Draw(t, "age"))

		nonce := digest.NewNonce(key, made)
		if got := fresh(key, nonce, made.Add(age), life); !got {
			t.Errorf("in its life: got %t, want true", got)
		}
		if got := fresh(key, nonce, made.Add(life+age+time.Millisecond), life); got {
			t.Errorf("after its life: got %t, want false", got)
		}
	})
}

func TestNonceTimeRefusesAnotherKey(t *testing.T) {
	t.Parallel()
	nonce := digest.NewNonce(nonceKey(), nonceTime())
	for bit := range 8 * len(nonceKey()) {
		key := nonceKey()
		key[bit/8] ^= 1 << (bit % 8)
		if got := fresh(key, nonce, nonceTime(), lifetime); got {
			t.Errorf("bit %d of the key changed: got %t, want false", bit, got)
		}
	}
}

func TestNonceTimeRefusesEveryChangedBit(t *testing.T) {
	t.Parallel()
	nonce := digest.NewNonce(nonceKey(), nonceTime())
	decoded, err := base64.StdEncoding.DecodeString(nonce)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	for bit := range 8 * len(decoded) {
		changed := []byte(string(decoded))
		changed[bit/8] ^= 1 << (bit % 8)
		text := base64.StdEncoding.EncodeToString(changed)
		if got := fresh(nonceKey(), text, nonceTime(), lifetime); got {
			t.Errorf("bit %d of the bytes changed: got %t, want false", bit, got)
		}
	}
	for bit := range 8 * len(nonce) {
		changed := []byte(nonce)
		changed[bit/8] ^= 1 << (bit % 8)
		if got := fresh(nonceKey(), string(changed), nonceTime(), lifetime); got {
			t.Errorf("bit %d of the text changed: got %t, want false", bit, got)
		}
	}
}

func TestNonceTimeRefusesGarbage(t *testing.T) {
	t.Parallel()
	nonce := digest.NewNonce(nonceKey(), nonceTime())
	tests := []struct {
		name  string
		nonce string
	}{
		{"nothing", ""},
		{"32 characters of another server", "q1W2e3R4t5Y6u7I8o9P0a+S/d1F2g3H4"},
		{"zeros", strings.Repeat("A", 32)},
		{"line ends instead of characters", strings.Repeat("\n", 32)},
		{"a line end inside", nonce[:16] + "\n" + nonce[16:]},
		{"a line end instead of the last characters", nonce[:28] + "\n\n\n\n"},
		{"padding behind", nonce + "===="},
		{"padding instead of the last character", nonce[:31] + "="},
		{"the first half", nonce[:16]},
		{"twice the nonce", nonce + nonce},
		{"characters that are not base64", strings.Repeat("é", 16)},
		{"the alphabet of URLs", strings.Repeat("-_", 16)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fresh(nonceKey(), tt.nonce, nonceTime(), lifetime); got {
				t.Errorf("got %t, want false", got)
			}
		})
	}
}

func BenchmarkNonceFresh(b *testing.B) {
	nonce := digest.NewNonce(nonceKey(), nonceTime())
	b.ReportAllocs()
	for b.Loop() {
		if !fresh(nonceKey(), nonce, nonceTime(), lifetime) {
			b.Fatal("got false, want true")
		}
	}
}
