//go:build linux

package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"exportbuckets/internal/digest"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
)

func TestAWrongAnswerIsAnError(t *testing.T) {
	t.Parallel()
	b := bucket{tenant: 3, id: number(bucketPrefix, 7)}
	page := strings.Repeat(idKey+b.id.String()+`",`, pageSize)
	for name, tt := range map[string]struct {
		call   call
		status int
		body   string
		ok     bool
	}{
		"a create":                      {createCall(3), 200, `{"_id":"x"}`, true},
		"a create with no id":           {createCall(3), 200, `{}`, false},
		"a create that was refused":     {createCall(3), 409, `{"_id":"x"}`, false},
		"a challenge":                   {createCall(3).challenged(), 401, `{}`, true},
		"no challenge":                  {createCall(3).challenged(), 200, `{"_id":"x"}`, false},
		"a get":                         {getCall(b), 200, `{"_id":"` + b.id.String() + `"}`, true},
		"a get of another":              {getCall(b), 200, `{"_id":"` + number(bucketPrefix, 8).String() + `"}`, false},
		"a list":                        {listCall(3, 1, true), 200, page, true},
		"a list that lacks one":         {listCall(3, 1, true), 200, page[:len(page)-40], false},
		"a delete":                      {deleteCall(b), 204, "", true},
		"a delete of what is not there": {deleteCall(b), 404, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tt.call.check(tt.status, []byte(tt.body)); (err == nil) != tt.ok {
				t.Errorf("got error %v, want one: %t", err, !tt.ok)
			}
		})
	}
}

func TestCreatedIDReadsTheID(t *testing.T) {
	t.Parallel()
	want := objectid.New(aMoment)
	if got, err := createdID([]byte(`{"_id":"` + want.String() + `","bucketName":"b"}`)); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, body := range []string{"", `{"id":"` + want.String() + `"}`, `{"_id":"` + want.String(), `{"_id":"short"}`} {
		if got, err := createdID([]byte(body)); err == nil {
			t.Errorf("%s: got %v, want an error", body, got)
		}
	}
}

func TestASupplyGivesEachOnce(t *testing.T) {
	t.Parallel()
	s := newSupply(7, 9)
	first, _ := s.take()
	second, ok := s.take()
	if first != 7 || second != 8 || !ok {
		t.Errorf("got %d and %d, want 7 and 8", first, second)
	}
	if i, ok := s.take(); ok {
		t.Errorf("got %d, want nothing more", i)
	}
	if got := s.taken(); got != 9 {
		t.Errorf("taken: got %d, want 9", got)
	}
}

func TestWhoTakesTurnsLeavesNoneToOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deletes []int
		deleted int
		spent   bool
		next    int
	}{
		"none":               {[]int{0, 0, 0}, 0, false, 100},
		"alike":              {[]int{2, 2, 2}, 6, false, 106},
		"one is faster":      {[]int{1, 3, 0}, 4, false, 109},
		"all that there are": {[]int{4, 3, 3}, 10, false, 110},
		"one goes on":        {[]int{4, 4, 3}, 10, true, 110},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSupply(100, 110)
			deleted, err := s.takeTurns(tt.deletes)
			if deleted != tt.deleted || errors.Is(err, errSpent) != tt.spent || s.taken() != tt.next {
				t.Errorf("got %d deleted, %v, next %d, want %+v", deleted, err, s.taken(), tt)
			}
		})
	}
}

func TestTheAnswerToAChallengeIsOneThatTheServerTakes(t *testing.T) {
	t.Parallel()
	r := createCall(42)
	header, err := answerChallenge(digest.Challenge(iam.Realm, "a-nonce", false), r)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := digest.Parse(header)
	if err != nil {
		t.Fatal(err)
	}
	if credentials.Nonce != "a-nonce" || credentials.URI != r.path || credentials.Username != r.tenant.publicKey() {
		t.Errorf("got %+v, want what was asked", credentials)
	}
	if !credentials.Verify(digest.HA1(r.tenant.publicKey(), iam.Realm, privateKey), http.MethodPost) {
		t.Errorf("got %q, want a response that is right", header)
	}
	for _, challenge := range []string{"", `Basic realm="x"`, `Digest realm="x"`} {
		if got, err := answerChallenge(challenge, r); err == nil {
			t.Errorf("%q: got %q, want an error", challenge, got)
		}
	}
}
