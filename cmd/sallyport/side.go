package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/pipeline"
	"github.com/sallyport/sallyport/pipeline/live"
)

// side is the account side as the commands of access as code reach it: AWS, or what
// AWS's own variables and profiles lead to.
type side struct {
	profile, region, instance string
	rate                      float64
	inFlight                  int
}

func (s *side) bind(flags *pflag.FlagSet) {
	flags.StringVar(&s.profile, "profile", "", "`name` of the AWS profile to act as")
	flags.StringVar(&s.region, "region", "", "AWS `Region` of IAM Identity Center")
	flags.StringVar(&s.instance, "instance", "", "`ARN` of the instance of IAM Identity Center, where there are several")
	flags.Float64Var(&s.rate, "rate", live.DefaultRate, "`requests` a second at most")
	flags.IntVar(&s.inFlight, "in-flight", live.DefaultInFlight, "`operations` in flight at most")
}

// options load what AWS's clients load: variables, files, single sign-on.
func (s *side) options(ctx context.Context) (live.Options, error) {
	if s.rate < 0.5 || s.inFlight < 1 {
		return live.Options{}, fmt.Errorf("%w: --rate is at least 0.5, and --in-flight 1", errUsage)
	}
	load := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if s.profile != "" {
		load = append(load, config.WithSharedConfigProfile(s.profile))
	}
	if s.region != "" {
		load = append(load, config.WithRegion(s.region))
	}
	from, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return live.Options{}, err
	}
	if from.Region == "" {
		return live.Options{}, errors.New("no Region: set AWS_REGION, or say --region")
	}
	if _, err := credentialsFrom(ctx, from.Credentials); err != nil {
		return live.Options{}, err
	}
	return live.Options{Config: from, Instance: s.instance, Budget: live.NewBudget(s.rate, s.inFlight)}, nil
}

// open reaches the instance.
func (s *side) open(ctx context.Context) (*live.Client, error) {
	o, err := s.options(ctx)
	if err != nil {
		return nil, err
	}
	return live.Open(ctx, o)
}

// credentialsFrom are those that requests are signed with.
func credentialsFrom(ctx context.Context, from aws.CredentialsProvider) (aws.Credentials, error) {
	if from == nil {
		return aws.Credentials{}, errNoKey
	}
	key, err := from.Retrieve(ctx)
	var last *smithy.OperationError
	if errors.As(err, &last) && last.ServiceID == "ec2imds" {
		return key, errNoKey // asking the machine's metadata comes last, where nothing else was set
	}
	if err != nil {
		return key, fmt.Errorf("no AWS credentials: %w", err)
	}
	return key, nil
}

// managedPolicy tells what a policy of AWS's allows.
func managedPolicy(arn string) (document string, exact, ok bool) {
	p, ok := account.ManagedPolicy(arn)
	return p.Document, !p.Ours, ok
}

// planned is a plan that was just made, and what it was made from.
type planned struct {
	*pipeline.Plan
	templates *pipeline.Templates
	snapshot  *pipeline.Snapshot
}

// planFiles reads files and what exists, and plans. What is wrong with the files is told,
// and an error.
func planFiles(cmd *cobra.Command, client *live.Client, folder string, o pipeline.Options, full bool) (planned, error) {
	p := planned{}
	var err error
	if p.templates, err = readTemplates(folder); err != nil {
		return p, err
	}
	begun := time.Now()
	if p.snapshot, err = client.ForFiles(cmd.Context(), p.templates, full); err != nil {
		return p, interrupted(cmd.Context(), err)
	}
	calls, _ := client.Budget.Spent()
	fmt.Fprintf(cmd.ErrOrStderr(), "Read %s with %s in %s.\n", counted(len(p.snapshot.Sets), "permission set"), counted(calls, "call"), time.Since(begun).Round(100*time.Millisecond))
	o.Managed = managedPolicy
	p.Plan, err = pipeline.NewPlan(p.templates, p.snapshot, o)
	return p, err
}

func counted(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}

// colours tells whether the output is for people who see them.
func colours(cmd *cobra.Command) bool {
	_, plain := os.LookupEnv("NO_COLOR")
	return !plain && isTerminal(cmd.OutOrStdout())
}
