package awsapi

import (
	"encoding/base64"
	"encoding/json"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// A page token says behind which item to continue, and of which listing. It is
// no secret and grants nothing: whoever shows it is authorized like anybody.
type pageToken struct {
	Operation string          `json:"o"`
	After     json.RawMessage `json:"a"`
}

func writeToken(q *operation.Query, after any) string {
	position, _ := json.Marshal(after) // texts and times: cannot fail
	token, _ := json.Marshal(pageToken{q.Request.Operation, position})
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
	if err != nil || token.Operation != q.Request.Operation {
		return fault.Invalidf("nextToken is not one that %s has returned", q.Request.Operation)
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
