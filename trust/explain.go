package trust

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// Question is whether something that runs in a place would be let in.
type Question struct {
	Claims
	Issuer string    // the address of the server that vouches, with https://; empty: any that the policy names
	Now    time.Time // for conditions that ask
}

// Answer is what a trust policy says to each way of asking.
type Answer struct {
	Ways []Way `json:"ways"`
	// Open are condition keys of the policy whose values only a real request has: what
	// hangs on them is not known.
	Open []string `json:"open,omitempty"`
}

// Admitted tells whether one way of asking is let in.
func (a Answer) Admitted() bool {
	return slices.ContainsFunc(a.Ways, func(w Way) bool { return w.Admitted })
}

// Way is one way of asking: as whom, by which action.
type Way struct {
	As       string          `json:"as"` // a service principal, or the ARN of a provider
	Action   string          `json:"action"`
	Admitted bool            `json:"admitted"`
	Because  string          `json:"because"`
	Traced   []policy.Traced `json:"statements"`
}

// Explain compares a trust policy with what a place would be asked in with, and decides
// by [policy.Evaluate], as STS does. Of a place without a project or environment only
// patterns that take all of them hold. Its error is that of [policy.Compile].
func Explain(document string, q Question) (Answer, error) {
	compiled, err := policy.Compile(policy.Trust, document)
	if err != nil {
		return Answer{}, err
	}
	var answer Answer
	asks := []asked{serviceAsks(Runner, q.Claims), serviceAsks(Service, q.Claims)}
	for _, provider := range providers(document) {
		if q.Issuer == "" || "https://"+ProviderName(provider) == strings.ToLower(q.Issuer) {
			asks = append(asks, webIdentityAsks(provider, q)...)
		}
	}
	known := policy.Context{}
	for _, a := range asks {
		if !q.Now.IsZero() {
			a.Context["aws:currenttime"] = []string{q.Now.UTC().Format(time.RFC3339)}
		}
		request := policy.Request{Principal: a.Principal, Action: a.Action, Resource: "*", Context: a.Context}
		decision := policy.Evaluate(&request, &policy.Policies{Resource: []policy.Named{{Name: "the trust policy", Policy: compiled}}, ResourceRequired: true})
		traced, err := policy.Trace(policy.Trust, document, &request)
		if err != nil {
			return Answer{}, err
		}
		way := Way{As: a.Principal.Name, Action: a.Action, Admitted: decision.Effect == policy.Allow, Traced: traced}
		way.Because = because(decision, traced)
		answer.Ways = append(answer.Ways, way)
		for key := range a.Context {
			known[key] = nil
		}
	}
	answer.Ways = joined(answer.Ways)
	for _, key := range compiled.ContextKeys() {
		if _, ok := known[strings.ToLower(key)]; !ok && varies(key) {
			answer.Open = append(answer.Open, key)
		}
	}
	return answer, nil
}

// varies tells whether a key is one of a real request's own: when, from where and under
// which name it comes. What else is not in the context no such request has.
func varies(key string) bool {
	key = strings.ToLower(key)
	return slices.Contains([]string{"aws:currenttime", "aws:epochtime", "aws:sourceip", "aws:useragent", "aws:requestedregion", "sts:rolesessionname", "sts:sourceidentity",
		"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"}, key) ||
		strings.HasPrefix(key, "aws:requesttag/") || strings.HasPrefix(key, "aws:resourcetag/")
}

// asked is a request to assume a role.
type asked struct {
	Principal policy.Principal
	Action    string
	Context   policy.Context
}

// serviceAsks is how one of the services asks for a run.
func serviceAsks(name string, c Claims) asked {
	context := c.session()
	for key, value := range map[string]string{
		"aws:sourcearn": c.SourceARN(), "aws:principalisawsservice": "true", "aws:principalservicename": name,
		"aws:principalservicenameslist": name, "aws:securetransport": "true",
	} {
		context[key] = []string{value}
	}
	return asked{policy.Principal{Kind: policy.Service, Name: name, ARN: name}, "sts:AssumeRole", context}
}

// session is what a session is begun with, as condition keys.
func (c Claims) session() policy.Context {
	context := policy.Context{}
	for key, value := range c.Tags() {
		context["aws:tagkeys"] = append(context["aws:tagkeys"], key)
		context["aws:requesttag/"+key] = []string{value}
	}
	slices.Sort(context["aws:tagkeys"])
	if c.SourceIdentity != "" {
		context["sts:sourceidentity"] = []string{c.SourceIdentity}
	}
	return context
}

// webIdentityAsks is how somebody asks whom an issuer vouches for: for the role, and
// for the tags and the source identity that its tokens bring.
func webIdentityAsks(provider string, q Question) (asks []asked) {
	name := ProviderName(provider)
	for _, action := range append([]string{withWebIdentity}, alsoAsked...) {
		context := q.session()
		for key, value := range map[string]string{
			"aws:federatedprovider": provider, name + ":sub": q.Subject(), name + ":aud": Audience, "aws:securetransport": "true",
		} {
			context[key] = []string{value}
		}
		asks = append(asks, asked{policy.Principal{Kind: policy.WebIdentity, Name: provider}, action, context})
	}
	return asks
}

// joined puts what one token asks for into one way: the first thing that is refused, or
// else getting in.
func joined(ways []Way) (out []Way) {
	for _, way := range ways {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].As != way.As:
			out = append(out, way)
		case out[last].Admitted && !way.Admitted:
			out[last] = way
		}
	}
	return out
}

// providers are the OpenID Connect providers that a policy lets in, each once.
func providers(document string) (arns []string) {
	d, err := policy.Parse([]byte(document))
	if err != nil {
		return nil // and it has not compiled
	}
	for i := range d.Statements {
		for _, entry := range newStatement(&d.Statements[i]).providers {
			if !slices.Contains(arns, entry.Value.Text) {
				arns = append(arns, entry.Value.Text)
			}
		}
	}
	return arns
}

// because says what decided: the statement, or the nearest that did not.
func because(d policy.Decision, traced []policy.Traced) string {
	if d.Effect != policy.ImplicitDeny {
		matches := d.Statements()
		verb := "allowed by "
		if d.Effect == policy.ExplicitDeny {
			verb = "denied by "
		}
		return verb + statementName(matches[0].Sid, matches[0].Index)
	}
	nearest, failed := -1, 0
	for i, t := range traced {
		if t.Denies || !t.Principal || !t.Action {
			continue
		}
		if wrong := failing(t); nearest < 0 || wrong < failed {
			nearest, failed = i, wrong
		}
	}
	if nearest < 0 {
		return "no statement names who asks, with this action"
	}
	for _, c := range traced[nearest].Conditions {
		if !c.Holds {
			return statementName(traced[nearest].Sid, traced[nearest].Index) + " wants " + c.Key + " " + c.Operator + " " + strings.Join(c.Wanted, " or ") + ", and the request has " + Met(c)
		}
	}
	return "no statement allows it"
}

func failing(t policy.Traced) (failed int) {
	for _, c := range t.Conditions {
		if !c.Holds {
			failed++
		}
	}
	return failed
}

func statementName(sid string, index int) string {
	if sid != "" {
		return "statement " + sid
	}
	return "statement " + strconv.Itoa(index+1)
}

// Met is what a condition met, in words.
func Met(c policy.TracedCondition) string {
	switch {
	case !c.Present:
		return "no such key"
	case len(c.Met) == 0:
		return "no value"
	}
	return strings.Join(c.Met, " and ")
}
