package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssoadmintypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/identitycenter"
)

// center asks the binary about an organization with IAM Identity Center: who is
// assigned what, where somebody may go, and for credentials to go there with.
func (b *bench) center() (err error) {
	if err := b.centerOn(&world{data: filepath.Join(b.tmp, "sqlite-center")}); err != nil || !b.havePostgres() {
		return err
	}
	if !b.size.center.onPostgreSQL {
		b.say("NOT MEASURED on PostgreSQL: with -quick alone")
		return nil
	}
	w, drop, err := b.emptyPostgres("center")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	return b.centerOn(w)
}

func (b *bench) centerOn(w *world) (err error) {
	binary, err := b.build()
	if err != nil {
		return err
	}
	a, tokens, err := b.loadCenter(w)
	if err != nil {
		return err
	}
	p, err := b.launch(binary, w.data, w.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	v, err := b.newVisitors(w, a, p.address, tokens)
	if err != nil {
		return err
	}
	defer v.close()
	var megabytes []float64
	for range b.rounds {
		if err := v.round(b.ctx, b.size.center.asked); err != nil {
			return err
		}
		memory, err := resident(p.Process.Pid)
		if err != nil {
			return err
		}
		megabytes = append(megabytes, memory)
	}
	b.reportCenter(w, v, megabytes)
	return nil
}

// loadCenter fills a database through the packages that the server uses, lets those in
// who will ask, and leaves it to the binary.
func (b *bench) loadCenter(w *world) (a *assigned, tokens []string, err error) {
	s, err := serve(b.ctx, w.data, w.url)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	size := b.size.center
	b.say("making %d accounts, %d permission sets, %d users and %d groups on %s", size.accounts, size.sets, size.people, size.groups, w.engine())
	begun := time.Now()
	a, members, err := s.fillCenter(b.ctx, size)
	if err != nil {
		return nil, nil, err
	}
	b.say("that took %.3g s; making %d assignments, provisioned as %d roles", time.Since(begun).Seconds(), size.assignments, size.roles)
	begun = time.Now()
	if err := s.assign(b.ctx, a, a.plan(size, members)); err != nil {
		return nil, nil, err
	}
	took := time.Since(begun)
	b.report(figure{
		name: "center " + w.engine(), what: fmt.Sprintf("making %d assignments and %d roles", size.assignments, size.roles),
		samples: []float64{took.Seconds()}, unit: "s", told: true, note: fmt.Sprintf("%.2g ms an assignment", milliseconds(took)/float64(size.assignments)),
	})
	var users []user
	for _, p := range a.askers(b.size.center.asking) {
		users = append(users, a.user(p))
	}
	tokens, err = s.signIn(b.ctx, users, credential.ScopePortal)
	return a, tokens, err
}

// askers are some of the people in many groups, and as many of the others.
func (a *assigned) askers(many int) []person {
	var found []person
	for i := range many / 2 {
		found = append(found, a.people[i], a.people[len(a.people)-1-i])
	}
	return found
}

// A visitor is somebody who is signed in, with what they may do, and how far their
// listings have come.
type visitor struct {
	person
	token                     string
	assignments               []identitycenter.Assignment
	accounts                  []account.ID
	inAssignments, inAccounts listedTo
}

// listedTo is how far a listing has come.
type listedTo struct {
	done  int
	token *string
}

// visitors take turns in asking, one thing at a time.
type visitors struct {
	*assigned
	address    string // the server's
	each       []*visitor
	connection *connection
	bare       *connection // to a handler with an answer at hand
	stop       func()
	file       *os.File // beside the database, appended to
	nobody     *signer  // of requests that are not signed
	random     *rand.Rand
	keys       map[string]bool // that were handed out
	took       map[string][][]time.Duration
	turn       int
}

// The questions, and what to read them by.
const (
	listsAssignments = "ListAccountAssignmentsForPrincipal, a page of 100"
	listsAccounts    = "portal ListAccounts, a page of 50"
	getsCredentials  = "portal GetRoleCredentials"
	bareAnswer       = "a bare net/http handler, 4 KiB"
	bareAppend       = "an fsynced append of 16 KiB"
)

var questions = []struct {
	name string
	told bool
}{{listsAssignments, false}, {listsAccounts, false}, {getsCredentials, false}, {bareAnswer, true}, {bareAppend, true}}

func (b *bench) newVisitors(w *world, a *assigned, address string, tokens []string) (*visitors, error) {
	a.owner.endpoint = "http://" + address + "/aws"
	v := &visitors{assigned: a, address: address, nobody: &signer{endpoint: a.owner.endpoint}, random: rand.New(rand.NewPCG(3, 0)), keys: map[string]bool{}, took: map[string][][]time.Duration{}}
	for i, p := range a.askers(b.size.center.asking) {
		one := &visitor{person: p, token: tokens[i], assignments: a.of(p)}
		for _, each := range one.assignments {
			one.accounts = append(one.accounts, each.Account)
		}
		one.accounts = slices.Compact(one.accounts)
		v.each = append(v.each, one)
	}
	body := bytes.Repeat([]byte("x"), 4<<10)
	bare, stop, err := serveHTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Length"] = []string{fmt.Sprint(len(body))}
		w.Write(body)
	}))
	if err != nil {
		return nil, err
	}
	v.stop = stop
	if v.bare, err = dial(bare); err != nil {
		return nil, err
	}
	v.file, err = os.OpenFile(filepath.Join(w.data, "append"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return v, err
}

func (v *visitors) close() {
	v.bare.Close()
	v.file.Close()
	v.stop()
}

// round asks every question so often, one after the other: the write between two reads
// makes what was remembered be read anew. Then it tries the credentials.
func (v *visitors) round(ctx context.Context, many int) (err error) {
	if v.connection, err = v.dialAnew(); err != nil {
		return err
	}
	defer v.connection.Close()
	defer v.connection.untilDone(ctx)()
	for _, q := range questions {
		v.took[q.name] = append(v.took[q.name], nil)
	}
	var given []handed
	for range many {
		who := v.each[v.turn%len(v.each)]
		v.turn++
		h, err := v.enter(who)
		if err != nil {
			return fmt.Errorf("GetRoleCredentials: %w", err)
		}
		given = append(given, h)
		if err := v.listAccounts(who); err != nil {
			return fmt.Errorf("ListAccounts: %w", err)
		}
		if err := v.listAssignments(who); err != nil {
			return fmt.Errorf("ListAccountAssignmentsForPrincipal: %w", err)
		}
		if err := v.compare(); err != nil {
			return err
		}
	}
	for _, h := range given {
		if err := v.try(h); err != nil {
			return fmt.Errorf("GetCallerIdentity: %w", err)
		}
	}
	return v.refused()
}

// dialAnew comes from another loopback address for each round: an address is given so
// many credentials a minute at most, and that is not what is measured.
func (v *visitors) dialAnew() (*connection, error) {
	from := net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+len(v.took[getsCredentials])%250))}
	c, err := (&net.Dialer{LocalAddr: &from}).Dial("tcp", v.address)
	if err != nil {
		return nil, err
	}
	return newConnection(c), nil
}

