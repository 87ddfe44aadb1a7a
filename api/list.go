package api

import "github.com/sallyport/sallyport/space"

// Page is the part of a list that is asked for.
type Page struct {
	After string `query:"after" doc:"Continue behind here: next of the answer before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" doc:"How many at most; 100 when left out"`
}

const (
	defaultLimit = 100
	longestPage  = 1000
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, longestPage)
}

// List is one page of a list.
type List[Item any] struct {
	Items []Item `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Give it as after for what follows; absent at the end"`
}

// list reads one page and shows its items. One more is read, which tells whether
// there is a next page; it begins behind the key of the last item shown.
func list[Item, Shown any](p Page, read func(space.Page) ([]Item, error), key func(Item) string, show func([]Item) ([]Shown, error)) (*List[Shown], error) {
	items, err := read(space.Page{After: p.After, Limit: p.limit() + 1})
	if err != nil {
		return nil, err
	}
	var next string
	if len(items) > p.limit() {
		items = items[:p.limit()]
		next = key(items[len(items)-1])
	}
	shown, err := show(items)
	if err != nil {
		return nil, err
	}
	return &List[Shown]{Items: shown, Next: next}, nil
}

// each shows items one by one.
func each[Item, Shown any](show func(Item) Shown) func([]Item) ([]Shown, error) {
	return func(items []Item) ([]Shown, error) { return translate(items, show), nil }
}

// one shows the answer of a domain method.
func one[Item, Shown any](show func(Item) Shown) func(Item, error) (*Shown, error) {
	return func(item Item, err error) (*Shown, error) {
		if err != nil {
			return nil, err
		}
		shown := show(item)
		return &shown, nil
	}
}

// translate never gives nil, so that an empty list is written as one.
func translate[From, To any](from []From, one func(From) To) []To {
	to := make([]To, 0, len(from))
	for _, f := range from {
		to = append(to, one(f))
	}
	return to
}
