package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/org"
)

// Bootstrap is the file bootstrap.json in the data directory: what a script
// needs to go on after a start. Each start rewrites it.
type Bootstrap struct {
	Endpoint    string `json:"endpoint"`
	AWSEndpoint string `json:"aws_endpoint"`
	Region      string `json:"region"`
	// SetupURL makes the first user; empty once there is one.
	SetupURL string `json:"setup_url,omitempty"`
	StartURL string `json:"start_url"`
	// The account that was made first, with the oldest active access key of its root
	// user; no key once it was deleted or switched off. With an organization of its
	// own, unless the first start was a bare one.
	ManagementAccountID string `json:"management_account_id,omitempty"`
	AccessKeyID         string `json:"access_key_id,omitempty"`
	SecretAccessKey     string `json:"secret_access_key,omitempty"`
	OrganizationID      string `json:"organization_id,omitempty"`
	// The instance of IAM Identity Center whose users sign in at StartURL.
	InstanceARN     string `json:"instance_arn,omitempty"`
	IdentityStoreID string `json:"identity_store_id,omitempty"`
	// CABundle is the certificate that clients must trust under --tls self-signed.
	CABundle string `json:"ca_bundle,omitempty"`
	Ready    bool   `json:"ready"`
}

// foundAccounts makes the first account, its root user's key and, unless the
// configuration says bare, its organization, once in the life of a database.
func (s *Server) foundAccounts(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		switch there, err := s.accounts.First(tx.Reading()); {
		case err == nil && s.config.ManagementAccount != "" && there.ID != account.ID(s.config.ManagementAccount):
			return fmt.Errorf("%w: --management-account %s: the data holds the account %s already, made at the first start", ErrConfig, s.config.ManagementAccount, there.ID)
		case err == nil || !fault.Is(err, fault.NotFound):
			return err
		}
		first, err := s.accounts.Create(tx, account.NewAccount{ID: account.ID(s.config.ManagementAccount), Name: "Management", Email: rootEmail})
		if err != nil {
			return err
		}
		if _, _, err := s.accounts.CreateAccessKey(tx, first.ID, ""); err != nil || s.config.Bare {
			return err
		}
		if _, err := s.orgs.Create(tx, first.ID, org.AllFeatures); err != nil {
			return err
		}
		_, err = s.centers.CreateInstance(tx, first.ID, "")
		return err
	})
}

// rootEmail is the first root user's address. Nothing is sent to it.
const rootEmail = "root@management.invalid"

func (s *Server) writeBootstrap(ctx context.Context) error {
	b := Bootstrap{
		Endpoint: s.url, AWSEndpoint: s.url + "/aws", Region: s.config.Region,
		SetupURL: s.SetupURL(), StartURL: s.url + "/start", CABundle: s.CABundle(), Ready: true,
	}
	err := s.db.Read(ctx, func(tx *database.ReadTx) error {
		first, err := s.accounts.First(tx)
		if err != nil {
			return err
		}
		b.ManagementAccountID = string(first.ID)
		key, secret, ok, err := s.accounts.RootKey(tx, first.ID)
		if err != nil {
			return err
		}
		if ok {
			b.AccessKeyID, b.SecretAccessKey = key.ID, secret
		}
		place, err := s.orgs.Place(tx, first.ID)
		if err != nil {
			return err
		}
		if place != nil {
			b.OrganizationID = string(place.Organization)
		}
		switch center, err := s.centers.Default(tx); {
		case err == nil:
			b.InstanceARN, b.IdentityStoreID = center.ARN(), string(center.Store)
		case !fault.Is(err, fault.NotFound):
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.write(s.config.Data)
}

// write replaces the file whole, so that a reader never sees half of it.
func (b Bootstrap) write(data string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(data, "bootstrap.json")
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
