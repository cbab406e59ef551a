package daemon

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// inForce is the configuration by which the daemon runs.
type inForce struct {
	config *config.Config // without groups and queries
	prices prices         // that it names
	packed []byte         // its text: that of ten thousand groups is all alike
	sum    string         // of the text, in hexadecimal
	at     time.Time      // when it was read
}

// Load reads the configuration at path and every secret that it refers to, and returns
// its text as well. The error is [config.Problems] when the file has faults, and an ordinary
// error when it cannot be read.
func Load(path string) (*config.Config, []byte, error) { return readConfig(path, config.Env{}) }

func readConfig(path string, env config.Env) (*config.Config, []byte, error) {
	text, err := config.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	c, err := config.Parse(path, text, env)
	return c, text, err
}

// keepInForce notes what is in force from now on. What it says of groups, which are built, is
// let go of: ten thousand of them would be held twice.
func (d *Daemon) keepInForce(c *config.Config, prices prices, text []byte) {
	kept := *c
	kept.Groups, kept.Queries = nil, nil
	var packed bytes.Buffer
	to, _ := flate.NewWriter(&packed, flate.BestSpeed) // the level is one that there is
	_, _ = to.Write(text)                              // into memory
	_ = to.Close()
	d.inForce.Store(&inForce{config: &kept, prices: prices, packed: bytes.Clone(packed.Bytes()), sum: sumOf(text), at: d.options.Now()})
	d.metrics.inForce(sumOf(text), d.options.Now())
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// text is what was read.
func (f *inForce) text() []byte {
	text, _ := io.ReadAll(flate.NewReader(bytes.NewReader(f.packed))) // which we packed
	return text
}

// Configuration is what the daemon runs by at this time, without its groups and queries. It is
// not to be changed.
func (d *Daemon) Configuration() *config.Config { return d.inForce.Load().config }

// Config is the configuration in force as it was read, for people.
func (d *Daemon) Config() (httpd.ConfigInForce, error) {
	now := d.inForce.Load()
	shown := httpd.ConfigInForce{File: now.config.File, SHA256: now.sum, LoadedAt: now.at, Text: string(now.text())}
	if onDisk, err := config.ReadFile(now.config.File); err == nil {
		shown.Differs = sumOf(onDisk) != now.sum
	} else {
		shown.Differs = true
	}
	return shown, nil
}
