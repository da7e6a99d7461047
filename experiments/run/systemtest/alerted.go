package systemtest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// AlertedOptions describe a shop that a real Prometheus scrapes every second, and whose
// alerting rules it evaluates as often.
type AlertedOptions struct {
	System Options
	// Rules are the alerting rules, a list in YAML. The shop counts its answers in
	// shop_answers_total, by code. A rule named Always has to be among them: it tells that
	// the others are evaluated.
	Rules string
	// Alertmanager: one gets the alerts, and is asked for them.
	Alertmanager bool
}

// An Alerted is such a shop while it runs.
type Alerted struct {
	*System
	Prometheus   string // its URL
	Alertmanager string // its URL; empty where there is none

	answers *answerCounter
	server  *prometheusServer
	manager *exec.Cmd
	log     *os.File // of the Alertmanager
}

// StartAlerted starts a shop and who watches it, and writes the documents, whose system
// names the one to ask for alerts. The error is of class [exec.ErrNotFound] where there is
// no Prometheus or no Alertmanager.
func StartAlerted(dir string, o AlertedOptions) (a *Alerted, err error) {
	if _, err := exec.LookPath("prometheus"); err != nil {
		return nil, err
	}
	a = &Alerted{answers: &answerCounter{counts: map[int]int{}}, server: &prometheusServer{}}
	entry := o.System.Entry
	if entry == nil {
		entry = Calls
	}
	o.System.Entry = func(backend string) http.Handler { return a.answers.around(entry(backend)) }
	managers := ""
	if o.Alertmanager {
		if err := a.startManager(dir); err != nil {
			return nil, err
		}
		managers = fmt.Sprintf("alerting: {alertmanagers: [{static_configs: [{targets: ['%s']}]}]}\n", strings.TrimPrefix(a.Alertmanager, "http://"))
	}
	asked := "alertmanager: " + a.Alertmanager
	metrics := httptest.NewServer(a.answers)
	if a.server, err = a.startRules(dir, o.Rules, strings.TrimPrefix(metrics.URL, "http://"), managers); err == nil {
		if a.Prometheus = a.server.url; !o.Alertmanager {
			asked = "prometheus: " + a.Prometheus
		}
		o.System.OfSystem += "alerts: {" + asked + "}\n"
		a.System, err = Start(dir, o.System)
	}
	if err != nil {
		metrics.Close()
		return nil, errors.Join(err, a.stopWatching())
	}
	a.servers = append(a.servers, closer(metrics.Close))
	if err := a.await(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// startRules starts a Prometheus with alerting rules.
func (a *Alerted) startRules(dir, rules, target, more string) (*prometheusServer, error) {
	groups := "groups:\n  - name: shop\n    rules:\n" + rules
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(groups), 0o600); err != nil {
		return nil, err
	}
	return startPrometheusWith(dir, fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n  - job_name: shop\n    static_configs: [{targets: ['%s']}]\n%s", target, more))
}

// startManager starts an Alertmanager that tells nobody.
func (a *Alerted) startManager(dir string) error {
	program, err := exec.LookPath("prometheus-alertmanager") // as Debian calls it
	if err != nil {
		if program, err = exec.LookPath("alertmanager"); err != nil {
			return err
		}
	}
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		return err
	}
	a.manager = exec.Command(program, "--config.file="+config, "--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address="+anyAddress, "--cluster.listen-address=")
	if a.log, err = os.Create(filepath.Join(dir, "alertmanager.log")); err != nil {
		return err
	}
	a.manager.Stdout, a.manager.Stderr = a.log, a.log
	if err := a.manager.Start(); err != nil {
		return err
	}
	address, err := listensAt(a.log.Name())
	a.Alertmanager = "http://" + address
	return err
}

// RestartPrometheus kills the Prometheus, and starts it again after a while.
func (a *Alerted) RestartPrometheus(after time.Duration) error {
	err := a.server.stop()
	time.Sleep(after)
	return errors.Join(err, a.server.start())
}

// Silence lets the Alertmanager tell nobody of the alerts of a name, for an hour.
func (a *Alerted) Silence(name string) error {
	now := time.Now().UTC()
	body := fmt.Sprintf(`{"matchers":[{"name":"alertname","value":%q,"isRegex":false,"isEqual":true}],"startsAt":%q,"endsAt":%q,"createdBy":"test","comment":"test"}`,
		name, now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	resp, err := http.Post(a.Alertmanager+"/api/v2/silences", "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, text)
	}
	return errors.Join(err, resp.Body.Close())
}

// Close ends who watches, and the shop.
func (a *Alerted) Close() error { return errors.Join(a.stopWatching(), a.System.Close()) }

func (a *Alerted) stopWatching() error {
	var err error
	if a.server != nil {
		err = a.server.stop()
	}
	if a.manager != nil && a.manager.Process != nil {
		_ = a.manager.Process.Signal(syscall.SIGKILL)
		_ = a.manager.Wait() // it was killed
	}
	if a.log != nil {
		err = errors.Join(err, a.log.Close())
	}
	return err
}

// await waits until the alert that always fires does.
func (a *Alerted) await() error {
	url := a.Prometheus + "/api/v1/alerts"
	if a.Alertmanager != "" {
		url = a.Alertmanager + "/api/v2/alerts"
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(url)
		if err != nil {
			continue
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // it was only read
		if err == nil && strings.Contains(string(text), `"alertname":"Always"`) {
			return nil
		}
	}
	text, _ := os.ReadFile(filepath.Join(a.server.dir, prometheusLog))
	more, _ := os.ReadFile(filepath.Join(a.server.dir, "alertmanager.log")) // where there is one
	return fmt.Errorf("the alert that always fires does not: %s%s", text, more)
}

// An answerCounter counts answers by their code.
type answerCounter struct {
	mu     sync.Mutex
	counts map[int]int
}

// around counts the answers of a handler.
func (c *answerCounter) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w}
		h.ServeHTTP(s, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.counts[cmp.Or(s.code, http.StatusOK)]++
	})
}

// ServeHTTP writes what Prometheus reads. Both codes are there from the beginning, so that
// the first harm is an increase.
func (c *answerCounter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	var text bytes.Buffer
	text.WriteString("# TYPE shop_answers_total counter\n")
	for _, code := range []int{http.StatusOK, http.StatusBadGateway} {
		fmt.Fprintf(&text, "shop_answers_total{code=\"%d\"} %d\n", code, c.counts[code])
	}
	_, _ = w.Write(text.Bytes()) // a scrape that is gone is missing
}

// A statusWriter remembers the code of an answer.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (s *statusWriter) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}
