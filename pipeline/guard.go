package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/arn"
)

// Guard is a rule about what a plan leads to: an assertion about who can reach what. Its
// grammar:
//
//	rule     = subject ("can" | "cannot") ( reach | call )
//	subject  = [ "only" ] ( "group" | "user" ) NAME { ","  NAME } | "anyone"
//	reach    = "reach" place "with" sets
//	call     = ACTION "on" RESOURCE [ "in" place ] [ "with" sets ]
//	place    = "account" NAME | "unit" NAME | "tag" KEY=VALUE | "every" "account"
//	sets     = NAME { "," NAME } | "any" "permission" "set"
//
// Names with spaces or commas stand in double quotes. An account is named by id or name;
// a unit by id, by path or by a name that only one has, and is meant with those below it.
type Guard struct {
	Text    string // as written
	Because string // the reason that the file gives
	At      Position

	only     bool
	kind     PrincipalType // empty: anyone
	subjects []string
	can      bool

	action, resource string // of a call; empty: reach

	place Target   // as targets of assignments; Value of an account may be its name, of a unit its name or path
	sets  []string // nil: any
}

// guardsFile reads a file of guards: {"Guards": [{"expect": "..."}]}.
func (r *reading) guardsFile(t *Templates, n *node) {
	there := false
	r.object(n, "A file of guards", fields{"Guards": func(n *node) {
		there = true
		if !r.want(n, "Guards", listKind) {
			return
		}
		for _, item := range n.items {
			r.guard(t, item)
		}
	}})
	if !there && n.kind == objectKind {
		r.problem(n.at, `Write {"Guards": [{"expect": "..."}]}.`, "The file has no Guards.")
	}
}

func (r *reading) guard(t *Templates, n *node) {
	var rule *node
	because := ""
	ok := r.object(n, "A guard", fields{
		"expect":  func(n *node) { rule = n },
		"because": func(n *node) { because = r.text(n, "because") },
	})
	switch {
	case !ok:
	case rule == nil:
		r.problem(n.at, `Add "expect".`, "The guard expects nothing.")
	case r.want(rule, "expect", stringKind):
		g, err := ParseGuard(rule.text)
		if err != nil {
			r.problem(rule.at, "Such as: group contractors cannot reach unit Production with AdministratorAccess", "%v.", err)
			return
		}
		g.Because, g.At = because, rule.at
		t.Guards = append(t.Guards, g)
	}
}

// longestGuard is more than any rule needs.
const longestGuard = 2000

// ParseGuard reads a rule.
func ParseGuard(text string) (Guard, error) {
	if len(text) > longestGuard {
		return Guard{}, fmt.Errorf("a rule has at most %d characters", longestGuard)
	}
	words, err := guardWords(text)
	if err != nil {
		return Guard{}, err
	}
	p := &guardParser{words: words, g: Guard{Text: text}}
	p.rule()
	if p.err == nil && len(p.words) > 0 {
		p.fail("nothing more")
	}
	return p.g, p.err
}

// word is a word of a rule; what stood in quotes is never a keyword.
type word struct {
	text   string
	quoted bool
}

func guardWords(text string) (words []word, err error) {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return words, nil
		}
		if text[0] == '"' {
			name, rest, closed := strings.Cut(text[1:], `"`)
			if !closed || name == "" {
				return nil, fmt.Errorf("a quotation mark is not closed, or closed at once")
			}
			words, text = append(words, word{name, true}), rest
			continue
		}
		end := strings.IndexAny(text, " \t\r\n\",")
		if end < 0 {
			end = len(text)
		} else if text[end] == ',' && end == 0 {
			end = 1
		}
		words, text = append(words, word{text: text[:end]}), text[end:]
	}
}

type guardParser struct {
	words []word
	g     Guard
	err   error
}

func (p *guardParser) fail(want string) {
	if p.err != nil {
		return
	}
	found := "the rule ends"
	if len(p.words) > 0 {
		found = fmt.Sprintf("there is %q", clip(p.words[0].text))
	}
	p.err = fmt.Errorf("%s is expected where %s", want, found)
}