// timed adds how long something took.
func (v *visitors) timed(name string, f func() error) error {
	begun := time.Now()
	err := f()
	took, rounds := time.Since(begun), v.took[name]
	rounds[len(rounds)-1] = append(rounds[len(rounds)-1], took)
	return err
}

// ask has AWS's client make the request, and reads the answer; what is timed is between.
func (v *visitors) ask(name string, who *signer, call func(aws.Config) error, into any) error {
	request, err := who.request(call)
	if err != nil {
		return err
	}
	var got answer
	if err := v.timed(name, func() (err error) { got, err = v.connection.ask(request); return err }); err != nil {
		return err
	}
	if err := got.want(http.StatusOK); err != nil {
		return err
	}
	return json.Unmarshal(got.body, into)
}

// next is the part of a listing that its next page has to have.
func next[Item any](all []Item, to *listedTo, most int) []Item {
	return all[to.done:min(to.done+most, len(all))]
}

// on notes what a page has shown; a listing that is through begins again.
func (to *listedTo) on(shown, all int, token *string) error {
	to.done, to.token = to.done+shown, token
	if (token == nil) != (to.done == all) {
		return fmt.Errorf("after %d of %d items there is more: %t", to.done, all, token != nil)
	}
	if token == nil {
		*to = listedTo{}
	}
	return nil
}

