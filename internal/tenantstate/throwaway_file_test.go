package tenantstate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

// A file may write an id as it likes: the ids of others are given to nobody.
func TestAThrowawayOfAFileTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, "UPDATE orgs SET protected = true WHERE id = '"+orgTwo+"'")
	others := foreignRows(b.dump(t))
	for name, escaped := range map[string]string{
		"escaped": `"\x36`, "escaped otherwise": `"\u0036`, "of several lines": "\"6\\\n          ",
	} {
		t.Run(name, func(t *testing.T) {
			file := changed(t,
				"id: "+orgOne, "id: "+escaped+orgTwo[1:]+`"`,
				"id: "+otherProject, "id: "+escaped+strings.Replace(otherProject, "5f", "f", 1)+`"`,
				"    staging: {}\n", begun)
			created := b.create(t, staging.NewOrganization{File: staging.FileText([]byte(file)), Name: "mine"})
			for _, row := range b.rowsOf(t, created.Organization.ID, b.projectsIn(t, created.Organization.ID)...) {
				if strings.Contains(row, foreign) {
					t.Errorf("got %s, want no id of another", row)
				}
			}
			if created.IDs[orgTwo] != created.Organization.ID {
				t.Errorf("got ids %v, want that of the file to lead to the new one", created.IDs)
			}
			wantRows(t, others, foreignRows(b.dump(t)))
		})
	}
}

func TestIDsAreReplacedWhereverTheyStandAndNothingElseIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const sha = "507f1f77bcf86cd799439011"
	file := changed(t, "        name: Other Project\n",
		"        name: proj-id"+otherProject+"\n        tags: [{key: sha, value: "+sha+"}, {key: of, value: "+demoProject+"}]\n")
	b.apply(t, file, staging.Replace, false)
	for _, asked := range []staging.NewOrganization{
		copyOf(staging.Declared), {File: staging.FileText([]byte(file)), Name: "of a file"},
	} {
		created := b.create(t, asked)
		want := fmt.Sprintf(`proj-id%s [{"key": "sha", "value": "%s"}, {"key": "of", "value": "%s"}]`,
			created.IDs[otherProject], sha, created.IDs[demoProject])
		wantRows(t, []string{want}, b.strs(t, "SELECT name || ' ' || tags FROM projects WHERE id = $1", created.IDs[otherProject]))
		if created.IDs[sha] != "" {
			t.Errorf("got %s for %s, want it no id", created.IDs[sha], sha)
		}
	}
}

// Whoever has gone can't end what it would be given.
func TestNoOrganizationIsMadeForWhoHasGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(t)
	before := b.strs(t, "SELECT id FROM orgs ORDER BY 1")
	newID := b.service.env.NewID
	for _, asked := range []staging.NewOrganization{
		copyOf(staging.Declared), {File: staging.FileText(seed.Demo), Name: "of a file"},
	} {
		ctx, leave := context.WithCancel(t.Context())
		calls := 0
		b.service.env.NewID = func(now time.Time) objectid.ID {
			calls++
			if calls == 3 { // the organization is being made
				leave()
			}
			return newID(now)
		}
		if _, err := b.service.CreateOrganization(ctx, b.writer.Caller(), asked); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	}
	wantRows(t, before, b.strs(t, "SELECT id FROM orgs ORDER BY 1"))
}

func TestWhatAThrowawayMakesEndsWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.create(t, staging.NewOrganization{From: orgOne + "/live", Name: "parent", TTL: "20m"})
	for ttl, want := range map[string]time.Duration{"168h": 20 * time.Minute, "5m": 5 * time.Minute} {
		child, err := b.service.CreateOrganization(t.Context(), b.caller(t, made.Token.Secret), staging.NewOrganization{
			From: made.Organization.ID + "/live", Name: "child", TTL: ttl,
		})
		if err != nil || !child.Organization.ExpiresAt.Equal(b.now.Add(want)) {
			t.Errorf("%s: got %v, %v, want it to end in %s", ttl, child.Organization.ExpiresAt, err, want)
		}
	}
}

// One that is held keeps no other.
func TestASweepGoesOnAfterWhatIsHeld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.create(t, staging.NewOrganization{From: orgOne + "/live", Name: "first", TTL: "1m"})
	second := b.create(t, staging.NewOrganization{From: orgOne + "/live", Name: "second", TTL: "2m"})
	b.now = b.now.Add(time.Hour)
	held, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback(t.Context()) }()
	_, err = held.Exec(t.Context(), "SELECT FROM principals WHERE org_id = $1 FOR UPDATE", first.Organization.ID)
	if err != nil {
		t.Fatal(err)
	}
	if swept, err := b.service.Sweep(t.Context()); swept != 1 || err != nil {
		t.Errorf("got %d swept, %v, want 1", swept, err)
	}
	wantRows(t, []string{first.Organization.ID},
		b.strs(t, "SELECT id FROM orgs WHERE id IN ($1, $2)", first.Organization.ID, second.Organization.ID))
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if swept, err := b.service.Sweep(t.Context()); swept != 1 || err != nil {
		t.Errorf("got %d swept, %v, want 1", swept, err)
	}
}
