package authn

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sallyport/sallyport/fault"
)

// Why a signed request is not believed. Each is an error that AWS's services
// have; query services and JSON services call some of them differently.
const (
	// ReasonMissingToken: an operation that needs a signature came without one.
	ReasonMissingToken fault.Reason = "MissingAuthenticationToken"
	// ReasonIncompleteSignature: what is there is not a signature of this kind, or signs too little.
	ReasonIncompleteSignature fault.Reason = "IncompleteSignature"
	// ReasonUnknownAccessKey: there is no such key, or the session token is not
	// its own. JSON services say UnrecognizedClientException.
	ReasonUnknownAccessKey fault.Reason = "InvalidClientTokenId"
	// ReasonSignatureMismatch: something was changed, or another secret signed.
	// JSON services say InvalidSignatureException.
	ReasonSignatureMismatch fault.Reason = "SignatureDoesNotMatch"
	// ReasonSignatureExpired: signed too long ago, or in the future. On the wire
	// it is a mismatch; here it is told apart, for the log.
	ReasonSignatureExpired fault.Reason = "SignatureExpired"
	// ReasonExpiredToken: the session is over. Query services say ExpiredToken,
	// JSON services ExpiredTokenException.
	ReasonExpiredToken fault.Reason = "ExpiredToken"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	terminal  = "aws4_request"
	stamp     = "20060102T150405Z"
	// skew is how far a client's clock may be off, and so how long a request
	// that was listened to can be sent again.
	skew = 15 * time.Minute
	// longest is what a presigned request may be good for.
	longest = 7 * 24 * time.Hour
	// nothing is the SHA-256 of no body.
	nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Signature is a request's AWS Signature Version 4, read and not yet verified.
type Signature struct {
	AccessKeyID  string
	SessionToken string // signed like everything here; empty for long-term keys
	Region       string
	Service      string // the signing name: sso for sso-admin
	At           time.Time

	presigned     bool
	expires       time.Duration
	signedHeaders []string
	signature     string

	// What was signed.
	method, host, path, query string
	header                    http.Header
	length                    int64
	payload                   string
}

// ReadSignature finds the signature of a request, in the Authorization header or
// in the query string of a presigned one; nil when there is none, of either. body
// is the whole of it.
//
// What it returns is of good form and signs enough: the host, the content type,
// every x-amz-* header and the body. Everything else is a fault with one of this
// package's reasons. The secret is asked for later, by [Signature.Verify].
//
// It may be called below http.StripPrefix: it takes the path as it was sent.
func ReadSignature(r *http.Request, body []byte) (*Signature, error) {
	path, rawQuery := target(r)
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, incomplete("the query string is malformed")
	}
	authorization, inQuery := r.Header["Authorization"], presigned(query)
	inHeader := slices.ContainsFunc(authorization, func(v string) bool { return strings.HasPrefix(v, "AWS") })
	switch {
	case !inHeader && !inQuery:
		return nil, nil
	case inQuery && len(authorization) > 0, len(authorization) > 1:
		return nil, incomplete("only one form of authentication may be used: an Authorization header, or a presigned query string")
	case !normal(path):
		return nil, mismatch("the path may have no empty segments, and none of . and .. : clients do not agree on how they are signed")
	}
	s := &Signature{presigned: inQuery, method: r.Method, host: r.Host, path: path, query: rawQuery}
	if inQuery {
		err = s.readQuery(query)
	} else {
		err = s.readHeader(r.Header, authorization[0])
	}
	if err == nil {
		err = s.readToken(r.Header, query)
	}
	if err == nil {
		err = s.readSigned(r)
	}
	if err == nil {
		err = s.readPayload(r.Header, query, body)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// target is the path and query as the client sent them. Requests that did not
// come over a network have only a URL.
func target(r *http.Request) (path, query string) {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, query, _ = strings.Cut(r.RequestURI, "?")
		return path, query
	}
	if sent, err := url.ParseRequestURI(r.RequestURI); err == nil { // absolute-form, as to a proxy
		return sent.EscapedPath(), sent.RawQuery
	}
	return r.URL.EscapedPath(), r.URL.RawQuery
}

func normal(path string) bool {
	if path != "" && path[0] != '/' || strings.Contains(path, "//") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." {
			return false
		}
	}
	return true
}

// presigned tells whether a query string means to carry a signature.
func presigned(query url.Values) bool {
	return len(query) > 0 && (query.Has("X-Amz-Signature") || query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Credential"))
}

// readHeader reads "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...".
func (s *Signature) readHeader(header http.Header, authorization string) error {
	scheme, rest, _ := strings.Cut(authorization, " ")
	if scheme != algorithm {
		return incomplete("the Authorization header's algorithm must be %s", algorithm)
	}
	var credential, signed string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var into *string
		switch name {
		case "Credential":
			into = &credential
		case "SignedHeaders":
			into = &signed
		case "Signature":
			into = &s.signature
		}
		if into == nil || *into != "" || value == "" {
			return incomplete("the Authorization header must have Credential, SignedHeaders and Signature, once each")
		}
		*into = value
	}
	date, err := only(header["X-Amz-Date"], "the header X-Amz-Date")
	if err != nil {
		return err
	}
	return s.readForm(credential, date, signed)
}

