package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"exportbuckets/staging"
)

const clock = staging.Root + "/organizations/" + demo + "/clock"

func TestATeamMovesItsClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	client := b.as(writeToken)
	ahead := func() time.Duration {
		t.Helper()
		got, err := b.as(readToken).Clock(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(got.Now).Round(time.Minute)
	}
	if got := ahead(); got != 0 {
		t.Errorf("at first: got %s ahead, want the real time", got)
	}
	if _, err := client.AdvanceClock(t.Context(), demo, 61*time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := ahead(); got != 61*time.Minute {
		t.Errorf("got %s ahead, want 61 minutes", got)
	}
	if _, err := client.AdvanceClockTo(t.Context(), demo, time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := ahead(); got != 48*time.Hour {
		t.Errorf("got %s ahead, want two days", got)
	}
	frozen, err := client.UpdateClock(t.Context(), demo, staging.ClockUpdate{Frozen: new(true)})
	if err != nil || !frozen.Frozen {
		t.Errorf("got %+v, %v, want it to stand still", frozen, err)
	}
	org, err := client.Organization(t.Context(), demo)
	if err != nil || org.Clock == nil || !org.Clock.Now.Equal(frozen.Now) {
		t.Errorf("organization: got the clock %+v, %v, want %s", org.Clock, err, frozen.Now)
	}
	if !strings.Contains(b.log.String(), `"frozen":true`) {
		t.Errorf("log: got %s, want the change in it", b.log)
	}
	if other, err := b.as(neighborToken).Organization(t.Context(), neighbor); err != nil || other.Clock != nil {
		t.Errorf("neighbor: got the clock %+v, %v, want the real time", other.Clock, err)
	}
	if err := client.ReleaseClock(t.Context(), demo); err != nil {
		t.Fatal(err)
	}
	if got := ahead(); got != 0 {
		t.Errorf("when released: got %s ahead, want the real time", got)
	}
}

func TestMovesOfAClockThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for body, at := range map[string]string{
		`{}`:                            "/by",
		`{"by":"soon"}`:                 "/by",
		`{"by":"0s"}`:                   "/by",
		`{"by":"-1h"}`:                  "/by",
		`{"by":"87696h"}`:               "/by", // ten years and a day
		`{"to":"2001-01-01T00:00:00Z"}`: "/to",
		`{"to":"9999-01-01T00:00:00Z"}`: "/to",
		`{"to":"tomorrow"}`:             "/to",
		`{"by":"1h","to":"2030-01-01T00:00:00Z"}`: "/to",
		`{"until":"2030-01-01T00:00:00Z"}`:        "/until",
	} {
		got := b.do(t, http.MethodPost, clock+"/advance", writeToken, body)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "`+at+`"`) {
			t.Errorf("%s: got %d %s, want INVALID at %s", body, got.status, got.body, at)
		}
	}
	got := b.do(t, http.MethodPut, clock, writeToken, `{}`)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, `"at": "/frozen"`) {
		t.Errorf("got %d %s, want INVALID at /frozen", got.status, got.body)
	}
	_, err := b.as(readToken).AdvanceClock(t.Context(), demo, time.Hour)
	isProblem(t, err, staging.CodeReadOnlyToken)
	isProblem(t, b.as(readToken).ReleaseClock(t.Context(), demo), staging.CodeReadOnlyToken)
	isProblem(t, b.as(neighborToken).ReleaseClock(t.Context(), demo), staging.CodeNotFound)
	_, err = b.as(operatorToken).UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.as(writeToken).AdvanceClock(t.Context(), demo, time.Hour)
	isProblem(t, err, staging.CodeProtected)
	_, err = b.as(writeToken).UpdateClock(t.Context(), demo, staging.ClockUpdate{Frozen: new(true)})
	isProblem(t, err, staging.CodeProtected)
	isProblem(t, b.as(writeToken).ReleaseClock(t.Context(), demo), staging.CodeProtected)
}

// Whoever protects an organization releases its clock: its team may not any more.
func TestTheClockOfAnOrganizationThatIsProtectedIsReleased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.as(writeToken).AdvanceClock(t.Context(), demo, 48*time.Hour); err != nil {
		t.Fatal(err)
	}
	org, err := b.as(operatorToken).UpdateOrganization(t.Context(), demo, staging.OrganizationUpdate{Protected: new(true)})
	if err != nil || org.Clock != nil {
		t.Errorf("got the clock %+v, %v, want none that is staged", org.Clock, err)
	}
	shown, err := b.as(readToken).Clock(t.Context(), demo)
	if err != nil || shown.Frozen || time.Until(shown.Now).Abs() > time.Minute {
		t.Errorf("got %+v, %v, want the real time", shown, err)
	}
}
