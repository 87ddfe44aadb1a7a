package awsapi

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/wire"
)

// STS is the service of that name, API version 2011-06-15: who a key is, and
// temporary credentials.
type STS struct {
	Accounts      *account.Store
	Authorizer    *authz.Authorizer
	Audit         *audit.Log
	WebIdentities *authn.WebIdentities
}

func (s *STS) service() *service {
	const elsewhere = "is not offered by Sallyport"
	return &service{
		Service: operation.Service{Source: "sts"}, signing: "sts",
		errors: stsErrors, constraints: stsConstraints,
		version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		operations: []*operation.Operation{
			operation.Read("GetCallerIdentity", s.getCallerIdentity, authz.Signed()),
			operation.Write("AssumeRole", s.assumeRole, authz.IAM("sts:AssumeRole", "{RoleArn}")),
			operation.Write("AssumeRoleWithWebIdentity", s.assumeRoleWithWebIdentity, authz.Public(), operation.Limit(600), operation.Prepare(s.verifyWebIdentity)),
			operation.Refused[sts.AssumeRoleWithSAMLInput, sts.AssumeRoleWithSAMLOutput]("AssumeRoleWithSAML", false,
				"SAML federation is not offered by this version of Sallyport: use AssumeRoleWithWebIdentity", authz.Public()),
			operation.Write("GetSessionToken", s.getSessionToken, authz.Signed()),
			operation.Write("GetFederationToken", s.getFederationToken, authz.IAM("sts:GetFederationToken", "federated-user/{Name}")),
			operation.Read("GetAccessKeyInfo", s.getAccessKeyInfo, authz.IAM("sts:GetAccessKeyInfo", "*")),
			operation.Read("DecodeAuthorizationMessage", s.decodeAuthorizationMessage, authz.IAM("sts:DecodeAuthorizationMessage", "*"), operation.Settled()),
			operation.Refused[sts.AssumeRootInput, sts.AssumeRootOutput]("AssumeRoot", false, elsewhere, authz.IAM("sts:AssumeRoot", "arn:aws:iam::{TargetPrincipal}:root")),
			operation.Refused[sts.GetDelegatedAccessTokenInput, sts.GetDelegatedAccessTokenOutput]("GetDelegatedAccessToken", false, elsewhere, authz.IAM("sts:GetDelegatedAccessToken", "*")),
			operation.Refused[sts.GetWebIdentityTokenInput, sts.GetWebIdentityTokenOutput]("GetWebIdentityToken", false, elsewhere, authz.IAM("sts:GetWebIdentityToken", "*")),
		},
	}
}

// Reasons of STS's own.
const (
	reasonPackedSize    fault.Reason = "PackedPolicyTooLarge"
	reasonBadMessage    fault.Reason = "InvalidAuthorizationMessage"
	reasonInvalidMember fault.Reason = "InvalidParameterValue"
)

var stsErrors = queryErrors.with(errorTable{
	reasons: map[fault.Reason]code{
		authn.ReasonInvalidIdentityToken: {http.StatusBadRequest, "InvalidIdentityToken"},
		authn.ReasonExpiredIdentityToken: {http.StatusBadRequest, "ExpiredTokenException"},
		authn.ReasonRejectedClaim:        {http.StatusForbidden, "IDPRejectedClaim"},
		authn.ReasonIDPCommunication:     {http.StatusBadRequest, "IDPCommunicationError"},
		account.ReasonMalformed:          {http.StatusBadRequest, "MalformedPolicyDocument"},
		account.ReasonPolicySize:         {http.StatusBadRequest, "PackedPolicyTooLarge"},
		reasonPackedSize:                 {http.StatusBadRequest, "PackedPolicyTooLarge"},
		reasonBadMessage:                 {http.StatusBadRequest, "InvalidAuthorizationMessageException"},
		reasonInvalidMember:              {http.StatusBadRequest, "InvalidParameterValue"},
	},
	kinds: map[fault.Kind]code{
		fault.NotFound:    {http.StatusBadRequest, "ValidationError"},
		fault.Unsupported: {http.StatusBadRequest, "ValidationError"},
		fault.Quota:       {http.StatusBadRequest, "PackedPolicyTooLarge"},
		fault.Conflict:    {http.StatusBadRequest, "ValidationError"},
	},
})

