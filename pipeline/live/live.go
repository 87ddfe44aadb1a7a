// Package live reads an instance of IAM Identity Center into a [pipeline.Snapshot] and
// carries a [pipeline.Plan] out. It is a client of AWS's APIs and of nothing else: the
// same code runs against AWS and against the embedded account side, chosen by the
// aws.Config it is given.
//
//	Snapshot ──reads──┐
//	Apply ────writes──┼──> SDK clients ──> retryer ──> Budget ──> AWS
//	Examine ──reads───┘
//
// Every request, first attempts and repeated ones, goes through one [Budget]. A change
// whose answer was lost is looked up before anything is asked again: nothing is made
// twice.
package live

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/pipeline"
)

// Options say whose instance is meant, and how hard it may be pressed.
type Options struct {
	// Config reaches the account side: Region, credentials, endpoint, HTTP client.
	Config aws.Config
	// Instance is the ARN of the instance. Empty: the only one there is.
	Instance string
	// Budget is what all requests of the process share. Nil: one of the client's own,
	// with [DefaultRate] and [DefaultInFlight].
	Budget *Budget
	// Patience is how long one answer is waited for. 0: [DefaultPatience].
	Patience time.Duration
}

// DefaultPatience is beyond what AWS needs to answer anything that is asked here.
const DefaultPatience = 20 * time.Second

// Client asks about one instance of IAM Identity Center, and changes it.
type Client struct {
	Budget   *Budget
	Instance pipeline.Instance // filled in by [Open]

	sso  *ssoadmin.Client // repeats what may be repeated
	once *ssoadmin.Client // for changes of which a second one would be one too many
	orgs *organizations.Client
	ids  *identitystore.Client
	iam  *iam.Client
	sts  *sts.Client

	config    aws.Config // for clients that act in other accounts
	ended     *latency   // of changes of assignments
	spread    *latency   // of provisioning
	wholePage int32
}

// NewClient makes a client that does not know its instance yet: [Client.Examine] finds
// out what stands in the way of one. Everything else wants [Open].
func NewClient(o Options) *Client {
	if o.Budget == nil {
		o.Budget = NewBudget(DefaultRate, DefaultInFlight)
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	config := o.Config.Copy()
	config.HTTPClient = newThrifty(config.HTTPClient, o.Budget, o.Patience)
	config.Retryer = func() aws.Retryer { return retryer{o.Budget, repeatable} }
	config.DisableRequestCompression = true
	return &Client{
		Budget: o.Budget, Instance: pipeline.Instance{ARN: o.Instance, Region: config.Region}, config: config,
		sso: ssoadmin.NewFromConfig(config), orgs: organizations.NewFromConfig(config), ids: identitystore.NewFromConfig(config),
		iam: iam.NewFromConfig(config), sts: sts.NewFromConfig(config),
		once:  ssoadmin.NewFromConfig(config, func(s *ssoadmin.Options) { s.Retryer = retryer{o.Budget, refusedUndone} }),
		ended: newLatency(), spread: newLatency(),
	}
}

// Open makes a client and finds its instance.
func Open(ctx context.Context, o Options) (*Client, error) {
	c := NewClient(o)
	found, err := c.instances(ctx)
	if err != nil {
		return nil, err
	}
	c.Instance, err = choose(found, o.Instance, o.Config.Region)
	return c, err
}

func (c *Client) instances(ctx context.Context) (found []types.InstanceMetadata, err error) {
	for p := ssoadmin.NewListInstancesPaginator(c.sso, &ssoadmin.ListInstancesInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, told(err)
		}
		found = append(found, page.Instances...)
	}
	return found, nil
}

// choose picks the instance that was asked for, or the only one.
func choose(found []types.InstanceMetadata, arn, region string) (pipeline.Instance, error) {
	var names []string
	for _, i := range found {
		names = append(names, aws.ToString(i.InstanceArn))
	}
	at := slices.Index(names, arn)
	switch {
	case arn == "" && len(found) == 1:
		at = 0
	case arn == "" && len(found) == 0:
		return pipeline.Instance{}, fmt.Errorf("there is no instance of IAM Identity Center in %s: enable it, or choose another Region; sallyport doctor says more", region)
	case arn == "":
		return pipeline.Instance{}, fmt.Errorf("there are several instances of IAM Identity Center: choose one with --instance: %s", strings.Join(names, ", "))
	case at < 0:
		return pipeline.Instance{}, fmt.Errorf("there is no instance %s in %s; there is %s", arn, region, strings.Join(append(names, "no other")[:max(1, len(names))], ", "))
	}
	i := found[at]
	return pipeline.Instance{ARN: names[at], IdentityStore: aws.ToString(i.IdentityStoreId), Owner: aws.ToString(i.OwnerAccountId), Region: region}, nil
}
