package console_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"exportbuckets/staging"
)

const clockPath = demoPath + "/clock"

func TestTheClockIsMoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	team.get(t, clockPath).want(t, "real", http.StatusOK, "it goes on", "<dd>0s</dd>", "All access tokens of the organization end",
		`<input id="by" name="by" value=""`)
	team.send(t, clockPath+"/freeze", url.Values{"frozen": {"true"}}).
		want(t, "freeze", http.StatusOK, "The clock stands still at ", "frozen: it stands still", "Let it go on")
	to := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	team.send(t, clockPath+"/advance", url.Values{"by": {""}, "to": {to.Format(time.RFC3339)}}).
		want(t, "to", http.StatusOK, "The clock was advanced to "+to.Format(time.DateTime)+" UTC.",
			`<time datetime="`+to.Format(time.RFC3339)+`">`)
	to = to.Add(time.Hour)
	team.send(t, clockPath+"/advance", url.Values{"by": {" 1h "}, "to": {""}}).
		want(t, "by", http.StatusOK, "The clock was advanced to "+to.Format(time.DateTime)+" UTC.")
	team.send(t, clockPath+"/freeze", url.Values{"frozen": {"false"}}).
		want(t, "go on", http.StatusOK, "The clock goes on from "+to.Format(time.DateTime), "Freeze")
	team.send(t, clockPath+"/release", nil).
		want(t, "release", http.StatusOK, "The clock was turned back to the real time", "<dd>0s</dd>")
}

func TestAMoveOfTheClockThatCannotBeIsShownAsItWasSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	team := b.browser(t, writeToken)
	for name, tt := range map[string]struct{ by, to, says string }{
		"nothing":  {"", "", "Say by how much"},
		"both":     {"1h", "2027-01-31T00:00:00Z", "and not both"},
		"no time":  {"", markup, "This is no time"},
		"no span":  {markup, "", "Say by how much"},
		"back":     {"-1h", "", "goes forward alone"},
		"too far":  {"", "2526-01-31T00:00:00Z", "at most 10 years ahead"},
		"the past": {"", "2006-01-02T15:04:05Z", "goes forward alone"},
	} {
		got := team.post(t, clockPath+"/advance", url.Values{"by": {tt.by}, "to": {tt.to}})
		got.want(t, name, http.StatusBadRequest, tt.says, `aria-invalid="true"`, "<dd>0s</dd>")
		got.wantNone(t, name, unescaped)
	}
	team.post(t, clockPath+"/freeze", url.Values{"frozen": {markup}}).
		want(t, "freeze", http.StatusBadRequest, "This is true or false.")
}

func TestWhoReadsDoesNotMoveTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reader := b.browser(t, readToken)
	reader.get(t, clockPath).wantNone(t, "page", clockPath+"/")
	for _, move := range []string{"/advance", "/freeze", "/release"} {
		reader.post(t, clockPath+move, url.Values{}).want(t, move, http.StatusForbidden, string(staging.CodeReadOnlyToken))
	}
	operator := b.browser(t, operatorToken)
	operator.get(t, "/organizations/"+locked+"/clock").want(t, "protected", http.StatusOK, "nobody moves its clock")
	operator.post(t, "/organizations/"+locked+"/clock/freeze", url.Values{"frozen": {"true"}}).
		want(t, "protected", http.StatusConflict, string(staging.CodeProtected))
}
