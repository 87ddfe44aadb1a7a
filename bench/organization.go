package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/org"
)

// management is the organization that a first start makes, and its root user's key.
func (s *site) management(ctx context.Context) (o org.Organization, key aws.Credentials, err error) {
	err = s.db.Read(ctx, func(tx *database.ReadTx) error {
		first, err := s.accounts.First(tx)
		if err != nil {
			return err
		}
		if o, err = s.orgs.Of(tx, first.ID); err != nil {
			return err
		}
		root, secret, _, err := s.accounts.RootKey(tx, first.ID)
		key = aws.Credentials{AccessKeyID: root.ID, SecretAccessKey: secret}
		return err
	})
	return o, key, err
}

// addMember makes an account as CreateAccount and its job do.
func (s *stores) addMember(tx *database.Tx, o org.Organization, number int) (account.ID, error) {
	name := accountName(number)
	r, err := s.orgs.CreateAccount(tx, o, org.NewMember{Name: name, Email: name + "@example.com"})
	if err != nil {
		return "", err
	}
	if _, err := s.orgs.FinishCreateAccount(tx, r.ID); err != nil {
		return "", err
	}
	r, err = s.orgs.Request(tx.Reading(), o, r.ID)
	if err == nil && r.State != org.Succeeded {
		err = fmt.Errorf("%s was not made: %s", name, r.Failure)
	}
	return r.Account, err
}

func accountName(number int) string { return fmt.Sprintf("account-%05d", number) }

// signer is somebody with an access key, and where AWS's clients send for them.
type signer struct {
	key      aws.Credentials
	account  account.ID
	endpoint string
}

// kept stops a client before it has sent anything.
var errKept = errors.New("the request was kept")

type keeper struct{ request []byte }

func (k *keeper) Do(r *http.Request) (*http.Response, error) {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return nil, err
	}
	k.request = b.Bytes()
	return nil, errKept
}

// request is the bytes that AWS's own client sends, signed now: a server takes them
// for a quarter of an hour.
func (s *signer) request(call func(aws.Config) error) ([]byte, error) {
	var k keeper
	err := call(aws.Config{
		Region: "us-west-2", HTTPClient: &k, BaseEndpoint: &s.endpoint, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return s.key, nil }),
	})
	if !errors.Is(err, errKept) {
		return nil, fmt.Errorf("a client of AWS's sent nothing: %w", err)
	}
	return k.request, nil
}

// userPolicies are a hundred statements in ten managed policies, the last of which
// lets builders look at roles and assume them.
func userPolicies(id account.ID) (documents []string) {
	const each = 10
	statements := hundredStatements(func(int) string { return "iam" })
	statements[len(statements)-1] = statement{
		Sid: "Roles", Effect: "Allow", Action: []string{"iam:GetRole", "sts:AssumeRole"}, Resource: []string{roleARN(id)},
		Condition: map[string]map[string]string{"StringEquals": {"aws:PrincipalTag/team": "builders"}},
	}
	for i := 0; i < len(statements); i += each {
		documents = append(documents, documentOf(statements[i:i+each]))
	}
	return documents
}

const roleName = "deploy"

func roleARN(id account.ID) string { return "arn:aws:iam::" + string(id) + ":role/" + roleName }

// addSigner makes a user who holds userPolicies, with a key, and the role they are about.
func (s *stores) addSigner(tx *database.Tx, id account.ID, endpoint string) (*signer, error) {
	user, err := s.accounts.CreateEntity(tx, id, account.NewEntity{Kind: account.User, Name: "alice", Tags: account.Tags{"team": "builders"}})
	if err != nil {
		return nil, err
	}
	for i, document := range userPolicies(id) {
		p, err := s.accounts.CreatePolicy(tx, id, account.NewPolicy{Name: fmt.Sprintf("part-%d", i), Document: document})
		if err != nil {
			return nil, err
		}
		if err := s.accounts.AttachPolicy(tx, user, p.ARN()); err != nil {
			return nil, err
		}
	}
	trust := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": %q}}}`, id.Root())
	if _, err := s.accounts.CreateEntity(tx, id, account.NewEntity{Kind: account.Role, Name: roleName, Trust: trust}); err != nil {
		return nil, err
	}
	key, secret, err := s.accounts.CreateAccessKey(tx, id, user.ID)
	return &signer{aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret}, id, endpoint}, err
}

// guard is a service control policy that many organizations have: Regions, and
// what nobody may do.
const guard = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "sts:*", "support:*"], "Resource": "*",
	 "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-west-2", "eu-central-1"]}}},
	{"Sid": "Leave", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"},
	{"Sid": "Users", "Effect": "Deny", "Action": ["iam:CreateUser", "iam:CreateAccessKey"], "Resource": "*"},
	{"Sid": "Guarded", "Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/guarded-*",
	 "Condition": {"ArnNotLike": {"aws:PrincipalARN": "arn:aws:iam::*:role/guarded-*"}}}]}`

// addLevels puts accounts into a unit of the organization, and the guard over the
// root, the unit and each account.
func (s *stores) addLevels(tx *database.Tx, o org.Organization, members []account.ID) error {
	if err := s.orgs.EnableType(tx, o, o.Root, org.ServiceControl); err != nil {
		return err
	}
	p, err := s.orgs.CreatePolicy(tx, o, org.NewPolicy{Type: org.ServiceControl, Name: "guard", Content: guard})
	if err != nil {
		return err
	}
	unit, err := s.orgs.CreateUnit(tx, o, org.NewUnit{Parent: o.Root, Name: "workloads"})
	if err != nil {
		return err
	}
	targets := []org.TargetID{org.TargetID(o.Root), org.TargetID(unit.ID)}
	for _, id := range members {
		if err := s.orgs.Move(tx, o, id, o.Root, unit.ID); err != nil {
			return err
		}
		targets = append(targets, org.TargetID(id))
	}
	for _, target := range targets {
		if err := s.orgs.Attach(tx, o, p.ID, target); err != nil {
			return err
		}
	}
	return nil
}
