package awsapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

const everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// trusting is a trust policy for these AWS principals, with a condition block or none.
func trusting(condition string, principals ...string) string {
	named, err := json.Marshal(principals)
	if err != nil {
		panic(err)
	}
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":%s},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]%s}}`, named, condition)
}

func whoami(t *testing.T, who *sallyporttest.Signer) (string, error) {
	t.Helper()
	out, err := who.STS().GetCallerIdentity(t.Context(), nil)
	if err != nil {
		return "", err
	}
	return *out.Arn + " " + *out.UserId + " " + *out.Account, nil
}

func mustBeWho(t *testing.T, who *sallyporttest.Signer, want string) {
	t.Helper()
	if got, err := whoami(t, who); err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("got %q %v, want %s", got, err, want)
	}
}

func assume(who *sallyporttest.Signer, role string, more ...func(*sts.AssumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")}
	for _, change := range more {
		change(in)
	}
	return who.STS().AssumeRole(context.Background(), in)
}

func TestGetCallerIdentity(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		id := string(root.Account)
		mustBeWho(t, root, "arn:aws:iam::"+id+":root "+id+" "+id)
		ada := root.User("ada", "")
		mustBeWho(t, ada, "arn:aws:iam::"+id+":user/ada AIDA")
		role := root.Role("deploy", trusting("", string(root.Account)), "")
		admin := root.User("admin", everything)
		mustBeWho(t, admin.Assume(role), "arn:aws:sts::"+id+":assumed-role/deploy/test AROA")
		_, err := whoami(t, s.Nobody())
		mustBe(t, err, "InvalidClientTokenId", "security token included in the request is invalid")
		// AWS lets nobody deny it.
		denied := root.User("denied", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)
		mustBeWho(t, denied, "arn:aws:iam::"+id+":user/denied")
	})
}

