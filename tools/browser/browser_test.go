package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// What the tests share: to start either takes longer than most of them.
var (
	theServer  *server
	theBrowser context.Context // of chromedp
	axe        string          // the script
)

// patience is how long a test may take in the browser.
const patience = 5 * time.Minute

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	script, err := os.ReadFile(os.Getenv("AXE"))
	if err != nil && os.Getenv("BROWSER") != "required" {
		fmt.Println("not run: BROWSER is not required, and AXE does not name axe.min.js of axe-core")
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("AXE is to name axe.min.js of axe-core: %w", err)
	}
	axe = string(script)
	theServer, err = startServer(context.Background())
	if err != nil {
		return 0, err
	}
	defer theServer.stop()
	// Chromium's sandbox is not for root.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	defer end()
	ctx, closeAll := chromedp.NewContext(allocator)
	defer closeAll()
	theBrowser = ctx //nolint:fatcontext // It is set once.
	if err := signIn(theBrowser); err != nil {
		return 0, fmt.Errorf("sign in: %w", err)
	}
	return m.Run(), nil
}

// signIn signs the operator in, as a form does.
func signIn(ctx context.Context) error {
	return chromedp.Do(ctx,
		chromedp.Navigate(theServer.admin+"/sign-in"),
		chromedp.SendKeys(chromedp.CSS("#token"), theServer.token),
		chromedp.Click(chromedp.CSS("main button")),
		chromedp.WaitVisible(chromedp.CSS("table")),
	)
}

// view is how a page is looked at.
type view struct {
	name   string
	width  int64   // CSS pixels
	scale  float64 // device pixels for each of them
	dark   bool
	script bool
}

// desktop is the view of tests that are not about views.
var desktop = view{name: "light", width: 1280, scale: 1, script: true}

// height is that of all windows, in device pixels.
const height = 900

// tab is one of the browser, with what went wrong in it.
type tab struct {
	ctx context.Context //nolint:containedctx // It is what chromedp has for a tab.

	mu         sync.Mutex
	complaints []string // of the console
	elsewhere  []string // requests to others than the server
}

// watchPolicies keeps what a policy of the page forbade.
const watchPolicies = `window.violations = [];
document.addEventListener("securitypolicyviolation", e => violations.push(
	e.effectiveDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber));`

// open opens a tab, beside others of who has signed in, or in a browser of its own.
func open(t *testing.T, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(theBrowser, options...)
	t.Cleanup(end)
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b := &tab{ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	call(t, b, network.Enable, network.EnableParams{})
	call(t, b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchPolicies})
	b.look(t, desktop)
	return b
}

// call asks the browser for what has no action.
func call[P, R any](t *testing.T, b *tab, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		t.Fatal(err)
	}
}

// look has the tab look at pages in a way.
func (b *tab) look(t *testing.T, v view) {
	t.Helper()
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	call(t, b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: v.width, Height: int64(height / v.scale), DeviceScaleFactor: v.scale,
	})
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	call(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !v.script})
}

func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning {
			said := []string{"console:"}
			for _, arg := range event.Args {
				said = append(said, string(arg.Value)+arg.Description)
			}
			b.complaints = append(b.complaints, strings.Join(said, " "))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+fmt.Sprint(event.ExceptionDetails.Text, " ", event.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError || event.Entry.Level == log.EntryLevelWarning {
			b.complaints = append(b.complaints, fmt.Sprintf("%s: %s %s", event.Entry.Source, event.Entry.Text, event.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if asked := event.Request.URL; !theServer.serves(asked) {
			b.elsewhere = append(b.elsewhere, asked)
		}
	}
}

// serves reports whether a page at the URL is the server's, or in a page itself.
func (s *server) serves(url string) bool {
	for _, begins := range []string{s.api + "/", s.admin + "/", "data:", "blob:" + s.api + "/"} {
		if strings.HasPrefix(url, begins) {
			return true
		}
	}
	return false
}

// do does things in the tab.
func (b *tab) do(t *testing.T, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// visit goes to a page of the console.
func (b *tab) visit(t *testing.T, path string) {
	t.Helper()
	b.do(t, path, chromedp.Navigate(theServer.admin+path))
}

// heading returns the text of the page's one h1.
func (b *tab) heading(t *testing.T) string {
	t.Helper()
	return value[string](t, b, `[...document.querySelectorAll("h1")].map(h => h.textContent.trim()).join(" and ")`)
}

// click clicks on the first link or button whose text begins so, and waits for the page that
// it leads to.
func (b *tab) click(t *testing.T, text string) {
	t.Helper()
	at := value[*struct{ X, Y float64 }](t, b, fmt.Sprintf(`(() => {
		const found = [...document.querySelectorAll("a, button")].find(e => e.textContent.trim().startsWith(%q));
		found?.scrollIntoView({block: "center"});
		const box = found?.getClientRects()[0];
		return box ? {x: box.x + box.width / 2, y: box.y + box.height / 2} : null;
	})()`, text))
	if at == nil {
		t.Fatalf("got no %s to click on, want one", text)
	}
	b.load(t, "click "+text, chromedp.MouseClickXY(at.X, at.Y))
}

// load waits until what is done has loaded a page.
func (b *tab) load(t *testing.T, what string, action chromedp.Action[chromedp.Void]) {
	t.Helper()
	loaded := chromedp.Events(b.ctx, page.LoadEventFired)
	b.do(t, what, action)
	for _, err := range loaded {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		break
	}
}

// value returns the value of an expression, or of what it promises.
func value[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.200s: %v", expression, err)
	}
	return got
}

// audit returns what axe finds against WCAG 2.2, A and AA.
func (b *tab) audit(t *testing.T) []string {
	t.Helper()
	return value[[]string](t, b, axe+`;axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"],
	}).then(found => found.violations.flatMap(rule => rule.nodes.map(
		node => rule.id + ": " + node.target.join(" ") + ": " + node.failureSummary)))`)
}

// shoot keeps a picture of the page in the folder that SCREENSHOTS names, if it does.
func (b *tab) shoot(t *testing.T, name string, v view) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	file := strings.ReplaceAll(name+"-"+v.name, " ", "-") + ".png"
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, file), picture, 0o644))
	if err != nil {
		t.Fatal(err)
	}
}
