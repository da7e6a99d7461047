package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// Faults on config, as a document that the dependency serves and as a file of every
// victim's world. The system reads either only when it is told.
const (
	crashDocument = "{inject: http_config, into: shop, scale: {path: /price/factor, by: 100}, reload: {request: POST SYSTEM/reload/document}}"
	crashFile     = "{inject: config_file, into: settings, file: FILE, scale: {path: /price/factor, by: 100}, at: 50ms, " +
		"reload: {request: POST SYSTEM/reload/file, headers: {Authorization: \"Bearer ${env:PATH}\"}}}"
	// crashCommand leaves a file beside the config file, and takes a moment for it.
	crashCommand = "{inject: command, into: other, do: [sh, -c, 'sleep 0.03; touch FILE.flag'], undo: [rm, -f, FILE.flag], check: [test, -e, FILE.flag]}"
	crashConfig  = "{\"price\": {\"factor\": 1}}\n"
	crashFileMod = 0o640
)

// crashDependency serves a config document.
func crashDependency() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(crashConfig))
	}))
}

// config is the victim's config file, in a folder of its own.
func (c *crashCase) config() string { return filepath.Join(c.dir, "etc", "settings.json") }

// whole wants the config file as it was, nothing left of what was done to it, and a
// system that reads it only when it is told to have it as it was, too.
func (c *crashCase) whole() error {
	for what, has := range c.between.config() {
		if has != crashConfig {
			return fmt.Errorf("the system still has %q of the %s", has, what)
		}
	}
	text, err := os.ReadFile(c.config())
	if err != nil {
		return err
	}
	info, err := os.Stat(c.config())
	if err != nil {
		return err
	}
	if string(text) != crashConfig || info.Mode().Perm() != crashFileMod {
		return fmt.Errorf("the config file is %q, mode %v", text, info.Mode())
	}
	for _, dir := range []string{filepath.Dir(c.config()), filepath.Join(c.out, configfile.UndoDir)} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if e.Name() != filepath.Base(c.config()) {
				return fmt.Errorf("left in %s: %s", dir, e.Name())
			}
		}
	}
	return nil
}

// reload is a system that reads its config when it is told: a document through its
// proxy, or a file.
func (b *between) reload(w http.ResponseWriter, r *http.Request) {
	what := r.PathValue("what")
	text, err := b.read(r, what)
	if err != nil || b.deaf.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.has[what] = string(text)
	if string(text) != crashConfig {
		b.poisoned++
	}
}

func (b *between) read(r *http.Request, what string) ([]byte, error) {
	if what == "file" {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer /") {
			return nil, errors.New("nobody may do that")
		}
		return os.ReadFile(b.c.config())
	}
	resp, err := http.Get(b.document)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (b *between) config() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.has)
}
