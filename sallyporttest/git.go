package sallyporttest

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
)

// AccessToken makes a personal access token, and returns its secret.
func (p *Principal) AccessToken(reach credential.Reach) (secret string) {
	p.s.t.Helper()
	p.s.Write(func(tx *database.Tx) error {
		_, token, err := p.s.Credentials.CreateAccessToken(tx, p.ID, credential.NewAccessToken{Name: "test", Reach: reach})
		secret = string(token)
		return err
	})
	return secret
}

// Repository makes a repository as the principal, who need not be allowed to.
func (p *Principal) Repository(in space.Space, project space.Project, n repo.New) (made repo.Repository) {
	p.s.t.Helper()
	at := repo.Place{Space: space.Ref{ID: in.ID, Name: in.Name}, Project: space.ProjectRef{ID: project.ID, Name: project.Name}}
	p.s.Write(func(tx *database.Tx) (err error) {
		made, err = p.s.Repositories.Create(tx, at, p.ID, n)
		return err
	})
	return made
}

// Git is the git of somebody, in a folder of their own.
type Git struct {
	Folder string
	// Remote is where Sallyport is, with alias and token: a path below /git goes on.
	Remote string
	Config []string // more settings, key=value

	t testing.TB
	s *Sallyport
}

// Git gives the principal a git that presents this token.
func (p *Principal) Git(t testing.TB, token string) *Git {
	t.Helper()
	address, err := url.Parse(p.s.URL())
	if err != nil {
		t.Fatal(err)
	}
	address.User, address.Path = url.UserPassword(p.Alias, token), "/git"
	return &Git{Folder: t.TempDir(), Remote: address.String(), t: t, s: p.s}
}

// In is the same git in another folder, below this one.
func (g *Git) In(folder string) *Git {
	in := *g
	in.Folder = filepath.Join(g.Folder, folder)
	return &in
}

// Try runs git and returns what it says.
func (g *Git) Try(args ...string) (string, error) {
	g.t.Helper()
	settings := append([]string{"user.name=Test", "user.email=test@example.com", "init.defaultBranch=main", "gc.auto=0", "credential.helper=", "protocol.version=2", "advice.detachedHead=false"}, g.Config...)
	var all []string
	for _, setting := range settings {
		all = append(all, "-c", setting)
	}
	cmd := exec.Command("git", append(all, args...)...)
	cmd.Dir = g.Folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + g.Folder, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_SSL_CAINFO=" + g.s.CABundle()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Run runs git, which must succeed.
func (g *Git) Run(args ...string) string {
	g.t.Helper()
	out, err := g.Try(args...)
	if err != nil {
		g.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Refused runs git, which must fail and say all of this.
func (g *Git) Refused(says []string, args ...string) {
	g.t.Helper()
	out, err := g.Try(args...)
	if err == nil {
		g.t.Errorf("git %s succeeded:\n%s", strings.Join(args, " "), out)
	}
	for _, text := range says {
		if !strings.Contains(out, text) {
			g.t.Errorf("git %s does not say %q:\n%s", strings.Join(args, " "), text, out)
		}
	}
}

// Commit writes a file and commits it.
func (g *Git) Commit(path, content string) {
	g.t.Helper()
	file := filepath.Join(g.Folder, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		g.t.Fatal(err)
	}
	g.Run("add", "--all")
	g.Run("commit", "-q", "-m", "write "+filepath.Base(path))
}
