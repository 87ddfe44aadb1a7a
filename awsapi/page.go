package awsapi

import (
	"encoding/base64"
	"encoding/json"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// A page token says behind which item to continue, of which listing, and whose it
// is. It is no secret and grants nothing: whoever shows it is authorized like
// anybody.
type pageToken struct {
	Operation string          `json:"o"`
	Caller    string          `json:"c"`
	After     json.RawMessage `json:"a"`
}

// reader is who a listing is for: a user, or everybody in an account.
func reader(q *operation.Query) string {
	if p := q.Caller.Principal; p != nil {
		return p.Account
	}
	return string(q.Caller.UserID)
}

func writeToken(q *operation.Query, after any) string {
	position, _ := json.Marshal(after) // texts and times: cannot fail
	token, _ := json.Marshal(pageToken{q.Request.Operation, reader(q), position})
	return base64.RawURLEncoding.EncodeToString(token)
}

func readToken(q *operation.Query, text string, after any) error {
	var token pageToken
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(bytes, &token)
	}
	if err == nil {
		err = json.Unmarshal(token.After, after)
	}
	if err != nil || token.Operation != q.Request.Operation || token.Caller != reader(q) {
		return fault.WithReason(reasonPageToken, fault.Invalidf("nextToken (or Marker), the paging token, is not one that %s has returned to you", q.Request.Operation))
	}
	return nil
}

// page reads one page of a listing that continues behind a key. size is how
// many items are returned when the caller does not say, or says 0.
func page[Item any](q *operation.Query, token *string, asked *int32, size int, list func(after string, limit int) ([]Item, error), key func(Item) string) ([]Item, *string, error) {
	after, limit := "", size
	if token != nil {
		if err := readToken(q, *token, &after); err != nil {
			return nil, nil, err
		}
	}
	if asked != nil && *asked > 0 {
		limit = int(*asked)
	}
	items, err := list(after, limit+1) // one more tells whether there is a next page
	if err != nil || len(items) <= limit {
		return items, nil, err
	}
	next := writeToken(q, key(items[limit-1]))
	return items[:limit], &next, nil
}

// reasonPageToken: a paging token is not one of ours, or not of this listing.
const reasonPageToken fault.Reason = "InvalidNextToken"