func TestAssumeRole(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root, other := s.Root(), s.NewAccount("other")
		admin := root.User("admin", everything)
		powerless := root.User("powerless", "")
		foreign := other.User("foreign", everything)
		adminARN := root.Account.Root()[:len(root.Account.Root())-4] + "user/admin"

		t.Run("by trust", func(t *testing.T) {
			named := root.Role("named", trusting("", adminARN), "")
			byAccount := root.Role("by-account", trusting("", string(root.Account)), "")
			across := other.Role("across", trusting("", root.Account.Root()), "")
			external := other.Role("external", trusting(`{"StringEquals":{"sts:ExternalId":"secret-handshake"}}`, root.Account.Root()), "")
			nowhere := "arn:aws:iam::" + string(other.Account) + ":role/nowhere"
			withID := func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("secret-handshake") }
			for _, row := range []struct {
				what    string
				who     *sallyporttest.Signer
				role    string
				more    func(*sts.AssumeRoleInput)
				refused string
			}{
				{"whom the trust policy names needs nothing else", admin, named, nil, ""},
				{"the account delegates, and an identity policy allows", admin, byAccount, nil, ""},
				{"the account delegates, and nothing allows", powerless, byAccount, nil, "because no identity-based policy allows the sts:AssumeRole action"},
				{"another user than the named one", powerless, named, nil, "not authorized to perform: sts:AssumeRole"},
				{"across accounts, both sides allow", admin, across, nil, ""},
				{"across accounts, the own side does not", powerless, across, nil, "because no identity-based policy allows"},
				{"across accounts, the other side does not", foreign, named, nil, "resource: " + named + ". Encoded"},
				{"a role that does not exist, in the same words", admin, nowhere, nil, "resource: " + nowhere + ". Encoded"},
				{"the wrong account", foreign, across, nil, "not authorized to perform: sts:AssumeRole"},
				{"without the external id", admin, external, nil, "resource: " + external + ". Encoded"},
				{"with the external id", admin, external, withID, ""},
				{"the root user", root, byAccount, nil, "Roles may not be assumed by root accounts"},
			} {
				if row.more == nil {
					row.more = func(*sts.AssumeRoleInput) {}
				}
				out, err := assume(row.who, row.role, row.more)
				switch {
				case row.refused != "":
					t.Run(row.what, func(t *testing.T) { mustBe(t, err, "AccessDenied", row.refused) })
				case err != nil:
					t.Errorf("%s: %v", row.what, err)
				default:
					mustBeWho(t, row.who.With(out.Credentials), *out.AssumedRoleUser.Arn)
				}
			}
		})

		t.Run("session policies limit", func(t *testing.T) {
			role := root.Role("limited", trusting("", root.Account.Root()), everything)
			out, err := assume(admin, role, func(in *sts.AssumeRoleInput) {
				in.Policy = aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetAccessKeyInfo","Resource":"*"}}`)
			})
			if err != nil || aws.ToInt32(out.PackedPolicySize) < 1 {
				t.Fatal(out, err)
			}
			limited := admin.With(out.Credentials)
			if _, err := limited.STS().GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &admin.Key.AccessKeyID}); err != nil {
				t.Error(err)
			}
			_, err = limited.CloudTrail().LookupEvents(t.Context(), nil)
			mustBe(t, err, "AccessDeniedException", "because no session policy allows the cloudtrail:LookupEvents action")
			_, err = assume(admin, role, func(in *sts.AssumeRoleInput) { in.Policy = aws.String(`{"Statement":[]}`) })
			mustBe(t, err, "MalformedPolicyDocument", "")
			_, err = assume(admin, role, func(in *sts.AssumeRoleInput) {
				in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/NoSuchPolicy")}}
			})
			mustBe(t, err, "ValidationError", "does not exist or is not attachable")
		})

		t.Run("lifetimes", func(t *testing.T) {
			role := root.Role("short", trusting("", root.Account.Root()), everything)
			lasting := func(seconds int32) func(*sts.AssumeRoleInput) {
				return func(in *sts.AssumeRoleInput) { in.DurationSeconds = &seconds }
			}
			_, err := assume(admin, role, lasting(3601))
			mustBe(t, err, "ValidationError", "3600")
			_, err = assume(admin, role, lasting(899))
			mustBe(t, err, "ValidationError", "DurationSeconds must be 900")
			session := admin.Assume(role)
			_, err = assume(session, role, lasting(3601))
			mustBe(t, err, "ValidationError", "role chaining")
			out, err := assume(session, role, lasting(900))
			if err != nil {
				t.Fatal(err)
			}
			chained := admin.With(out.Credentials)
			mustBeWho(t, chained, *out.AssumedRoleUser.Arn)
			s.Clock.Advance(16 * time.Minute)
			_, err = whoami(t, chained)
			mustBe(t, err, "ExpiredToken", "ended at")
		})

		t.Run("tags and source identity go along a chain", func(t *testing.T) {
			first := root.Role("first", trusting("", root.Account.Root()), everything)
			onlyBlue := root.Role("blue", trusting(`{"StringEquals":{"aws:PrincipalTag/team":"blue","aws:SourceIdentity":"ada"}}`, root.Account.Root()), everything)
			tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
			out, err := assume(admin, first, func(in *sts.AssumeRoleInput) {
				in.Tags, in.TransitiveTagKeys = []types.Tag{tag("team", "blue"), tag("cost", "12")}, []string{"team"}
				in.SourceIdentity = aws.String("ada")
			})
			if err != nil {
				t.Fatal(err)
			}
			session := admin.With(out.Credentials)
			second, err := assume(session, onlyBlue)
			if err != nil {
				t.Fatal(err)
			}
			// The third session knows what the first was told, but for what was not to go along.
			third := root.Role("third", trusting(`{"StringEquals":{"aws:PrincipalTag/team":"blue","aws:SourceIdentity":"ada"},"Null":{"aws:PrincipalTag/cost":"true"}}`, root.Account.Root()), "")
			if _, err := assume(admin.With(second.Credentials), third); err != nil {
				t.Errorf("the transitive tag and the source identity did not come along: %v", err)
			}
			_, err = assume(session, first, func(in *sts.AssumeRoleInput) { in.Tags = []types.Tag{tag("Team", "red")} })
			mustBe(t, err, "InvalidParameterValue", "conflicts with a transitive tag key")
			_, err = assume(session, first, func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("eve") })
			mustBe(t, err, "AccessDenied", "cannot be changed")
			_, err = assume(admin, first, func(in *sts.AssumeRoleInput) { in.TransitiveTagKeys = []string{"team"} })
			mustBe(t, err, "InvalidParameterValue", "not among the session's tags")
			_, err = assume(admin, first, func(in *sts.AssumeRoleInput) { in.Tags = []types.Tag{tag("a", "1"), tag("A", "2")} })
			mustBe(t, err, "ValidationError", "Duplicate tag keys")

			untagged := root.Role("untagged", strings.Replace(trusting("", root.Account.Root()), `"sts:TagSession",`, "", 1), "")
			_, err = assume(admin, untagged, func(in *sts.AssumeRoleInput) { in.Tags = []types.Tag{tag("team", "blue")} })
			mustBe(t, err, "AccessDenied", "sts:TagSession")
		})
	})
}

