package arn

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	good := map[string]ARN{
		"arn:aws:iam::123456789012:role/path/deploy":     {"aws", "iam", "", "123456789012", "role/path/deploy"},
		"arn:aws:s3:::bucket/key:with:colons":            {"aws", "s3", "", "", "bucket/key:with:colons"},
		"arn:aws-cn:sns:cn-north-1:123456789012:t":       {"aws-cn", "sns", "cn-north-1", "123456789012", "t"},
		"arn:aws:iam::aws:policy/AdministratorAccess":    {"aws", "iam", "", "aws", "policy/AdministratorAccess"},
		"arn:aws:codecatalyst:::space/s/project/p":       Project("s", "p"),
		"arn:aws:codecatalyst:::space/s":                 Space("s"),
		"arn:aws:sso:::permissionSet/ssoins-1/ps-2":      {"aws", "sso", "", "", "permissionSet/ssoins-1/ps-2"},
		"arn:aws:codecatalyst:us-west-2:123456789012:/c": {"aws", "codecatalyst", "us-west-2", "123456789012", "/c"},
	}
	for text, want := range good {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
	bad := map[string]string{
		"":                                            "is not an ARN",
		"arn:aws:iam":                                 "is not an ARN",
		"ARN:aws:iam::123456789012:role/x":            "is not an ARN",
		"arn::iam::123456789012:role/x":               "its partition is empty",
		"arn:aws:::123456789012:role/x":               "its service is empty",
		"arn:aws:iam::123456789012:":                  "its resource is empty",
		"arn:aws:iam::12345:role/x":                   "twelve digits",
		"arn:aws:iam::12345678901a:role/x":            "twelve digits",
		"arn:aws:codecatalyst::space/s":               "is not an ARN",
		"arn:aws:x:::" + strings.Repeat("y", longest): "at most",
	}
	for text, want := range bad {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.60q) gave %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"arn:aws:iam::123456789012:role/x", "arn:aws:s3:::b", "arn:::::", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := Parse(text); err == nil && a.String() != text {
			t.Errorf("%q comes back as %q", text, a)
		}
	})
}
