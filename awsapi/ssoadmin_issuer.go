package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/operation"
)

func (o *SSOAdmin) createTrustedTokenIssuer(c *operation.Command, of center, in *ssoadmin.CreateTrustedTokenIssuerInput) (*ssoadmin.CreateTrustedTokenIssuerOutput, error) {
	tags, err := ssoTags(in.Tags)
	if err != nil {
		return nil, err
	}
	// Of issuers there is one type, of configurations one kind.
	config, ok := in.TrustedTokenIssuerConfiguration.(*types.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration)
	if !ok || in.TrustedTokenIssuerType != types.TrustedTokenIssuerTypeOidcJwt {
		return nil, fault.Invalidf("TrustedTokenIssuerConfiguration has OidcJwtConfiguration where the type is OIDC_JWT")
	}
	jwt := config.Value
	if jwt.JwksRetrievalOption != types.JwksRetrievalOptionOpenIdDiscovery {
		return nil, fault.Invalidf("JwksRetrievalOption must be OPEN_ID_DISCOVERY")
	}
	made, err := o.Centers.CreateIssuer(c.Tx, of.Instance, identitycenter.NewIssuer{
		Account: c.Caller.Principal.ID(), Name: *in.Name, URL: aws.ToString(jwt.IssuerUrl), ClientToken: aws.ToString(in.ClientToken),
		Mapping: identitycenter.Mapping{Claim: aws.ToString(jwt.ClaimAttributePath), Attribute: aws.ToString(jwt.IdentityStoreAttributePath), Keys: string(jwt.JwksRetrievalOption), Tags: tags},
	})
	return &ssoadmin.CreateTrustedTokenIssuerOutput{TrustedTokenIssuerArn: aws.String(made.ARN())}, err
}

// issuer finds one that the caller governs.
func (o *SSOAdmin) issuer(tx *database.ReadTx, call *operation.Call, name string) (identitycenter.Issuer, error) {
	c, err := o.in(tx, call, name)
	if err != nil {
		return identitycenter.Issuer{}, err
	}
	return o.Centers.Issuer(tx, c.Instance, name)
}

func (o *SSOAdmin) describeTrustedTokenIssuer(q *operation.Query, in *ssoadmin.DescribeTrustedTokenIssuerInput) (*ssoadmin.DescribeTrustedTokenIssuerOutput, error) {
	i, err := o.issuer(q.Tx, &q.Call, *in.TrustedTokenIssuerArn)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.DescribeTrustedTokenIssuerOutput{
		TrustedTokenIssuerArn: aws.String(i.ARN()), Name: &i.Name, TrustedTokenIssuerType: types.TrustedTokenIssuerTypeOidcJwt,
		TrustedTokenIssuerConfiguration: &types.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{Value: types.OidcJwtConfiguration{
			IssuerUrl: &i.URL, ClaimAttributePath: &i.Claim, IdentityStoreAttributePath: &i.Attribute, JwksRetrievalOption: types.JwksRetrievalOption(i.Keys),
		}},
	}, nil
}

func (o *SSOAdmin) updateTrustedTokenIssuer(c *operation.Command, in *ssoadmin.UpdateTrustedTokenIssuerInput) (*ssoadmin.UpdateTrustedTokenIssuerOutput, error) {
	i, err := o.issuer(c.Tx.Reading(), &c.Call, *in.TrustedTokenIssuerArn)
	if err != nil {
		return nil, err
	}
	if in.Name != nil {
		i.Name = *in.Name
	}
	if config, ok := in.TrustedTokenIssuerConfiguration.(*types.TrustedTokenIssuerUpdateConfigurationMemberOidcJwtConfiguration); ok {
		if config.Value.ClaimAttributePath != nil {
			i.Claim = *config.Value.ClaimAttributePath
		}
		if config.Value.IdentityStoreAttributePath != nil {
			i.Attribute = *config.Value.IdentityStoreAttributePath
		}
		switch config.Value.JwksRetrievalOption {
		case "", types.JwksRetrievalOptionOpenIdDiscovery:
		default:
			return nil, fault.Invalidf("JwksRetrievalOption must be OPEN_ID_DISCOVERY")
		}
	}
	return &ssoadmin.UpdateTrustedTokenIssuerOutput{}, o.Centers.SaveIssuer(c.Tx, i)
}

func (o *SSOAdmin) deleteTrustedTokenIssuer(c *operation.Command, in *ssoadmin.DeleteTrustedTokenIssuerInput) (*ssoadmin.DeleteTrustedTokenIssuerOutput, error) {
	i, err := o.issuer(c.Tx.Reading(), &c.Call, *in.TrustedTokenIssuerArn)
	if err != nil {
		return nil, err
	}
	return &ssoadmin.DeleteTrustedTokenIssuerOutput{}, o.Centers.DeleteIssuer(c.Tx, i)
}

func (o *SSOAdmin) listTrustedTokenIssuers(q *operation.Query, of center, in *ssoadmin.ListTrustedTokenIssuersInput) (*ssoadmin.ListTrustedTokenIssuersOutput, error) {
	found, next, err := pageOfSSO(q, in.NextToken, in.MaxResults, func(p identitycenter.Page) ([]identitycenter.Issuer, error) {
		return o.Centers.Issuers(q.Tx, of.Instance, p)
	}, func(i identitycenter.Issuer) string { return string(i.ID) })
	return &ssoadmin.ListTrustedTokenIssuersOutput{NextToken: next, TrustedTokenIssuers: translate(found, func(i identitycenter.Issuer) types.TrustedTokenIssuerMetadata {
		return types.TrustedTokenIssuerMetadata{TrustedTokenIssuerArn: aws.String(i.ARN()), Name: &i.Name, TrustedTokenIssuerType: types.TrustedTokenIssuerTypeOidcJwt}
	})}, err
}
