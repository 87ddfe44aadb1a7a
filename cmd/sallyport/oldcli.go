package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// AWS CLI 2 before 2.13 has no setting for endpoints, but reads data files of its
// own form from ~/.aws/models before those it comes with. So each service gets a
// copy of the CLI's endpoint rules there, with one rule before them: a Region that
// AWS does not have leads to the server. Every other Region goes where it went.

var errNoCLI = errors.New("there is no AWS CLI here")

var versionForm = regexp.MustCompile(`^aws-cli/(\d+)\.(\d+)\.`)

func awsVersion(ctx context.Context) (major, minor int, err error) {
	out, err := exec.CommandContext(ctx, "aws", "--version").CombinedOutput() // version 1 on Python 2 writes to standard error
	if errors.Is(err, exec.ErrNotFound) {
		return 0, 0, errNoCLI
	}
	match := versionForm.FindSubmatch(out)
	if err != nil || match == nil {
		return 0, 0, fmt.Errorf("aws --version does not tell its version: say --old-cli yes or --old-cli no")
	}
	major, _ = strconv.Atoi(string(match[1])) // digits, by the pattern
	minor, _ = strconv.Atoi(string(match[2]))
	return major, minor, nil
}

// regionForm is what the CLI takes for the name of a Region.
var regionForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{0,60}$`)

// awsRegionForm is how AWS names its Regions.
var awsRegionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-1$`)

// inventedRegion is the Region that stands for the server of a profile.
func inventedRegion(profile string) (string, error) {
	region := profile + "-1"
	switch {
	case !regionForm.MatchString(region):
		return "", fmt.Errorf("%w: this AWS CLI (before 2.13) needs a profile name of letters, digits and - that begins with a letter, not %q", errUsage, profile)
	case awsRegionForm.MatchString(region):
		return "", fmt.Errorf("%w: for the profile %s this AWS CLI (before 2.13) would take the Region %s, which AWS may have: choose another --profile", errUsage, profile, region)
	}
	return region, nil
}

// ruledServices are the services of awsServices as botocore's folders name them,
// with the signing name of those whose requests are signed.
var ruledServices = []struct{ folder, signing string }{
	{"sso/2019-06-10", ""}, {"sso-oidc/2019-06-10", ""}, {"sts/2011-06-15", "sts"}, {"codecatalyst/2022-09-28", ""},
	{"organizations/2016-11-28", "organizations"}, {"iam/2010-05-08", "iam"}, {"sso-admin/2020-07-20", "sso"},
	{"identitystore/2020-06-15", "identitystore"}, {"cloudtrail/2013-11-01", "cloudtrail"}, {"accessanalyzer/2019-11-01", "access-analyzer"},
}

const (
	rulesFile = "endpoint-rule-set-1.json"
	// rulesOf begins the documentation of our rules; the profile follows.
	rulesOf = "Sallyport "
)

