package awsapi

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/policy"
)

func (o *SSOAdmin) createApplication(c *operation.Command, of center, in *ssoadmin.CreateApplicationInput) (*ssoadmin.CreateApplicationOutput, error) {
	tags, err := ssoTags(in.Tags)
	if err != nil {
		return nil, err
	}
	setup := identitycenter.ApplicationSetup{Description: aws.ToString(in.Description), Tags: tags}
	if p := in.PortalOptions; p != nil {
		if p.Visibility != "" && !slices.Contains(p.Visibility.Values(), p.Visibility) {
			return nil, fault.Invalidf("Visibility must be one of %v", p.Visibility.Values())
		}
		setup.Hidden = p.Visibility == types.ApplicationVisibilityDisabled
		if err := signIn(&setup, p.SignInOptions); err != nil {
			return nil, err
		}
	}
	a, err := o.Centers.CreateApplication(c.Tx, of.Instance, identitycenter.NewApplication{
		Account: c.Caller.Principal.ID(), Provider: *in.ApplicationProviderArn, Name: *in.Name, Enabled: in.Status != types.ApplicationStatusDisabled,
		ClientToken: aws.ToString(in.ClientToken), ApplicationSetup: setup,
	})
	return &ssoadmin.CreateApplicationOutput{ApplicationArn: aws.String(a.ARN()), InstanceArn: aws.String(of.ARN()), IdentityStoreArn: aws.String(of.StoreARN())}, err
}

// signIn sets where signing in to an application begins.
func signIn(setup *identitycenter.ApplicationSetup, options *types.SignInOptions) error {
	if options == nil {
		return nil
	}
	begins := aws.ToString(options.ApplicationUrl)
	switch options.Origin {
	case types.SignInOriginIdentityCenter:
		if begins != "" {
			return fault.Invalidf("ApplicationUrl is given where Origin is APPLICATION alone")
		}
	case types.SignInOriginApplication:
		if u, err := url.Parse(begins); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(begins) > 512 {
			return fault.Invalidf("ApplicationUrl must be a URL of http or https where Origin is APPLICATION")
		}
	default:
		return fault.Invalidf("Origin must be IDENTITY_CENTER or APPLICATION")
	}
	setup.Origin, setup.URL = string(options.Origin), begins
	return nil
}

func (o *SSOAdmin) describeApplication(_ *operation.Query, a identitycenter.Application, _ *ssoadmin.DescribeApplicationInput) (*ssoadmin.DescribeApplicationOutput, error) {
	out := o.applicationOut(a)
	return &ssoadmin.DescribeApplicationOutput{
		ApplicationArn: out.ApplicationArn, ApplicationAccount: out.ApplicationAccount, ApplicationProviderArn: out.ApplicationProviderArn, InstanceArn: out.InstanceArn,
		IdentityStoreArn: out.IdentityStoreArn, Name: out.Name, Description: out.Description, Status: out.Status, PortalOptions: out.PortalOptions,
		CreatedDate: out.CreatedDate, CreatedFrom: out.CreatedFrom,
	}, nil
}

func (o *SSOAdmin) applicationOut(a identitycenter.Application) types.Application {
	out := types.Application{
		ApplicationArn: aws.String(a.ARN()), ApplicationAccount: aws.String(string(a.Account)), ApplicationProviderArn: &a.Provider,
		InstanceArn: aws.String(a.Center().ARN()), IdentityStoreArn: aws.String(a.Center().StoreARN()), Name: &a.Name, Description: given(a.Description),
		Status: types.ApplicationStatusEnabled, CreatedDate: &a.CreatedAt, CreatedFrom: &o.Region,
		PortalOptions: &types.PortalOptions{Visibility: types.ApplicationVisibilityEnabled},
	}
	if !a.Enabled {
		out.Status = types.ApplicationStatusDisabled
	}
	if a.Hidden {
		out.PortalOptions.Visibility = types.ApplicationVisibilityDisabled
	}
	if a.Origin != "" {
		out.PortalOptions.SignInOptions = &types.SignInOptions{Origin: types.SignInOrigin(a.Origin), ApplicationUrl: given(a.URL)}
	}
	return out
}

