package sallyporttest

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
)

// Signer is somebody with an access key on the account side, and the way to AWS's
// own clients.
type Signer struct {
	Account account.ID // empty where the test made it of credentials alone
	Key     aws.Credentials
	Region  string // us-west-2 unless the test says otherwise

	s *Sallyport
}

// Management is the account that the first start made.
func (s *Sallyport) Management() account.ID {
	s.t.Helper()
	var first account.Account
	s.Read(func(tx *database.ReadTx) (err error) {
		first, err = s.Accounts.First(tx)
		return err
	})
	return first.ID
}

// Root is the root user of the account that the first start made.
func (s *Sallyport) Root() *Signer {
	s.t.Helper()
	id := s.Management()
	var key aws.Credentials
	s.Read(func(tx *database.ReadTx) error {
		root, secret, _, err := s.Accounts.RootKey(tx, id)
		key = aws.Credentials{AccessKeyID: root.ID, SecretAccessKey: secret}
		return err
	})
	return &Signer{id, key, "us-west-2", s}
}

// NewAccount makes an account that stands alone, and returns its root user.
func (s *Sallyport) NewAccount(name string) *Signer {
	s.t.Helper()
	var made account.Account
	s.Write(func(tx *database.Tx) (err error) {
		made, err = s.Accounts.Create(tx, account.NewAccount{Name: name, Email: name + "@example.com"})
		return err
	})
	return s.RootOf(made.ID)
}

// RootOf gives the root user of an account a key.
func (s *Sallyport) RootOf(id account.ID) *Signer {
	s.t.Helper()
	return s.keyOf(id, "")
}

func (s *Sallyport) keyOf(id account.ID, entity account.EntityID) *Signer {
	s.t.Helper()
	signer := &Signer{id, aws.Credentials{}, "us-west-2", s}
	s.Write(func(tx *database.Tx) error {
		key, secret, err := s.Accounts.CreateAccessKey(tx, id, entity)
		signer.Key = aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret}
		return err
	})
	return signer
}

// Nobody signs with a key that does not exist.
func (s *Sallyport) Nobody() *Signer {
	return &Signer{"", aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, "us-west-2", s}
}

// User makes an IAM user of the signer's account, with one inline policy, and returns
// it with a key.
func (a *Signer) User(name, document string) *Signer {
	a.s.t.Helper()
	var user account.Entity
	a.s.Write(func(tx *database.Tx) (err error) {
		if user, err = a.s.Accounts.CreateEntity(tx, a.Account, account.NewEntity{Kind: account.User, Name: name}); err != nil || document == "" {
			return err
		}
		return a.s.Accounts.PutInline(tx, user, account.Inline{Name: "test", Document: document})
	})
	return a.s.keyOf(a.Account, user.ID)
}

// Role makes a role of the signer's account and returns its ARN.
func (a *Signer) Role(name, trust, document string) string {
	a.s.t.Helper()
	var role account.Entity
	a.s.Write(func(tx *database.Tx) (err error) {
		if role, err = a.s.Accounts.CreateEntity(tx, a.Account, account.NewEntity{Kind: account.Role, Name: name, Trust: trust}); err != nil || document == "" {
			return err
		}
		return a.s.Accounts.PutInline(tx, role, account.Inline{Name: "test", Document: document})
	})
	return role.ARN()
}

// With signs with credentials that STS handed out.
func (a *Signer) With(c *types.Credentials) *Signer {
	return &Signer{a.Account, aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}, a.Region, a.s}
}

// Assume assumes a role, and fails the test when it cannot.
func (a *Signer) Assume(role string) *Signer {
	a.s.t.Helper()
	out, err := a.STS().AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")})
	if err != nil {
		a.s.t.Fatal(err)
	}
	session := a.With(out.Credentials)
	if session.Account, err = account.OfARN(role); err != nil {
		a.s.t.Fatal(err)
	}
	return session
}

// In signs for another Region.
func (a *Signer) In(region string) *Signer {
	other := *a
	other.Region = region
	return &other
}

// Retrieve makes a Signer a credentials provider of the SDK's.
func (a *Signer) Retrieve(context.Context) (aws.Credentials, error) { return a.Key, nil }

// Credential is a signature of the signer's, as the runner is given it.
func (a *Signer) Credential() authn.Credential {
	a.s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, a.s.URL()+"/aws", nil)
	if err != nil {
		a.s.t.Fatal(err)
	}
	if err := a.signer().SignHTTP(context.Background(), a.Key, r, nothingHashed, "sts", a.Region, time.Time{}); err != nil {
		a.s.t.Fatal(err)
	}
	signature, err := authn.ReadSignature(r, nil)
	if err != nil {
		a.s.t.Fatal(err)
	}
	return authn.Credential{Scheme: authn.Signed, Signature: signature}
}

// nothingHashed is the SHA-256 of no body.
const nothingHashed = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// config is what the SDK's clients have in common.
func (a *Signer) config() aws.Config {
	return aws.Config{
		Region: a.Region, Credentials: a, HTTPClient: patient{a.s.HTTP}, BaseEndpoint: aws.String(a.s.URL() + "/aws"),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// patient is a client that is not disturbed by how smithy-go (1.28.8) ends requests: it
// closes a body when the answer begins, a closed body that can write itself answers
// with io.EOF, and net/http, which looks once more whether all of a body was sent, takes
// that for a failure and closes the connection below an answer that is still coming. Of
// servers as near as this one, answers come that soon.
type patient struct{ *http.Client }

func (c patient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.Client.Do(r)
}

// atServerTime signs by the server's clock: requests of a test that lets time pass
// would be too old otherwise.
type atServerTime struct {
	*v4.Signer
	clock *Clock
}

func (s atServerTime) SignHTTP(ctx context.Context, key aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, key, r, hash, service, region, s.clock.Now(), options...)
}

func (a *Signer) signer() atServerTime { return atServerTime{v4.NewSigner(), a.s.Clock} }

func (a *Signer) STS() *sts.Client {
	return sts.NewFromConfig(a.config(), func(o *sts.Options) { o.HTTPSignerV4 = a.signer() })
}

func (a *Signer) IAM() *iam.Client {
	return iam.NewFromConfig(a.config(), func(o *iam.Options) { o.HTTPSignerV4 = a.signer() })
}

func (a *Signer) Organizations() *organizations.Client {
	return organizations.NewFromConfig(a.config(), func(o *organizations.Options) { o.HTTPSignerV4 = a.signer() })
}

func (a *Signer) CloudTrail() *cloudtrail.Client {
	return cloudtrail.NewFromConfig(a.config(), func(o *cloudtrail.Options) { o.HTTPSignerV4 = a.signer() })
}

func (a *Signer) SSOAdmin() *ssoadmin.Client {
	return ssoadmin.NewFromConfig(a.config(), func(o *ssoadmin.Options) { o.HTTPSignerV4 = a.signer() })
}

func (a *Signer) AccessAnalyzer() *accessanalyzer.Client {
	return accessanalyzer.NewFromConfig(a.config(), func(o *accessanalyzer.Options) { o.HTTPSignerV4 = a.signer() })
}

// Eventually waits until a condition holds, and fails the test when it never does.
func (s *Sallyport) Eventually(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	s.t.Fatalf("%s did not come about", what)
}