func (s *Signature) readQuery(query url.Values) error {
	values := map[string]string{}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		value, err := only(query[name], "the query parameter "+name)
		if err != nil {
			return err
		}
		values[name] = value
	}
	if values["X-Amz-Algorithm"] != algorithm {
		return incomplete("X-Amz-Algorithm must be %s", algorithm)
	}
	s.expires = skew // what STS grants those who do not say
	if query.Has("X-Amz-Expires") {
		text, err := only(query["X-Amz-Expires"], "the query parameter X-Amz-Expires")
		if err != nil {
			return err
		}
		seconds, err := strconv.ParseUint(text, 10, 32)
		s.expires = time.Duration(seconds) * time.Second
		if err != nil || seconds == 0 || s.expires > longest {
			return incomplete("X-Amz-Expires must be 1 to %d seconds", longest/time.Second)
		}
	}
	s.signature = values["X-Amz-Signature"]
	signedQuery := url.Values{}
	for name, value := range query {
		if name != "X-Amz-Signature" {
			signedQuery[name] = value
		}
	}
	s.query = signedQuery.Encode()
	return s.readForm(values["X-Amz-Credential"], values["X-Amz-Date"], values["X-Amz-SignedHeaders"])
}

// only is the one value that something must have.
func only(values []string, what string) (string, error) {
	if len(values) != 1 || values[0] == "" {
		return "", incomplete("%s must be given, once", what)
	}
	return values[0], nil
}

// made tells whether a text has least to most characters, all of these.
func made(text string, least, most int, of string) bool {
	return len(text) >= least && len(text) <= most && strings.Trim(text, of) == ""
}

const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz" + digits
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// mostHeaders is more than any client signs.
const mostHeaders = 64

// readForm checks what both forms have in common.
func (s *Signature) readForm(credential, date, signed string) error {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != terminal || !made(scope[0], 1, 128, letters+"_") || !made(scope[2], 1, 64, lower+"-") || !made(scope[3], 1, 64, lower+"-") {
		return incomplete("the credential must be an access key id and its scope, as in AKIAIOSFODNN7EXAMPLE/20260102/us-west-2/sts/%s", terminal)
	}
	at, err := time.Parse(stamp, date)
	if err != nil || at.Format(stamp) != date {
		return incomplete("the date of the signature must be written as in %s", stamp)
	}
	if scope[1] != date[:8] {
		return mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.16s' != '%s', from '%s'.", scope[1], date[:8], date)
	}
	if !made(s.signature, 64, 64, digits+"abcdef") {
		return incomplete("a signature is 64 lower-case hexadecimal digits")
	}
	s.AccessKeyID, s.Region, s.Service, s.At = scope[0], scope[2], scope[3], at
	s.signedHeaders = strings.Split(signed, ";")
	if len(s.signedHeaders) > mostHeaders {
		return incomplete("at most %d headers can be signed", mostHeaders)
	}
	for i, name := range s.signedHeaders {
		if !made(name, 1, 128, lower+"!#$%&'*+.^_`|~-") || i > 0 && name <= s.signedHeaders[i-1] {
			return incomplete("SignedHeaders must be lower-case names in order, separated by semicolons")
		}
	}
	return nil
}

// readToken finds the session token. Whatever is in the query string is signed;
// that the header is, is seen to with all the others.
func (s *Signature) readToken(header http.Header, query url.Values) error {
	tokens := slices.Concat(header["X-Amz-Security-Token"], query["X-Amz-Security-Token"])
	if len(tokens) == 0 {
		return nil
	}
	token, err := only(tokens, "X-Amz-Security-Token")
	s.SessionToken = token
	return err
}

// readSigned collects the headers that are signed, and no others. Their names
// stay in lower case: the SDK's signer leaves out some by their usual spelling
// (User-Agent), which other clients sign.
func (s *Signature) readSigned(r *http.Request) error {
	s.header = make(http.Header, len(s.signedHeaders))
	for _, name := range s.signedHeaders {
		values := r.Header[textproto.CanonicalMIMEHeaderKey(name)]
		switch {
		case name == "host":
			continue
		case name == "content-length":
			// The signer knows no length of nothing.
			if s.length = r.ContentLength; s.length <= 0 {
				return mismatch("content-length is signed, and the request has no body of a known length")
			}
			continue
		case len(values) == 0:
			return mismatch("the header %s is signed, and the request has none", name)
		case len(values) > 1 && mustBeSigned(name):
			return incomplete("the header %s is given more than once", name)
		case name == "x-amz-date" && !s.presigned:
			continue // the signer writes it itself
		}
		s.header[name] = values
	}
	if !s.signs("host") {
		return incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if mustBeSigned(name) && !s.signs(strings.ToLower(name)) {
			return incomplete("the header %s must be signed", strings.ToLower(name))
		}
	}
	return nil
}