var stsConstraints = func() wire.Constraints {
	name := regexp.MustCompile(`^[\w+=,.@-]*$`)
	text := wire.Constraint{Max: 2048}
	return wire.Constraints{
		"RoleArn":                 {Required: true, Min: 20, Max: 2048, Pattern: regexp.MustCompile(`^arn:[^:]*:iam:.+$`)},
		"RoleSessionName":         {Required: true, Min: 2, Max: 64, Pattern: name},
		"ExternalId":              {Min: 2, Max: 1224, Pattern: regexp.MustCompile(`^[\w+=,.@:/-]*$`)},
		"DurationSeconds":         {Min: 900, Max: 129600},
		"Policy":                  {Min: 1, Max: 100000},
		"PolicyArns":              {Max: 10},
		"Tags":                    {Max: 50},
		"TransitiveTagKeys":       {Max: 50},
		"SourceIdentity":          {Min: 2, Max: 64, Pattern: name},
		"SerialNumber":            {Min: 9, Max: 256},
		"TokenCode":               {Min: 6, Max: 6},
		"ProvidedContexts":        {Max: 5},
		"MinimumSessionTokenSize": {},
		"WebIdentityToken":        {Required: true, Min: 4, Max: 20000},
		"ProviderId":              {Min: 4, Max: 2048},
		"Name":                    {Required: true, Min: 2, Max: 32, Pattern: name},
		"AccessKeyId":             {Required: true, Min: 16, Max: 128, Pattern: regexp.MustCompile(`^\w*$`)},
		"EncodedMessage":          {Required: true, Min: 1, Max: 10240},
		"PrincipalArn":            text, "SAMLAssertion": {Max: 100000}, "TargetPrincipal": text, "TaskPolicyArn": {}, "TradeInToken": {Max: 4096},
		"Audience": {Max: 10}, "SigningAlgorithm": text,
		"GetWebIdentityToken.DurationSeconds": {}, "AssumeRoot.DurationSeconds": {},
	}
}()

func (s *STS) getCallerIdentity(q *operation.Query, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	p := q.Caller.Principal
	return &sts.GetCallerIdentityOutput{Account: &p.Account, Arn: aws.String(p.Caller()), UserId: &p.UserID}, nil
}

// An hour is how long credentials last when the caller does not say, and at most
// when a root user or a role's own session asks: "Role chaining" and the
// DurationSeconds of each operation in the STS API Reference.
const anHour = time.Hour

// sessionTerms are what every kind of temporary credentials is asked for with.
type sessionTerms struct {
	duration *int32
	policy   *string
	arns     []types.PolicyDescriptorType
	tags     []types.Tag
	size     *int32
}

// begin reads the terms. least is the lifetime when none is asked for, most the longest.
func (s *STS) begin(tx *database.ReadTx, t sessionTerms, in account.ID, least, most time.Duration) (time.Duration, account.Session, error) {
	session := account.Session{}
	if t.size != nil {
		return 0, session, fault.Unsupportedf("MinimumSessionTokenSize is not offered: session tokens have one size")
	}
	lifetime := least
	if t.duration != nil {
		lifetime = time.Duration(*t.duration) * time.Second
	}
	if lifetime > most {
		return 0, session, fault.Invalidf("The requested DurationSeconds exceeds the longest this credential may last, %d", int(most/time.Second))
	}
	if t.policy != nil {
		if err := account.CheckDocument(policy.Session, *t.policy, longestSessionPolicy); err != nil {
			return 0, session, err
		}
		session.Policies, session.Limited = []string{*t.policy}, true
	}
	for _, arn := range t.arns {
		if err := s.Accounts.Attachable(tx, in, aws.ToString(arn.Arn)); err != nil {
			return 0, session, err
		}
		session.PolicyARNs, session.Limited = append(session.PolicyARNs, *arn.Arn), true
	}
	tags, err := account.NewTags(t.tags, func(t types.Tag) (string, string) { return aws.ToString(t.Key), aws.ToString(t.Value) })
	session.Tags = tags
	return lifetime, session, err
}

const longestSessionPolicy = 2048