// Credentials end with what they are of.
func TestAttackCredentialsOfADeletedRole(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		admin := root.User("admin", everything)
		arn := root.Role("gone", trusting("", root.Account.Root()), "")
		session := admin.Assume(arn)
		mustBeWho(t, session, "arn:aws:sts::")
		s.Write(func(tx *database.Tx) error {
			role, err := s.Accounts.RoleByARN(tx.Reading(), arn)
			if err != nil {
				return err
			}
			return s.Accounts.DeleteEntity(tx, role)
		})
		_, err := whoami(t, session)
		mustBe(t, err, "InvalidClientTokenId", "")
		// Another role of the name is somebody else.
		root.Role("gone", trusting("", root.Account.Root()), "")
		_, err = whoami(t, session)
		mustBe(t, err, "InvalidClientTokenId", "")
	})
}

// A trust policy means the very user it named, not the next of the name.
func TestAttackARecreatedPrincipalIsNotTrusted(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root, other := s.Root(), s.NewAccount("other")
		ada := root.User("ada", everything)
		role := other.Role("trusting", trusting("", "arn:aws:iam::"+string(root.Account)+":user/ada"), "")
		if _, err := assume(ada, role); err != nil {
			t.Fatal(err)
		}
		s.Write(func(tx *database.Tx) error {
			e, err := s.Accounts.Entity(tx.Reading(), root.Account, account.User, "ada")
			if err != nil {
				return err
			}
			key, err := s.Accounts.AccessKey(tx.Reading(), ada.Key.AccessKeyID)
			if err != nil {
				return err
			}
			if err := s.Accounts.DeleteAccessKey(tx, key); err != nil {
				return err
			}
			if err := s.Accounts.DeleteInline(tx, e, "test"); err != nil {
				return err
			}
			return s.Accounts.DeleteEntity(tx, e)
		})
		_, err := assume(ada, role)
		mustBe(t, err, "InvalidClientTokenId", "")
		_, err = assume(root.User("ada", everything), role)
		mustBe(t, err, "AccessDenied", "not authorized to perform: sts:AssumeRole")
	})
}

func TestAttackAClosedAccountAndASwitchedOffKey(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		other := s.NewAccount("other")
		admin := other.User("admin", everything)
		session := admin.Assume(other.Role("r", trusting("", other.Account.Root()), ""))
		s.Write(func(tx *database.Tx) error {
			key, err := s.Accounts.AccessKey(tx.Reading(), admin.Key.AccessKeyID)
			if err != nil {
				return err
			}
			return s.Accounts.SetAccessKey(tx, key, false)
		})
		_, err := whoami(t, admin)
		mustBe(t, err, "InvalidClientTokenId", "")
		mustBeWho(t, session, "arn:aws:sts::")
		s.Write(func(tx *database.Tx) error { return s.Accounts.Close(tx, other.Account) })
		for _, who := range []*sallyporttest.Signer{session, other} {
			_, err := whoami(t, who)
			mustBe(t, err, "InvalidClientTokenId", "")
		}
	})
}

