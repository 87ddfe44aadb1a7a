// Package arn reads and writes Amazon Resource Names. It imports the standard
// library alone.
//
// The form is that of the page "Amazon Resource Names (ARNs)" in the AWS
// General Reference: arn:partition:service:region:account-id:resource.
package arn

import (
	"fmt"
	"strings"
)

// ARN names a resource. Region and Account are empty for resources that have none.
type ARN struct {
	Partition, Service, Region, Account string
	Resource                            string // may hold colons and slashes
}

// longest is more than any service allows.
const longest = 2048

// Parse reads an ARN. It checks the form, not whether such a resource can exist.
func Parse(text string) (ARN, error) {
	if len(text) > longest {
		return ARN{}, fmt.Errorf("an ARN has at most %d characters, this one has %d", longest, len(text))
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ARN{}, fmt.Errorf("%q is not an ARN: it has the form arn:partition:service:region:account:resource", text)
	}
	a := ARN{parts[1], parts[2], parts[3], parts[4], parts[5]}
	for _, need := range []struct{ name, value string }{{"partition", a.Partition}, {"service", a.Service}, {"resource", a.Resource}} {
		if need.value == "" {
			return ARN{}, fmt.Errorf("%q is not an ARN: its %s is empty", text, need.name)
		}
	}
	if a.Account != "" && a.Account != "aws" && !isAccount(a.Account) {
		return ARN{}, fmt.Errorf("%q is not an ARN: an account has twelve digits, %q does not", text, a.Account)
	}
	return a, nil
}

func isAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}

func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Space is how trust policies name a space of CodeCatalyst's kind. It has neither
// Region nor account and is good in condition keys alone.
func Space(id string) ARN {
	return ARN{Partition: "aws", Service: "codecatalyst", Resource: "space/" + id}
}

// Project is how trust policies name a project.
func Project(space, id string) ARN {
	return ARN{Partition: "aws", Service: "codecatalyst", Resource: "space/" + space + "/project/" + id}
}
