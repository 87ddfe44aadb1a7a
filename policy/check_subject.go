package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What lines of the table of checks ask of their subjects.

func always(*subject) bool { return true }

func isNotAlphanumeric(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9')
}

func isNotAction(c rune) bool { return !strings.ContainsRune("*?_-.", c) && isNotAlphanumeric(c) }

// Size is how many characters of a document count where IAM sets a limit: white space
// between the parts of the JSON does not.
func Size(document string) int {
	n, quoted, escaped := 0, false, false
	for _, c := range document {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(" \t\r\n", c):
			continue
		}
		n++
	}
	return n
}

func characters(document string) int { return utf8.RuneCountInString(document) }

func larger(limit int, size func(string) int) func(*subject) bool {
	return func(s *subject) bool {
		n := size(s.source)
		s.it, s.other = strconv.Itoa(n), strconv.Itoa(limit)
		return n > limit
	}
}

// Elements.

func (s *subject) isElement(names ...string) bool {
	return s.statement != nil && slices.Contains(names, s.element)
}

func lacks(names ...string) func(*subject) bool {
	return func(s *subject) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return s.statement.Member(name) != nil })
	}
}

func has(names ...string) func(*subject) bool {
	return func(s *subject) bool {
		for _, name := range names {
			if m := s.statement.Member(name); m != nil {
				*s = s.in(m)
				s.toName()
				return true
			}
		}
		return false
	}
}

func both(is, not string) func(*subject) bool {
	return func(s *subject) bool { return s.statement.Member(is) != nil && has(not)(s) }
}

// toElement moves from a statement to the name of one of its elements, if it is there.
func (s *subject) toElement(name string) bool { return has(name)(s) }

func anEmpty(names ...string) func(*subject) bool {
	return func(s *subject) bool {
		return s.isElement(names...) && s.node.Kind == ListNode && len(s.node.Items) == 0
	}
}

var documentElements = []string{"Version", "Id", "Statement"}

var statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}

func anUnknownElement(s *subject) bool {
	known := documentElements
	if s.statement != nil {
		known = statementElements
	}
	if slices.Contains(known, s.element) {
		return false
	}
	s.toName()
	s.other = perhaps(nearest(s.it, slices.Values(known)))
	return true
}

func perhaps(name string) string {
	if name == "" {
		return ""
	}
	return ", perhaps " + name
}

func aRepeatedSid(s *subject) bool {
	return s.statement != nil && s.element == "Sid" && s.node.Kind == StringNode && s.sids[s.it]
}

func (s *subject) has(m *Member, text string) bool { return m != nil && m.Value.IsText(text) }

func (s *subject) allows() bool { return s.has(s.statement.Effect, "Allow") }
func (s *subject) denies() bool { return s.has(s.statement.Effect, "Deny") }

// is reports whether the element is the text and nothing else.
func (s *subject) is(element, text string) bool {
	m := s.statement.Member(element)
	if m == nil {
		return false
	}
	values := m.Values()
	return len(values) == 1 && values[0].IsText(text)
}

// covered reports whether a sibling covers the subject, and says which.
func (s *subject) covered(fold bool) bool {
	if len(s.siblings) < 2 {
		return false
	}
	by := s.coveredBy(fold)
	if by != nil {
		s.other = by.Text
	}
	return by != nil
}

// does reports whether the statement is about the action. It is not among what has a
// budget: nothing a document holds may keep it from being found out.
func (s *subject) does(action string) bool {
	done, asked := s.statement.does[action]
	if asked {
		return done
	}
	service, name, _ := strings.Cut(lower(action), ":")
	listed := func(m *Member) bool {
		return slices.ContainsFunc(m.Values(), func(n Node) bool {
			p, reason := newActionPattern(n.Text)
			return reason == "" && (p.service == "" || p.service == service) && p.name.match(name)
		})
	}
	if s.statement.NotAction != nil {
		done = !listed(s.statement.NotAction)
	} else {
		done = listed(s.statement.Action)
	}
	s.statement.does[action] = done
	return done
}

// form is how a statement comes to include something.
type form uint8

const (
	named    form = iota // by its name
	starred              // by a wildcard
	excepted             // by not excepting it
)

// careful is an action that should not be allowed on everything.
type careful struct {
	action string
	key    string // of a condition that makes it harmless
}

var (
	passRole   = careful{"iam:PassRole", "iam:passedtoservice"}
	createRole = careful{"iam:CreateServiceLinkedRole", "iam:awsservicename"}
)

func (c careful) with(action, resource form) func(*subject) bool {
	return func(s *subject) bool {
		return s.allows() && c.allowed(s) == action+1 && !s.demands(c.key) && s.toWideResource(resource)
	}
}

// allowed says how a statement includes the action, one more than the form; 0: not.
func (c careful) allowed(s *subject) form {
	if !s.does(c.action) {
		return 0
	}
	if s.statement.NotAction != nil {
		return excepted + 1
	}
	for _, n := range s.statement.Action.Values() {
		if strings.EqualFold(n.Text, c.action) {
			return named + 1
		}
	}
	return starred + 1
}

