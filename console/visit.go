package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/signin"
)

// visit is one request for a page, and the answer in the making.
type visit struct {
	*http.Request
	request *operation.Request
	header  http.Header          // of the answer
	asked   *operation.Operation // the last one
	door    func(*visit) (string, error)
}

// mustSignIn tells whether signing in would mend it. What strangers may ask can
// refuse as well, such as a wrong password, and so can a client that is not
// known; both concern others than the visitor's session.
func (v *visit) mustSignIn(err error) bool {
	if fault.HasReason(err, signin.ReasonSignInAgain) {
		return true
	}
	return fault.Is(err, fault.Unauthenticated) && !v.signedIn() && v.asked != nil && !v.asked.Rule.Strangers()
}

// signedIn is known once an operation was asked.
func (v *visit) signedIn() bool { return v.request.Caller.Known() }

// Cookies. The prefix __Host- makes browsers refuse one that was not set by this
// very host over TLS; over plain HTTP, which is served on loopback alone,
// they would refuse ours.
const sessionCookie = "sallyport_session"

func (v *visit) cookie(value string) *http.Cookie {
	cookie := &http.Cookie{Name: sessionCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(v.request.BaseURL, "https://") {
		cookie.Name, cookie.Secure = "__Host-"+sessionCookie, true
	}
	return cookie
}

func (v *visit) credential() authn.Credential {
	cookie, err := v.Cookie(v.cookie("").Name)
	if err != nil {
		return authn.Credential{}
	}
	return authn.Credential{Scheme: authn.Cookie, Token: cookie.Value}
}

// begin hands the browser its session.
func (v *visit) begin(session *signin.Session) {
	v.header.Add("Set-Cookie", v.cookie(session.Token).String())
}

// end takes it back.
func (v *visit) end() {
	cookie := v.cookie("")
	cookie.MaxAge = -1
	v.header.Add("Set-Cookie", cookie.String())
}

// typed is what was typed into a field of the form.
func (v *visit) typed(field string) string { return v.PostForm.Get(field) }

// code is a six-digit code as typed, whatever was put between its digits.
func (v *visit) code() string {
	return strings.NewReplacer(" ", "", "-", "").Replace(v.typed("code"))
}

// asks is a parameter of the page's address.
func (v *visit) asks(name string) string { return v.URL.Query().Get(name) }

// page is the part of a list that a parameter of the page's address asks for.
func (v *visit) page(name string) api.Page { return api.Page{After: v.asks(name)} }

// here goes back to the page once its form is done, to say so by a note.
func (v *visit) here(note string, err error) (answer, error) {
	return goTo(v.URL.Path, "done", note), err
}

// onward goes to another page and keeps what has to survive the steps of signing
// up or in.
func (v *visit) onward(path string, parameters ...string) answer {
	for _, name := range []string{"invitation", "next"} {
		if value := v.asks(name); value != "" {
			parameters = append(parameters, name, value)
		}
	}
	return goTo(path, parameters...)
}

// goTo goes to another page, with parameters in pairs.
func goTo(path string, parameters ...string) answer {
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	to := url.URL{Path: path, RawQuery: query.Encode()}
	return answer{location: to.String()}
}

// localPath is where to go on after signing in: what "next" says if that is a
// path of ours, else home. A browser takes "//host" and "/\host" for another
// site's address and drops control characters on the way, so none of them passes.
func localPath(next string) string {
	path, _, _ := strings.Cut(next, "?")
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	return next
}
