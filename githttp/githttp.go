// Package githttp lets git in: the smart protocol over HTTP, for an alias and a
// personal access token.
//
//	GET  /git/SPACE/PROJECT/REPOSITORY/info/refs?service=…   what there is
//	POST /git/SPACE/PROJECT/REPOSITORY/git-upload-pack       clone, fetch
//	POST /git/SPACE/PROJECT/REPOSITORY/git-receive-pack      push
//
// Each is an operation, decided like any other. What is fetched, the git program
// sends, out of the folder that the operation found. What is pushed is taken apart
// here: the commands are read, the pack goes to git and is checked, and only then
// does a transaction, which asks once more whether the caller may, change the
// references.
package githttp

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
)

// Git is the surface.
type Git struct {
	Repositories *repo.Store
	Log          *slog.Logger
	// Patience is how long nothing may move before a request ends. Zero: a minute.
	Patience time.Duration
	// LargestPush bounds what one push sends, in bytes. Zero: 10 GiB.
	LargestPush int64
	// LeastRoom is how much of the disk a push leaves free, in bytes. Zero: 1 GiB.
	LeastRoom int64

	runner                    *operation.Runner
	uploadPack, refs, receive *operation.Operation
	turns                     *turns
	offered                   atomic.Pointer[[]byte] // what git offers by version 2 of the protocol
}

const (
	// longest is how long one request may take.
	longest = time.Hour
	// longestAsk is more than clients say about what they want and have: fifty bytes
	// for each of some hundred thousand.
	longestAsk = 16 << 20

	largestPush = 10 << 30
	leastRoom   = 1 << 30
	largestBlob = 2 << 30 // of here on: "Quotas for source repositories"
	largestMeta = 6 << 20
	longestPath = 4096
	deepestPath = 20
)

// New makes the surface ready.
func New(runner *operation.Runner, g *Git) *Git {
	if g.Patience == 0 {
		g.Patience = time.Minute
	}
	if g.LargestPush == 0 {
		g.LargestPush = largestPush
	}
	if g.LeastRoom == 0 {
		g.LeastRoom = leastRoom
	}
	g.runner, g.turns = runner, newTurns()
	in := func(p role.Permission) authz.Rule { return authz.Space(p, "{Space}/{Project}/{Repository}") }
	g.uploadPack = operation.Read("GitUploadPack", g.findToFetch, in(role.CloneRepository))
	g.refs = operation.Read("GitReceivePackRefs", g.findToPush, in(role.CloneRepository))
	g.receive = operation.Write("GitReceivePack", g.push, in(role.PushCommits), operation.Prepare(g.unpack))
	service := &operation.Service{Source: "git", AccessTokens: true}
	for _, op := range g.Operations() {
		op.Service = service
	}
	return g
}

// Operations is what can be asked.
func (g *Git) Operations() []*operation.Operation {
	return []*operation.Operation{g.uploadPack, g.refs, g.receive}
}

// RepositoryInput names a repository.
type RepositoryInput struct {
	Space      string `json:"space"`
	Project    string `json:"project"`
	Repository string `json:"repository"`
}

// Found is a repository that may be read.
type Found struct {
	ID string `json:"id"`

	repository repo.Repository
	refs       []git.Ref // for who is going to push
}

func (g *Git) findToFetch(q *operation.Query, in *RepositoryInput) (*Found, error) {
	r, err := g.Repositories.Repository(q.Tx, q.Grant.Project.ID, in.Repository)
	return &Found{ID: string(r.ID), repository: r}, err
}

// reasonSeen marks a refusal of who may see the repository, and so may be told.
const reasonSeen fault.Reason = "seen"

func (g *Git) findToPush(q *operation.Query, in *RepositoryInput) (*Found, error) {
	if decision := q.Grant.Held.Decide(role.PushCommits, string(q.Grant.Project.ID)); !decision.Allowed {
		return nil, fault.WithReason(reasonSeen, fault.Deniedf("%s", decision.Reason()))
	}
	if token := q.Caller.Token; token != nil && token.Reach.ReadOnly {
		return nil, fault.WithReason(reasonSeen, fault.Deniedf("the personal access token is limited to %s: use one that may write", token.Reach))
	}
	found, err := g.findToFetch(q, in)
	if err == nil {
		found.refs, err = g.Repositories.Refs(q.Tx, found.repository.ID)
	}
	return found, err
}

// PushInput is what a client sends when it pushes.
type PushInput struct {
	RepositoryInput

	sent *sent
}

