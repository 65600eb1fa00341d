package tenantstate

import (
	"testing"
	"time"

	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/seed"
	"exportbuckets/staging"
)

const begun = `    staging:
      journal: lines
      clock: {by: 24h, frozen: true}
      faults:
        - name: first
          fault: {kind: latency, ms: 5}
        - name: second
          match: {operations: [createGroupBackupExportBucket]}
          fault: {kind: reset, at: commit}
`

// withStaging is the demo tenant's file with another part about the staging plane.
func withStaging(t testing.TB, part string) string {
	t.Helper()
	return changed(t, "    staging: {}\n", part)
}

// begun returns what has begun in the organization, as lines.
func (b *stateBundle) begun(t testing.TB) []string {
	t.Helper()
	return b.strs(t, `SELECT coalesce(journal_mode, 'null') || ' ' || clock_offset || ' ' || (clock_frozen_at IS NOT NULL)
			|| coalesce((SELECT string_agg(' ' || f.name, '' ORDER BY f.position) FROM staging_faults AS f WHERE f.org_id = o.id), '')
		FROM orgs AS o WHERE id = $1`, orgOne)
}

func TestAFileBeginsWithFaultsClockAndJournal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := []string{"lines 24:00:00 true first second"}
	b.apply(t, withStaging(t, begun), staging.Add, false)
	wantRows(t, want, b.begun(t))

	// What is there stays as it is, also what has been moved.
	if _, err := b.service.UpdateClock(t.Context(), b.writer, staging.ClockUpdate{Frozen: new(false)}); err != nil {
		t.Fatal(err)
	}
	if err := b.service.DeleteFault(t.Context(), b.writer, "first"); err != nil {
		t.Fatal(err)
	}
	b.apply(t, withStaging(t, begun), staging.Add, false)
	wantRows(t, []string{"lines 24:00:00 false second first"}, b.begun(t))

	// A reset ends it, and a file that is declared begins anew.
	b.apply(t, withStaging(t, begun), staging.Replace, false)
	wantRows(t, want, b.begun(t))
	b.restore(t, to(staging.Declared))
	wantRows(t, []string{"lines 00:00:00 false"}, b.begun(t))
	b.apply(t, withStaging(t, begun), staging.Replace, true) // a dry run
	wantRows(t, []string{"lines 00:00:00 false"}, b.begun(t))
	b.apply(t, withStaging(t, begun), staging.Replace, false)
	b.apply(t, withStaging(t, "    staging: {journal: full}\n"), staging.Replace, false)
	wantRows(t, []string{"full 00:00:00 false"}, b.begun(t))
}

// What a file begins with is no part of what is declared.
func TestAFileWithAClockChangesNothingTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := withStaging(t, "    staging: {clock: {by: 1s, frozen: true}}\n")
	b.apply(t, file, staging.Replace, false)
	for _, dryRun := range []bool{true, false} {
		wantLines(t, b.apply(t, file, staging.Replace, dryRun))
	}
	changes, err := b.service.Diff(t.Context(), b.writer.Reader(), staging.Declared, staging.Live)
	if err != nil || len(changes.Changes) > 0 {
		t.Errorf("got %+v, %v, want no difference from what is declared", changes, err)
	}
	wantRows(t, []string{"null 00:00:01 true"}, b.begun(t))

	// A state that was saved has its clock.
	b.save(t, "saved")
	b.restore(t, to(staging.Declared))
	wantRows(t, []string{"null 00:00:00 false"}, b.begun(t))
	changes, err = b.service.Diff(t.Context(), b.writer.Reader(), "saved", staging.Live)
	if err != nil || changes.Sum().Updated != 1 {
		t.Errorf("got %+v, %v, want the clock to differ from what was saved", changes, err)
	}
}

func TestAFileCanFreezeTheRealTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.apply(t, withStaging(t, "    staging: {clock: {frozen: true}}\n"), staging.Replace, false)
	wantRows(t, []string{"null 00:00:00 true"}, b.begun(t))
}

func TestAFileOfTheStartBeginsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file, err := seed.Parse([]byte(withStaging(t, begun)))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.service.DeclareMissing(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	wantRows(t, []string{"lines 24:00:00 true first second"}, b.begun(t))
	if err := b.service.ClearFaults(t.Context(), b.writer); err != nil {
		t.Fatal(err)
	}
	if err := b.service.DeclareMissing(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	wantRows(t, []string{"lines 24:00:00 true"}, b.begun(t))
}

func TestAThrowAwayBeginsWithWhatItsFileSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := withStaging(t, begun+"      tokens: [{role: write, token: "+iam.NewStagingToken(objectid.MustParse(orgOne))+"}]\n")
	created, err := b.service.CreateOrganization(t.Context(), b.writer.Caller(),
		staging.NewOrganization{Name: "begins", File: staging.FileText([]byte(text))})
	if err != nil {
		t.Fatal(err)
	}
	staged := created.Organization.Staged
	if staged.Faults != 2 || staged.Journal != staging.JournalLines || created.Organization.Clock == nil || !created.Organization.Clock.Frozen ||
		!created.Organization.Clock.Now.Equal(b.now.Add(24*time.Hour)) {
		t.Errorf("got %+v, %+v; want two faults, a journal of lines, and a frozen clock a day ahead", staged, created.Organization.Clock)
	}
	wantRows(t, []string{"1"}, b.strs(t, "SELECT count(*)::text FROM staging_tokens WHERE org_id = $1", created.Organization.ID))
}

func TestWhatAFileCannotBeginWithSaysWhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := b.dump(t)
	for part, tt := range map[string]struct {
		code staging.Code
		at   string
	}{
		"{journal: all}":           {staging.CodeInvalid, "/staging/journal"},
		"{clock: {by: 1 day}}":     {staging.CodeInvalid, "/staging/clock/by"},
		"{clock: {by: -1h}}":       {staging.CodeInvalid, "/staging/clock/by"},
		"{clock: {}}":              {staging.CodeInvalid, "/staging/clock/by"},
		"{clock: {frozen: false}}": {staging.CodeInvalid, "/staging/clock/by"},
		"{clock: {ahead: 1h}}":     {staging.CodeInvalid, "/staging/clock"},
		"{faults: [{name: one}]}":  {staging.CodeInvalid, "/staging/faults/0/fault/kind"},
		"{faults: [{name: one, fault: {kind: latency, ms: 1}}, {name: one, fault: {kind: latency, ms: 1}}]}": {
			staging.CodeInvalid, "/staging/faults/1/name",
		},
		"{faults: [{name: clear, fault: {kind: latency, ms: 1}}]}": {staging.CodeInvalid, "/staging/faults/0/name"},
		"{faults: [{name: one, match: {operations: [x]}, fault: {kind: unauthenticated}}]}": {
			staging.CodeInvalid, "/staging/faults/0/match/operations/0",
		},
	} {
		for _, mode := range []staging.Mode{staging.Add, staging.Replace} {
			file := []byte(withStaging(t, "    staging: "+part+"\n"))
			_, err := b.service.Declare(t.Context(), b.writer, file, mode, false)
			wantAt(t, err, tt.code, inOrg+tt.at, "")
		}
	}
	wantRows(t, withoutVersions(want), withoutVersions(b.dump(t)))

	b.exec(t, "UPDATE orgs SET protected = true WHERE id = '"+orgOne+"'")
	_, err := b.service.Declare(t.Context(), b.writer, []byte(withStaging(t, begun)), staging.Add, false)
	wantProblem(t, err, staging.CodeProtected)
}

// A clock that stood still while time went on goes forward when it is released: tokens would
// live on that are past their time.
func TestAReleaseEndsTokensWhicheverWayTheClockGoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tokens := func() []string {
		t.Helper()
		return b.strs(t, "SELECT count(*)::text FROM access_tokens WHERE org_id = $1", orgOne)
	}
	for _, passed := range []time.Duration{0, time.Hour} {
		if _, err := b.service.UpdateClock(t.Context(), b.writer, staging.ClockUpdate{Frozen: new(true)}); err != nil {
			t.Fatal(err)
		}
		b.exec(t, `INSERT INTO access_tokens (token_hash, org_id, service_account_id, secret_id, created_at, expires_at)
			SELECT sha256(id::text::bytea), org_id, service_account_id, id, now(), now() + interval '1 hour'
			FROM service_account_secrets WHERE org_id = '`+orgOne+`'`)
		wantRows(t, []string{"1"}, tokens())
		b.now = b.now.Add(passed)
		if err := b.service.ReleaseClock(t.Context(), b.writer); err != nil {
			t.Fatal(err)
		}
		wantRows(t, []string{"0"}, tokens())
	}
}
