package githttp_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
	"github.com/sallyport/sallyport/seal"
)

// refs are the references that there are.
func (s shop) refs(t *testing.T) (refs []git.Ref) {
	t.Helper()
	s.Read(func(tx *database.ReadTx) (err error) {
		refs, err = s.Repositories.Refs(tx, s.repo.ID)
		return err
	})
	return refs
}

// raw makes a request as a client of Git does, with alias and token.
func (s shop) raw(t *testing.T, method, path, basic, body string) sallyporttest.Answer {
	t.Helper()
	request, err := http.NewRequest(method, s.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Opaque = path // as it is, not cleaned
	if alias, token, ok := strings.Cut(basic, ":"); ok {
		request.SetBasicAuth(alias, token)
	}
	if strings.HasSuffix(path, "git-upload-pack") || strings.HasSuffix(path, "git-receive-pack") {
		request.Header.Set("Content-Type", "application/x-"+path[strings.LastIndexByte(path, '/')+1:]+"-request")
	}
	return s.Do(request)
}

func pkt(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// push is the body of a push of one reference.
func push(before, after, ref, pack string) string {
	return pkt(before+" "+after+" "+ref+"\x00report-status") + "0000" + pack
}

func TestAttackGuessingCredentials(t *testing.T) {
	s := open(sallyporttest.Start(t))
	good := s.owner.AccessToken(credential.Reach{})
	for what, basic := range map[string]string{
		"nobody": "", "no token": "owner:", "another's alias": "alice:" + good, "a token cut short": "owner:" + good[:30],
		"an access token": "owner:" + s.owner.Token, "a cookie": "owner:" + s.owner.Cookie, "the password": "owner:" + sallyporttest.Password,
	} {
		for _, path := range []string{"/git/acme/web/shop/info/refs?service=git-upload-pack", "/git/acme/web/shop/git-receive-pack", "/git/acme/web/none/git-upload-pack"} {
			method := "POST"
			if strings.Contains(path, "?") {
				method = "GET"
			}
			answer := s.raw(t, method, path, basic, "0000")
			if answer.Status != 401 || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s at %s: %d %s", what, path, answer.Status, answer.Body)
			}
		}
	}
	bearer := s.Send("GET", "/git/acme/web/shop/info/refs?service=git-upload-pack", s.owner.Token, "")
	if bearer.Status != 401 {
		t.Errorf("a bearer token opens this door: %d", bearer.Status)
	}
}

func TestAttackPathsThatLeadElsewhere(t *testing.T) {
	s := open(sallyporttest.Start(t))
	basic := "owner:" + s.owner.AccessToken(credential.Reach{})
	for _, path := range []string{
		"/git/acme/web/../web/shop/info/refs?service=git-upload-pack",
		"/git/acme/web/%2e%2e/info/refs?service=git-upload-pack",
		"/git/acme/web/shop%2f..%2fshop/info/refs?service=git-upload-pack",
		"/git/acme/web/..%2f..%2f..%2froot.key/info/refs?service=git-upload-pack",
		"/git/acme/web/shop%00/info/refs?service=git-upload-pack",
		"/git/acme/web/.git/info/refs?service=git-upload-pack",
		"/git/acme/web/--upload-pack=id/info/refs?service=git-upload-pack",
		"/git/acme/web/" + string(s.repo.ID) + "/info/refs?service=git-upload-pack",
		"/git/acme/web/shop/config", "/git/acme/web/shop/HEAD", "/git/acme/web/shop/objects/info/packs", "/git/acme/web/shop/packed-refs",
		"/git/acme/web/shop/info/refs", "/git/acme/web/shop/info/refs?service=git-upload-archive", "/git/acme/web/shop/info/refs?service=--help",
	} {
		answer := s.raw(t, "GET", path, basic, "")
		if answer.Status != 400 && answer.Status != 404 {
			t.Errorf("%s: %d %.200q", path, answer.Status, answer.Body)
		}
		if strings.Contains(answer.Body, s.Data) {
			t.Errorf("%s shows %q", path, answer.Body)
		}
	}
}

// A name that git would take for an option, or for something else than a name.
func TestAttackReferencesThatAreNoNames(t *testing.T) {
	s := open(sallyporttest.Start(t))
	basic := "owner:" + s.owner.AccessToken(credential.Reach{})
	head := string(s.refs(t)[0].Target)
	empty := emptyPack()
	for _, ref := range []string{
		"refs/heads/--upload-pack=touch", "refs/heads/-x", "refs/heads/../../config", "refs/heads/a..b", "refs/heads/x.lock", "refs/heads/.hidden", "refs/heads/a b",
		"refs/heads/a\x01b", "refs/heads/a\u009b31mb", "refs/heads/", "refs/heads/x/", "refs/heads//x", "refs/heads/@{0}", "HEAD", "config", "refs/../config", "refs/heads/a\\b", "refs/hooks/x",
		"refs/heads/" + strings.Repeat("x", 300), "refs/heads/\xff", "refs/stash", "packed-refs", "../../x", "refs/replace/" + head,
	} {
		answer := s.raw(t, "POST", "/git/acme/web/shop/git-receive-pack", basic, push(git.Zero, head, ref, empty))
		if answer.Status == 200 && !strings.Contains(answer.Body, "ng ") {
			t.Errorf("%q is taken: %q", ref, answer.Body)
		}
	}
	if refs := s.refs(t); len(refs) != 1 {
		t.Errorf("there are %v", refs)
	}
	for _, name := range []string{"--all", "-x", "..", "a/b", "a b", "ü", "", "x.GIT", strings.Repeat("x", 101)} {
		s.DB().Write(t.Context(), func(tx *database.Tx) error {
			if _, err := s.Repositories.Create(tx, repo.Place{}, s.owner.ID, repo.New{Name: name}); err == nil && name[0] != '-' {
				t.Errorf("a repository is named %q", name)
			}
			return io.EOF
		})
	}
}

// A repository whose tree has a .git in it, or whose submodules are options, would take
// over whoever clones it.
func TestAttackTreesThatTakeOverWhoClonesThem(t *testing.T) {
	s := open(sallyporttest.Start(t))
	g := clone(s.as(t, "mallory", role.Contributor))
	evil := func(name string, content string) string { // a tree with one file
		path := filepath.Join(g.Folder, "..", "evil")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		blob, err := hex.DecodeString(strings.TrimSpace(g.Run("hash-object", "-w", path)))
		if err != nil {
			t.Fatal(err)
		}
		tree := append([]byte("100644 "+name+"\x00"), blob...)
		if err := os.WriteFile(path, tree, 0o600); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(g.Run("hash-object", "-w", "-t", "tree", "--literally", path))
	}
	for what, tree := range map[string]string{
		"a .git":                     evil(".git", "x"),
		"a .GIT":                     evil(".GIT", "x"),
		"what HFS+ takes for a .git": evil(".g\u200cit", "x"),
		"what NTFS takes for a .git": evil("git~1", "x"),
		"a ..":                       evil("..", "x"),
		"a path":                     evil("a/b", "x"),
		"a submodule's option":       evil(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=touch /tmp/owned\n"),
		"a submodule's folder":       evil(".gitmodules", "[submodule \"../../hooks\"]\n\tpath = x\n\turl = https://example.com/x\n"),
		"a submodule's path":         evil(".gitmodules", "[submodule \"x\"]\n\tpath = -x\n\turl = https://example.com/x\n"),
		"a submodule's command":      evil(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = https://example.com/x\n\tupdate = !touch /tmp/owned\n"),
	} {
		commit := strings.TrimSpace(g.Run("commit-tree", "-m", "evil", tree))
		out, err := g.Try("push", "-q", "origin", commit+":refs/heads/evil")
		if err == nil || !strings.Contains(out, "the pack of the push is refused") {
			t.Errorf("%s: %v %s", what, err, out)
		}
	}
	if refs := s.refs(t); len(refs) != 1 {
		t.Errorf("there are %v", refs)
	}
}

// What a repository says about itself is content: the server's git heeds none of it.
func TestAttackConfigurationAndHooksInTheRepository(t *testing.T) {
	s := open(sallyporttest.Start(t))
	g := clone(s.as(t, "mallory", role.Contributor))
	for _, name := range []string{"config", "hooks/pre-receive", "hooks/post-update", "HEAD", "objects/info/alternates"} {
		g.Commit(name, "[core]\n\thooksPath = /tmp\n[uploadpack]\n\tpackObjectsHook = touch /tmp/owned\n")
	}
	g.Commit(".gitattributes", "* filter=evil diff=evil\n")
	g.Run("push", "-q")
	clone(s.as(t, "bob", role.ReadOnly))
	folder := filepath.Join(s.Data, "repositories", string(s.repo.ID))
	config, err := os.ReadFile(filepath.Join(folder, "config"))
	if err != nil || strings.Contains(string(config), "hook") {
		t.Errorf("the configuration is %q, %v", config, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "hooks")); err == nil {
		t.Error("there are hooks")
	}
	// And nobody but the server reads what is there.
	err = filepath.Walk(filepath.Join(s.Data, "repositories"), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// deflated is an object of a pack: type and size in its head, then its content.
func deflated(kind byte, size uint64, content []byte, base []byte) []byte {
	head := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&0x7f))
	}
	var b bytes.Buffer
	b.Write(append(head, base...))
	z := zlib.NewWriter(&b)
	z.Write(content)
	z.Close()
	return b.Bytes()
}

func packOf(objects ...[]byte) string {
	pack := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(objects)))
	for _, o := range objects {
		pack = append(pack, o...)
	}
	sum := sha1.Sum(pack)
	return string(append(pack, sum[:]...))
}

