package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
)

// signed measures what comes with a signature: who somebody is, what policies are
// asked about, and a session of a role.
func (b *bench) signed() error {
	return b.eachEngine(func(worlds []*world) (err error) {
		w := worlds[0]
		s, err := serve(b.ctx, w.data, w.url)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		signers, err := s.fillOrganization(b.ctx, connections)
		if err != nil {
			return err
		}
		for _, call := range signedCalls {
			if err := b.raceSigned(s, w, call, signers); err != nil {
				return fmt.Errorf("%s: %w", call.name, err)
			}
		}
		return b.costOfSession(s, w, signers[0])
	}, "signed")
}

// fillOrganization makes accounts, below the control policies of three levels, with a
// user in each.
func (s *site) fillOrganization(ctx context.Context, accounts int) (signers []*signer, err error) {
	o, _, err := s.management(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *database.Tx) error {
		signers = nil
		var members []account.ID
		for i := range accounts {
			id, err := s.addMember(tx, o, i)
			if err != nil {
				return err
			}
			user, err := s.addSigner(tx, id, "http://"+s.address+"/aws")
			if err != nil {
				return err
			}
			members, signers = append(members, id), append(signers, user)
		}
		return s.addLevels(tx, o, members)
	})
	return signers, err
}

// signedCall is something to ask with a signature.
type signedCall struct {
	name  string
	call  func(aws.Config) error
	tells func(account.ID) string // what the right answer has in it
	bound float64                 // 0: none
}

var signedCalls = []signedCall{
	{"GetCallerIdentity", func(c aws.Config) error {
		_, err := sts.NewFromConfig(c).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		return err
	}, func(id account.ID) string { return "<Arn>arn:aws:iam::" + string(id) + ":user/alice</Arn>" }, 0.3},
	{"GetRole", func(c aws.Config) error { return getRole(c, roleName) },
		func(id account.ID) string { return "<Arn>" + roleARN(id) + "</Arn>" }, 0},
}

func getRole(c aws.Config, name string) error {
	_, err := iam.NewFromConfig(c).GetRole(context.Background(), &iam.GetRoleInput{RoleName: &name})
	return err
}

// raceSigned lets the server race a handler that reads the body, verifies the same
// signature and has the answer at hand. Both are sent the same requests, signed
// beforehand.
func (b *bench) raceSigned(s *site, w *world, call signedCall, signers []*signer) error {
	askings, err := b.signedAskings(s, call, signers)
	if err != nil {
		return err
	}
	bare, stop, err := serveHTTP(verifying(askings, signers))
	if err != nil {
		return err
	}
	defer stop()
	oursRate, bareRate, err := b.race(s, bare, askings)
	if err != nil {
		return err
	}
	b.report(figure{
		name: "signed " + w.engine(), what: call.name + ", requests a second / net/http and Verify",
		samples: ratios(oursRate, bareRate), unit: "x", bound: call.bound, atLeast: true, told: call.bound == 0, note: rates(oursRate, bareRate),
	})
	return nil
}

// signedAskings has the server answer each request once. These answers are checked
// against the facts, all later ones against these.
func (b *bench) signedAskings(s *site, call signedCall, signers []*signer) (askings []asking, err error) {
	c, err := dial(s.address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for _, who := range signers {
		for range max(1, b.size.signedIn/len(signers)) {
			q := asking{path: call.name, token: who.key.AccessKeyID}
			if q.request, err = who.request(call.call); err != nil {
				return nil, err
			}
			got, err := c.ask(q.request)
			if err != nil {
				return nil, err
			}
			if err := got.want(http.StatusOK); err != nil {
				return nil, err
			}
			q.head, q.body, q.same = len(got.head), bytes.Clone(got.body), bytes.Index(got.body, []byte("<RequestId>"))
			if q.same < 0 || !strings.Contains(string(got.body), call.tells(who.account)) {
				return nil, fmt.Errorf("%s answered %q", call.name, got.body)
			}
			if q.header, err = got.header(); err != nil {
				return nil, err
			}
			askings = append(askings, q)
		}
	}
	return askings, refusesOthers(c, signers[0])
}

// refusesOthers sees to it that policies are asked: of another role nothing is told.
func refusesOthers(c *connection, who *signer) error {
	request, err := who.request(func(c aws.Config) error { return getRole(c, "other") })
	if err != nil {
		return err
	}
	got, err := c.ask(request)
	if err != nil {
		return err
	}
	return got.want(http.StatusForbidden)
}

// verifying answers the same bytes to whoever has signed.
func verifying(askings []asking, signers []*signer) http.HandlerFunc {
	secrets, answers := map[string]string{}, map[string]*asking{}
	for _, who := range signers {
		secrets[who.key.AccessKeyID] = who.key.SecretAccessKey
	}
	for i := range askings {
		answers[askings[i].token] = &askings[i]
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		signature, err := authn.ReadSignature(r, body)
		if err != nil || signature == nil {
			http.Error(w, "no signature", http.StatusForbidden)
			return
		}
		if err := signature.Verify(secrets[signature.AccessKeyID], time.Now()); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		answers[signature.AccessKeyID].write(w)
	}
}

// costOfSession times AssumeRole, one at a time.
func (b *bench) costOfSession(s *site, w *world, who *signer) error {
	request, err := who.request(func(c aws.Config) error {
		_, err := sts.NewFromConfig(c).AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: aws.String(roleARN(who.account)), RoleSessionName: aws.String("bench")})
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
	session := []byte("<Arn>arn:aws:sts::" + string(who.account) + ":assumed-role/" + roleName + "/bench</Arn>")
	given := map[string]bool{}
	assume := func(int) error {
		got, err := c.ask(request)
		if err != nil {
			return err
		}
		if err := got.want(http.StatusOK); err != nil {
			return err
		}
		_, key, ok := bytes.Cut(got.body, []byte("<AccessKeyId>ASIA"))
		if !ok || !bytes.Contains(got.body, session) || given[string(key[:16])] {
			return fmt.Errorf("AssumeRole answered %q", got.body)
		}
		given[string(key[:16])] = true
		return nil
	}
	return b.besideAppend(w, writing{logBytes(b.ctx, w, s), assume}, figure{
		name: "signed write " + w.engine(), what: "p50 of AssumeRole", unit: "x", told: true,
	})
}
