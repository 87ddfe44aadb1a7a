package sallyport_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sallyport/sallyport/"

// rows is the house, top to bottom. A package imports only from rows below its
// own, and whatever stands behind it here besides.
var rows = [][]layer{
	{{name: "cmd/sallyport"}},
	{{name: "sallyporttest"}},
	{{name: "server"}, {name: "backup"}},
	// Surfaces meet only in server, but pages show what the native API and
	// the operations of signing in answer, and use their types.
	{{name: "console", also: []string{"api", "signin"}}, {name: "awsapi"}, {name: "api"}, {name: "signin"}, {name: "githttp"}, {name: "oidc"},
		{name: "pipeline"}, {name: "pipeline/live", also: []string{"pipeline"}},
		// It is pipeline, asked by the server itself.
		{name: "courier", also: []string{"pipeline", "pipeline/live"}}},
	{{name: "operation"}},
	// What Sallyport asks an account side is marked as a service's, in authn.
	{{name: "wire"}, {name: "accountside", also: []string{"authn"}}, {name: "authz", also: []string{"authn"}}, {name: "authn"}},
	{{name: "mail", also: []string{"job"}}},
	{{name: "audit"}, {name: "job"}},
	{{name: "repo", also: []string{"space", "directory"}}, {name: "delivery", also: []string{"connection", "repo", "space", "org", "account", "credential", "directory"}}, {name: "connection", also: []string{"space", "account", "credential", "directory"}}, {name: "space", also: []string{"directory"}}, {name: "identitycenter", also: []string{"org", "account", "directory", "credential"}}, {name: "org", also: []string{"account", "directory"}},
		{name: "account", also: []string{"credential", "directory"}}, {name: "credential", also: []string{"directory"}}, {name: "directory"}},
	// It reads policies, and is about what projects are called in them.
	{{name: "trust"}},
	{{name: "policy", pure: true}, {name: "role", pure: true}, {name: "arn", pure: true}},
	{{name: "seal"}, {name: "git"}},
	{{name: "database/databasetest"}},
	{{name: "database"}},
	{{name: "fault"}},
}

type layer struct {
	name string
	also []string // packages of its own row or, with a reason given, above
	pure bool     // the standard library alone
}

// Protocols stay above: what is true does not know how it is asked.
var (
	protocols = []string{"net/http", "encoding/xml", "github.com/aws/", "github.com/danielgtaylor/huma", "github.com/go-jose/", "github.com/coreos/go-oidc"}
	lowest    = "authn" // the lowest row in which protocols may be imported
)

func TestImportsPointDownTheHouse(t *testing.T) {
	place, protocolFloor := map[string]int{}, 0
	for i, row := range rows {
		for _, l := range row {
			place[l.name] = i
			if l.name == lowest {
				protocolFloor = i
			}
		}
	}
	imports := packages(t)
	for name := range imports {
		if _, ok := place[name]; !ok {
			t.Errorf("package %s has no place in the house: give it one in rows", name)
		}
	}
	for i, row := range rows {
		for _, l := range row {
			imported, ok := imports[l.name]
			if !ok {
				t.Errorf("there is no package %s", l.name)
			}
			for _, path := range imported {
				own, inside := strings.CutPrefix(path, module)
				switch {
				case inside && place[own] <= i && !slices.Contains(l.also, own):
					t.Errorf("%s imports %s, which does not stand below it", l.name, own)
				case l.pure && strings.Contains(path, "."):
					t.Errorf("%s imports %s, and should need the standard library alone", l.name, path)
				case i > protocolFloor && slices.ContainsFunc(protocols, func(p string) bool { return strings.HasPrefix(path, p) }):
					t.Errorf("%s imports %s, which belongs higher up", l.name, path)
				}
			}
		}
	}
}

// packages finds every package of the module and what its code, less tests, imports.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != "." && (path == "bench" || name == "testdata" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == "." {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(filepath.Dir(path))
		found[name] = append(found[name], "") // a package may import nothing
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[name] = append(found[name], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