func (o *SSOAdmin) updateApplication(c *operation.Command, a identitycenter.Application, in *ssoadmin.UpdateApplicationInput) (*ssoadmin.UpdateApplicationOutput, error) {
	if in.Name != nil {
		a.Name = *in.Name
	}
	if in.Description != nil {
		a.Description = *in.Description
	}
	if in.Status != "" {
		a.Enabled = in.Status == types.ApplicationStatusEnabled
	}
	if in.PortalOptions != nil {
		if err := signIn(&a.ApplicationSetup, in.PortalOptions.SignInOptions); err != nil {
			return nil, err
		}
	}
	return &ssoadmin.UpdateApplicationOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func (o *SSOAdmin) deleteApplication(c *operation.Command, a identitycenter.Application, _ *ssoadmin.DeleteApplicationInput) (*ssoadmin.DeleteApplicationOutput, error) {
	return &ssoadmin.DeleteApplicationOutput{}, o.Centers.DeleteApplication(c.Tx, a)
}

func (o *SSOAdmin) listApplications(q *operation.Query, of center, in *ssoadmin.ListApplicationsInput) (*ssoadmin.ListApplicationsOutput, error) {
	filter := identitycenter.ApplicationFilter{}
	if in.Filter != nil {
		filter = identitycenter.ApplicationFilter{Account: account.ID(aws.ToString(in.Filter.ApplicationAccount)), Provider: aws.ToString(in.Filter.ApplicationProvider)}
	}
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.Application, error) {
		return o.Centers.Applications(q.Tx, of.Instance, filter, p)
	}, func(a identitycenter.Application) string { return string(a.ID) })
	return &ssoadmin.ListApplicationsOutput{Applications: translate(found, o.applicationOut), NextToken: next}, err
}

func providerOut(p identitycenter.Provider) types.ApplicationProvider {
	return types.ApplicationProvider{
		ApplicationProviderArn: &p.ARN, FederationProtocol: types.FederationProtocol(p.Protocol),
		DisplayData: &types.DisplayData{DisplayName: &p.Name, Description: &p.Description},
	}
}

func (o *SSOAdmin) describeApplicationProvider(_ *operation.Query, in *ssoadmin.DescribeApplicationProviderInput) (*ssoadmin.DescribeApplicationProviderOutput, error) {
	p, err := identitycenter.ApplicationProvider(*in.ApplicationProviderArn)
	out := providerOut(p)
	return &ssoadmin.DescribeApplicationProviderOutput{
		ApplicationProviderArn: out.ApplicationProviderArn, FederationProtocol: out.FederationProtocol, DisplayData: out.DisplayData,
	}, err
}

func (o *SSOAdmin) listApplicationProviders(q *operation.Query, in *ssoadmin.ListApplicationProvidersInput) (*ssoadmin.ListApplicationProvidersOutput, error) {
	key := func(p identitycenter.Provider) string { return p.ARN }
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, behind(identitycenter.Providers, key), key)
	return &ssoadmin.ListApplicationProvidersOutput{ApplicationProviders: translate(found, providerOut), NextToken: next}, err
}

func (o *SSOAdmin) createApplicationAssignment(c *operation.Command, a identitycenter.Application, in *ssoadmin.CreateApplicationAssignmentInput) (*ssoadmin.CreateApplicationAssignmentOutput, error) {
	return &ssoadmin.CreateApplicationAssignmentOutput{}, o.Centers.AssignApplication(c.Tx, a, principal(in.PrincipalType, in.PrincipalId))
}

func (o *SSOAdmin) describeApplicationAssignment(q *operation.Query, a identitycenter.Application, in *ssoadmin.DescribeApplicationAssignmentInput) (*ssoadmin.DescribeApplicationAssignmentOutput, error) {
	who := principal(in.PrincipalType, in.PrincipalId)
	there, err := o.Centers.HasApplication(q.Tx, a, who)
	if err == nil && !there {
		err = identitycenter.NoApplicationAssignment()
	}
	return &ssoadmin.DescribeApplicationAssignmentOutput{ApplicationArn: aws.String(a.ARN()), PrincipalId: &who.ID, PrincipalType: types.PrincipalType(who.Type)}, err
}

func (o *SSOAdmin) deleteApplicationAssignment(c *operation.Command, a identitycenter.Application, in *ssoadmin.DeleteApplicationAssignmentInput) (*ssoadmin.DeleteApplicationAssignmentOutput, error) {
	return &ssoadmin.DeleteApplicationAssignmentOutput{}, o.Centers.UnassignApplication(c.Tx, a, principal(in.PrincipalType, in.PrincipalId))
}