func (s *STS) assumeRole(c *operation.Command, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	caller := c.Caller.Principal
	if caller.Principal.Kind == policy.AccountRoot {
		return nil, fault.Deniedf("Roles may not be assumed by root accounts: sign as a user or role")
	}
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, fault.Unsupportedf("multi-factor authentication is not offered for principals of accounts: leave SerialNumber and TokenCode out")
	}
	if in.ProvidedContexts != nil {
		return nil, fault.Unsupportedf("ProvidedContexts are not offered")
	}
	role, err := s.Accounts.RoleByARN(c.Tx.Reading(), aws.ToString(in.RoleArn))
	if err != nil {
		return nil, err
	}
	most := role.MaxSession
	byRole := caller.Kind == account.RoleSession
	if byRole && in.DurationSeconds != nil && *in.DurationSeconds > int32(anHour/time.Second) {
		return nil, fault.Invalidf("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	lifetime, session, err := s.begin(c.Tx.Reading(), sessionTerms{in.DurationSeconds, in.Policy, in.PolicyArns, in.Tags, in.MinimumSessionTokenSize}, role.Account, anHour, most)
	if err != nil {
		return nil, err
	}
	if err := inherit(caller, &session, in); err != nil {
		return nil, err
	}
	if caller.Principal.Kind == policy.Service {
		c.RecordIn(role.Account.Scope())
	} else {
		if err := s.mayAlso(c, in, session); err != nil {
			return nil, err
		}
		c.RecordIn(scopes(caller.ID(), role.Account)...)
	}
	issued, err := s.issueRole(c.Tx, role, *in.RoleSessionName, lifetime, session, caller.User)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: issued.user, Credentials: issued.credentials, PackedPolicySize: packed(session), SourceIdentity: given(session.SourceIdentity),
	}, nil
}