// A temporary key without its token, with another's, or a long-lived key with one.
func TestAttackTokensThatDoNotBelongToTheKey(t *testing.T) {
	s := sallyporttest.Start(t)
	root := s.Root()
	admin := root.User("admin", everything)
	role := root.Role("r", trusting("", root.Account.Root()), "")
	one, two := admin.Assume(role), admin.Assume(role)
	for what, key := range map[string]aws.Credentials{
		"no token":             {AccessKeyID: one.Key.AccessKeyID, SecretAccessKey: one.Key.SecretAccessKey},
		"another's token":      {AccessKeyID: one.Key.AccessKeyID, SecretAccessKey: one.Key.SecretAccessKey, SessionToken: two.Key.SessionToken},
		"a token with a user":  {AccessKeyID: admin.Key.AccessKeyID, SecretAccessKey: admin.Key.SecretAccessKey, SessionToken: two.Key.SessionToken},
		"a space's token kind": {AccessKeyID: one.Key.AccessKeyID, SecretAccessKey: one.Key.SecretAccessKey, SessionToken: s.User("ada").Token},
	} {
		thief := *one
		thief.Key = key
		t.Run(what, func(t *testing.T) {
			_, err := whoami(t, &thief)
			mustBe(t, err, "InvalidClientTokenId", "")
		})
	}
	wrong := *admin
	wrong.Key.SecretAccessKey = one.Key.SecretAccessKey
	_, err := whoami(t, &wrong)
	mustBe(t, err, "SignatureDoesNotMatch", "")
}

func TestSessionAndFederationTokens(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		admin := root.User("admin", everything)
		out, err := admin.STS().GetSessionToken(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		session := admin.With(out.Credentials)
		mustBeWho(t, session, "arn:aws:iam::"+string(root.Account)+":user/admin")
		role := root.Role("r", trusting("", root.Account.Root()), "")
		if _, err := assume(session, role); err != nil {
			t.Error(err)
		}
		_, err = session.STS().GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &admin.Key.AccessKeyID})
		mustBe(t, err, "AccessDenied", "good for AssumeRole and GetCallerIdentity alone")
		_, err = session.STS().GetSessionToken(t.Context(), nil)
		mustBe(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")

		federated := func(document string) *sallyporttest.Signer {
			in := &sts.GetFederationTokenInput{Name: aws.String("bob")}
			if document != "" {
				in.Policy = &document
			}
			out, err := admin.STS().GetFederationToken(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			bob := admin.With(out.Credentials)
			mustBeWho(t, bob, "arn:aws:sts::"+string(root.Account)+":federated-user/bob "+string(root.Account)+":bob")
			return bob
		}
		_, err = federated("").CloudTrail().LookupEvents(t.Context(), nil)
		mustBe(t, err, "AccessDeniedException", "because no session policy allows")
		if _, err = federated(everything).CloudTrail().LookupEvents(t.Context(), nil); err != nil {
			t.Error(err)
		}
		byRoot, err := root.STS().GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: aws.String("bob"), Policy: aws.String(everything)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = root.With(byRoot.Credentials).CloudTrail().LookupEvents(t.Context(), nil); err != nil {
			t.Error(err)
		}
		powerless := root.User("powerless", "")
		_, err = powerless.STS().GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: aws.String("bob")})
		mustBe(t, err, "AccessDenied", "because no identity-based policy allows the sts:GetFederationToken action")
		_, err = s.Nobody().STS().AssumeRoleWithSAML(t.Context(), &sts.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: &role, SAMLAssertion: aws.String("abcd")})
		mustBe(t, err, "ValidationError", "SAML federation is not offered")
	})
}

