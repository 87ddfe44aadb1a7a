package org

import (
	"crypto/rand"
	"math/big"
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
)

// ID is an organization's: o- and ten letters and digits.
type ID string

// NodeID is a root's (r-) or an organizational unit's (ou-): what accounts stand
// under.
type NodeID string

// TargetID is what policies and tags are attached to: a root's, a unit's or an
// account's id.
type TargetID string

// PolicyID is a policy's: p- and eight letters and digits, or the name of AWS's own.
type PolicyID string

// RequestID is that of an account being made, HandshakeID that of a handshake.
type (
	RequestID   string
	HandshakeID string
)

// TargetKind tells targets apart.
type TargetKind string

const (
	RootTarget    TargetKind = "ROOT"
	UnitTarget    TargetKind = "ORGANIZATIONAL_UNIT"
	AccountTarget TargetKind = "ACCOUNT"
)

var accountNumber = regexp.MustCompile(`^\d{12}$`)

// Kind tells what the id is of, by its form.
func (id TargetID) Kind() TargetKind {
	switch {
	case strings.HasPrefix(string(id), "r-"):
		return RootTarget
	case accountNumber.MatchString(string(id)):
		return AccountTarget
	}
	return UnitTarget
}

// Kind tells a root from a unit.
func (id NodeID) Kind() TargetKind { return TargetID(id).Kind() }

const lowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789"

func newID(prefix string, length int) string {
	text := make([]byte, length)
	for i := range text {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(lowerAndDigits))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		text[i] = lowerAndDigits[n.Int64()]
	}
	return prefix + string(text)
}

// name is the ARN of something of the organization's: "Actions, resources, and
// condition keys for AWS Organizations" in the Service Authorization Reference.
func (o Organization) name(resource string) string {
	return arn.ARN{Partition: "aws", Service: "organizations", Account: string(o.Management), Resource: resource}.String()
}

// ARN names the organization.
func (o Organization) ARN() string { return o.name("organization/" + string(o.ID)) }

// AccountARN names an account as a member.
func (o Organization) AccountARN(id account.ID) string {
	return o.name("account/" + string(o.ID) + "/" + string(id))
}

// TargetARN names a root, a unit or an account.
func (o Organization) TargetARN(id TargetID) string {
	kind := map[TargetKind]string{RootTarget: "root", UnitTarget: "ou", AccountTarget: "account"}[id.Kind()]
	return o.name(kind + "/" + string(o.ID) + "/" + string(id))
}

func (o Organization) handshakeARN(action Action, id HandshakeID) string {
	return o.name("handshake/" + string(o.ID) + "/" + strings.ToLower(string(action)) + "/" + string(id))
}

// policyARN names a policy; AWS's own belong to no organization.
func (o Organization) policyARN(kind PolicyType, id PolicyID) string {
	if _, ok := managed[id]; ok {
		return arn.ARN{Partition: "aws", Service: "organizations", Account: "aws", Resource: "policy/" + strings.ToLower(string(kind)) + "/" + string(id)}.String()
	}
	return o.name("policy/" + string(o.ID) + "/" + strings.ToLower(string(kind)) + "/" + string(id))
}

func (o Organization) resourcePolicyARN(id string) string {
	return o.name("resourcepolicy/" + string(o.ID) + "/" + id)
}
