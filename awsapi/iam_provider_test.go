package awsapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sallyport/sallyport/sallyporttest"
)

// metadata is that of a SAML identity provider, with more attributes of its root.
func metadata(t *testing.T, attributes string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	did(t, err)
	certificate := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, &key.PublicKey, key)
	did(t, err)
	return fmt.Sprintf(`<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/saml" %s><!-- %s -->
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`, attributes, strings.Repeat("x", 1000), base64.StdEncoding.EncodeToString(der))
}

func TestOpenIDConnectProviders(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		create := func(url string) (*iam.CreateOpenIDConnectProviderOutput, error) {
			return client.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &url, ClientIDList: []string{"sts.amazonaws.com"}, ThumbprintList: []string{strings.Repeat("A", 40)}})
		}
		arn := must[*iam.CreateOpenIDConnectProviderOutput](t)(create("https://token.example/tenant/")).OpenIDConnectProviderArn
		if *arn != arnIn(root, "oidc-provider/token.example/tenant/") {
			t.Errorf("made %s", *arn)
		}
		mustBe(t, second(create("https://token.example/tenant/")), "EntityAlreadyExists", "already exists")
		for _, bad := range []string{"http://token.example", "https://", "https://u@token.example", "https://token.example?x=1", "https://token.example/#f", "https://Token.example", "https://token.example/*", "https://tökén.example"} {
			mustBe(t, second(create(bad)), "InvalidInput", "the URL of an identity provider")
		}
		_, err := client.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://a.example"), ThumbprintList: []string{"short"}})
		mustBe(t, err, "InvalidInput", "thumbprint")
		_, err = client.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://a.example"), ThumbprintList: slices.Repeat([]string{strings.Repeat("a", 40)}, 6)})
		mustBe(t, err, "InvalidInput", "Thumbprint list")

		did(t, second(client.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("second")})))
		did(t, second(client.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("second")})))
		did(t, second(client.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("sts.amazonaws.com")})))
		did(t, second(client.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("none")})))
		did(t, second(client.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("b", 40)}})))
		got := must[*iam.GetOpenIDConnectProviderOutput](t)(client.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
		if *got.Url != "token.example/tenant/" || !slices.Equal(got.ClientIDList, []string{"second"}) || !slices.Equal(got.ThumbprintList, []string{strings.Repeat("b", 40)}) {
			t.Errorf("got %+v", got)
		}
		if list := must[*iam.ListOpenIDConnectProvidersOutput](t)(client.ListOpenIDConnectProviders(ctx, nil)).OpenIDConnectProviderList; len(list) != 1 || *list[0].Arn != *arn {
			t.Errorf("listed %v", list)
		}
		did(t, second(client.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})))
		for _, err := range []error{
			second(client.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})),
			second(client.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})),
			second(client.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("x")})),
			second(client.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: arn})),
		} {
			mustBe(t, err, "NoSuchEntity", "there is no identity provider")
		}
	})
}

func TestSAMLProviders(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		root := s.Root()
		client, ctx := root.IAM(), t.Context()
		create := func(name, document string) (*iam.CreateSAMLProviderOutput, error) {
			return client.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: &name, SAMLMetadataDocument: &document})
		}
		good, until := metadata(t, ""), s.Clock.Now().Add(24*time.Hour).UTC().Truncate(time.Second)
		arn := must[*iam.CreateSAMLProviderOutput](t)(create("idp", good)).SAMLProviderArn
		if *arn != arnIn(root, "saml-provider/idp") {
			t.Errorf("made %s", *arn)
		}
		mustBe(t, second(create("IDP", good)), "EntityAlreadyExists", "")
		mustBe(t, second(create("a b", good)), "ValidationError", "Name")
		mustBe(t, second(create("short", "<x/>")), "ValidationError", "SAMLMetadataDocument")
		for what, bad := range map[string]string{
			"cut off":        good[:len(good)-5],
			"two roots":      good + good[strings.Index(good, "<md:"):],
			"a bomb":         strings.Replace(good, "<md:Ent", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><md:Ent`, 1),
			"another thing":  strings.ReplaceAll(good, "md:EntityDescriptor", "md:EntitiesDescriptor"),
			"no certificate": strings.ReplaceAll(good, "ds:X509Certificate", "ds:X509CRL"),
			"a bad one":      strings.Replace(good, "<ds:X509Certificate>", "<ds:X509Certificate>AAAA", 1),
			"over":           metadata(t, `validUntil="2001-01-01T00:00:00Z"`),
			"too deep":       strings.Replace(good, "<md:IDP", strings.Repeat("<a>", 99)+strings.Repeat("</a>", 99)+"<md:IDP", 1),
		} {
			t.Run(what, func(t *testing.T) {
				mustBe(t, second(create("bad", bad)), "InvalidInput", "Could not parse metadata")
			})
		}
		dated := metadata(t, fmt.Sprintf("validUntil=%q", until.Format(time.RFC3339)))
		did(t, second(client.UpdateSAMLProvider(ctx, &iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, SAMLMetadataDocument: &dated})))
		got := must[*iam.GetSAMLProviderOutput](t)(client.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: arn}))
		if *got.SAMLMetadataDocument != dated || got.ValidUntil == nil || !got.ValidUntil.Equal(until) {
			t.Errorf("got %+v, valid until %v", got, got.ValidUntil)
		}
		if list := must[*iam.ListSAMLProvidersOutput](t)(client.ListSAMLProviders(ctx, nil)).SAMLProviderList; len(list) != 1 || *list[0].Arn != *arn {
			t.Errorf("listed %v", list)
		}
		_, err := client.UpdateSAMLProvider(ctx, &iam.UpdateSAMLProviderInput{SAMLProviderArn: arn, AddPrivateKey: aws.String("key")})
		mustBe(t, err, "NotSupportedService", "encrypted assertions are not offered")
		did(t, second(client.DeleteSAMLProvider(ctx, &iam.DeleteSAMLProviderInput{SAMLProviderArn: arn})))
		mustBe(t, second(client.GetSAMLProvider(ctx, &iam.GetSAMLProviderInput{SAMLProviderArn: arn})), "NoSuchEntity", "")
	})
}
