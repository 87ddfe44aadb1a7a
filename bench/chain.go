package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/account"
	way "github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/space"
)

// chain measures credentials through all of it: the caller, the project, its
// environment, the connection and its restriction, the role, its trust policy. Beside it
// a signed AssumeRole of the same role, on the same server.
func (b *bench) chain() error {
	return b.eachEngine(func(worlds []*world) (err error) {
		w := worlds[0]
		s, err := serve(b.ctx, w.data, w.url)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		signers, err := s.fillOrganization(b.ctx, 1)
		if err != nil {
			return err
		}
		token, err := s.lead(b.ctx, signers[0].account)
		if err != nil {
			return err
		}
		return b.raceChain(s, w, signers[0], token)
	}, "chain")
}

const leadingRole = "leading"

// leadingTrust admits every project of a space, and the account's own principals.
func leadingTrust(id account.ID, in space.ID) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":["codecatalyst-runner.amazonaws.com","codecatalyst.amazonaws.com"]},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:codecatalyst:::space/%s/project/*"}}},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:user/alice"},"Action":"sts:AssumeRole"}]}`, in, id)
}

// lead makes the way from a project into an account, and returns the token of somebody
// who may go it.
func (s *site) lead(ctx context.Context, id account.ID) (string, error) {
	between := &way.Store{Keys: s.Keys(), Spaces: s.spaces, Accounts: s.accounts, Region: "us-west-2"}
	var who user
	err := s.db.Write(ctx, func(tx *database.Tx) (err error) {
		who.alias = "leader"
		if who.id, err = s.addUser(tx, who.alias); err != nil {
			return err
		}
		in, err := s.spaces.Create(tx, who.id, space.NewSpace{Name: "leading"})
		if err != nil {
			return err
		}
		project, err := s.spaces.CreateProject(tx, in.ID, who.id, space.NewProject{DisplayName: "web"})
		if err != nil {
			return err
		}
		made, err := s.accounts.CreateEntity(tx, id, account.NewEntity{Kind: account.Role, Name: leadingRole, Trust: leadingTrust(id, in.ID)})
		if err != nil {
			return err
		}
		_, token, err := between.Request(tx, in.ID, who.id, way.NewConnection{Account: id, Name: "prod"})
		if err != nil {
			return err
		}
		c, err := between.Accept(tx, id, "us-west-2", string(token))
		if err != nil {
			return err
		}
		if _, err := between.AddRole(tx, c, way.Role{Name: leadingRole, ARN: made.ARN(), Purposes: []way.Purpose{way.Runner}}); err != nil {
			return err
		}
		e, err := between.CreateEnvironment(tx, in.ID, project.ID, who.id, way.NewEnvironment{Name: "production"})
		if err != nil {
			return err
		}
		_, err = between.UpdateEnvironment(tx, in.ID, e, way.EnvironmentPatch{Connection: aws.String("prod"), Role: aws.String(leadingRole)})
		return err
	})
	if err != nil {
		return "", err
	}
	tokens, err := s.signIn(ctx, []user{who}, builderScopes...)
	if err != nil {
		return "", err
	}
	return tokens[0], nil
}

// raceChain lets both take turns, one request each, and compares the middle and the
// slowest of each round.
func (b *bench) raceChain(s *site, w *world, who *signer, token string) error {
	bare, err := who.request(func(c aws.Config) error {
		_, err := sts.NewFromConfig(c).AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + string(who.account) + ":role/" + leadingRole), RoleSessionName: aws.String("bench")})
		return err
	})
	if err != nil {
		return err
	}
	c, err := dial(s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	whole := request(http.MethodPost, "/api/v1/spaces/leading/projects/web/environments/production/credentials", token, "{}")
	given := map[string]bool{}
	timed := func(asked []byte, mark string) (time.Duration, error) {
		begun := time.Now()
		got, err := c.ask(asked)
		took := time.Since(begun)
		if err != nil {
			return 0, err
		}
		_, key, ok := bytes.Cut(got.body, []byte(mark))
		if got.want(http.StatusOK) != nil || !ok || given[string(key[:16])] {
			return 0, fmt.Errorf("it answered %q", got.body)
		}
		given[string(key[:16])] = true
		return took, nil
	}
	var middle, slow, chains, bares []float64
	for range b.rounds {
		var chain, alone []time.Duration
		for range b.size.appends {
			one, err := timed(whole, `"AccessKeyId":"ASIA`)
			if err != nil {
				return err
			}
			other, err := timed(bare, "<AccessKeyId>ASIA")
			if err != nil {
				return err
			}
			chain, alone = append(chain, one), append(alone, other)
		}
		middle = append(middle, float64(percentile(chain, 50))/float64(percentile(alone, 50)))
		slow = append(slow, float64(percentile(chain, 99))/float64(percentile(alone, 99)))
		chains, bares = append(chains, milliseconds(percentile(chain, 50)), milliseconds(percentile(chain, 99))), append(bares, milliseconds(percentile(alone, 50)), milliseconds(percentile(alone, 99)))
	}
	for i, f := range []figure{{what: "p50 of credentials through the whole chain / AssumeRole", samples: middle}, {what: "p99 of the same", samples: slow}} {
		f.name, f.unit, f.told = "chain "+w.engine(), "x", true
		f.note = fmt.Sprintf("%.3g ms / %.3g ms", median(every(chains, i)), median(every(bares, i)))
		b.report(f)
	}
	return nil
}

// every is each second value, from one on.
func every(values []float64, from int) (some []float64) {
	for i := from; i < len(values); i += 2 {
		some = append(some, values[i])
	}
	return some
}
