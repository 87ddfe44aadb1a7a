package server

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	// CABundle is the certificate that clients must trust under --tls self-signed.
	CABundle string `json:"ca_bundle,omitempty"`
	Ready    bool   `json:"ready"`
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