func (v *visitors) listAssignments(who *visitor) error {
	var page struct {
		AccountAssignments []struct{ AccountID, PermissionSetARN, PrincipalID, PrincipalType string }
		NextToken          *string
	}
	err := v.ask(listsAssignments, v.owner, func(c aws.Config) error {
		_, err := ssoadmin.NewFromConfig(c).ListAccountAssignmentsForPrincipal(context.Background(), &ssoadmin.ListAccountAssignmentsForPrincipalInput{
			InstanceArn: aws.String(v.ARN()), PrincipalId: aws.String(string(who.id)), PrincipalType: ssoadmintypes.PrincipalTypeUser, NextToken: who.inAssignments.token,
		})
		return err
	}, &page)
	if err != nil {
		return err
	}
	right := next(who.assignments, &who.inAssignments, 100)
	if len(page.AccountAssignments) != len(right) {
		return fmt.Errorf("a page of %d, not %d", len(page.AccountAssignments), len(right))
	}
	for i, got := range page.AccountAssignments {
		want := right[i]
		if got.AccountID != string(want.Account) || got.PermissionSetARN != v.SetARN(want.Set) || got.PrincipalID != want.ID || got.PrincipalType != string(want.Type) {
			return fmt.Errorf("%v is listed, not %v", got, want)
		}
	}
	return who.inAssignments.on(len(right), len(who.assignments), page.NextToken)
}

func (v *visitors) listAccounts(who *visitor) error {
	var page struct {
		AccountList []struct{ AccountID, AccountName string }
		NextToken   *string
	}
	err := v.ask(listsAccounts, v.nobody, func(c aws.Config) error {
		_, err := sso.NewFromConfig(c).ListAccounts(context.Background(), &sso.ListAccountsInput{AccessToken: &who.token, NextToken: who.inAccounts.token})
		return err
	}, &page)
	if err != nil {
		return err
	}
	right := next(who.accounts, &who.inAccounts, 50)
	if len(page.AccountList) != len(right) {
		return fmt.Errorf("a page of %d, not %d", len(page.AccountList), len(right))
	}
	for i, got := range page.AccountList {
		if got.AccountID != string(right[i]) || got.AccountName != v.names[right[i]] {
			return fmt.Errorf("%v is listed, not %s", got, right[i])
		}
	}
	return who.inAccounts.on(len(right), len(who.accounts), page.NextToken)
}

// handed is what somebody was handed to enter an account with.
type handed struct {
	*signer
	arn string // of the session
}

// enter gets credentials of a role that is assigned to somebody, or to a group of theirs.
func (v *visitors) enter(who *visitor) (handed, error) {
	at := who.assignments[v.random.IntN(len(who.assignments))]
	set := v.setOf[at.Set]
	var out struct {
		RoleCredentials struct {
			AccessKeyID, SecretAccessKey, SessionToken string
			Expiration                                 int64
		}
	}
	if err := v.ask(getsCredentials, v.nobody, entering(who, at.Account, set.Name), &out); err != nil {
		return handed{}, err
	}
	got := out.RoleCredentials
	if left := time.Until(time.UnixMilli(got.Expiration)); v.keys[got.AccessKeyID] || left > set.Session() || left < set.Session()-time.Minute {
		return handed{}, fmt.Errorf("the key %s, good for %s, is an old one or lasts too long", got.AccessKeyID, left)
	}
	v.keys[got.AccessKeyID] = true
	key := aws.Credentials{AccessKeyID: got.AccessKeyID, SecretAccessKey: got.SecretAccessKey, SessionToken: got.SessionToken}
	arn := "arn:aws:sts::" + string(at.Account) + ":assumed-role/" + set.RoleName(at.Account) + "/" + who.name
	return handed{&signer{key, at.Account, v.owner.endpoint}, arn}, nil
}

