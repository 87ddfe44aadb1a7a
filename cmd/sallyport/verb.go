package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport/sallyport/api"
)

// verb is a subcommand that asks one operation of the API, with the operation's own
// input, filled by arguments and flags.
type verb[In any] struct {
	use, short string
	ask        string // method and path, as the API's tables write it
	// bind adds flags and returns where the arguments go, in order. Those in
	// brackets in use may be left out. Nil: neither.
	bind  func(*In, *pflag.FlagSet) []*string
	most  int  // how many a list shows unless told; 0: all
	signs bool // the account side is asked, with AWS credentials
}

// asked is a verb whose command line has been read.
type asked[In any] struct {
	signedIn
	printer
	in   *In
	args []string
}

// command makes the subcommand. An input with a space that no argument names gets a
// flag for it.
func (v verb[In]) command(do func(*cobra.Command, asked[In]) error) *cobra.Command {
	in := new(In)
	var name, format string
	cmd := &cobra.Command{Use: v.use, Short: v.short}
	flags := cmd.Flags()
	flags.SortFlags = false
	var places []*string
	if v.bind != nil {
		places = v.bind(in, flags)
	}
	space := addSpaceFlag(flags, in, places)
	flags.StringVarP(&format, "output", "o", "table", "table, or json for programs")
	reach := func(ctx context.Context) (signedIn, error) { return signIn(ctx, name) }
	if v.signs {
		reach = addSigningFlags(flags)
	} else {
		flags.StringVar(&name, "login", cmp.Or(os.Getenv("SALLYPORT_LOGIN"), defaultLogin), "`name` of the sign-in to use")
	}
	cmd.Args = cobra.RangeArgs(len(places)-strings.Count(v.use, "["), len(places))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for i, arg := range args {
			*places[i] = arg
		}
		if err := space.given(); err != nil {
			return err
		}
		p, err := newPrinter(cmd, format)
		if err != nil {
			return err
		}
		s, err := reach(cmd.Context())
		if err != nil {
			return err
		}
		err = do(cmd, asked[In]{signedIn: s, printer: p, in: in, args: args})
		if v.signs {
			return err
		}
		return advised(err)
	}
	return cmd
}

// spaceFlag is the flag that says which space, where no argument does. Its value is
// nil where there is no such flag.
type spaceFlag struct{ value *string }

func addSpaceFlag(flags *pflag.FlagSet, in any, places []*string) spaceFlag {
	field := reflect.ValueOf(in).Elem().FieldByName("Space")
	if !field.IsValid() {
		return spaceFlag{}
	}
	value := field.Addr().Interface().(*string)
	for _, place := range places {
		if place == value {
			return spaceFlag{}
		}
	}
	flags.StringVar(value, "space", os.Getenv("SALLYPORT_SPACE"), "`name` of the space")
	return spaceFlag{value}
}

func (f spaceFlag) given() error {
	if f.value != nil && *f.value == "" {
		return fmt.Errorf("%w: say which space: --space NAME, or export SALLYPORT_SPACE=NAME", errUsage)
	}
	return nil
}

// showing is a verb that finds or makes one item.
func showing[In, Item any](v verb[In], columns table[Item]) *cobra.Command {
	return v.command(func(cmd *cobra.Command, a asked[In]) error {
		var item Item
		if err := call(cmd.Context(), a.remote, a.token, v.ask, a.in, nil, &item); err != nil {
			return err
		}
		return columns.one(a.printer, item)
	})
}

// doing is a verb with nothing to show. What it says when it is done may hold
// arguments, counted from 1: "deleted $1".
func doing[In any](v verb[In], done string) *cobra.Command {
	return v.command(func(cmd *cobra.Command, a asked[In]) error {
		if err := call(cmd.Context(), a.remote, a.token, v.ask, a.in, nil, nil); err != nil {
			return err
		}
		fmt.Fprintln(cmd.ErrOrStderr(), os.Expand(done, func(place string) string {
			i, _ := strconv.Atoi(place)
			return a.args[i-1]
		}))
		return nil
	})
}

// listing is a verb that lists, page by page.
func listing[In, Item any](v verb[In], columns table[Item]) *cobra.Command {
	var most int
	bind := v.bind
	v.bind = func(in *In, flags *pflag.FlagSet) (places []*string) {
		if bind != nil {
			places = bind(in, flags)
		}
		if isPaged[In]() {
			flags.IntVar(&most, "limit", v.most, "show at most so many; 0: all")
		}
		return places
	}
	return v.command(func(cmd *cobra.Command, a asked[In]) error {
		items, err := pages[In, Item](cmd, a, v.ask, most)
		if err != nil {
			return err
		}
		return columns.list(a.printer, items)
	})
}

const longestPage = 1000

func isPaged[In any]() bool {
	_, ok := reflect.TypeFor[In]().FieldByName("Page")
	return ok
}

// pages reads a list until it ends or has as many items as wanted.
func pages[In, Item any](cmd *cobra.Command, a asked[In], ask string, most int) (items []Item, err error) {
	extra := url.Values{}
	for {
		if isPaged[In]() {
			limit := longestPage
			if most > 0 {
				limit = min(limit, most-len(items))
			}
			extra.Set("limit", strconv.Itoa(limit))
		}
		var page api.List[Item]
		if err := call(cmd.Context(), a.remote, a.token, ask, a.in, extra, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.Next == "" || (most > 0 && len(items) >= most) {
			return items, nil
		}
		extra.Set("after", page.Next)
	}
}

// optional is a flag that leaves nil what it is not given for.
func optional[Text ~string](flags *pflag.FlagSet, to **Text, name, usage string) {
	flags.Func(name, usage, func(given string) error {
		text := Text(given)
		*to = &text
		return nil
	})
}

// moment is a flag that takes a time, or how long before or after now it is.
func moment(flags *pflag.FlagSet, name, usage string, direction time.Duration, set func(time.Time)) {
	flags.Func(name, usage+": RFC 3339, or a duration such as 24h", func(given string) error {
		if ago, err := time.ParseDuration(given); err == nil {
			set(time.Now().Add(direction * ago))
			return nil
		}
		at, err := time.Parse(time.RFC3339, given)
		if err == nil {
			set(at)
		}
		return err
	})
}

const (
	before time.Duration = -1
	after  time.Duration = 1
)