func emptyPack() string { return packOf() }

func varint(n uint64) (out []byte) {
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}

// bomb is a pack of some kilobytes that unfolds to gigabytes: each delta repeats its
// base many times over.
func bomb() string {
	content := bytes.Repeat([]byte{'x'}, 1<<16)
	objects := [][]byte{deflated(3, uint64(len(content)), content, nil)}
	for _, factor := range []int{512, 64} {
		size := len(content)
		name := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", size), content...))
		delta := append(varint(uint64(size)), varint(uint64(size*factor))...)
		for range factor {
			for at := 0; at < size; at += 0xffffff {
				n := min(size-at, 0xffffff)
				delta = append(delta, 0xff, byte(at), byte(at>>8), byte(at>>16), byte(at>>24), byte(n), byte(n>>8), byte(n>>16))
			}
		}
		objects = append(objects, deflated(7, uint64(len(delta)), delta, name[:]))
		if factor == 512 {
			content = bytes.Repeat(content, factor)
		}
	}
	return packOf(objects...)
}

func TestAttackPacksThatUnfoldToGigabytes(t *testing.T) {
	s := open(sallyporttest.Start(t))
	basic := "owner:" + s.owner.AccessToken(credential.Reach{})
	pack := bomb()
	if len(pack) > 1<<20 {
		t.Fatalf("the bomb itself has %d bytes", len(pack))
	}
	begun := time.Now()
	answer := s.raw(t, "POST", "/git/acme/web/shop/git-receive-pack", basic, push(git.Zero, strings.Repeat("1", 40), "refs/heads/bomb", pack))
	if answer.Status != 200 || !strings.Contains(answer.Body, "ng refs/heads/bomb a file of the push unfolds from a delta to more than 256 MB") {
		t.Errorf("it answers %d %q", answer.Status, answer.Body)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	s.nothingIncoming(t)
}

// nothingIncoming checks that refused pushes have left nothing.
func (s shop) nothingIncoming(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(s.Data, "repositories", string(s.repo.ID), "incoming"))
	if err != nil || len(left) != 0 {
		t.Errorf("there are still %v, %v", left, err)
	}
}