func entering(who *visitor, id account.ID, set string) func(aws.Config) error {
	return func(c aws.Config) error {
		_, err := sso.NewFromConfig(c).GetRoleCredentials(context.Background(), &sso.GetRoleCredentialsInput{AccessToken: &who.token, AccountId: aws.String(string(id)), RoleName: &set})
		return err
	}
}

// try has somebody ask who they are with what they were handed.
func (v *visitors) try(h handed) error {
	request, err := h.request(func(c aws.Config) error {
		_, err := sts.NewFromConfig(c).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		return err
	})
	if err != nil {
		return err
	}
	got, err := v.connection.ask(request)
	if err == nil {
		err = got.want(http.StatusOK)
	}
	if err == nil && !strings.Contains(string(got.body), "<Arn>"+h.arn+"</Arn>") {
		err = fmt.Errorf("%q is not of %s", got.body, h.arn)
	}
	return err
}

// refused sees to it that everybody is refused a set that is in an account, but not
// assigned to them there.
func (v *visitors) refused() error {
	for i, who := range v.each {
		other := v.each[(i+1)%len(v.each)].assignments
		at := slices.IndexFunc(other, func(a identitycenter.Assignment) bool {
			return !slices.ContainsFunc(who.assignments, func(b identitycenter.Assignment) bool { return a.Account == b.Account && a.Set == b.Set })
		})
		if at < 0 {
			continue
		}
		request, err := v.nobody.request(entering(who, other[at].Account, v.setOf[other[at].Set].Name))
		if err != nil {
			return err
		}
		got, err := v.connection.ask(request)
		if err == nil {
			err = got.want(http.StatusForbidden)
		}
		if err != nil {
			return fmt.Errorf("%s in an account that is not theirs: %w", who.name, err)
		}
	}
	return nil
}

var (
	bareRequest = request("GET", "/", "", "")
	appended    = make([]byte, 16<<10)
)

// compare takes the time of what nothing here can be faster than, in the same moments.
func (v *visitors) compare() error {
	err := v.timed(bareAnswer, func() error {
		got, err := v.bare.ask(bareRequest)
		if err == nil {
			err = got.want(http.StatusOK)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.timed(bareAppend, func() error {
		if _, err := v.file.Write(appended); err != nil {
			return err
		}
		return v.file.Sync()
	})
}

func (b *bench) reportCenter(w *world, v *visitors, megabytes []float64) {
	for _, q := range questions {
		var slow []float64
		var all []time.Duration
		for _, round := range v.took[q.name] {
			slow, all = append(slow, milliseconds(percentile(round, 99))), append(all, round...)
		}
		b.report(figure{
			name: "center " + w.engine(), what: "p99 of " + q.name, samples: slow, unit: "ms", bound: 20, told: q.told || w.url != "",
			note: fmt.Sprintf("p50 %.3g ms; p99 of all %d: %.3g ms", milliseconds(percentile(all, 50)), len(all), milliseconds(percentile(all, 99))),
		})
	}
	b.report(figure{name: "center " + w.engine(), what: "resident memory of the server", samples: megabytes, unit: "MB", told: true, note: load()})
}

// percentile is the least value that so many of a hundred do not exceed.
func percentile(values []time.Duration, of int) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, (len(sorted)*of+99)/100-1)]
}

// load is how busy the machine has been for one, five and fifteen minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 3 {
		return ""
	}
	return "load average of the machine " + strings.Join(fields[:3], " ")
}
