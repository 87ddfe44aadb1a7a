package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// login is one sign-in that is kept.
type login struct {
	Endpoint     string    `json:"endpoint"`
	Alias        string    `json:"alias"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret"`
	AccessToken  string    `json:"access_token"`
	ExpiresAt    time.Time `json:"expires_at"` // of the access token
	RefreshToken string    `json:"refresh_token"`
}

// early is how long before its end an access token is renewed.
const early = time.Minute

func (l login) fresh() bool { return time.Now().Add(early).Before(l.ExpiresAt) }

// credentials is the file of logins, by name. It holds tokens, so nobody else may
// read it.
type credentials struct{ path string }

type credentialsFile struct {
	Version int              `json:"version"`
	Logins  map[string]login `json:"logins"`
}

func credentialsAt() (credentials, error) {
	folder := os.Getenv("XDG_CONFIG_HOME")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return credentials{}, err
		}
		folder = filepath.Join(home, ".config")
	}
	return credentials{filepath.Join(folder, "sallyport", "credentials.json")}, nil
}

func (c credentials) read() (credentialsFile, error) {
	file := credentialsFile{Version: 1, Logins: map[string]login{}}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		return file, fmt.Errorf("%s: %w", c.path, err)
	}
	return file, nil
}

func (c credentials) login(name string) (login, error) {
	file, err := c.read()
	if err != nil {
		return login{}, err
	}
	kept, ok := file.Logins[name]
	if !ok {
		return login{}, fmt.Errorf("not signed in as %q: run sallyport login --name %s", name, name)
	}
	return kept, nil
}

// change rewrites the file. Of several processes one at a time does, and each sees
// what the one before has written.
func (c credentials) change(change func(map[string]login) error) error {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(c.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and with it the lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", c.path, err)
	}
	file, err := c.read()
	if err != nil {
		return err
	}
	if err := change(file.Logins); err != nil {
		return err
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(c.path, append(text, '\n'), 0o600)
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, text []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

// signedIn is a server and the token to ask it with.
type signedIn struct {
	remote
	login
	token string
}

// signIn finds the server and a token that is good: those of the variables, else of
// the login of this name.
func signIn(ctx context.Context, name string) (signedIn, error) {
	if token := os.Getenv("SALLYPORT_TOKEN"); token != "" {
		s, err := newRemote(os.Getenv("SALLYPORT_ENDPOINT"))
		return signedIn{remote: s, token: token}, err
	}
	kept, err := credentialsAt()
	if err != nil {
		return signedIn{}, err
	}
	l, err := kept.login(name)
	if err != nil {
		return signedIn{}, err
	}
	s, err := newRemote(l.Endpoint)
	if err != nil {
		return signedIn{}, err
	}
	if !l.fresh() {
		if l, err = kept.renew(ctx, s, name); err != nil {
			return signedIn{}, err
		}
	}
	return signedIn{remote: s, login: l, token: l.AccessToken}, nil
}

// renew exchanges the refresh token, which is good once: whoever has the lock does,
// and the others find what it got.
func (c credentials) renew(ctx context.Context, s remote, name string) (renewed login, err error) {
	err = c.change(func(logins map[string]login) error {
		renewed = logins[name]
		if renewed.fresh() {
			return nil
		}
		tokens, err := s.token(ctx, tokenRequest{
			ClientID: renewed.ClientID, ClientSecret: renewed.ClientSecret, GrantType: grantRefresh, RefreshToken: renewed.RefreshToken,
		})
		var refused *oauthError
		if errors.As(err, &refused) {
			return fmt.Errorf("the sign-in has ended: %w\nrun: sallyport login --name %s", err, name)
		}
		if err != nil {
			return err
		}
		tokens.into(&renewed)
		logins[name] = renewed
		return nil
	})
	return renewed, err
}