func TestAuthorizationMessagesAreForTheirAccount(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root, other := s.Root(), s.NewAccount("other")
		_, err := root.User("powerless", "").CloudTrail().LookupEvents(t.Context(), nil)
		if err == nil {
			t.Fatal("allowed")
		}
		_, message, _ := strings.Cut(err.Error(), "Encoded authorization failure message: ")
		admin, foreign := root.User("admin", everything), other.User("admin", everything)
		out, err := admin.STS().DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
		if err != nil || !strings.Contains(*out.DecodedMessage, `"action":"cloudtrail:LookupEvents"`) || !strings.Contains(*out.DecodedMessage, `"allowed":false`) {
			t.Error(out, err)
		}
		_, err = foreign.STS().DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
		mustBe(t, err, "InvalidAuthorizationMessageException", "")
	})
}

// An identity provider with a key, as far as OpenID Connect discovery needs one.
type issuer struct {
	*httptest.Server
	key    *ecdsa.PrivateKey
	signer jose.Signer
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	var err error
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k1"}}, nil); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL, "token_endpoint": i.URL, "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) thumbprint() string {
	sum := sha1.Sum(i.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// token makes a token of these claims over good ones.
func (i *issuer) token(t *testing.T, now time.Time, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": i.URL, "sub": "repo:acme/web:ref:refs/heads/main", "aud": "sts.amazonaws.com", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for name, value := range claims {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	text, err := jwt.Signed(i.signer).Claims(all).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		good, other, unlisted := newIssuer(t), newIssuer(t), newIssuer(t)
		host := strings.TrimPrefix(good.URL, "https://")
		trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},
			"Action":["sts:AssumeRoleWithWebIdentity"],"Condition":{"StringEquals":{"%s:aud":"sts.amazonaws.com"},"StringLike":{"%[3]s:sub":"repo:acme/web:*"}}}}`, root.Account, host, host)
		role := root.Role("web", trust, "")
		s.Write(func(tx *database.Tx) error {
			for _, trusted := range []*issuer{good, other} {
				if _, err := s.Accounts.CreateProvider(tx, root.Account, account.NewProvider{Kind: account.OpenIDConnect, Name: trusted.URL, ClientIDs: []string{"sts.amazonaws.com"}, Thumbprints: []string{trusted.thumbprint()}}); err != nil {
					return err
				}
			}
			return nil
		})
		ask := func(role, token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
			return s.Nobody().STS().AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("ci"), WebIdentityToken: &token})
		}
		now := s.Clock.Now()
		out, err := ask(role, good.token(t, now, nil))
		if err != nil {
			t.Fatal(err)
		}
		if *out.SubjectFromWebIdentityToken != "repo:acme/web:ref:refs/heads/main" || *out.Audience != "sts.amazonaws.com" {
			t.Errorf("%+v", out)
		}
		mustBeWho(t, root.With(out.Credentials), "arn:aws:sts::"+string(root.Account)+":assumed-role/web/ci")

		forged := &issuer{Server: good.Server, key: unlisted.key, signer: unlisted.signer}
		tampered := good.token(t, now, nil)
		parts := strings.Split(tampered, ".")
		evil := strings.Split(good.token(t, now, map[string]any{"sub": "repo:evil/web:x"}), ".")
		for what, row := range map[string]struct{ role, token, code, says string }{
			"another subject":                      {role, good.token(t, now, map[string]any{"sub": "repo:evil/web:ref:refs/heads/main"}), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
			"a role that does not exist":           {strings.Replace(role, "web", "nothing", 1), good.token(t, now, nil), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
			"another audience":                     {role, good.token(t, now, map[string]any{"aud": "somebody-else"}), "InvalidIdentityToken", "Incorrect token audience"},
			"meant for another party":              {role, good.token(t, now, map[string]any{"azp": "somebody-else"}), "InvalidIdentityToken", "Incorrect token audience"},
			"expired":                              {role, good.token(t, now.Add(-2*time.Hour), nil), "ExpiredTokenException", "Token expired"},
			"not yet":                              {role, good.token(t, now, map[string]any{"nbf": now.Add(time.Hour).Unix()}), "InvalidIdentityToken", ""},
			"no subject":                           {role, good.token(t, now, map[string]any{"sub": nil}), "InvalidIdentityToken", "no subject"},
			"an issuer nobody listed":              {role, unlisted.token(t, now, nil), "InvalidIdentityToken", "No OpenIDConnect provider found"},
			"signed by another key":                {role, forged.token(t, now, nil), "InvalidIdentityToken", "do not verify"},
			"claims put under another signature":   {role, parts[0] + "." + evil[1] + "." + parts[2], "InvalidIdentityToken", "do not verify"},
			"no signature":                         {role, "eyJhbGciOiJub25lIn0." + parts[1] + ".", "InvalidIdentityToken", "not a JSON Web Token"},
			"no token at all":                      {role, "not a token", "InvalidIdentityToken", "not a JSON Web Token"},
			"tags the trust policy does not allow": {role, good.token(t, now, map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"blue"}}}}), "AccessDenied", "Not authorized to perform sts:TagSession"},
		} {
			t.Run(what, func(t *testing.T) {
				_, err := ask(row.role, row.token)
				mustBe(t, err, row.code, row.says)
			})
		}
		t.Run("a certificate that is not the listed one", func(t *testing.T) {
			s.Write(func(tx *database.Tx) error {
				p, err := s.Accounts.ProviderOf(tx.Reading(), root.Account, good.URL)
				if err != nil {
					return err
				}
				return s.Accounts.ChangeProvider(tx, p, account.ProviderPatch{Thumbprints: []string{strings.Repeat("0", 40)}})
			})
			_, err := ask(role, good.token(t, now, nil))
			mustBe(t, err, "IDPCommunicationError", "whose thumbprint the provider lists")
		})
		// Who came, and who was refused, stands in the log of the account.
		s.Eventually("the refusals in the account's log", func() bool {
			refused := 0
			for _, event := range s.Events(root.Account.Scope()) {
				if event.Name == "assumeRoleWithWebIdentity" && event.ErrorCode == "denied" && event.Username == "repo:evil/web:ref:refs/heads/main" {
					refused++
				}
			}
			return refused == 1
		})
	})
}

// Letters that lower-case to others: whatever folds tag keys must fold them alike.
func TestAttackATransitiveTagInAnotherCase(t *testing.T) {
	s := sallyporttest.Start(t)
	root := s.Root()
	admin := root.User("admin", everything)
	role := root.Role("r", trusting("", root.Account.Root()), everything)
	out, err := assume(admin, role, func(in *sts.AssumeRoleInput) {
		in.Tags, in.TransitiveTagKeys = []types.Tag{{Key: aws.String("tenantid"), Value: aws.String("acme")}}, []string{"tenantid"}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"TenantID", "TENANT\u0130D", "tenant\u0131d"} {
		_, err := assume(admin.With(out.Credentials), role, func(in *sts.AssumeRoleInput) {
			in.Tags = []types.Tag{{Key: &key, Value: aws.String("evil")}}
		})
		if key == "tenant\u0131d" { // a letter of its own
			if err != nil {
				t.Error(err)
			}
			continue
		}
		mustBe(t, err, "InvalidParameterValue", "conflicts with a transitive tag key")
	}
}

// Whoever is refused by its own side must not read the other side's.
func TestAttackReadingAnotherAccountsRoleFromARefusal(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root, other := s.Root(), s.NewAccount("other")
		s.Write(func(tx *database.Tx) error {
			if _, err := s.Accounts.CreateEntity(tx, root.Account, account.NewEntity{Kind: account.Role, Name: "secret", Trust: trusting("", other.Account.Root()),
				Tags: account.Tags{"project": "nautilus"}, Boundary: "arn:aws:iam::aws:policy/PowerUserAccess"}); err != nil {
				return err
			}
			return nil
		})
		spy := other.User("spy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}`)
		decode := func(name string) string {
			_, err := assume(spy, "arn:aws:iam::"+string(root.Account)+":role/"+name)
			if err == nil {
				t.Fatal("assumed")
			}
			_, message, _ := strings.Cut(err.Error(), "Encoded authorization failure message: ")
			out, err := spy.STS().DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
			if err != nil {
				t.Fatal(err)
			}
			var told struct {
				Context struct{ Conditions map[string][]string }
			}
			if err := json.Unmarshal([]byte(*out.DecodedMessage), &told); err != nil {
				t.Fatal(err)
			}
			delete(told.Context.Conditions, "aws:currenttime")
			delete(told.Context.Conditions, "aws:epochtime")
			return fmt.Sprint(told.Context.Conditions)
		}
		there, not := decode("secret"), decode("nothing")
		if there != not || strings.Contains(there, "nautilus") || strings.Contains(there, "org") {
			t.Errorf("of a role that is there:\n%s\nof one that is not:\n%s", there, not)
		}
	})
}

