package accountside

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/sallyport/sallyport/authn"
)

// Embedded is how AWS's clients ask the embedded account side with credentials of a
// session: in this process, signed like anybody's requests. The service is whom events
// show as the client.
func (c *Client) Embedded(service string, with aws.CredentialsProvider) aws.Config {
	return aws.Config{
		Region: c.Region, Credentials: with, BaseEndpoint: aws.String("http://" + inProcess + "/aws"),
		HTTPClient: &http.Client{Transport: &Transport{Door: c.Door, As: authn.Service{Name: service}, Signed: true}},
	}
}

// AWS is how they ask AWS. Where that is, and which certificates to trust, the SDK reads
// from the variables that it has for this.
func (c *Client) AWS(ctx context.Context, region string, with aws.CredentialsProvider) (aws.Config, error) {
	return config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithCredentialsProvider(with))
}
