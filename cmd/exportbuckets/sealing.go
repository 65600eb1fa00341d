package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/seal"
)

// sealingConfig says with which keys secrets are sealed in the database.
type sealingConfig struct {
	SealingKeyFile string `env:"EXPORTBUCKETS_SEALING_KEY_FILE" placeholder:"FILE" help:"Keys that seal what the database has of API keys: one a line, 32 bytes in base64. The first seals, all open. The private PostgreSQL has one, sealing.key in the state directory; a database of yours is not sealed without."`
}

// sealing is where the keys are.
type sealing struct {
	file string // empty if nothing is sealed
	own  bool   // the file is made if nothing is sealed yet
}

// sealing returns where the keys of a database are.
func (c sealingConfig) sealing(database databaseConfig) sealing {
	if c.SealingKeyFile == "" && database.source().private() {
		return sealing{file: filepath.Join(database.StateDir, "sealing.key"), own: true}
	}
	return sealing{file: c.SealingKeyFile}
}

// open returns what seals the rows of a migrated database.
func (s sealing) open(ctx context.Context, pool *dbpool.Pool) (*iam.Sealer, error) {
	keys, err := s.keys(ctx, pool)
	if err != nil {
		return nil, err
	}
	sealer, err := iam.NewSealer(ctx, pool, keys, time.Now())
	if errors.Is(err, seal.ErrNoKey) {
		return nil, fmt.Errorf("--sealing-key-file (EXPORTBUCKETS_SEALING_KEY_FILE): %w", err)
	}
	return sealer, err
}

func (s sealing) keys(ctx context.Context, pool *dbpool.Pool) (seal.Keys, error) {
	if s.file == "" {
		return seal.Keys{}, nil
	}
	text, err := os.ReadFile(s.file)
	if s.own && errors.Is(err, fs.ErrNotExist) {
		text, err = s.makeKey(ctx, pool)
	}
	if err != nil {
		return seal.Keys{}, fmt.Errorf("--sealing-key-file (EXPORTBUCKETS_SEALING_KEY_FILE): %w", err)
	}
	keys, err := seal.Parse(text)
	return keys, atlas.Wrap(err, "--sealing-key-file (EXPORTBUCKETS_SEALING_KEY_FILE): "+s.file)
}

// makeKey makes the file, with a new key in it, unless something is sealed: the
// file is lost then, and another would be of no use. Whoever runs this holds the
// private PostgreSQL, so there is nobody else who makes it.
func (s sealing) makeKey(ctx context.Context, pool *dbpool.Pool) ([]byte, error) {
	sealed, err := iam.IsSealed(ctx, pool)
	if err != nil {
		return nil, err
	}
	if sealed {
		return nil, fmt.Errorf("%s is missing, and the rows are sealed with what was in it", s.file)
	}
	key := seal.NewKey()
	return key, writeSecret(s.file, key)
}

// writeSecret makes a file that only this user may read, and returns when all of it
// is on disk: what is sealed with it must not be there before.
func writeSecret(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it has another name, if all went well
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