// Each account's log tells its own side of what was allowed across.
func TestAttackReadingTheOtherSidesPoliciesInTheLog(t *testing.T) {
	s := sallyporttest.Start(t)
	root, other := s.Root(), s.NewAccount("other")
	admin := root.User("admin", strings.Replace(everything, `{"Effect"`, `{"Sid":"MergerWithAcme","Effect"`, 1))
	admin.Assume(other.Role("across", strings.Replace(trusting("", root.Account.Root()), `{"Effect"`, `{"Sid":"ForAuditors","Effect"`, 1), ""))
	for _, log := range []struct{ of, own, not string }{
		{string(root.Account.Scope()), "MergerWithAcme", "ForAuditors"},
		{string(other.Account.Scope()), "ForAuditors", "MergerWithAcme"},
	} {
		found := false
		for _, event := range s.Events(seal.Scope(log.of)) {
			if event.Name != "assumeRole" {
				continue
			}
			found = true
			if !strings.Contains(event.Detail.Reason, log.own) || strings.Contains(event.Detail.Reason, log.not) {
				t.Errorf("the log of %s says %q", log.of, event.Detail.Reason)
			}
		}
		if !found {
			t.Errorf("the log of %s does not tell of it", log.of)
		}
	}
}

// A name that the database cannot keep must cost nobody's events.
func TestAttackARequestThatSpoilsTheLog(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		mallory := s.NewAccount("mallory").User("mallory", everything)
		victim := s.NewAccount("victim").User("victim", everything)
		for _, arn := range []string{"arn:aws:iam::123456789012:\u00e9/" + strings.Repeat("x", 30), "arn:aws:iam::123456789012:role/" + strings.Repeat("x", 2000), "arn:aws:iam::123456789012:role/\u00e9\u00e9\u00e9\u00e9"} {
			if _, err := victim.CloudTrail().LookupEvents(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			_, err := assume(mallory, arn)
			mustBe(t, err, "AccessDenied", "not authorized")
		}
		kept := map[string]int{}
		for _, who := range []*sallyporttest.Signer{mallory, victim} {
			for _, event := range s.Events(who.Account.Scope()) {
				kept[event.Name]++
			}
		}
		if kept["lookupEvents"] != 3 || kept["assumeRole"] != 3 {
			t.Errorf("the log kept %v", kept)
		}
	})
}

// Strangers are written down so often and no more, whatever they send.
func TestAttackStrangersFloodingTheLog(t *testing.T) {
	s := sallyporttest.Start(t)
	for range 150 {
		r, err := http.NewRequest("POST", s.URL()+"/aws", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense")
		if answer := s.Do(r); answer.Status != 400 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		answer := s.Send("POST", "/aws?Action=AssumeRoleWithSAML&Version=2011-06-15", "", "")
		if answer.Status != 400 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
	}
	if events := s.Events(seal.Directory); len(events) > 130 {
		t.Errorf("300 requests of a stranger left %d events", len(events))
	}
}