func (o *SSOAdmin) listApplicationAssignments(q *operation.Query, a identitycenter.Application, in *ssoadmin.ListApplicationAssignmentsInput) (*ssoadmin.ListApplicationAssignmentsOutput, error) {
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.Principal, error) {
		return o.Centers.Assignees(q.Tx, a, page)
	}, func(p identitycenter.Principal) string { return p.ID })
	return &ssoadmin.ListApplicationAssignmentsOutput{NextToken: next, ApplicationAssignments: translate(found, func(p identitycenter.Principal) types.ApplicationAssignment {
		return types.ApplicationAssignment{ApplicationArn: aws.String(a.ARN()), PrincipalId: &p.ID, PrincipalType: types.PrincipalType(p.Type)}
	})}, err
}

func (o *SSOAdmin) listApplicationAssignmentsForPrincipal(q *operation.Query, of center, in *ssoadmin.ListApplicationAssignmentsForPrincipalInput) (*ssoadmin.ListApplicationAssignmentsForPrincipalOutput, error) {
	only := ""
	if in.Filter != nil {
		only = aws.ToString(in.Filter.ApplicationArn)
	}
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(page identitycenter.Page) ([]identitycenter.ApplicationAssignment, error) {
		return o.Centers.ApplicationsOf(q.Tx, of.Instance, principal(in.PrincipalType, in.PrincipalId), only, page)
	}, identitycenter.ApplicationAssignment.Key)
	return &ssoadmin.ListApplicationAssignmentsForPrincipalOutput{NextToken: next, ApplicationAssignments: translate(found, func(a identitycenter.ApplicationAssignment) types.ApplicationAssignmentForPrincipal {
		return types.ApplicationAssignmentForPrincipal{ApplicationArn: &a.Application, PrincipalId: &a.ID, PrincipalType: types.PrincipalType(a.Type)}
	})}, err
}