// sent is what is read of a push outside of its transaction, and what came of it.
type sent struct {
	request
	pack     io.Reader
	known    repo.Repository
	refusals []error
}

// PushOutput is what a push changed.
type PushOutput struct {
	Updates []RefUpdate `json:"updates"`
	Refused []RefUpdate `json:"refused,omitempty"`
}

// RefUpdate is the change of one reference. Forty zeros stand for none.
type RefUpdate struct {
	Ref    string `json:"ref"`
	Before string `json:"before"`
	After  string `json:"after"`
	Reason string `json:"reason,omitempty"` // why it is refused
}

// unpack takes in what comes with a push, and leaves it in the repository, where no
// reference leads to it yet.
func (g *Git) unpack(call *operation.Call, view operation.View, in *PushInput) (err error) {
	s := in.sent
	if s == nil {
		return fault.Invalidf("a push comes over Git's protocol")
	}
	if err := view(func(tx *database.ReadTx) (err error) {
		s.known, err = g.Repositories.Repository(tx, call.Grant.Project.ID, in.Repository)
		return err
	}); err != nil {
		return err
	}
	if string(s.known.ID) != call.Grant.Repository.ID {
		return errAnother
	}
	if !s.request.pack() {
		return nil
	}
	folder, err := g.Repositories.Open(call.Context, s.known)
	if err != nil {
		return err
	}
	limits := git.Limits{Pack: g.LargestPush, Room: g.LeastRoom, Blob: largestBlob, Commit: largestMeta, Message: s.known.LongestMessage, Path: longestPath, Depth: deepestPath}
	came, err := folder.Receive(call.Context, s.pack, limits)
	defer func() { err = errors.Join(err, came.Discard()) }()
	if err != nil {
		return err
	}
	var ids []git.ID
	for _, u := range s.updates {
		if u.After != "" {
			ids = append(ids, u.After)
		}
	}
	tips, err := came.Check(call.Context, ids, limits)
	if err != nil {
		return err
	}
	for i := range s.updates {
		if s.updates[i].After == "" {
			continue
		}
		if err := point(&s.updates[i], tips[0]); err != nil {
			return err
		}
		tips = tips[1:]
	}
	return came.Keep()
}

// point says what an update makes its reference lead to.
func point(u *repo.Update, tip git.Tip) error {
	switch {
	case tip.Object.Type == "" || tip.Peeled.Type == "":
		return fault.Invalidf("the object %s of %s is missing", u.After, u.Ref)
	case strings.HasPrefix(u.Ref, "refs/heads/") && tip.Object.Type != "commit":
		return fault.Invalidf("%s would lead to a %s: branches lead to commits", u.Ref, tip.Object.Type)
	case tip.Object.Type == "tag":
		u.Peeled = tip.Peeled.ID
	}
	return nil
}

// errAnother: what was decided, and what came in, is of the one that had the name before.
var errAnother = fault.Conflictf("another repository has this name by now: push again")

func (g *Git) push(c *operation.Command, in *PushInput) (*PushOutput, error) {
	r, err := g.Repositories.Repository(c.Tx.Reading(), c.Grant.Project.ID, in.Repository)
	if err != nil {
		return nil, err
	}
	if r.ID != in.sent.known.ID {
		return nil, errAnother
	}
	at := repo.Place{Space: c.Grant.Space, Project: c.Grant.Project}
	in.sent.refusals, err = g.Repositories.Apply(c.Tx, at, r, repo.Pusher{ID: c.Caller.UserID, Held: c.Grant.Held}, in.sent.updates, in.sent.can["atomic"])
	if err != nil {
		return nil, err
	}
	out := &PushOutput{}
	for i, u := range in.sent.updates {
		told := RefUpdate{Ref: u.Ref, Before: u.Before.String(), After: u.After.String()}
		if refusal := in.sent.refusals[i]; refusal != nil {
			told.Reason = fault.As(refusal).Message
			out.Refused = append(out.Refused, told)
		} else {
			out.Updates = append(out.Updates, told)
		}
	}
	return out, nil
}

// services are what a client asks for first, and the operation that decides.
func (g *Git) service(name string) *operation.Operation {
	switch name {
	case "git-upload-pack":
		return g.uploadPack
	case "git-receive-pack":
		return g.refs
	}
	return nil
}

