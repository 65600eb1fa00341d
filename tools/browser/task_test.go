package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestTheReasonOfA404IsThreeClicksAway(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.visit(t, "/")
	b.click(t, markup)
	b.click(t, "Journal")
	b.click(t, "getGroupBackupExportBucket")
	got := value[string](t, b, "document.querySelector('main').innerText")
	for _, want := range []string{"404", "EXPORT_BUCKET_NOT_FOUND", "5f0000000000000000000fff"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
	b.wantQuiet(t, "request")
}

// differ makes the organization other than it is declared.
func differ(t *testing.T) {
	t.Helper()
	err := theServer.ask(t.Context(), http.MethodPost, demoBuckets, newBucket("another-bucket"), http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAResetIsTwoClicks(t *testing.T) { //nolint:paralleltest // It changes what other tests look at.
	b := open(t)
	differ(t)
	b.visit(t, "/organizations/"+demoOrg)
	b.click(t, "Reset…")
	if got := value[string](t, b, "document.querySelector('main').innerText"); !strings.Contains(got, "another-bucket") {
		t.Errorf("got %s before the reset, want what it will remove", got)
	}
	b.click(t, "Reset to")
	wantReset(t, b)
}

func TestAResetByKeyboard(t *testing.T) { //nolint:paralleltest // It changes what other tests look at.
	b := open(t)
	differ(t)
	b.visit(t, "/organizations/"+demoOrg)
	b.tabTo(t, "Skip to the content")
	b.tabTo(t, "Reset…")
	b.load(t, "Enter", chromedp.KeyEvent(kb.Enter))
	b.tabTo(t, "Reset to")
	b.load(t, "Enter", chromedp.KeyEvent(kb.Enter))
	wantReset(t, b)
}

// tabTo presses the tabulator until something with the text has the focus, and is seen to.
func (b *tab) tabTo(t *testing.T, text string) {
	t.Helper()
	const most = 60
	for range most {
		b.do(t, "tabulator", chromedp.KeyEvent(kb.Tab))
		if !strings.HasPrefix(value[string](t, b, "document.activeElement.innerText ?? ''"), text) {
			continue
		}
		if !value[bool](t, b, "getComputedStyle(document.activeElement).outlineStyle != 'none'") {
			t.Errorf("%s: got no outline, want to see that it has the focus", text)
		}
		return
	}
	t.Fatalf("got no %s with %d tabulators, want one", text, most)
}

func wantReset(t *testing.T, b *tab) {
	t.Helper()
	got := value[string](t, b, "document.querySelector('main').innerText")
	if !strings.Contains(got, "is what is declared") || strings.Contains(got, "another-bucket") {
		t.Errorf("got %s, want what is declared", got)
	}
	b.wantQuiet(t, "reset")
}

func TestALongJournalIsShown(t *testing.T) {
	t.Parallel()
	b := open(t)
	began := time.Now()
	b.visit(t, "/organizations/"+demoOrg+"/journal")
	t.Logf("the newest of %d entries were there after %s", entries, time.Since(began).Round(time.Millisecond))
	if rows := value[int](t, b, "document.querySelectorAll('tbody tr').length"); rows < 50 {
		t.Errorf("got %d rows, want a page of them", rows)
	}
}
