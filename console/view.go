package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/role"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// looks is how pages look: templates by name, and files by the name they are
// served under.
type looks struct {
	templates map[string]*template.Template
	addresses map[string]string // of static files, by their plain name
	files     map[string]string // plain name by served name
}

// loadLooks parses what is embedded. Each page is the layout with its own title
// and main part.
func loadLooks() *looks {
	l := &looks{templates: map[string]*template.Template{}, addresses: map[string]string{}, files: map[string]string{}}
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"moment": moment, "scope": scopeInWords, "reach": reach, "spaceRoles": func() []role.Role { return role.SpaceRoles() },
		"projectRoles": func() []role.Role { return role.ProjectRoles() }, "roleTitle": roleTitle,
		"plainField": newPlainField, "join": func(texts []string) string { return strings.Join(texts, " ") },
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	for _, file := range must(fs.Glob(templateFiles, "templates/*.html")) {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name != "layout" && name != "parts" {
			l.templates[name] = template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, file))
		}
	}
	for _, entry := range must(staticFiles.ReadDir("static")) {
		hash := sha256.Sum256(must(staticFiles.ReadFile("static/" + entry.Name())))
		base, extension, _ := strings.Cut(entry.Name(), ".")
		served := base + "." + hex.EncodeToString(hash[:6]) + "." + extension
		l.addresses[entry.Name()], l.files[served] = "/static/"+served, entry.Name()
	}
	return l
}

// must is for what is embedded and so cannot fail once it has been built.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// static serves a file under the name that holds its hash: it never changes.
func (l *looks) static(missing http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := l.files[r.PathValue("file")]
		if !ok {
			missing.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeFileFS(w, r, staticFiles, "static/"+name)
	})
}

// view is what a template sees.
type view struct {
	Data any

	looks    *looks
	visit    *visit
	template string
	refused  *refusal // nil: nothing was
}

// Static is the address of a static file.
func (s view) Static(name string) string { return s.looks.addresses[name] }

// Alias is that of whoever is signed in, or empty.
func (s view) Alias() string { return s.visit.request.Caller.Alias }

// Store is the identity store of whoever is signed in; empty: a Builder ID user, or
// nobody.
func (s view) Store() string { return string(s.visit.request.Caller.Store) }

// Home is where whoever is signed in begins.
func (s view) Home() string {
	if s.Store() != "" {
		return portalPath
	}
	return "/"
}

// Navigation leads to what everybody who is signed in has.
func (s view) Navigation() []destination {
	places := []destination{{"/", "Spaces", false}, {"/tokens", "Tokens", false}, {"/sessions", "Sessions", false}, {"/profile", "Profile", false}}
	if s.Store() != "" {
		places = []destination{{portalPath, "Accounts", false}}
	}
	for i := range places {
		places[i].Here = places[i].Path == s.visit.URL.Path
	}
	return places
}

// destination is a link of the navigation.
type destination struct {
	Path, Title string
	Here        bool
}

// Asks is a parameter of the page's address.
func (s view) Asks(name string) string { return s.visit.asks(name) }

// Door is the address of the sign-in page of an identity store, or of Builder ID users,
// that leads on where this one does.
func (s view) Door(store string) string {
	if store == "" {
		return s.With("/sign-in")
	}
	return s.visit.onward("/sign-in", "store", store).location
}

// With is the address of another page of signing up or in, with what has to
// survive the steps.
func (s view) With(path string) string { return s.visit.onward(path).location }

// At is the address of another page with all that is in the address of this one.
func (s view) At(path string) string { return path + "?" + s.visit.URL.RawQuery }

// Path is this page's, without what is asked of it.
func (s view) Path() string { return s.visit.URL.Path }

// More is the address of what follows in the list of the page, searched alike.
func (s view) More(after string) string {
	query := url.Values{"after": {after}}
	if search := s.visit.asks("search"); search != "" {
		query.Set("search", search)
	}
	return "?" + query.Encode()
}

// Returning is the address of another page that leads back to this one.
func (s view) Returning(path string) string {
	return path + "?" + url.Values{"next": {s.visit.URL.RequestURI()}}.Encode()
}

// Note is what was just done, before the redirect that led here.
func (s view) Note() string { return notes[s.visit.asks("done")] }

// Refused tells whether a form of this page was just refused.
func (s view) Refused() bool { return s.refused != nil }

// Main is the main part, which the layout has made before it knows what is left
// to say above it.
func (s view) Main() (template.HTML, error) {
	var main bytes.Buffer
	err := s.looks.templates[s.template].ExecuteTemplate(&main, "main", s)
	return template.HTML(main.String()), err
}

// Untold is why a form was refused that the page does not show any more: its
// button was never for this visitor, or what it was about has gone.
func (s view) Untold() string {
	if s.refused == nil || s.refused.told {
		return ""
	}
	return s.refused.message
}

// Form is the state of one form: what it does and, where there are several
// alike, which one it is for.
func (s view) Form(do string, of ...string) form {
	f := form{Do: do, Of: strings.Join(of, "")}
	if s.refused != nil && s.refused.typed.Get("do") == f.Do && s.refused.typed.Get("of") == f.Of {
		f.refused = s.refused
	}
	return f
}