// writeRules leads the invented Region to the server, for every service. What is
// signed is signed for the server's own Region. Rules for other profiles stay.
func writeRules(ctx context.Context, profile, invented, own, url string) (written []string, err error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	data, err := cliData(ctx)
	if err != nil {
		return nil, err
	}
	for _, service := range ruledServices {
		rule, err := json.Marshal(ruleFor(profile, invented, url, signature(service.signing, own)))
		if err != nil {
			return written, err
		}
		path := filepath.Join(home, ".aws", "models", service.folder, rulesFile)
		if err := writeRule(filepath.Join(data, service.folder, rulesFile), path, profile, rule); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, nil
}

// removeRules takes away what an older CLI needed: its copies would hide from a
// newer one, and from every program on botocore, what has changed since. Files
// that hold rules of other profiles, or are somebody else's, stay.
func removeRules(profile string) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	for _, service := range ruledServices {
		path := filepath.Join(home, ".aws", "models", service.folder, rulesFile)
		others, err := ourRules(path, profile)
		if err != nil || len(others) > 0 {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

var loadedForm = regexp.MustCompile(`(?m)Loading JSON file: (.*)/sts/2011-06-15/service-2\.json`)

// cliData asks the CLI where its own data files are: a command that makes no
// request names them while it looks. A config file that is broken, or says
// otherwise, must not get in its way.
func cliData(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "aws", "sts", "get-caller-identity", "--generate-cli-skeleton", "--debug")
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE="+os.DevNull, "AWS_PROFILE=default", "AWS_DATA_PATH=")
	out, err := cmd.CombinedOutput()
	match := loadedForm.FindSubmatch(out)
	if match == nil {
		return "", errors.Join(errors.New("the AWS CLI does not tell where its data files are: update it to 2.13 or later, and say --old-cli no"), err)
	}
	return string(match[1]), nil
}

type (
	rule struct {
		Documentation string      `json:"documentation"`
		Type          string      `json:"type"`
		Conditions    []condition `json:"conditions"`
		Endpoint      ruled       `json:"endpoint"`
	}
	condition struct {
		Fn   string `json:"fn"`
		Argv []any  `json:"argv"`
	}
	reference struct {
		Ref string `json:"ref"`
	}
	ruled struct {
		URL        string         `json:"url"`
		Properties map[string]any `json:"properties"`
		Headers    map[string]any `json:"headers"`
	}
)

// signature says how requests are signed: for the invented Region, if it did not.
func signature(name, region string) map[string]any {
	if name == "" {
		return map[string]any{}
	}
	return map[string]any{"authSchemes": []map[string]string{{"name": "sigv4", "signingName": name, "signingRegion": region}}}
}

// ruleFor steps back where --endpoint-url is given.
func ruleFor(profile, region, url string, properties map[string]any) rule {
	isSet := func(name string) condition { return condition{"isSet", []any{reference{name}}} }
	return rule{
		Documentation: rulesOf + profile, Type: "endpoint",
		Conditions: []condition{
			isSet("Region"), {"stringEquals", []any{reference{"Region"}, region}}, {"not", []any{isSet("Endpoint")}},
		},
		Endpoint: ruled{URL: url, Properties: properties, Headers: map[string]any{}},
	}
}

// ruleSet is a file of rules, of which only the rules matter here.
type ruleSet map[string]json.RawMessage

func readRules(path string) (set ruleSet, rules []json.RawMessage, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal(set["rules"], &rules); err != nil {
		return nil, nil, fmt.Errorf("%s: rules: %w", path, err)
	}
	return set, rules, nil
}

// writeRule writes the CLI's own rules with ours before them.
func writeRule(own, path, profile string, rule json.RawMessage) error {
	set, rules, err := readRules(own)
	if err != nil {
		return fmt.Errorf("the AWS CLI's own rules: %w", err)
	}
	others, err := ourRules(path, profile)
	if err != nil {
		return err
	}
	before := append([]json.RawMessage{rule}, others...)
	if set["rules"], err = json.Marshal(append(before, rules...)); err != nil {
		return err
	}
	text, err := json.Marshal(set)
	if err != nil {
		return err
	}
	if existing, err := os.ReadFile(path); err == nil && bytes.Equal(existing, text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return replaceFile(path, text, 0o644)
}

// ourRules are the rules of other profiles in a file written before. A file without
// any of ours is somebody else's.
func ourRules(path, profile string) (others []json.RawMessage, err error) {
	_, rules, err := readRules(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	mine := false
	for _, text := range rules {
		var is rule
		_ = json.Unmarshal(text, &is) // other kinds of rules have no such members
		of, ok := strings.CutPrefix(is.Documentation, rulesOf)
		mine = mine || ok
		if ok && of != profile {
			others = append(others, text)
		}
	}
	if !mine {
		return nil, fmt.Errorf("%s was not written by sallyport: move it away, or update the AWS CLI to 2.13 or later and say --old-cli no", path)
	}
	return others, nil
}
