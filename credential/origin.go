package credential

import "github.com/sallyport/sallyport/seal"

// Origin is where a request came from, for people to recognize their sessions by.
type Origin struct {
	Address   string
	UserAgent string
}

// A client writes its user agent as long as it likes; this much of it is kept.
const maxUserAgent = 256

// sealedOrigin is an origin as the columns <table>.address_sealed and
// <table>.user_agent_sealed hold it.
type sealedOrigin struct{ address, userAgent []byte }

func (o Origin) seal(key *seal.Key, table, row string) (sealed sealedOrigin, err error) {
	if sealed.address, err = key.Seal(table+".address_sealed", row, []byte(o.Address)); err != nil {
		return sealed, err
	}
	userAgent := o.UserAgent[:min(len(o.UserAgent), maxUserAgent)]
	sealed.userAgent, err = key.Seal(table+".user_agent_sealed", row, []byte(userAgent))
	return sealed, err
}

func (s sealedOrigin) open(key *seal.Key, table, row string) (Origin, error) {
	address, err := key.Open(table+".address_sealed", row, s.address)
	if err != nil {
		return Origin{}, err
	}
	userAgent, err := key.Open(table+".user_agent_sealed", row, s.userAgent)
	return Origin{Address: string(address), UserAgent: string(userAgent)}, err
}
