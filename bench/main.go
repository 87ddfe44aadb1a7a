// Command bench measures Sallyport side by side with what a reader would compare
// it to, and says of each figure whether it keeps its bound.
//
// A figure is a ratio, taken in one run: the two sides take turns, each turn of
// the one is divided by the turn of the other next to it, and the median
// counts. So a machine that is slow, or busy for a while, is so for both. Every
// answer is checked; a wrong one fails the program, a missed bound does not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// benchmarks are run in this order.
var benchmarks = []struct {
	name string
	run  func(*bench) error
}{
	{"decision", (*bench).decision},
	{"policy", (*bench).policy},
	{"token", (*bench).token},
	{"loopback", (*bench).loopback},
	{"signed", (*bench).signed},
	{"chain", (*bench).chain},
	{"listing", (*bench).listing},
	{"center", (*bench).center},
	{"stale", (*bench).stale},
	{"planning", (*bench).planning},
	{"reading", (*bench).reading},
	{"repository", (*bench).repository},
	{"start", (*bench).start},
}

// bench is one run of the program.
type bench struct {
	ctx    context.Context
	size   size
	rounds int
	out    io.Writer // figures
	notes  io.Writer // what is being done
	tmp    string    // for data directories; removed at the end
	missed int
	worlds map[int]*world // SQLite ones, by number of spaces
}

func run(ctx context.Context, args []string, out, notes io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(notes)
	only := flags.String("only", "", "run one benchmark: "+names())
	rounds := flags.Int("rounds", 0, "how many `turns` each side takes (5, with -quick 2)")
	quick := flags.Bool("quick", false, "small inputs: shows that everything works, not how fast")
	profile := flags.String("cpuprofile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q: there are only flags", flags.Arg(0))
	}
	b := &bench{ctx: ctx, size: full, rounds: 5, out: out, notes: notes, worlds: map[int]*world{}}
	if *quick {
		b.size, b.rounds = small, 2
	}
	if *rounds > 0 {
		b.rounds = *rounds
	}
	if b.tmp, err = os.MkdirTemp("", "sallyport-bench"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.tmp)) }()
	stop, err := profiling(*profile)
	if err != nil {
		return err
	}
	defer stop()
	return b.all(*only)
}

func names() string {
	var names []string
	for _, each := range benchmarks {
		names = append(names, each.name)
	}
	return strings.Join(names, ", ")
}

func profiling(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); file.Close() }, pprof.StartCPUProfile(file)
}

func (b *bench) all(only string) error {
	fmt.Fprintf(b.out, "%s, %s/%s, %d CPUs, %d rounds, %s inputs\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.rounds, b.size.name)
	b.header()
	found := false
	for _, each := range benchmarks {
		if only != "" && only != each.name {
			continue
		}
		found = true
		if err := each.run(b); err != nil {
			return fmt.Errorf("%s: %w", each.name, err)
		}
	}
	if !found {
		return fmt.Errorf("-only %s: there are %s", only, names())
	}
	fmt.Fprintf(b.out, "\nevery answer was right; %d bounds missed\n", b.missed)
	return nil
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.notes, "# "+format+"\n", args...) }

// size is how much is measured.
type size struct {
	name      string
	spaces    []int // of the workload, for decisions
	answering []int // of the workload, over HTTP
	questions int   // to decide, for each number of spaces
	requests  int   // to decide by each policy
	signedIn  int   // users who ask over HTTP
	turn      int   // milliseconds that one side is asked over HTTP
	pairs     int   // of a grant or its end, and a question
	appends   int   // writes timed in a round
	pages     int   // of the organization that is listed
	users     int   // in the directory of a start
	center    centerSize
	plans     []planSize
	reads     []readSize
	commits   int // of the history that is cloned and pushed
}

var (
	full = size{"full", []int{10, 100, 1000}, []int{10, 100}, 1 << 16, 1 << 12, 64, 1500, 10_000, 200, 250, 100_000,
		centerSize{accounts: 2000, sets: 500, assignments: 50_000, roles: 40_000, people: 1000, groups: 200, busy: 50, groupsOfBusy: 50, asking: 32, asked: 500},
		[]planSize{{accounts: 200, units: 20, sets: 100, unitsOfSet: 10}, {accounts: 2000, units: 40, sets: 500, unitsOfSet: 2}},
		[]readSize{{50, 0, 10, 200, 395, 200}, {200, 8, 40, 1000, 1825, 0}, {50, 0, 40, 10_000, 13_525, 0}}, 10_000}
	small = size{"quick", []int{1, 2}, []int{1}, 1 << 10, 1 << 8, 8, 60, 20, 10, 50, 500,
		centerSize{accounts: 20, sets: 20, assignments: 800, roles: 100, people: 40, groups: 20, busy: 10, groupsOfBusy: 10, asking: 8, asked: 40, onPostgreSQL: true},
		[]planSize{{accounts: 20, units: 4, sets: 10, unitsOfSet: 2}}, []readSize{{12, 1, 3, 40, 0, 40}}, 200}
)

func (s size) mostAnswering() int { return slices.Max(s.answering) }