// scopes are the logs an event belongs to that reaches from one account into another.
func scopes(accounts ...account.ID) (scopes []seal.Scope) {
	for _, id := range accounts {
		if scope := id.Scope(); !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// inherit takes along what a chain of roles carries: transitive tags, which the
// next one must not set otherwise, and the source identity, which never changes.
func inherit(caller *account.Principal, session *account.Session, in *sts.AssumeRoleInput) error {
	for _, key := range in.TransitiveTagKeys {
		if _, ok := session.Tags.Find(key); !ok {
			return fault.WithReason(reasonInvalidMember, fault.Invalidf("The transitive tag key %.140q is not among the session's tags", key))
		}
	}
	session.Transitive = in.TransitiveTagKeys
	session.SourceIdentity = aws.ToString(in.SourceIdentity)
	from := caller.Session
	if from == nil {
		return nil
	}
	for _, key := range from.Transitive {
		value, _ := from.Tags.Find(key)
		if _, set := session.Tags.Find(key); set {
			return fault.WithReason(reasonInvalidMember, fault.Invalidf("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: %.140q", key))
		}
		session.Tags[key] = value
		session.Transitive = append(session.Transitive, key)
	}
	if _, err := account.Tags(nil).With(session.Tags); err != nil {
		return err
	}
	switch {
	case from.SourceIdentity == "":
	case session.SourceIdentity != "" && session.SourceIdentity != from.SourceIdentity:
		return fault.Deniedf("The source identity %s of the calling session cannot be changed", from.SourceIdentity)
	default:
		session.SourceIdentity = from.SourceIdentity
	}
	return nil
}

// mayAlso asks for what AssumeRole needs beside itself: sts:TagSession when the
// session gets tags, its own or inherited, and sts:SetSourceIdentity when it
// gets one. Each side must allow them as it allows AssumeRole. A service is not asked
// for them: the trust policies that AWS prints for CodeCatalyst allow AssumeRole alone,
// and what the service says of a session is not its user's to choose.
func (s *STS) mayAlso(c *operation.Command, in *sts.AssumeRoleInput, session account.Session) error {
	var actions []string
	if len(session.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if session.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		own := policy.Context{"sts:rolesessionname": {*in.RoleSessionName}}
		if in.ExternalId != nil {
			own["sts:externalid"] = []string{*in.ExternalId}
		}
		addSession(own, session)
		if err := s.Authorizer.Require(c.Tx.Reading(), c.Caller, c.Request.Circumstances(), action, *in.RoleArn, own); err != nil {
			return err
		}
	}
	return nil
}

// addSession is a session's tags and source identity as condition keys.
func addSession(c policy.Context, session account.Session) {
	for key, value := range session.Tags {
		c["aws:tagkeys"] = append(c["aws:tagkeys"], key)
		c["aws:requesttag/"+strings.ToLower(key)] = []string{value}
	}
	if session.Transitive != nil {
		c["sts:transitivetagkeys"] = session.Transitive
	}
	if session.SourceIdentity != "" {
		c["sts:sourceidentity"] = []string{session.SourceIdentity}
	}
}

// issued are credentials as STS answers them.
type issued struct {
	user        *types.AssumedRoleUser
	credentials *types.Credentials
}

func (s *STS) issueRole(tx *database.Tx, role account.Entity, name string, lifetime time.Duration, session account.Session, behalf directory.UserID) (issued, error) {
	t, err := s.Accounts.Issue(tx, account.NewTemporary{
		Account: role.Account, Entity: role.ID, Kind: account.RoleSession, Name: name, Lifetime: lifetime, Session: session, User: behalf,
	})
	return issued{
		&types.AssumedRoleUser{
			Arn:           aws.String(role.Account.Session("assumed-role/" + role.Name + "/" + name)),
			AssumedRoleId: aws.String(string(role.ID) + ":" + name),
		},
		credentials(t),
	}, err
}

func credentials(t account.Temporary) *types.Credentials {
	return &types.Credentials{AccessKeyId: &t.AccessKeyID, SecretAccessKey: &t.SecretAccessKey, SessionToken: &t.SessionToken, Expiration: &t.ExpiresAt}
}

// packed is how much of the room for session policies and tags is taken, in
// percent. AWS packs them in a way it does not document; this is of their length.
func packed(session account.Session) *int32 {
	if !session.Limited && len(session.Tags) == 0 {
		return nil
	}
	size := 0
	for _, text := range slices.Concat(session.Policies, session.PolicyARNs) {
		size += len(text)
	}
	for key, value := range session.Tags {
		size += len(key) + len(value)
	}
	const room = longestSessionPolicy + 10*2048 + 50*(128+256)
	return aws.Int32(max(1, int32(size*100/room)))
}

func (s *STS) getSessionToken(c *operation.Command, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	caller := c.Caller.Principal
	if caller.Session != nil {
		return nil, fault.Deniedf("Cannot call GetSessionToken with session credentials: sign with a long-lived access key")
	}
	if in.SerialNumber != nil || in.TokenCode != nil {
		return nil, fault.Unsupportedf("multi-factor authentication is not offered for principals of accounts: leave SerialNumber and TokenCode out")
	}
	least, most := 12*time.Hour, 36*time.Hour
	if caller.Principal.Kind == policy.AccountRoot {
		least, most = anHour, anHour
		if in.DurationSeconds != nil { // AWS shortens the root user's instead of refusing
			in.DurationSeconds = aws.Int32(min(*in.DurationSeconds, int32(anHour/time.Second)))
		}
	}
	lifetime, session, err := s.begin(c.Tx.Reading(), sessionTerms{duration: in.DurationSeconds, size: in.MinimumSessionTokenSize}, caller.ID(), least, most)
	if err != nil {
		return nil, err
	}
	t, err := s.Accounts.Issue(c.Tx, account.NewTemporary{Account: caller.ID(), Entity: caller.Entity, Kind: account.SessionToken, Lifetime: lifetime, Session: session})
	return &sts.GetSessionTokenOutput{Credentials: credentials(t)}, err
}

func (s *STS) getFederationToken(c *operation.Command, in *sts.GetFederationTokenInput) (*sts.GetFederationTokenOutput, error) {
	caller := c.Caller.Principal
	if caller.Session != nil {
		return nil, fault.Deniedf("Cannot call GetFederationToken with session credentials: sign with a long-lived access key")
	}
	least, most := 12*time.Hour, 36*time.Hour
	if caller.Principal.Kind == policy.AccountRoot {
		least, most = anHour, anHour
	}
	lifetime, session, err := s.begin(c.Tx.Reading(), sessionTerms{in.DurationSeconds, in.Policy, in.PolicyArns, in.Tags, in.MinimumSessionTokenSize}, caller.ID(), least, most)
	if err != nil {
		return nil, err
	}
	if len(session.Tags) > 0 {
		own := policy.Context{}
		addSession(own, session)
		if err := s.Authorizer.Require(c.Tx.Reading(), c.Caller, c.Request.Circumstances(), "sts:TagSession", "federated-user/"+*in.Name, own); err != nil {
			return nil, err
		}
	}
	// "If you do not pass a policy, the resulting federated user session has no
	// permissions" (GetFederationToken).
	session.Limited = true
	t, err := s.Accounts.Issue(c.Tx, account.NewTemporary{
		Account: caller.ID(), Entity: caller.Entity, Kind: account.FederatedUser, Name: *in.Name, Lifetime: lifetime, Session: session,
	})
	return &sts.GetFederationTokenOutput{
		Credentials: credentials(t), PackedPolicySize: packed(session),
		FederatedUser: &types.FederatedUser{Arn: aws.String(caller.ID().Session("federated-user/" + *in.Name)), FederatedUserId: aws.String(caller.Account + ":" + *in.Name)},
	}, err
}

func (s *STS) getAccessKeyInfo(q *operation.Query, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	owner, err := s.Accounts.AccountOfKey(q.Tx, *in.AccessKeyId)
	return &sts.GetAccessKeyInfoOutput{Account: aws.String(string(owner))}, err
}

// decodeAuthorizationMessage shows why policies refused a request. The message
// is the name of the refusal's event, in the log of the caller's account.
func (s *STS) decodeAuthorizationMessage(q *operation.Query, in *sts.DecodeAuthorizationMessageInput) (*sts.DecodeAuthorizationMessageOutput, error) {
	events, err := s.Audit.Events(q.Tx, audit.Filter{Scope: q.Caller.Principal.ID().Scope(), ID: *in.EncodedMessage, To: q.Tx.Now().Add(time.Minute), Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(events) == 0 || events[0].Detail.Evidence == nil {
		return nil, fault.WithReason(reasonBadMessage, fault.Invalidf("the message is not that of a refusal in the account %s", q.Caller.Principal.Account))
	}
	return &sts.DecodeAuthorizationMessageOutput{DecodedMessage: aws.String(string(events[0].Detail.Evidence))}, nil
}

// webIdentityInput is the request with what was verified of it before the
// transaction.
type webIdentityInput struct {
	sts.AssumeRoleWithWebIdentityInput

	role     account.ID // whose account the provider is in
	provider string     // ARN
	said     authn.WebIdentity
}

// verifyWebIdentity asks the identity provider that the role's account has for
// the token's issuer. An account that has none is told so whether the role
// exists or not.
func (s *STS) verifyWebIdentity(call *operation.Call, view operation.View, in *webIdentityInput) error {
	if in.ProviderId != nil {
		return fault.Unsupportedf("ProviderId is for OAuth 2.0 access tokens of providers that have no OpenID Connect: send an ID token and leave it out")
	}
	issuer, err := s.WebIdentities.Issuer(*in.WebIdentityToken)
	if err != nil {
		return err
	}
	if in.role, err = account.OfARN(*in.RoleArn); err != nil {
		return err
	}
	var provider account.Provider
	err = view(func(tx *database.ReadTx) (err error) {
		provider, err = s.Accounts.ProviderOf(tx, in.role, issuer)
		return err
	})
	if err != nil {
		return noProvider(err, issuer)
	}
	in.provider = provider.ARN()
	in.said, err = s.WebIdentities.Verify(call.Context, issuer, provider.Thumbprints, *in.WebIdentityToken)
	return err
}

func noProvider(err error, issuer string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.WithReason(authn.ReasonInvalidIdentityToken, fault.Invalidf("No OpenIDConnect provider found in your account for %.256s", issuer))
	}
	return err
}

func (s *STS) assumeRoleWithWebIdentity(c *operation.Command, in *webIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	tx := c.Tx.Reading()
	provider, err := s.Accounts.ProviderOf(tx, in.role, in.said.Issuer)
	if err != nil {
		return nil, noProvider(err, in.said.Issuer)
	}
	audience, err := intended(provider, in.said)
	if err != nil {
		return nil, err
	}
	principal := &account.Principal{
		Principal: policy.Principal{Kind: policy.WebIdentity, Name: provider.ARN()},
		UserID:    provider.Name + ":" + audience + ":" + in.said.Subject, Username: in.said.Subject,
	}
	c.RecordAsPrincipal(principal)
	c.RecordIn(in.role.Scope())
	session, err := webSession(in.said, provider, audience)
	if err == nil {
		err = s.admit(c, principal, provider, in, session, audience)
	}
	if err != nil {
		return nil, refusedIn(err) // the refusal stands in the log of the account it concerns
	}
	role, err := s.Accounts.RoleByARN(tx, *in.RoleArn)
	if err != nil {
		return nil, err
	}
	lifetime, terms, err := s.begin(tx, sessionTerms{in.DurationSeconds, in.Policy, in.PolicyArns, nil, in.MinimumSessionTokenSize}, role.Account, anHour, role.MaxSession)
	if err != nil {
		return nil, err
	}
	session.Policies, session.PolicyARNs, session.Limited = terms.Policies, terms.PolicyARNs, terms.Limited
	issued, err := s.issueRole(c.Tx, role, *in.RoleSessionName, lifetime, session, "")
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: issued.user, Credentials: issued.credentials, PackedPolicySize: packed(session),
		Audience: &audience, Provider: aws.String(provider.ARN()), SubjectFromWebIdentityToken: &in.said.Subject, SourceIdentity: given(session.SourceIdentity),
	}, err
}

func refusedIn(err error) error {
	if fault.Is(err, fault.Denied) {
		return fault.Kept(err)
	}
	return err
}

// intended is which of the provider's client ids a token is for. A token for
// somebody else must not be good here, whoever signed it.
func intended(provider account.Provider, said authn.WebIdentity) (string, error) {
	audience := said.Audience
	if said.Claims.AuthorizedParty != "" { // then it is the audience: "Available keys for AWS OIDC federation"
		audience = []string{said.Claims.AuthorizedParty}
	}
	for _, one := range audience {
		if slices.Contains(provider.ClientIDs, one) {
			return one, nil
		}
	}
	return "", fault.WithReason(authn.ReasonInvalidIdentityToken, fault.Invalidf("Incorrect token audience: the token is for %.256q, which is not among the client ids of the identity provider", strings.Join(audience, ", ")))
}

func webSession(said authn.WebIdentity, provider account.Provider, audience string) (account.Session, error) {
	session := account.Session{Provider: provider.ARN(), Subject: said.Subject, Audience: audience, SourceIdentity: said.Claims.SourceIdentity, Transitive: said.Claims.Tags.Transitive}
	var pairs []types.Tag
	for key, values := range said.Claims.Tags.Principal {
		if len(values) != 1 {
			return session, fault.WithReason(authn.ReasonInvalidIdentityToken, fault.Invalidf("the session tag %.140q in the token must have one value", key))
		}
		pairs = append(pairs, types.Tag{Key: &key, Value: &values[0]})
	}
	tags, err := account.NewTags(pairs, func(t types.Tag) (string, string) { return *t.Key, *t.Value })
	if err != nil {
		return session, err
	}
	session.Tags = tags
	for _, key := range session.Transitive {
		if _, ok := tags.Find(key); !ok {
			return session, fault.WithReason(authn.ReasonInvalidIdentityToken, fault.Invalidf("the transitive tag key %.140q in the token is not among its tags", key))
		}
	}
	if session.SourceIdentity != "" && !sourceIdentity.MatchString(session.SourceIdentity) {
		return session, fault.WithReason(authn.ReasonInvalidIdentityToken, fault.Invalidf("the source identity in the token is not one: 2 to 64 letters, digits and +=,.@-_"))
	}
	return session, nil
}

var sourceIdentity = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// admit asks the role's trust policy, and the organization's resource control
// policies, about somebody the provider vouches for.
func (s *STS) admit(c *operation.Command, principal *account.Principal, provider account.Provider, in *webIdentityInput, session account.Session, audience string) error {
	actions := []string{"sts:AssumeRoleWithWebIdentity"}
	if len(session.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if session.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		own := policy.Context{
			"sts:rolesessionname":                   {*in.RoleSessionName},
			"aws:federatedprovider":                 {provider.ARN()},
			strings.ToLower(provider.Name) + ":sub": {in.said.Subject},
			strings.ToLower(provider.Name) + ":aud": {audience},
		}
		if in.said.Claims.Methods != nil {
			own[strings.ToLower(provider.Name)+":amr"] = in.said.Claims.Methods
		}
		addSession(own, session)
		err := s.Authorizer.Require(c.Tx.Reading(), authn.Caller{Principal: principal}, c.Request.Circumstances(), action, *in.RoleArn, own)
		if fault.Is(err, fault.Denied) {
			return fault.Deniedf("Not authorized to perform %s", action)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
