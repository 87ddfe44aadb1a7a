package identitycenter_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/policy"
)

// What is located has the one ARN that policies know, or is nothing.
func TestAttackAnARNInAnotherSpelling(t *testing.T) {
	each(t, func(w *world) {
		boss, set := w.company.Management, w.permissionSet("Ops")
		application := made(w, func(tx *database.Tx) (identitycenter.Application, error) {
			return w.CreateApplication(tx, w.in, identitycenter.NewApplication{Account: boss, Provider: identitycenter.Providers[0].ARN, Name: "wiki", Enabled: true})
		})
		issuer := made(w, func(tx *database.Tx) (identitycenter.Issuer, error) {
			return w.CreateIssuer(tx, w.in, identitycenter.NewIssuer{Account: boss, Name: "dex", URL: "https://dex.example",
				Mapping: identitycenter.Mapping{Claim: "email", Attribute: "emails.value", Keys: "OPEN_ID_DISCOVERY"}})
		})
		locate := func(name string) *account.Resource {
			return look(w, func(tx *database.ReadTx) (*account.Resource, error) {
				return w.LocateSSO(tx, &account.Principal{Principal: policy.Principal{Account: string(boss)}}, name)
			})
		}
		for _, name := range []string{w.in.ARN(), set.ARN(), application.ARN(), issuer.ARN()} {
			if r := locate(name); r.ARN != name || r.Account != boss || r.PolicyRequired {
				w.Errorf("%s is %+v", name, r)
			}
			rest := strings.SplitN(name, ":", 6)
			for _, other := range [][2]string{{"arn:aws:", "arn:aws-cn:"}, {":sso:", ":SSO:"}, {":sso:", ":sso-admin:"}, {":sso:", ":sso:eu-west-1"}, {":" + rest[4] + ":" + rest[5], ":aws:" + rest[5]},
				{string(w.in.ID), strings.ToUpper(string(w.in.ID))}, {"/", "//"}, {"instance/", "Instance/"}, {"permissionSet/", "permissionset/"}, {"application/", "trustedtokenissuer/"}} {
				respelled := strings.Replace(name, other[0], other[1], 1)
				if respelled == name {
					continue
				}
				if r := locate(respelled); r.Account != "" || !r.PolicyRequired {
					w.Errorf("%s is %+v", respelled, r)
				}
				if _, err := try(w, func(tx *database.ReadTx) (identitycenter.Instance, error) {
					in, _, err := w.Governed(tx, boss, respelled)
					return in, err
				}); !fault.Is(err, fault.NotFound) {
					w.Errorf("%s is governed: %v", respelled, err)
				}
				if _, err := try(w, func(tx *database.ReadTx) (identitycenter.Instance, error) { return w.Instance(tx, respelled) }); !fault.Is(err, fault.NotFound) {
					w.Errorf("%s is an instance: %v", respelled, err)
				}
			}
		}
	})
}

func TestAttackAPolicyReferenceThatIsAnARN(t *testing.T) {
	for _, bad := range [][2]string{{"arn:aws:iam::aws:policy/", "AdministratorAccess"}, {"/", "policy/x"}, {"/a", "b"}, {"//", "x"}, {"/a:b/", "x"}, {"/", ""}} {
		if ref, err := identitycenter.Customer(bad[0], bad[1]); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is %q, %v", bad, ref, err)
		}
	}
	for _, good := range [][3]string{{"", "x", "/x"}, {"/", "x", "/x"}, {"/team/a.b/", "x", "/team/a.b/x"}} {
		if ref, err := identitycenter.Customer(good[0], good[1]); err != nil || string(ref) != good[2] || ref.AWS() {
			t.Errorf("%q is %q, %v", good, ref, err)
		}
	}
}
