// Package seal keeps secrets that a database holds from whoever reads the
// database alone.
//
// A sealed text is four parts:
//
//	version  1 byte, 1
//	key      8 bytes: which key it is sealed with
//	nonce    12 random bytes
//	text     AES-256-GCM, with its tag of 16 bytes
//
// It is bound to what it is about, such as the row that it stands in: moved to
// another row it can't be opened. The plain texts of one kind are all of one
// length, which tells them from sealed ones.
//
// NIST SP 800-38D, section 8.3, allows 2^32 texts with random nonces for a key.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

const (
	version    = 1
	keySize    = 32 // AES-256
	keyIDSize  = 8
	prefixSize = 1 + keyIDSize
)

// ErrNoKey says that a text is sealed with a key that is not among those given.
var ErrNoKey = errors.New("is not given")

// Keys are the keys of an installation. The first one seals, each opens. Without a
// key nothing is sealed.
type Keys struct{ keys []key }

type key struct {
	prefix [prefixSize]byte // of what it seals
	aead   cipher.AEAD
}

// NewKey returns the line of a key file with a new key.
func NewKey() []byte {
	random := make([]byte, keySize)
	_, _ = rand.Read(random) // never fails
	return append(base64.StdEncoding.AppendEncode(nil, random), '\n')
}

// Parse reads a key file: a key on each line, 32 bytes in base64, as from
// openssl rand -base64 32. It has at least one. Errors show no part of a key.
func Parse(file []byte) (Keys, error) {
	var k Keys
	for line := range bytes.Lines(file) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(string(line))
		if err != nil || len(raw) != keySize {
			return Keys{}, fmt.Errorf("key %d is not %d bytes in base64", len(k.keys)+1, keySize)
		}
		one, err := newKey(raw)
		if err != nil {
			return Keys{}, err
		}
		k.keys = append(k.keys, one)
	}
	if len(k.keys) == 0 {
		return Keys{}, errors.New("no key is in it")
	}
	return k, nil
}

func newKey(raw []byte) (key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, fmt.Errorf("sealing key: %w", err)
	}
	one := key{prefix: [prefixSize]byte{version}}
	// A hash of 256 random bits tells nothing of them.
	id := sha256.Sum256(raw)
	copy(one.prefix[1:], id[:])
	one.aead, err = cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, fmt.Errorf("sealing key: %w", err)
	}
	return one, nil
}

// Prefix returns how everything begins that Seal seals, or nil if it seals
// nothing.
func (k Keys) Prefix() []byte {
	if len(k.keys) == 0 {
		return nil
	}
	return k.keys[0].prefix[:]
}

// Seal returns the text, sealed, or as it is if there is no key.
func (k Keys) Seal(text []byte, about string) []byte {
	if len(k.keys) == 0 {
		return text
	}
	//nolint:gosec // It makes the nonce itself.
	return k.keys[0].aead.Seal(bytes.Clone(k.Prefix()), nil, text, []byte(about))
}

// Open returns the text of a length that Seal was given. What is stored with that
// length is plain, and returned as it is. It returns ErrNoKey, wrapped, for a text
// that none of the keys has sealed, and an error if it is about something else or
// was changed.
func (k Keys) Open(stored []byte, length int, about string) ([]byte, error) {
	if len(stored) == length {
		return stored, nil
	}
	for _, one := range k.keys {
		if sealed, ok := bytes.CutPrefix(stored, one.prefix[:]); ok {
			text, err := one.aead.Open(nil, nil, sealed, []byte(about))
			if err != nil {
				return nil, errors.New("sealed for something else, or changed")
			}
			return text, nil
		}
	}
	if len(stored) < prefixSize || stored[0] != version {
		return nil, errors.New("neither plain nor sealed")
	}
	return nil, fmt.Errorf("sealed with the key %x, which %w", stored[1:prefixSize], ErrNoKey)
}
