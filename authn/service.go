package authn

import (
	"context"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/policy"
)

// Service is one of AWS's services, as which Sallyport asks its own account side.
type Service struct {
	Name string // the service principal
	// SourceARN is on whose behalf it asks: aws:SourceArn.
	SourceARN string
	Region    string
}

type serviceKey struct{}

// AsService marks what is asked within a context as a service's. The mark is made in
// this process and read in it: nothing that comes over a network can carry one.
func AsService(ctx context.Context, s Service) context.Context {
	return context.WithValue(ctx, serviceKey{}, s)
}

// ServiceOf is the mark of a context, if it has one.
func ServiceOf(ctx context.Context) (s Service, ok bool) {
	s, ok = ctx.Value(serviceKey{}).(Service)
	return s, ok
}

// Caller is the service as a principal. It is of no account.
func (s Service) Caller() Caller {
	return Caller{SourceARN: s.SourceARN, Region: s.Region, Principal: &account.Principal{
		Principal: policy.Principal{Kind: policy.Service, Name: s.Name, ARN: s.Name}, UserID: s.Name,
	}}
}
