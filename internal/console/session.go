package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"exportbuckets/internal/tenantstate"
	"exportbuckets/staging"
)

// The cookies.
const (
	sessionCookie = "exportbuckets_session"
	doneCookie    = "exportbuckets_done" // what was done, for the next page
)

// doneTTL is how long the next page may take to be asked for.
const doneTTL = time.Minute

func (v *visit) cookie(name string) string {
	cookie, err := v.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setCookie has the browser keep a value, of base64url, for a time; an empty one ends it.
func (v *visit) setCookie(name, value string, ttl time.Duration) {
	age := int(ttl.Seconds())
	if value == "" {
		age = -1
	}
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // Without TLS the browser would not keep one that is Secure.
		Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: v.isSecure(),
	})
}

// isSecure reports whether the browser speaks TLS, be it with a proxy. What it does not is
// either to a loopback address or has no Sec-Fetch-Site: W3C, Fetch Metadata, section 2.
func (v *visit) isSecure() bool {
	if v.TLS != nil {
		return true
	}
	host := v.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	loopback := err == nil && address.IsLoopback() || host == "localhost"
	return v.Header.Get("Sec-Fetch-Site") != "" && !loopback
}

// setDone has the next page tell what was done. Another server of the host could set the cookie,
// too: it is signed with the session.
func (v *visit) setDone(text string) {
	value := append(v.signature(text), text...)
	v.setCookie(doneCookie, base64.RawURLEncoding.EncodeToString(value), doneTTL)
}

// takeDone returns what was done, which is told once.
func (v *visit) takeDone() string {
	value := v.cookie(doneCookie)
	if value == "" {
		return ""
	}
	v.setCookie(doneCookie, "", 0)
	signed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(signed) < sha256.Size || v.caller == nil {
		return ""
	}
	text := string(signed[sha256.Size:])
	if !hmac.Equal(signed[:sha256.Size], v.signature(text)) {
		return ""
	}
	return text
}

func (v *visit) signature(text string) []byte {
	mac := hmac.New(sha256.New, []byte(v.cookie(sessionCookie)))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// signInForm is the data of the page where one signs in.
type signInForm struct {
	Problem *staging.Problem // nil if nothing is wrong
	Next    string           // the page that is meant
	// Strange is whether the request comes from another site: the browser then keeps the
	// session to itself.
	Strange bool
}

// errSignedOut is no mistake: nobody has signed in yet.
var errSignedOut = staging.NewProblem(staging.CodeUnauthenticated, "This page takes a token.")

// signInPage returns the page where one signs in, because of a problem or none.
func (v *visit) signInPage(problem *staging.Problem) page {
	form := signInForm{Next: v.URL.RequestURI(), Strange: v.Header.Get("Sec-Fetch-Site") == "cross-site"}
	if org := v.PathValue("org"); v.Method != http.MethodGet && org != "" {
		form.Next = organizationPath(org) // what was sent has to be sent again
	} else if v.Method != http.MethodGet || strings.HasPrefix(form.Next, "/sign-") {
		form.Next = ownPage(v.PostForm.Get("next"))
	}
	if !errors.Is(problem, errSignedOut) {
		form.Problem = problem
	}
	return show("Sign in", form)
}

func (c *Console) showSignIn(_ context.Context, v *visit) (page, error) {
	return v.signInPage(errSignedOut), nil
}

func (c *Console) signIn(ctx context.Context, v *visit) (page, error) {
	form, err := v.form("token", "next")
	if err != nil {
		return page{}, err
	}
	session, caller, err := c.TenantState.SignIn(ctx, strings.TrimSpace(form.Get("token")))
	if err != nil {
		if tenantstate.ProblemOf(err).Code == staging.CodeUnauthenticated {
			err = errWrongToken
		}
		return page{}, err
	}
	v.SignedIn(caller)
	v.setCookie(sessionCookie, session, tenantstate.SessionTTL)
	return leadTo(ownPage(form.Get("next")), ""), nil
}

// errWrongToken is the problem of a token that is none.
var errWrongToken = staging.NewProblem(staging.CodeUnauthenticated,
	"This is not a token of this server, or it has ended.")

// ownPage returns the page of this console that a text names, or the first. A browser takes
// // and /\ for another host.
func ownPage(text string) string {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") {
		return "/"
	}
	return text
}

func (c *Console) signOut(ctx context.Context, v *visit) (page, error) {
	if err := c.TenantState.SignOut(ctx, v.cookie(sessionCookie)); err != nil {
		return page{}, err
	}
	v.setCookie(sessionCookie, "", 0)
	return leadTo("/sign-in", ""), nil
}