func TestAttackPacksThatAreNone(t *testing.T) {
	s := open(sallyporttest.Start(t))
	basic := "owner:" + s.owner.AccessToken(credential.Reach{})
	head := string(s.refs(t)[0].Target)
	blob := deflated(3, 5, []byte("hello"), nil)
	missing := []byte("tree " + strings.Repeat("2", 40) + "\nauthor a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\n\nx")
	name := sha1.Sum(append([]byte(fmt.Sprintf("commit %d\x00", len(missing))), missing...))
	for what, pack := range map[string]string{
		"none":             "",
		"no pack":          strings.Repeat("x", 100),
		"cut short":        packOf(blob)[:25],
		"a wrong checksum": packOf(blob)[:len(packOf(blob))-1] + "!",
		"too many objects": "PACK\x00\x00\x00\x02\xff\xff\xff\xff" + string(blob),
		"a hole in it":     packOf(deflated(1, uint64(len(missing)), missing, nil)),
		"a blob as branch": packOf(blob),
		"something after":  emptyPack() + "more",
	} {
		after := hex.EncodeToString(name[:])
		if what == "a blob as branch" {
			after = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
		}
		answer := s.raw(t, "POST", "/git/acme/web/shop/git-receive-pack", basic, push(git.Zero, after, "refs/heads/x", pack))
		if answer.Status != 200 || !strings.Contains(answer.Body, "ng refs/heads/x ") || strings.Contains(answer.Body, s.Data) || strings.Contains(answer.Body, "internal") {
			t.Errorf("%s: %d %q", what, answer.Status, answer.Body)
		}
	}
	var lines strings.Builder
	for i := range repo.MostUpdates + 1 {
		lines.WriteString(pkt(fmt.Sprintf("%s %s refs/heads/b%d\x00report-status", git.Zero, head, i)))
	}
	if answer := s.raw(t, "POST", "/git/acme/web/shop/git-receive-pack", basic, lines.String()+"0000"+emptyPack()); !strings.Contains(answer.Body, "more than 4000 references") {
		t.Errorf("too many references: %d %.200q", answer.Status, answer.Body)
	}
	if refs := s.refs(t); len(refs) != 1 {
		t.Errorf("there are %v", refs)
	}
	s.nothingIncoming(t)
}