// toWideResource moves to what makes the statement be about any role.
func (s *subject) toWideResource(f form) bool {
	switch {
	case f == excepted:
		return s.toElement("NotResource")
	case s.statement.Resource == nil:
		return false
	}
	found := false
	s.each(s.statement.Resource, func(value subject) {
		a := cutARN(value.it)
		anyRole := slices.Contains([]string{"*", "role/*", "role*"}, a.part(5)) && (a.part(2) == "iam" || a.part(2) == "*")
		if !found && (value.it == "*" || anyRole) {
			found, *s = true, value
		}
	})
	return found
}

// ARNs.

func aPart(i int, is func(part string, a arnParts) bool) func(*subject) bool {
	return func(s *subject) bool {
		a := cutARN(s.it)
		if !strings.HasPrefix(s.it, "arn:") || !a.whole() || !is(a.part(i), a) {
			return false
		}
		s.toPart(a, i)
		return true
	}
}

// isSpace: spaces and projects of CodeCatalyst's kind, which have neither Region nor
// account.
func (a arnParts) isSpace() bool {
	return a.part(2) == "codecatalyst" && strings.HasPrefix(a.part(5), "space/")
}

// isBucket: buckets of S3 and what is in them, of which the same is true.
func (a arnParts) isBucket() bool {
	if a.part(2) != "s3" || isOpen(a.part(5)[:min(1, len(a.part(5)))]) {
		return false
	}
	for _, other := range []string{"accesspoint", "job/", "storage-lens", "access-grants/", "async-request/"} {
		if strings.HasPrefix(a.part(5), other) {
			return false
		}
	}
	return true
}

// Principals.

func (s *subject) isType(name string) bool { return s.member != nil && s.member.Name == name }

// toTypeName moves from a principal to the name of its type.
func (s *subject) toTypeName() bool {
	s.start, s.end, s.it = s.member.Start, s.member.End, s.member.Name
	if s.path[len(s.path)-1].Kind == PathIndex {
		s.path = s.path[:len(s.path)-1]
	}
	s.path = append(slices.Clone(s.path[:len(s.path)-1]), PathElement{Kind: PathKey, Name: s.member.Name})
	return true
}

// provider is what kind of identity provider a Federated principal is.
type provider uint8

const (
	samlProvider provider = iota
	oidcProvider
)

func providerOf(name string) (p provider, ok bool) {
	a := cutARN(name)
	switch {
	case strings.HasPrefix(name, "arn:") && a.part(2) == "iam" && strings.HasPrefix(a.part(5), "saml-provider/"):
		return samlProvider, true
	case strings.HasPrefix(name, "arn:") && a.part(2) == "iam" && strings.HasPrefix(a.part(5), "oidc-provider/"):
		return oidcProvider, true
	}
	return oidcProvider, !strings.ContainsAny(name, ": /") && strings.Contains(name, ".")
}

const gitHub = "token.actions.githubusercontent.com"

// issuer is the OpenID Connect provider that an Allow lets in, as condition keys call
// it: in lower case in the first, as written in {other}.
func (s *subject) issuer() (string, bool) {
	p, ok := providerOf(s.it)
	if !s.isType("Federated") || !ok || p != oidcProvider || !s.allows() {
		return "", false
	}
	s.other = s.it
	if _, path, found := strings.Cut(s.it, ":oidc-provider/"); found {
		s.other = path
	}
	return lower(s.other), true
}

// demandsClaim reports whether a condition demands a claim of the issuer's tokens.
func (s *subject) demandsClaim(issuer, claim string) bool { return s.demands(issuer + ":" + claim) }

// waysIn names the action that a principal of a trust policy would need, when the
// statement has some for assuming the role, but none for the likes of it.
func (s *subject) waysIn() string {
	if !s.allows() || s.member == nil || s.statement.Action == nil {
		return ""
	}
	wanted := "sts:AssumeRole"
	if s.member.Name == "Federated" {
		p, ok := providerOf(s.it)
		switch {
		case !ok:
			return ""
		case p == samlProvider:
			wanted = "sts:AssumeRoleWithSAML"
		default:
			wanted = "sts:AssumeRoleWithWebIdentity"
		}
	}
	if s.does(wanted) || !(s.does("sts:AssumeRole") || s.does("sts:AssumeRoleWithSAML") || s.does("sts:AssumeRoleWithWebIdentity")) {
		return ""
	}
	return wanted
}

// hasParentRole reports whether the principal is a session of a role listed beside it.
func (s *subject) hasParentRole() bool {
	a := cutARN(s.it)
	name, found := strings.CutPrefix(a.part(5), "assumed-role/")
	if !found || len(s.siblings) > 200 {
		return false
	}
	name, _, _ = strings.Cut(name, "/")
	for _, n := range s.siblings {
		role := cutARN(n.Text)
		if path, found := strings.CutPrefix(role.part(5), "role/"); found && role.part(4) == a.part(4) && path[strings.LastIndexByte(path, '/')+1:] == name {
			s.other = n.Text
			return true
		}
	}
	return false
}

func (s *subject) isCodeCatalyst() bool {
	return s.it == "codecatalyst.amazonaws.com" || s.it == "codecatalyst-runner.amazonaws.com"
}