// mustBeSigned: AWS demands these, because they say what a request means.
func mustBeSigned(header string) bool {
	const prefix = "x-amz-"
	return len(header) >= len(prefix) && strings.EqualFold(header[:len(prefix)], prefix) || strings.EqualFold(header, "content-type")
}

func (s *Signature) signs(name string) bool {
	_, found := slices.BinarySearch(s.signedHeaders, name)
	return found
}

// readPayload hashes the body. A client that says what the hash is must be
// right; UNSIGNED-PAYLOAD and streams are for S3 alone.
func (s *Signature) readPayload(header http.Header, query url.Values, body []byte) error {
	s.payload = nothing
	if len(body) > 0 {
		sum := sha256.Sum256(body)
		s.payload = hex.EncodeToString(sum[:])
	}
	for _, said := range slices.Concat(header["X-Amz-Content-Sha256"], query["X-Amz-Content-Sha256"]) {
		if said != s.payload {
			return mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return nil
}

// CheckService refuses a signature that was made for another service: whoever
// was given it might not have been meant to call this one.
func (s *Signature) CheckService(signingName string) error {
	if s.Service != signingName {
		return mismatch("Credential should be scoped to correct service: '%s'.", signingName)
	}
	return nil
}

// Verify tells, with a fault, whether the request was not signed with this secret,
// or not lately. now is the server's clock.
func (s *Signature) Verify(secret string, now time.Time) error {
	if err := s.current(now); err != nil {
		return err
	}
	key := signerKey{sha256.Sum256([]byte(secret)), s.At.Format("20060102"), s.Region, s.Service}
	signer, known := signers.find(key)
	signed, err := s.sign(signer, secret)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(signed), []byte(s.signature)) != 1 {
		return mismatch("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if !known {
		signers.keep(key, signer)
	}
	return nil
}

// signers keeps signers, because they keep the keys they have derived. By region
// and service, and for ever, and without looking at the secret: so each is for
// one secret, day, region and service, is kept only when a good signature has
// shown that these are not made up, and there is a limit to them.
var signers = signerCache{known: map[signerKey]*v4.Signer{}}

const mostSigners = 1024

type signerCache struct {
	sync.RWMutex
	known map[signerKey]*v4.Signer
}

type signerKey struct {
	secret                [sha256.Size]byte // its hash
	date, region, service string
}

func (c *signerCache) find(key signerKey) (signer *v4.Signer, known bool) {
	c.RLock()
	signer = c.known[key]
	c.RUnlock()
	if signer != nil {
		return signer, true
	}
	// Headers stay where they are, and the token is one of them.
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableSessionToken, o.DisableHeaderHoisting = true, true }), false
}

func (c *signerCache) keep(key signerKey, signer *v4.Signer) {
	c.Lock()
	defer c.Unlock()
	if len(c.known) >= mostSigners {
		clear(c.known)
	}
	c.known[key] = signer
}

func (s *Signature) current(now time.Time) error {
	now = now.UTC()
	good := skew
	if s.presigned {
		good = s.expires
	}
	if earliest := now.Add(-good); s.At.Before(earliest) {
		return expired("Signature expired: %s is now earlier than %s (%s - %s)", s.At.Format(stamp), earliest.Format(stamp), now.Format(stamp), good)
	}
	if latest := now.Add(skew); s.At.After(latest) {
		return expired("Signature not yet current: %s is still later than %s (%s + %s)", s.At.Format(stamp), latest.Format(stamp), now.Format(stamp), skew)
	}
	return nil
}

// sign signs what was signed again.
func (s *Signature) sign(signer *v4.Signer, secret string) (string, error) {
	r := &http.Request{
		Method: s.method, Host: s.host, ContentLength: s.length, Header: maps.Clone(s.header), // the signer adds to it
		// Opaque keeps the path as it was sent; what stands for the host is cut off.
		URL: &url.URL{Opaque: "//-" + s.path, RawQuery: s.query},
	}
	key := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: secret}
	var signed string
	var err error
	if s.presigned {
		signed, _, err = signer.PresignHTTP(context.Background(), key, r, s.payload, s.Service, s.Region, s.At)
	} else {
		err = signer.SignHTTP(context.Background(), key, r, s.payload, s.Service, s.Region, s.At)
		signed = r.Header.Get("Authorization")
	}
	// Both end with the signature.
	return signed[max(0, len(signed)-len(s.signature)):], err
}

func incomplete(format string, args ...any) error {
	return fault.WithReason(ReasonIncompleteSignature, fault.Invalidf(format, args...))
}

func mismatch(format string, args ...any) error {
	return fault.WithReason(ReasonSignatureMismatch, fault.Unauthenticatedf(format, args...))
}

func expired(format string, args ...any) error {
	return fault.WithReason(ReasonSignatureExpired, fault.Unauthenticatedf(format, args...))
}