func (o *SSOAdmin) putAssignmentConfiguration(c *operation.Command, a identitycenter.Application, in *ssoadmin.PutApplicationAssignmentConfigurationInput) (*ssoadmin.PutApplicationAssignmentConfigurationOutput, error) {
	a.Open = !*in.AssignmentRequired
	return &ssoadmin.PutApplicationAssignmentConfigurationOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func (o *SSOAdmin) getAssignmentConfiguration(_ *operation.Query, a identitycenter.Application, _ *ssoadmin.GetApplicationAssignmentConfigurationInput) (*ssoadmin.GetApplicationAssignmentConfigurationOutput, error) {
	return &ssoadmin.GetApplicationAssignmentConfigurationOutput{AssignmentRequired: aws.Bool(!a.Open)}, nil
}

func (o *SSOAdmin) putSessionConfiguration(c *operation.Command, a identitycenter.Application, in *ssoadmin.PutApplicationSessionConfigurationInput) (*ssoadmin.PutApplicationSessionConfigurationOutput, error) {
	a.Background = string(in.UserBackgroundSessionApplicationStatus)
	return &ssoadmin.PutApplicationSessionConfigurationOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func (o *SSOAdmin) getSessionConfiguration(_ *operation.Query, a identitycenter.Application, _ *ssoadmin.GetApplicationSessionConfigurationInput) (*ssoadmin.GetApplicationSessionConfigurationOutput, error) {
	status := types.UserBackgroundSessionApplicationStatusDisabled
	if a.Background != "" {
		status = types.UserBackgroundSessionApplicationStatus(a.Background)
	}
	return &ssoadmin.GetApplicationSessionConfigurationOutput{UserBackgroundSessionApplicationStatus: status}, nil
}

func (o *SSOAdmin) putAccessScope(c *operation.Command, a identitycenter.Application, in *ssoadmin.PutApplicationAccessScopeInput) (*ssoadmin.PutApplicationAccessScopeOutput, error) {
	return &ssoadmin.PutApplicationAccessScopeOutput{}, o.Centers.SetScope(c.Tx, a, *in.Scope, in.AuthorizedTargets)
}

func noSetting(what, name string) error {
	return fault.NotFoundf("The application has no %s %.80s.", what, name)
}

func (o *SSOAdmin) getAccessScope(_ *operation.Query, a identitycenter.Application, in *ssoadmin.GetApplicationAccessScopeInput) (*ssoadmin.GetApplicationAccessScopeOutput, error) {
	targets, ok := a.Targets[*in.Scope]
	if !ok {
		return nil, noSetting("access scope", *in.Scope)
	}
	return &ssoadmin.GetApplicationAccessScopeOutput{Scope: in.Scope, AuthorizedTargets: targets}, nil
}

func (o *SSOAdmin) deleteAccessScope(c *operation.Command, a identitycenter.Application, in *ssoadmin.DeleteApplicationAccessScopeInput) (*ssoadmin.DeleteApplicationAccessScopeOutput, error) {
	if _, ok := a.Targets[*in.Scope]; !ok {
		return nil, noSetting("access scope", *in.Scope)
	}
	delete(a.Targets, *in.Scope)
	return &ssoadmin.DeleteApplicationAccessScopeOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func (o *SSOAdmin) listAccessScopes(q *operation.Query, a identitycenter.Application, in *ssoadmin.ListApplicationAccessScopesInput) (*ssoadmin.ListApplicationAccessScopesOutput, error) {
	scopes, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, names(a.Scopes), asText)
	return &ssoadmin.ListApplicationAccessScopesOutput{NextToken: next, Scopes: translate(scopes, func(scope string) types.ScopeDetails {
		return types.ScopeDetails{Scope: &scope, AuthorizedTargets: a.Targets[scope]}
	})}, err
}

// names makes a listing of one that cannot fail.
func names(list func(identitycenter.Page) []string) func(identitycenter.Page) ([]string, error) {
	return func(p identitycenter.Page) ([]string, error) { return list(p), nil }
}

func (o *SSOAdmin) putAuthenticationMethod(c *operation.Command, a identitycenter.Application, in *ssoadmin.PutApplicationAuthenticationMethodInput) (*ssoadmin.PutApplicationAuthenticationMethodOutput, error) {
	method, ok := in.AuthenticationMethod.(*types.AuthenticationMethodMemberIam)
	if !ok || method.Value.ActorPolicy == nil {
		return nil, fault.Invalidf("AuthenticationMethod has Iam with an ActorPolicy")
	}
	text, err := method.Value.ActorPolicy.MarshalSmithyDocument()
	if err != nil {
		return nil, fault.Invalidf("ActorPolicy is not a policy")
	}
	if _, err := policy.Compile(policy.Resource, string(text)); err != nil {
		return nil, fault.Invalidf("ActorPolicy is malformed: %w", err)
	}
	if a.Actors == nil {
		a.Actors = map[string]string{}
	}
	a.Actors[string(in.AuthenticationMethodType)] = string(text)
	return &ssoadmin.PutApplicationAuthenticationMethodOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func methodOut(text string) (types.AuthenticationMethod, error) {
	var content any
	err := json.Unmarshal([]byte(text), &content)
	return &types.AuthenticationMethodMemberIam{Value: types.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(content)}}, err
}

func (o *SSOAdmin) getAuthenticationMethod(_ *operation.Query, a identitycenter.Application, in *ssoadmin.GetApplicationAuthenticationMethodInput) (*ssoadmin.GetApplicationAuthenticationMethodOutput, error) {
	text, ok := a.Actors[string(in.AuthenticationMethodType)]
	if !ok {
		return nil, noSetting("authentication method", string(in.AuthenticationMethodType))
	}
	method, err := methodOut(text)
	return &ssoadmin.GetApplicationAuthenticationMethodOutput{AuthenticationMethod: method}, err
}

func (o *SSOAdmin) deleteAuthenticationMethod(c *operation.Command, a identitycenter.Application, in *ssoadmin.DeleteApplicationAuthenticationMethodInput) (*ssoadmin.DeleteApplicationAuthenticationMethodOutput, error) {
	if _, ok := a.Actors[string(in.AuthenticationMethodType)]; !ok {
		return nil, noSetting("authentication method", string(in.AuthenticationMethodType))
	}
	delete(a.Actors, string(in.AuthenticationMethodType))
	return &ssoadmin.DeleteApplicationAuthenticationMethodOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func (o *SSOAdmin) listAuthenticationMethods(q *operation.Query, a identitycenter.Application, in *ssoadmin.ListApplicationAuthenticationMethodsInput) (*ssoadmin.ListApplicationAuthenticationMethodsOutput, error) {
	kinds, next, err := pageOfSSO(q, in.NextToken, nil, names(a.Methods), asText)
	if err != nil {
		return nil, err
	}
	out := &ssoadmin.ListApplicationAuthenticationMethodsOutput{AuthenticationMethods: []types.AuthenticationMethodItem{}, NextToken: next}
	for _, kind := range kinds {
		method, err := methodOut(a.Actors[kind])
		if err != nil {
			return nil, err
		}
		out.AuthenticationMethods = append(out.AuthenticationMethods, types.AuthenticationMethodItem{AuthenticationMethodType: types.AuthenticationMethodType(kind), AuthenticationMethod: method})
	}
	return out, nil
}

// grant reads a grant, which has to be of the type that is said.
func grant(kind types.GrantType, g types.Grant) (identitycenter.Grant, error) {
	var of types.GrantType
	made := identitycenter.Grant{}
	switch g := g.(type) {
	case *types.GrantMemberAuthorizationCode:
		of, made.RedirectURIs = types.GrantTypeAuthorizationCode, g.Value.RedirectUris
		if len(made.RedirectURIs) > 10 {
			return made, fault.Invalidf("AuthorizationCode has at most 10 RedirectUris")
		}
	case *types.GrantMemberJwtBearer:
		of, made.Issuers = types.GrantTypeJwtBearer, map[string][]string{}
		for _, issuer := range g.Value.AuthorizedTokenIssuers {
			if issuer.TrustedTokenIssuerArn == nil || len(issuer.AuthorizedAudiences) > 10 {
				return made, fault.Invalidf("an item of AuthorizedTokenIssuers has a TrustedTokenIssuerArn and at most 10 AuthorizedAudiences")
			}
			made.Issuers[*issuer.TrustedTokenIssuerArn] = issuer.AuthorizedAudiences
		}
		if len(made.Issuers) > 10 {
			return made, fault.Invalidf("JwtBearer has at most 10 AuthorizedTokenIssuers")
		}
	case *types.GrantMemberRefreshToken:
		of = types.GrantTypeRefreshToken
	case *types.GrantMemberTokenExchange:
		of = types.GrantTypeTokenExchange
	}
	if of != kind {
		return made, fault.Invalidf("Grant is not one of the type %s", kind)
	}
	return made, nil
}

func grantOut(a identitycenter.Application, kind string) types.Grant {
	g := a.Grants[kind]
	switch types.GrantType(kind) {
	case types.GrantTypeAuthorizationCode:
		return &types.GrantMemberAuthorizationCode{Value: types.AuthorizationCodeGrant{RedirectUris: g.RedirectURIs}}
	case types.GrantTypeRefreshToken:
		return &types.GrantMemberRefreshToken{}
	case types.GrantTypeTokenExchange:
		return &types.GrantMemberTokenExchange{}
	}
	issuers := []types.AuthorizedTokenIssuer{}
	for _, issuer := range slices.Sorted(maps.Keys(g.Issuers)) {
		issuers = append(issuers, types.AuthorizedTokenIssuer{TrustedTokenIssuerArn: &issuer, AuthorizedAudiences: g.Issuers[issuer]})
	}
	return &types.GrantMemberJwtBearer{Value: types.JwtBearerGrant{AuthorizedTokenIssuers: issuers}}
}

func (o *SSOAdmin) putGrant(c *operation.Command, a identitycenter.Application, in *ssoadmin.PutApplicationGrantInput) (*ssoadmin.PutApplicationGrantOutput, error) {
	made, err := grant(in.GrantType, in.Grant)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.PutApplicationGrantOutput{}, o.Centers.SetGrant(c.Tx, a, string(in.GrantType), made)
}

func (o *SSOAdmin) getGrant(_ *operation.Query, a identitycenter.Application, in *ssoadmin.GetApplicationGrantInput) (*ssoadmin.GetApplicationGrantOutput, error) {
	if _, ok := a.Grants[string(in.GrantType)]; !ok {
		return nil, noSetting("grant", string(in.GrantType))
	}
	return &ssoadmin.GetApplicationGrantOutput{Grant: grantOut(a, string(in.GrantType))}, nil
}

func (o *SSOAdmin) deleteGrant(c *operation.Command, a identitycenter.Application, in *ssoadmin.DeleteApplicationGrantInput) (*ssoadmin.DeleteApplicationGrantOutput, error) {
	if _, ok := a.Grants[string(in.GrantType)]; !ok {
		return nil, noSetting("grant", string(in.GrantType))
	}
	delete(a.Grants, string(in.GrantType))
	return &ssoadmin.DeleteApplicationGrantOutput{}, o.Centers.SaveApplication(c.Tx, a)
}

func (o *SSOAdmin) listGrants(q *operation.Query, a identitycenter.Application, in *ssoadmin.ListApplicationGrantsInput) (*ssoadmin.ListApplicationGrantsOutput, error) {
	kinds, next, err := pageOfSSO(q, in.NextToken, nil, names(a.GrantTypes), asText)
	return &ssoadmin.ListApplicationGrantsOutput{NextToken: next, Grants: translate(kinds, func(kind string) types.GrantItem {
		return types.GrantItem{GrantType: types.GrantType(kind), Grant: grantOut(a, kind)}
	})}, err
}