// sourceKeys say for whom a service acts.
var sourceKeys = []string{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}

// ownServices assume only roles that somebody of the role's own account has passed to
// them, and do not say for which resource.
var ownServices = []string{"ec2.amazonaws.com", "lambda.amazonaws.com", "edgelambda.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"}

// isDeputy reports whether the principal is a service let in for whomever it acts.
func (s *subject) isDeputy() bool {
	if !s.isType("Service") || s.element != "Principal" || !s.allows() {
		return false
	}
	if s.isCodeCatalyst() {
		return !s.demands("aws:sourcearn")
	}
	return !s.demands(sourceKeys...) && !s.demands("sts:externalid") && !(s.kind == Trust && slices.Contains(ownServices, s.it))
}

// Conditions.

// demands reports whether a condition demands a value of one of the keys.
func (s *subject) demands(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return s.statement.demanded[key] })
}

// saysNotWho are keys whose conditions strangers can meet as well as anybody.
var saysNotWho = []string{"aws:securetransport", "aws:currenttime", "aws:epochtime", "aws:useragent", "aws:referer", "aws:requestedregion", "aws:tagkeys", "sts:rolesessionname"}

// familyNames are how the operators of a family begin. Those that compare strings are one.
var familyNames = map[family]string{
	stringFamily: "String", foldedFamily: "String", likeFamily: "String", numericFamily: "Numeric", dateFamily: "Date",
	boolFamily: "Bool", ipFamily: "IpAddress", arnFamily: "Arn", nullFamily: "Null",
}

func (s *subject) operatorIs(name string) bool {
	return s.condition.known && strings.Contains(s.condition.Operator.Name, name)
}

func nearestOperator(name string) string {
	if _, rest, found := strings.Cut(name, ":"); found {
		name = rest
	}
	return nearest(strings.TrimSuffix(name, "IfExists"), func(yield func(string) bool) {
		names := make([]string, 0, len(operators))
		for name := range operators {
			names = append(names, name)
		}
		slices.Sort(names)
		slices.Values(names)(yield)
	})
}

func isUnknownGlobal(name string, suggestion *string) bool {
	key := lower(name)
	if !strings.HasPrefix(key, "aws:") || slices.Contains(tagKeys, key) || globalKeyOf(key) != nil {
		return false
	}
	*suggestion = perhaps(nearest(key, func(yield func(string) bool) {
		for i := range globalKeys {
			if !yield(globalKeys[i].name) {
				return
			}
		}
	}))
	return true
}

// aKeyTwice looks for a key of an operator that is there in another spelling.
func aKeyTwice(s *subject) bool {
	seen := map[string]bool{}
	for i := range s.node.Members {
		m := &s.node.Members[i]
		if seen[lower(m.Name)] {
			*s = s.in(m)
			s.toName()
			return true
		}
		seen[lower(m.Name)] = true
	}
	return false
}

func anEmptyKey(of set, ifExists bool) func(*subject) bool {
	return func(s *subject) bool {
		s.other = s.member.Name
		return len(s.siblings) == 0 && s.condition.known && s.condition.set == of && (of != noSet || s.condition.ifExists == ifExists)
	}
}

// aWrongValue looks for values that operators of these names cannot compare.
func aWrongValue(names ...string) func(*subject) bool {
	return func(s *subject) bool {
		c := s.condition.condition
		return s.condition.known && slices.Contains(names, familyNames[c.family]) && !strings.Contains(s.it, "${") && c.add(s.it, false, keySet{}) != nil
	}
}

// privateAddresses counts the values of aws:SourceIp that no request has; -1 for other
// keys.
func (s *subject) privateAddresses() (n int) {
	if s.condition.key != "aws:sourceip" || !s.condition.known || s.condition.family != ipFamily || len(s.siblings) == 0 {
		return -1
	}
	for _, v := range s.siblings {
		if p, ok := parsePrefix(v.Text); ok && isPrivate(p) {
			n++
		}
	}
	return n
}

var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}

func isPrivate(p netip.Prefix) bool {
	return slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) })
}

// isNotNetwork reports whether the value is not an id with the prefix.
func (s *subject) isNotNetwork(prefix string) bool {
	if !s.condition.known || s.condition.family == nullFamily || isOpen(s.it) {
		return false
	}
	id, found := strings.CutPrefix(s.it, prefix)
	return !found || len(id) != 8 && len(id) != 17 || strings.ContainsFunc(id, isNotAlphanumeric)
}

// rcpServices are those that heed resource control policies: "List of AWS services that
// support RCPs" in the AWS Organizations User Guide.
var rcpServices = []string{
	"aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory", "cloudfront", "cloudsearch", "cloudtrail-data",
	"codeartifact", "codebuild", "codecommit", "codepipeline", "cognito-identity", "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer",
	"cost-optimization-hub", "dax", "dsql", "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan",
	"kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch", "pca-connector-ad", "personalize", "polly",
	"pricing", "resource-groups", "rolesanywhere", "s3", "secretsmanager", "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract",
	"timestream-influxdb", "transcribe", "transfer", "translate", "wafv2", "workspaces", "xray",
}
