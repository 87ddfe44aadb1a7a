package org

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
)

// RequestState is how far the making of an account is.
type RequestState string

const (
	InProgress RequestState = "IN_PROGRESS"
	Succeeded  RequestState = "SUCCEEDED"
	Failed     RequestState = "FAILED"
)

// Failure is why an account was not made.
type Failure string

const (
	FailedEmailTaken   Failure = "EMAIL_ALREADY_EXISTS"
	FailedInvalidEmail Failure = "INVALID_EMAIL"
	FailedLimit        Failure = "ACCOUNT_LIMIT_EXCEEDED"
)

// Request is an account being made, or what became of it.
type Request struct {
	ID          RequestID
	Name        string
	State       RequestState
	Failure     Failure    // where it failed
	Account     account.ID // where it succeeded
	RequestedAt time.Time
	CompletedAt time.Time // zero: not yet
}

// NewMember is what it takes to make an account in an organization.
type NewMember struct {
	Name  string
	Email string
	// Role is what the management account's principals can assume in it; empty:
	// OrganizationAccountAccessRole.
	Role string
	// DenyBilling is kept with the request. Nothing is billed here, so nothing
	// asks for it.
	DenyBilling bool
	Tags        account.Tags
}

// DefaultRole is the role in a new account when none is named.
const DefaultRole = "OrganizationAccountAccessRole"

// FinishAccount is the job that makes an account which was asked for. Its worker
// calls [Store.FinishCreateAccount].
type FinishAccount struct {
	ID RequestID `json:"id"`
}

// Kind names the job.
func (FinishAccount) Kind() string { return "org.finish_account" }

var roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// CreateAccount asks for an account. Enqueue [FinishAccount] in the same
// transaction: it does the rest.
func (s *Store) CreateAccount(tx *database.Tx, o Organization, n NewMember) (Request, error) {
	n.Role = cmp.Or(n.Role, DefaultRole)
	if !roleName.MatchString(n.Role) || strings.HasPrefix(n.Role, "AWSServiceRoleFor") {
		return Request{}, fault.WithReason(ReasonInvalidRole, fault.Invalidf("You provided a role name that isn't valid: it has 1 to 64 letters, digits and +=,.@-_ and does not begin with AWSServiceRoleFor."))
	}
	if strings.TrimSpace(n.Name) == "" || len(n.Name) > 50 {
		return Request{}, fault.Invalidf("an account's name has 1 to 50 characters, and not spaces alone")
	}
	tags, err := account.Tags(nil).With(n.Tags)
	if err != nil {
		return Request{}, err
	}
	if err := s.roomForAccount(tx.Reading(), o.ID, ReasonTooManyAccounts); err != nil {
		return Request{}, err
	}
	r := Request{ID: RequestID(newID("car-", 32)), Name: n.Name, State: InProgress, RequestedAt: tx.Now()}
	email, err := s.sealText(tx, o.ID, "account_requests.email_sealed", string(r.ID), n.Email)
	if err != nil {
		return Request{}, err
	}
	sealed, err := s.sealTags(tx, o.ID, "account_requests", string(r.ID), tags)
	if err != nil {
		return Request{}, err
	}
	billing := "ALLOW"
	if n.DenyBilling {
		billing = "DENY"
	}
	_, err = tx.Exec(`insert into account_requests (id, organization_id, name, email_sealed, role_name, billing_access, tags_sealed, state, requested_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.ID, o.ID, r.Name, email, n.Role, billing, sealed, r.State, database.Time(r.RequestedAt))
	return r, err
}

// pending is a request with what making the account needs.
type pending struct {
	Request
	organization ID
	role         string
	email, tags  []byte
}

// Outcome is what became of a request for an account, for the log of the management
// account.
type Outcome struct {
	Management account.ID
	Request    Request
}

// FinishCreateAccount makes the account that was asked for, with its role, and puts
// it under the root; or says why not. A request that is finished stays as it is,
// and has no outcome a second time.
func (s *Store) FinishCreateAccount(tx *database.Tx, id RequestID) (*Outcome, error) {
	p, err := database.One(tx.Reading(), func(row database.Row) (p pending, err error) {
		return p, row.Scan(&p.ID, &p.organization, &p.Name, &p.email, &p.role, &p.tags, &p.State)
	}, `select id, organization_id, name, email_sealed, role_name, tags_sealed, state from account_requests where id = $1`, id)
	if err != nil {
		return nil, orNotFound(err, ReasonNoRequest, "no request %s for an account", id)
	}
	if p.State != InProgress {
		return nil, nil
	}
	o, err := s.Organization(tx.Reading(), p.organization)
	if err != nil {
		return nil, err
	}
	p.Account, p.Failure, err = s.make(tx, o, p)
	if err != nil {
		return nil, err
	}
	p.State, p.CompletedAt = Succeeded, tx.Now()
	if p.Failure != "" {
		p.State = Failed
	}
	_, err = tx.Exec(`update account_requests set state = $1, failure = $2, account_id = $3, completed_at = $4 where id = $5`,
		p.State, orNull(p.Failure), orNull(p.Account), database.Time(p.CompletedAt), id)
	return &Outcome{o.Management, p.Request}, err
}

func (s *Store) make(tx *database.Tx, o Organization, p pending) (account.ID, Failure, error) {
	email, err := s.openText(tx.Reading(), o.ID, "account_requests.email_sealed", string(p.ID), p.email)
	if err != nil {
		return "", "", err
	}
	if _, err := directory.ParseEmail(email); err != nil {
		return "", FailedInvalidEmail, nil
	}
	tags, err := s.openTags(tx.Reading(), o.ID, "account_requests", string(p.ID), p.tags)
	if err != nil {
		return "", "", err
	}
	members, err := s.countMembers(tx.Reading(), o.ID)
	if err != nil {
		return "", "", err
	}
	if members >= maxAccounts {
		return "", FailedLimit, nil
	}
	a, err := s.Accounts.Create(tx, account.NewAccount{Name: p.Name, Email: email})
	if fault.HasReason(err, account.ReasonEmailTaken) {
		return "", FailedEmailTaken, nil
	}
	if err != nil {
		return "", "", err
	}
	if err := s.join(tx, o, a.ID, Created, tags); err != nil {
		return "", "", err
	}
	return a.ID, "", s.openTo(tx, o, a.ID, p.role)
}

// openTo makes the role through which the management account administers a new one.
func (s *Store) openTo(tx *database.Tx, o Organization, id account.ID, name string) error {
	role, err := s.Accounts.CreateEntity(tx, id, account.NewEntity{Kind: account.Role, Name: name, Trust: trusting(o.Management)})
	if err != nil {
		return err
	}
	everything := arn.ARN{Partition: "aws", Service: "iam", Account: "aws", Resource: "policy/AdministratorAccess"}
	return s.Accounts.AttachPolicy(tx, role, everything.String())
}

// trusting is a trust policy that admits the principals of an account.
func trusting(id account.ID) string {
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": id.Root()}, "Action": "sts:AssumeRole",
		}},
	})
	if err != nil {
		panic(err) // texts alone
	}
	return string(text)
}

const requestColumns = `id, name, state, failure, account_id, requested_at, completed_at`

func scanRequest(row database.Row) (r Request, err error) {
	var failure, made *string
	err = row.Scan(&r.ID, &r.Name, &r.State, &failure, &made, (*database.Time)(&r.RequestedAt), (*database.Time)(&r.CompletedAt))
	r.Failure, r.Account = Failure(orEmpty(failure)), account.ID(orEmpty(made))
	return r, err
}

// Request returns one of the organization's.
func (s *Store) Request(tx *database.ReadTx, o Organization, id RequestID) (Request, error) {
	r, err := database.One(tx, scanRequest, `select `+requestColumns+` from account_requests where id = $1 and organization_id = $2`, id, o.ID)
	return r, orNotFound(err, ReasonNoRequest, "We can't find a create account request with the id %s.", id)
}

// Requests are those of the organization in any of some states, by id; in whichever
// when none is named.
func (s *Store) Requests(tx *database.ReadTx, o Organization, states []RequestState, page Page) ([]Request, error) {
	if len(states) == 0 {
		states = []RequestState{InProgress, Succeeded, Failed}
	}
	wanted := [3]RequestState{} // there are three
	copy(wanted[:], states)
	return database.All(tx, scanRequest, `select `+requestColumns+` from account_requests
		where organization_id = $1 and state in ($2, $3, $4) and id > $5 order by id limit $6`,
		o.ID, wanted[0], wanted[1], wanted[2], page.After, page.limit())
}

func orNull[T ~string](text T) *string {
	if text == "" {
		return nil
	}
	plain := string(text)
	return &plain
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
