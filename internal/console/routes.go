package console

import (
	"net/http"

	"exportbuckets/internal/admin"
)

// route is one page, or one thing that a page does.
type route struct {
	method string
	path   admin.Path
	// template is the name of the file; empty if what is done leads to another page.
	template string
	// section is what the pages of the organization call it where they lead to it; empty for
	// none.
	section string
	serve   handler
}

// routes returns all pages. The sections stand in their order.
func (c *Console) routes() []route {
	const org = "/organizations/{org}"
	return []route{
		{http.MethodGet, "/sign-in", "sign-in", "", asAnyone(c.showSignIn)},
		{http.MethodPost, "/sign-in", "sign-in", "", asAnyone(c.signIn)},
		{http.MethodPost, "/sign-out", "", "", asAnyone(c.signOut)},
		{http.MethodGet, "/system", "system", "", asOperator(c.getSystem)},
		{http.MethodGet, "/system/dashboard", "", "", asOperator(c.getDashboard)},
		{http.MethodGet, "/{$}?after", "organizations", "", asCaller(c.listOrganizations)},
		{http.MethodGet, org, "organization", "Organization", asReader(c.getOrganization)},
		{http.MethodGet, org + "/reset?to", "reset", "", asReader(c.showReset)},
		{http.MethodPost, org + "/reset", "", "", asWriter(c.reset)},
		{http.MethodPost, org + "/save", "", "", asWriter(c.saveState)},
		{http.MethodGet, org + "/export?of", "", "", asReader(c.export)},
		{http.MethodGet, org + "/copy", "copy", "", asWriter(c.showCopy)},
		{http.MethodPost, org + "/copy", "created", "", asWriter(c.copy)},
		{http.MethodGet, org + "/delete", "delete", "", asWriter(c.showDelete)},
		{http.MethodPost, org + "/delete", "", "", asWriter(c.deleteOrganization)},
		{http.MethodGet, org + "/journal" + journalParameters(), "journal", "Journal", asReader(c.showJournal)},
		{http.MethodPost, org + "/journal/clear", "", "", asWriter(c.clearJournal)},
		{http.MethodGet, org + "/journal/{entry}", "request", "", asReader(c.showRequest)},
		{http.MethodGet, org + "/faults" + faultParameters(), "faults", "Faults", asReader(c.showFaults)},
		{http.MethodPost, org + "/faults", "faults", "", asWriter(c.putFault)},
		{http.MethodPost, org + "/faults/remove", "", "", asWriter(c.removeFault)},
		{http.MethodPost, org + "/faults/clear", "", "", asWriter(c.clearFaults)},
		{http.MethodGet, org + "/clock", "clock", "Clock", asReader(c.showClock)},
		{http.MethodPost, org + "/clock/advance", "clock", "", asWriter(c.advanceClock)},
		{http.MethodPost, org + "/clock/freeze", "", "", asWriter(c.freezeClock)},
		{http.MethodPost, org + "/clock/release", "", "", asWriter(c.releaseClock)},
		{http.MethodGet, org + "/snapshots", "snapshots", "Snapshots", asReader(c.showSnapshots)},
		{http.MethodGet, org + "/snapshots/diff?from&to", "diff", "", asReader(c.showDiff)},
		{http.MethodPost, org + "/snapshots/delete", "", "", asWriter(c.deleteSnapshot)},
		{http.MethodGet, org + "/sunset?at", "sunset", "Sunset", asReader(c.showSunset)},
	}
}