// A few trees that hold each other ten times over have more paths than can be counted,
// and one that holds itself deeply enough is beyond what file systems take.
func TestAttackTreesWithMorePathsThanCanBeCounted(t *testing.T) {
	s := open(sallyporttest.Start(t))
	mallory := s.as(t, "mallory", role.Contributor)
	g := clone(mallory)
	build := func(levels, width int) string {
		path := filepath.Join(g.Folder, "..", "tree")
		file := strings.TrimSpace(g.Run("hash-object", "-w", filepath.Join(g.Folder, ".git", "HEAD")))
		entry, mode := file, "100644"
		for range levels {
			var tree bytes.Buffer
			id, _ := hex.DecodeString(entry)
			for i := range width {
				fmt.Fprintf(&tree, "%s d%d\x00%s", mode, i, id)
			}
			if err := os.WriteFile(path, tree.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			entry, mode = strings.TrimSpace(g.Run("hash-object", "-w", "-t", "tree", path)), "40000"
		}
		return strings.TrimSpace(g.Run("commit-tree", "-m", "x", entry))
	}
	begun := time.Now()
	g.Run("push", "-q", "origin", build(15, 10)+":refs/heads/wide")
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	g.Run("push", "-q", "origin", build(20, 1)+":refs/heads/deep")
	g.Refused([]string{"more than 20 names"}, "push", "-q", "origin", build(21, 1)+":refs/heads/deeper")
	// Deeper by a folder around what is there already.
	g.Commit(strings.Repeat("n/", 10)+"x", "y")
	g.Run("push", "-q", "origin", "main")
	g.Commit(strings.Repeat("m/", 18)+"x", "y")
	g.Run("mv", "n", strings.Repeat("m/", 18)+"n")
	g.Run("commit", "-q", "-m", "move")
	g.Refused([]string{"more than 20 names"}, "push", "-q", "origin", "main")
	g.Run("reset", "-q", "--hard", "origin/main")
	long := strings.Repeat(strings.Repeat("n", 240)+"/", 17) + "x"
	entry, err := g.Try("update-index", "--add", "--cacheinfo", "100644,"+strings.TrimSpace(g.Run("rev-parse", "HEAD:"+strings.Repeat("n/", 10)+"x"))+","+long)
	if err != nil {
		t.Fatal(entry)
	}
	g.Run("commit", "-q", "-m", "long")
	g.Refused([]string{"a path of the push has 4098 bytes"}, "push", "-q", "origin", "main")
}

// Nothing that opens a door is written down.
func TestAttackCredentialsInLogs(t *testing.T) {
	s := open(sallyporttest.Start(t))
	alice := s.User("alice")
	alice.Contributes(s.project, role.Contributor)
	token := alice.AccessToken(credential.Reach{})
	g := clone(alice.Git(t, token))
	g.Commit("one", "1")
	g.Run("push", "-q")
	bad := alice.Git(t, token+"x")
	bad.Try("ls-remote", bad.Remote+at)
	secrets := []string{token, base64.StdEncoding.EncodeToString([]byte("alice:" + token))}
	for _, e := range append(s.Events(seal.Space(string(s.space.ID))), s.Events(seal.Directory)...) {
		for _, secret := range secrets {
			if strings.Contains(fmt.Sprintf("%+v", e), secret) {
				t.Errorf("the event %s holds a credential", e.Name)
			}
		}
	}
	for _, secret := range secrets {
		if strings.Contains(s.Log.String(), secret) {
			t.Error("the server's log holds a credential")
		}
	}
	if !strings.Contains(s.Log.String(), "GitReceivePack") {
		t.Error("the server's log does not tell of the push")
	}
}

// Somebody who has the server end git in the middle of its work, again and again, has
// it leave files each time.
func TestAttackLeftoversThatFillTheDisk(t *testing.T) {
	s := open(sallyporttest.Start(t))
	clone(s.owner.Git(t, s.owner.AccessToken(credential.Reach{}))) // makes the folder
	folder := filepath.Join(s.Data, "repositories", string(s.repo.ID))
	long := time.Now().Add(-25 * time.Hour)
	files := map[string]bool{ // and whether it stays
		"objects/pack/tmp_pack_0": false, "objects/pack/.tmp-1-pack-2.pack": false, "packed-refs": true,
		"shallow_0": false, ".new-0": false, "incoming/push-0": false, "shallow_now": true, "incoming/push-now": true,
	}
	for i := range 30 { // so many that they are joined
		files[fmt.Sprintf("objects/pack/pack-%d.pack", i)] = true
	}
	for name := range files {
		path := filepath.Join(folder, name)
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		if !strings.HasSuffix(name, "now") {
			if err := os.Chtimes(path, long, long); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Repositories.Upkeep(t.Context()); err != nil {
		t.Error(err)
	}
	for name, stays := range files {
		if _, err := os.Lstat(filepath.Join(folder, name)); stays != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := s.owner.Git(t, s.owner.AccessToken(credential.Reach{}))
	clone(again)
}

// A Contributor deletes nothing that a rule protects, whatever it is called meanwhile: the
// rule of a branch waits for it, and another that takes its name does not bring a
// looser one along.
func TestAttackARuleThatIsLoosenedByRenaming(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, server *sallyporttest.Sallyport) {
		s := open(server)
		mallory := s.User("mallory")
		mallory.Contributes(s.project, role.Contributor)
		const shop = "/spaces/acme/projects/web/repositories/shop/"
		for _, step := range []struct {
			as                 *sallyporttest.Principal
			method, path, body string
			status             int
		}{
			{s.owner, "POST", "branches", `{"name": "release"}`, 201},
			{s.owner, "PUT", "branch-rules/release", `{"push": "contributor", "merge": "project-administrator"}`, 200},
			{s.owner, "DELETE", "branches/release", "", 204},
			{s.owner, "POST", "branches", `{"name": "loose"}`, 201},
			{s.owner, "PUT", "branch-rules/loose", `{"push": "contributor", "merge": "contributor"}`, 200},
			{mallory, "PATCH", "branches/loose", `{"name": "release"}`, 200},
			{mallory, "DELETE", "branches/release", "", 403},
			{mallory, "PATCH", "branches/release", `{"name": "loose"}`, 403},
		} {
			s.Ask(step.as, step.method, shop+step.path, step.body, step.status)
		}
	})
}

// Each push looks at every reference, in a transaction for which others wait.
func TestAttackMoreReferencesThanCanBeLookedAt(t *testing.T) {
	s := open(sallyporttest.Start(t))
	head := string(s.refs(t)[0].Target)
	s.Write(func(tx *database.Tx) error {
		_, err := tx.Exec(`insert into refs (repository_id, name, target, updated_at)
			with recursive n(i) as (select 1 union all select i + 1 from n where i < 99999) select $1, 'refs/tags/' || i, $2, 0 from n`, s.repo.ID, head)
		return err
	})
	basic := "owner:" + s.owner.AccessToken(credential.Reach{})
	answer := s.raw(t, "POST", "/git/acme/web/shop/git-receive-pack", basic, push(git.Zero, head, "refs/tags/x", emptyPack()))
	if !strings.Contains(answer.Body, "ng refs/tags/x the repository has 100000 branches, tags and notes") {
		t.Errorf("it answers %d %q", answer.Status, answer.Body)
	}
}
