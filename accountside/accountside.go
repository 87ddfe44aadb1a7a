// Package accountside asks account sides on Sallyport's own behalf: the embedded one in
// this process, AWS over the network, both through AWS's SDK.
//
//	Client ─ SDK ─ Transport ─ the door that AWS's clients come through     (embedded)
//	              └ net/http ─ AWS                                          (AWS)
//
// So what Sallyport does in an account goes the way of every request there: the same
// decisions, by the same policies, with the same events.
package accountside

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	smithy "github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth"

	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/fault"
)

// Client asks account sides. It is safe for concurrent use.
type Client struct {
	Door   http.Handler // of the embedded account side
	Region string
}

// Session is what a role is assumed for.
type Session struct {
	RoleARN        string
	Name           string
	SourceIdentity string
	Tags           map[string]string
	Lifetime       time.Duration
}

// Credentials are good for a session.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	ExpiresAt                                  time.Time
}

// AssumeAs assumes a role of the embedded account side as a service. What the role's
// trust policy refuses is Denied.
func (c *Client) AssumeAs(ctx context.Context, service authn.Service, s Session) (Credentials, error) {
	service.Region = c.Region
	client := sts.New(sts.Options{
		Region: c.Region, BaseEndpoint: aws.String("http://" + inProcess + "/aws"), Retryer: aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: &Transport{Door: c.Door, As: service}}, AuthSchemeResolver: unsigned{},
	})
	in := &sts.AssumeRoleInput{RoleArn: &s.RoleARN, RoleSessionName: &s.Name, DurationSeconds: aws.Int32(int32(s.Lifetime / time.Second))}
	if s.SourceIdentity != "" {
		in.SourceIdentity = &s.SourceIdentity
	}
	for key, value := range s.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	out, err := client.AssumeRole(ctx, in)
	if err != nil {
		return Credentials{}, classified(err)
	}
	return issued(out.Credentials), nil
}

// AssumeWith assumes a role of AWS with a web identity token. Where AWS is, and which
// certificates to trust, the SDK reads from the variables that it has for this.
func (c *Client) AssumeWith(ctx context.Context, token string, s Session) (Credentials, error) {
	from, err := config.LoadDefaultConfig(ctx, config.WithDefaultRegion(c.Region), config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	if err != nil {
		return Credentials{}, err
	}
	out, err := sts.NewFromConfig(from).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &s.RoleARN, RoleSessionName: &s.Name, WebIdentityToken: &token, DurationSeconds: aws.Int32(int32(s.Lifetime / time.Second)),
	})
	if err != nil {
		return Credentials{}, classified(err)
	}
	return issued(out.Credentials), nil
}

// Account is the number of the account of AWS that credentials are of.
func (c *Client) Account(ctx context.Context, with Credentials) (string, error) {
	from, err := config.LoadDefaultConfig(ctx, config.WithDefaultRegion(c.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(with.AccessKeyID, with.SecretAccessKey, with.SessionToken)))
	if err != nil {
		return "", err
	}
	out, err := sts.NewFromConfig(from).GetCallerIdentity(ctx, nil)
	if err != nil {
		return "", classified(err)
	}
	return aws.ToString(out.Account), nil
}

func issued(c *types.Credentials) Credentials {
	return Credentials{aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken), aws.ToTime(c.Expiration)}
}

// classified makes a fault of what an account side refused. Anything else is no answer
// of its, and internal.
func classified(err error) error {
	var refused smithy.APIError
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.ErrorCode() == "AccessDenied" || refused.ErrorCode() == "InvalidIdentityToken" || refused.ErrorCode() == "IDPRejectedClaim":
		return &fault.Error{Kind: fault.Denied, Message: "the account's side does not let the role be assumed", Err: err}
	case refused.ErrorFault() == smithy.FaultServer:
		return err
	}
	return &fault.Error{Kind: fault.Invalid, Message: "the account's side does not take the request: " + refused.ErrorMessage(), Err: err}
}

// unsigned sends requests without a signature: the mark says who asks.
type unsigned struct{}

func (unsigned) ResolveAuthSchemes(context.Context, *sts.AuthResolverParameters) ([]*auth.Option, error) {
	return []*auth.Option{{SchemeID: auth.SchemeIDAnonymous}}, nil
}
