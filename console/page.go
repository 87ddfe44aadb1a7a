package console

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/signin"
)

// page is one address. One without forms takes no POST.
type page struct {
	path     string // a pattern of http.ServeMux, without method
	template string
	show     func(*visit) (any, error)
	forms    forms
	// door is the identity store whose users sign in for this page; nil, or empty: Builder
	// ID users do.
	door func(*visit) (string, error)
}

// forms are the forms of a page by their hidden field "do".
type forms map[string]func(*visit) (answer, error)

// answer is what comes of a form that is done: another page to go to or, for what
// is shown only once, a template.
type answer struct {
	location string
	template string
	data     any
}

// largestForm is far above the longest of our forms.
const largestForm = 64 << 10

func (c *console) handler(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Request: r, request: operation.RequestOf(r), header: w.Header(), door: p.door}
		v.request.Credential = v.credential()
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			c.get(w, v, p)
		case r.Method == http.MethodPost && p.forms != nil:
			c.post(w, v, p)
		default:
			c.refuseMethod(w, v, p)
		}
	})
}

func (c *console) get(w http.ResponseWriter, v *visit, p page) {
	data, err := p.show(v)
	var again *askAgain
	var instead *goInstead
	switch {
	case errors.As(err, &instead):
		http.Redirect(w, v.Request, instead.path, http.StatusSeeOther)
		return
	case errors.As(err, &again) && !v.mustSignIn(err) && !fault.HasReason(err, credential.ReasonOtherUsers):
		c.refuse(w, v, p, again.data, v.URL.Query(), err)
		return
	case err != nil:
		c.fail(w, v, err)
		return
	}
	status := http.StatusOK
	if p.path == "" {
		status = http.StatusNotFound
	}
	c.render(w, v, status, p.template, view{Data: data})
}

// askAgain is the error of a page whose address is a form: what was typed into it
// was refused, and the page with this data has the form once more.
type askAgain struct {
	error
	data any
}

func (a *askAgain) Unwrap() error { return a.error }

// goInstead is the error of a page that has another one for this visitor.
type goInstead struct {
	error
	path string
}

func (c *console) post(w http.ResponseWriter, v *visit, p page) {
	v.Body = http.MaxBytesReader(w, v.Body, largestForm)
	if err := v.ParseForm(); err != nil {
		c.fail(w, v, fault.Invalidf("the form could not be read: go back and send it again"))
		return
	}
	do := p.forms[v.PostForm.Get("do")]
	if do == nil {
		c.fail(w, v, fault.Invalidf("this page has no such form: go back and load it again"))
		return
	}
	result, err := do(v)
	switch {
	case err != nil:
		c.again(w, v, p, err)
	case result.location != "":
		http.Redirect(w, v.Request, result.location, http.StatusSeeOther)
	default:
		c.render(w, v, http.StatusOK, result.template, view{Data: result.data})
	}
}

// again shows the page with the refused form as it was typed. Where the page
// cannot be shown either, the refusal has one to itself.
func (c *console) again(w http.ResponseWriter, v *visit, p page, refused error) {
	if v.mustSignIn(refused) || fault.Is(refused, fault.Internal) {
		c.fail(w, v, refused)
		return
	}
	data, err := p.show(v)
	if err != nil {
		c.fail(w, v, refused)
		return
	}
	c.refuse(w, v, p, data, v.PostForm, refused)
}

func (c *console) refuse(w http.ResponseWriter, v *visit, p page, data any, typed url.Values, err error) {
	c.render(w, v, statusOf(err), p.template, view{Data: data, refused: &refusal{typed: typed, message: sentence(fault.As(err).Message)}})
}

// fail answers what cannot be shown: by the way to sign in, if that is what is
// missing, else by a page that says why.
func (c *console) fail(w http.ResponseWriter, v *visit, err error) {
	shown := failure{Kind: fault.KindOf(err).String(), Message: sentence(fault.As(err).Message), RequestID: v.request.ID}
	switch {
	case v.mustSignIn(err):
		http.Redirect(w, v.Request, c.signInAt(v, err), http.StatusSeeOther)
		return
	case fault.HasReason(err, credential.ReasonOtherUsers) && (v.request.Caller.Store != "" || c.storeOf(v) != ""):
		shown.SignIn = c.signInAt(v, err)
	}
	c.render(w, v, statusOf(err), "failure", view{Data: shown})
}

// failure is what the page of an error shows.
type failure struct {
	Kind, Message, RequestID string
	SignIn                   string // where to go to be somebody who may; empty: nowhere
}

// storeOf is the identity store whose users sign in for a page; empty: Builder ID users.
func (c *console) storeOf(v *visit) string {
	if v.door == nil {
		return ""
	}
	store, _ := v.door(v) // what is wrong will show on the page to sign in on
	return store
}

// signInAt is where to sign in for a page: again as the same user, or at its door.
func (c *console) signInAt(v *visit, err error) string {
	back, store := url.Values{"next": {v.URL.RequestURI()}}, string(v.request.Caller.Store)
	if fault.HasReason(err, signin.ReasonSignInAgain) {
		back.Set("again", "1")
	} else {
		store = c.storeOf(v)
	}
	if store != "" {
		back.Set("store", store)
	}
	return "/sign-in?" + back.Encode()
}

var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Quota:           http.StatusConflict,
	fault.Throttled:       http.StatusTooManyRequests,
	fault.Pending:         http.StatusConflict,
	fault.Unsupported:     http.StatusNotImplemented,
}

func statusOf(err error) int { return statuses[fault.KindOf(err)] }

// sentence writes a fault's message, which follows "error:" elsewhere, for people.
func sentence(message string) string {
	word, _, _ := strings.Cut(message, " ")
	if first, size := utf8.DecodeRuneInString(message); !strings.ContainsAny(word, "_.") { // no name of a parameter or permission
		message = string(unicode.ToUpper(first)) + message[size:]
	}
	return strings.TrimSuffix(message, ".") + "."
}

func (c *console) refuseMethod(w http.ResponseWriter, v *visit, p page) {
	v.header.Set("Allow", "GET, HEAD")
	if p.forms != nil {
		v.header.Set("Allow", "GET, HEAD, POST")
	}
	c.render(w, v, http.StatusMethodNotAllowed, "failure", view{Data: failure{
		Kind: "method", Message: "This page does not take a request of the method " + v.Method + ".", RequestID: v.request.ID}})
}

func (c *console) refuseCrossOrigin(w http.ResponseWriter, r *http.Request) {
	v := &visit{Request: r, request: operation.RequestOf(r), header: w.Header()}
	c.render(w, v, http.StatusForbidden, "failure", view{Data: failure{
		Kind: "denied", Message: "The form was sent from another site, so nothing was done.", RequestID: v.request.ID}})
}

// render writes a page whole or not at all.
func (c *console) render(w http.ResponseWriter, v *visit, status int, template string, shown view) {
	shown.looks, shown.visit, shown.template = c.looks, v, template
	var body bytes.Buffer
	if err := c.looks.templates[template].Execute(&body, shown); err != nil {
		panic(err) // a mistake in a template; the server logs it and answers 500
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	body.WriteTo(w) // whoever left need not be told
}