// ServeHTTP answers below /git/.
func (g *Git) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in, rest, ok := path(r)
	if !ok {
		http.Error(w, "there is nothing here: repositories are at /git/SPACE/PROJECT/REPOSITORY", http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	moving := patient{http.NewResponseController(w), g.Patience}
	if err := moving.begin(); err != nil {
		g.Log.ErrorContext(ctx, "git cannot be answered over this connection", "error", err)
		panic(http.ErrAbortHandler)
	}
	defer moving.end() // fails where the connection has ended already
	r = r.WithContext(ctx)
	r.Body = &body{ReadCloser: r.Body, patient: moving, begun: time.Now()}
	to := &answer{ResponseWriter: w, patient: moving}
	to.Header().Set("Cache-Control", "no-store")
	operation.RequestOf(r).Credential = operation.Basic(r)
	err := g.serve(to, r, in, rest)
	if err == nil {
		return
	}
	if to.begun {
		if ctx.Err() == nil {
			g.Log.WarnContext(ctx, "an answer to git was broken off", "request", operation.RequestOf(r).ID, "error", err)
		}
		panic(http.ErrAbortHandler) // so that the client does not take it for whole
	}
	g.refuse(to, r, err)
}

// path takes a path apart. A name may end in .git, as clients like to write it.
func path(r *http.Request) (in RepositoryInput, rest string, ok bool) {
	in = RepositoryInput{r.PathValue("space"), r.PathValue("project"), strings.TrimSuffix(r.PathValue("repository"), ".git")}
	rest = r.PathValue("rest")
	return in, rest, in.Repository != "" && rest != ""
}

func (g *Git) serve(w *answer, r *http.Request, in RepositoryInput, rest string) error {
	switch {
	case rest == "info/refs" && r.Method == http.MethodGet:
		return g.advertise(w, r, in)
	case rest == "git-upload-pack" && r.Method == http.MethodPost:
		return g.upload(w, r, in)
	case rest == "git-receive-pack" && r.Method == http.MethodPost:
		return g.receivePack(w, r, in)
	}
	return fault.NotFoundf("there is nothing here: Git's smart protocol alone is spoken")
}

// turn waits until there is room for one more request that works with git, of the
// caller and of all.
func (g *Git) turn(r *http.Request) (done func(), err error) {
	return g.turns.take(r.Context(), operation.RequestOf(r).Caller.UserID, g.Patience)
}

func (g *Git) advertise(w *answer, r *http.Request, in RepositoryInput) error {
	name := r.URL.Query().Get("service")
	op := g.service(name)
	if op == nil {
		// Those who may not are not told even that much.
		if _, err := g.find(r, g.uploadPack, in); err != nil {
			return err
		}
		return fault.Invalidf("this client speaks Git's dumb protocol: update it")
	}
	found, err := g.find(r, op, in)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-"+name+"-advertisement")
	if op == g.refs {
		_, err := io.WriteString(w, pktLine("# service="+name+"\n")+flush+offer(found.refs))
		return err
	}
	folder, err := g.Repositories.Open(r.Context(), found.repository)
	if err != nil {
		return err
	}
	protocol := r.Header.Get("Git-Protocol")
	if protocol == git.Version2 {
		text, err := g.offer2(r.Context(), folder)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	done, err := g.turn(r)
	if err != nil {
		return err
	}
	defer done()
	return folder.Advertise(r.Context(), protocol, &prefixed{w, pktLine("# service="+name+"\n") + flush})
}

// offer2 is what git offers by version 2 of the protocol. It tells of git, and not of
// a repository, so it is asked once.
func (g *Git) offer2(ctx context.Context, folder git.Repository) ([]byte, error) {
	if text := g.offered.Load(); text != nil {
		return *text, nil
	}
	var out bytes.Buffer
	if err := folder.Advertise(ctx, git.Version2, &out); err != nil {
		return nil, err
	}
	text := out.Bytes()
	g.offered.Store(&text)
	return text, nil
}

// prefixed writes something before the first of what is written.
type prefixed struct {
	io.Writer
	first string
}

func (p *prefixed) Write(b []byte) (int, error) {
	if p.first != "" {
		if _, err := io.WriteString(p.Writer, p.first); err != nil {
			return 0, err
		}
		p.first = ""
	}
	return p.Writer.Write(b)
}

// offer lists what there is to a client that pushes, and what it may ask for.
func offer(refs []git.Ref) string {
	var text strings.Builder
	can := "\x00" + capabilities
	if len(refs) == 0 {
		text.WriteString(pktLine(git.Zero + " capabilities^{}" + can + "\n"))
	}
	for _, ref := range refs {
		text.WriteString(pktLine(string(ref.Target) + " " + ref.Name + can + "\n"))
		can = ""
	}
	return text.String() + flush
}

func (g *Git) find(r *http.Request, op *operation.Operation, in RepositoryInput) (*Found, error) {
	return operation.Ask[Found](r.Context(), g.runner, op, operation.RequestOf(r), in)
}

// content is the body of a request, which clients send as it is or packed.
func content(r *http.Request, kind string) (io.Reader, error) {
	if r.Header.Get("Content-Type") != "application/x-"+kind+"-request" {
		return nil, fault.Invalidf("the request is not one of Git's: its content type is not application/x-%s-request", kind)
	}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
		return r.Body, nil
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fault.Invalidf("the request is not packed with gzip, as it says")
		}
		return unpacked, nil
	}
	return nil, fault.Invalidf("the request is encoded in a way that is not understood here: gzip is")
}

