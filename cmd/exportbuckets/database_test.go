package main

import "testing"

func TestADatabaseOnThisMachineIsKnownByItsURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://app@/app?host=/var/run/postgresql":  true,
		"host=/tmp/socket dbname=app":                   true,
		"postgres://app@localhost:5432/app":             true,
		"postgres://app@127.0.0.2/app":                  true,
		"postgres://app@[::1]/app":                      true,
		"postgres://app@postgres/app":                   false,
		"postgres://app@10.0.0.1/app":                   false,
		"postgres://app@localhost.example.com:5432/app": false,
		"no URL": false,
	} {
		if got := (source{url: url}).onThisMachine(); got != want {
			t.Errorf("%s: got %t, want %t", url, got, want)
		}
	}
}