// refusal is a form that was refused, as it was typed.
type refusal struct {
	typed   url.Values
	message string
	told    bool
}

// form is one form of a page.
type form struct {
	Do, Of  string
	refused *refusal // nil: it was not
}

// Refused tells whether it was this one.
func (f form) Refused() bool { return f.refused != nil }

// Message is why, for the form to tell.
func (f form) Message() string {
	if f.refused == nil {
		return ""
	}
	f.refused.told = true
	return f.refused.message
}

// Typed is what was typed into a field, or else how it begins. Templates do not
// ask for passwords: these are typed anew.
func (f form) Typed(field string, begins ...string) string {
	if f.refused == nil {
		return strings.Join(begins, "")
	}
	return f.refused.typed.Get(field)
}

// ID is unique on the page, for labels.
func (f form) ID(field string) string { return strings.Trim(f.Do+"-"+f.Of, "-") + "-" + field }

// plainField is a labelled field of a form.
type plainField struct{ ID, Name, Label, Value string }

func newPlainField(f form, name, label, begins string) plainField {
	return plainField{f.ID(name), name, label, f.Typed(name, begins)}
}

// notes are what pages say after a form was done. Their names come back in the
// page's address, so none of them says more than that.
var notes = map[string]string{
	"signed-out":            "You are signed out.",
	"account-deleted":       "Your account is deleted.",
	"link-mailed":           "The mail is on its way. The link in it is good once, for 15 minutes.",
	"renamed":               "Your display name is changed.",
	"password-changed":      "Your password is changed. Every other session of yours has ended. Your personal access tokens are still good: delete those you do not trust.",
	"portal-password":       "Your password is changed. Every other session of yours has ended.",
	"signed-out-everywhere": "You are signed out everywhere: browsers, programs, and the credentials of roles they had.",
	"session-ended":         "The session has ended.",
	"others-ended":          "Every session but this one has ended.",
	"token-deleted":         "The token is deleted. It is refused from now on.",
	"token-shut-out":        "The token is shut out. It is refused in the space from now on.",
	"token-readmitted":      "The token is let in again.",
	"tokens-limited":        "The limit is set. Tokens that were made for longer are refused in the space from now on.",
	"joined":                "Welcome: you are in.",
	"space-made":            "The space is made, and you are its Space administrator.",
	"repository-made":       "The repository is made.",
	"repository-deleted":    "The repository is deleted, with all that was in it.",
	"default-set":           "Clones begin with this branch now.",
	"rule-set":              "The rule holds from the next push on.",
	"project-made":          "The project is made, and you are its Project administrator.",
	"team-made":             "The team is made. Now put people in it.",
	"invited":               "The invitation is on its way by mail.",
	"invitation-cancelled":  "The invitation is cancelled.",
	"role-set":              "The role is changed, from the next request on.",
	"removed":               "The member is removed, from the next request on.",
	"added":                 "The member is added.",
	"team-removed":          "The team is taken out of the project, from the next request on.",
	"run-asked-for":         "The run is asked for. Load this page again to see how far it is.",
	"notified":              "You get a mail when a run fails.",
	"not-notified":          "You get no more mails of this pipeline.",
	"pipeline-accepted":     "The pipeline is accepted, and its role is made. It looks at its repository now.",
	"pipeline-rejected":     "The request is rejected. Its token is good for nothing any more.",
	"pipeline-deleted":      "The pipeline is deleted. What it has delivered stays.",
	"team-added":            "The team is given its role in the project.",
	"restricted":            "The connection is for the chosen projects alone, from the next request on.",
	"unrestricted":          "The connection is for every project of the space.",
	"connection-deleted":    "The connection is deleted, for good. Nothing reaches the account by it any more.",
	"role-added":            "The role is on the connection.",
	"role-removed":          "The role is taken off the connection, from the next request on.",
	"network-made":          "The VPC connection is made.",
	"network-changed":       "The VPC connection is changed.",
	"network-deleted":       "The VPC connection is deleted. What runs in it goes on.",
	"environment-made":      "The environment is made.",
	"environment-changed":   "The environment is changed, from the next request on.",
	"environment-deleted":   "The environment is deleted.",
	"space-accepted":        "The space may use this account. It has no role yet: name those it may use.",
	"space-rejected":        "The space is refused this account. It would have to ask again.",
	"space-disconnected":    "The account is taken away from the space, for good.",
	"development-role-made": "The development administrator role is made, and the space may use it. It is not fit for production.",
}

// moment writes a time for people. Without scripts a page cannot know the
// reader's time zone, so it names its own.
func moment(t time.Time) template.HTML {
	utc := t.UTC()
	return template.HTML(`<time datetime="` + utc.Format(time.RFC3339) + `">` + utc.Format("2 January 2006, 15:04") + ` UTC</time>`)
}

// roleTitle names a role for people; what is none stays as it is.
func roleTitle(name string) string {
	for _, r := range slices.Concat(role.SpaceRoles(), role.ProjectRoles()) {
		if r.Name() == name {
			return r.String()
		}
	}
	return name
}