func (g *Git) upload(w *answer, r *http.Request, in RepositoryInput) error {
	found, err := g.find(r, g.uploadPack, in)
	if err != nil {
		return err
	}
	done, err := g.turn(r)
	if err != nil {
		return err
	}
	defer done()
	ask, err := content(r, "git-upload-pack")
	if err != nil {
		return err
	}
	// git begins to answer before it has read all: what it asks for is small. It is
	// held in memory, and may be packed into very little: not before it is its turn.
	asked, err := io.ReadAll(io.LimitReader(ask, longestAsk+1))
	if err != nil || len(asked) > longestAsk {
		return fault.Invalidf("the request ended before all of it was sent, or is larger than %d MB", longestAsk>>20)
	}
	folder, err := g.Repositories.Open(r.Context(), found.repository)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
	err = folder.UploadPack(r.Context(), r.Header.Get("Git-Protocol"), bytes.NewReader(asked), w)
	if w.begun && isExit(err) {
		return nil // it has told the client what was wrong
	}
	return err
}

func isExit(err error) bool {
	var failed *git.Failure
	return errors.As(err, &failed) && failed.Exited()
}

func (g *Git) receivePack(w *answer, r *http.Request, in RepositoryInput) error {
	const kind = "git-receive-pack"
	// Whoever may not push is told so before anything of theirs is read.
	found, err := g.find(r, g.refs, in)
	if err != nil {
		return err
	}
	from, err := content(r, kind)
	if err != nil {
		return err
	}
	stream := bufio.NewReaderSize(from, 64<<10)
	asked, err := readRequest(stream)
	w.Header().Set("Content-Type", "application/x-"+kind+"-result")
	if err == nil && len(asked.updates) == 0 {
		w.WriteHeader(http.StatusOK) // trying whether the credentials are good
		return nil
	}
	if err != nil && len(asked.updates) == 0 {
		return err
	}
	out := reporter{to: w, can: asked.can}
	if err != nil {
		return out.report(asked.updates, func(int) error { return err })
	}
	done, err := g.turn(r)
	if err != nil {
		return err
	}
	defer done()
	s := &sent{request: asked, pack: stream, known: found.repository}
	_, err = operation.Ask[PushOutput](r.Context(), g.runner, g.receive, operation.RequestOf(r), PushInput{RepositoryInput: in, sent: s})
	switch {
	case fault.Is(err, fault.Unauthenticated):
		return err // the token has been taken away meanwhile
	case err != nil && s.refusals == nil:
		return out.report(asked.updates, func(int) error { return err })
	}
	return out.report(asked.updates, func(i int) error {
		if err != nil && s.refusals[i] == nil {
			return fault.Conflictf("atomic push failed: another reference was refused")
		}
		return s.refusals[i]
	})
}

// statuses translate kinds of failure. Git shows its user the text.
var statuses = map[fault.Kind]int{
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusNotFound, // except to those who may see
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Quota:           http.StatusRequestEntityTooLarge,
	fault.Throttled:       http.StatusTooManyRequests,
	fault.Unsupported:     http.StatusBadRequest,
	fault.Internal:        http.StatusInternalServerError,
}

func (g *Git) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.As(err)
	status, text := statuses[f.Kind], f.Message
	switch {
	case f.Kind == fault.Denied && (f.Reason == reasonSeen || f.Reason == authz.ReasonToken):
		status = http.StatusForbidden
	case f.Kind == fault.Denied, f.Kind == fault.NotFound && r.PathValue("rest") != "":
		text = "repository not found"
	case f.Kind == fault.Unauthenticated:
		w.Header().Set("WWW-Authenticate", `Basic realm="sallyport", charset="UTF-8"`)
	case f.Kind == fault.Internal:
		text = "internal error, request " + operation.RequestOf(r).ID
		g.Log.ErrorContext(r.Context(), "git could not be answered", "request", operation.RequestOf(r).ID, "error", err)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