// is takes the keyword when it is next.
func (p *guardParser) is(keyword string) bool {
	if p.err != nil || len(p.words) == 0 || p.words[0].quoted || p.words[0].text != keyword {
		return false
	}
	p.words = p.words[1:]
	return true
}

// one takes one of the keywords and says which.
func (p *guardParser) one(keywords ...string) string {
	for _, keyword := range keywords {
		if p.is(keyword) {
			return keyword
		}
	}
	p.fail(strings.Join(keywords, " or "))
	return ""
}

var keywords = []string{"only", "group", "user", "anyone", "can", "cannot", "reach", "with", "on", "in", "account", "unit", "tag", "every", "any", "permission", "set", ","}

func (p *guardParser) name(what string) string {
	if p.err != nil {
		return ""
	}
	if len(p.words) == 0 || !p.words[0].quoted && slices.Contains(keywords, p.words[0].text) {
		p.fail(what + " (in quotes, if it is called so)")
		return ""
	}
	name := p.words[0].text
	p.words = p.words[1:]
	return name
}

func (p *guardParser) names(what string) (names []string) {
	for {
		names = append(names, p.name(what))
		if !p.is(",") {
			return names
		}
	}
}

var guardAction = regexp.MustCompile(`^(\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+)$`)

func (p *guardParser) rule() {
	g := &p.g
	g.only = p.is("only")
	switch {
	case !g.only && p.is("anyone"):
	case p.is("group"):
		g.kind, g.subjects = Group, p.names("the name of a group")
	case p.is("user"):
		g.kind, g.subjects = User, p.names("the name of a user")
	case g.only:
		p.fail("group or user")
	default:
		p.fail("group, user, anyone or only")
	}
	g.can = p.one("can", "cannot") == "can"
	if g.only && !g.can && p.err == nil {
		p.err = fmt.Errorf("only is about who can: there is no \"only ... cannot\"")
	}
	if p.is("reach") {
		p.place()
		p.one("with")
		p.setNames()
		return
	}
	g.action = p.name("reach, or an action such as s3:DeleteBucket,")
	if p.err == nil && !guardAction.MatchString(g.action) {
		p.err = fmt.Errorf("%q is no action: it has the form s3:DeleteBucket", clip(g.action))
	}
	p.one("on")
	g.resource = p.name("an ARN, or *,")
	if p.err == nil && g.resource != "*" {
		if _, err := arn.Parse(g.resource); err != nil && !strings.HasPrefix(g.resource, "arn:") || strings.Count(g.resource, ":") < 5 {
			p.err = fmt.Errorf("%q is no resource: it is an ARN, or *", clip(g.resource))
		}
	}
	g.place = Target{Kind: ByRoot, Nested: true, Text: "every account"}
	if p.is("in") {
		p.place()
	}
	if p.is("with") {
		p.setNames()
	}
	if p.err == nil && g.can && !g.only && (strings.ContainsAny(g.action, "*?") || strings.ContainsAny(g.resource, "*?")) {
		p.err = fmt.Errorf("what somebody can is asked about one action on one resource, without wildcards")
	}
}

func (p *guardParser) place() {
	t := &p.g.place
	switch p.one("account", "unit", "tag", "every") {
	case "account":
		t.Kind, t.Value = ByAccount, p.name("the id or the name of an account")
		t.Text = "account " + t.Value
	case "unit":
		t.Kind, t.Value, t.Nested = ByUnit, p.name("the name, the path or the id of a unit"), true
		t.Text = "unit " + t.Value
	case "tag":
		pair := p.name("key=value")
		key, value, ok := strings.Cut(pair, "=")
		if p.err == nil && (!ok || key == "") {
			p.err = fmt.Errorf("%q is no tag: it has the form key=value", clip(pair))
		}
		t.Kind, t.Value, t.Tag, t.Text = ByTag, key, value, "tag "+pair
	case "every":
		p.one("account")
		t.Kind, t.Nested, t.Text = ByRoot, true, "every account"
	}
}

func (p *guardParser) setNames() {
	if p.is("any") {
		p.one("permission")
		p.one("set")
		return
	}
	p.g.sets = p.names("the name of a permission set, or any permission set,")
}
