// Package gate has no code: it is an example of gates that a change of config passes on its
// way, and a test that the controllers of rollouts understand it.
package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/metricproviders/webmetric"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	templateutil "github.com/argoproj/argo-rollouts/utils/template"
	flaggerv1 "github.com/fluxcd/flagger/pkg/apis/flagger/v1beta1"
	"github.com/sirupsen/logrus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/blastgauge/blastgauge/experiments/gate/requirements"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/gate/verdicts"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// decode reads an object strictly as the type that the API has for it.
func decode[T any](t *testing.T, text []byte) *T {
	t.Helper()
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		t.Fatal(err)
	}
	into := new(T)
	strict, err := kjson.UnmarshalStrict(asJSON, into)
	if err = errors.Join(append(strict, err)...); err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return into
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// manifests are the objects that name a digest, once set-digest.sh has written it.
type manifests struct {
	template *v1alpha1.AnalysisTemplate
	rollout  *v1alpha1.Rollout
	canary   *flaggerv1.Canary
}

// of are the manifests that ship a config.
func of(t *testing.T, config string) manifests {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"argo/rollout.yaml", "flagger/canary.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), read(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("set-digest.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", script, "settings.json", "rollout.yaml", "canary.yaml")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return manifests{
		decode[v1alpha1.AnalysisTemplate](t, read(t, "argo/analysistemplate.yaml")),
		decode[v1alpha1.Rollout](t, read(t, dir, "rollout.yaml")), decode[flaggerv1.Canary](t, read(t, dir, "canary.yaml")),
	}
}

// A shop is one whose configs were measured.
type shop struct {
	dir    string
	key    *signing.PrivateKey
	server *httptest.Server
}

// open serves the verdicts about configs, each of which is one that is measured as it says.
func open(t *testing.T, list map[string]result.Verdict) *shop {
	t.Helper()
	key, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{dir: t.TempDir(), key: key}
	for config, v := range list {
		s.measured(t, config, v, statement.OfFile("settings.json", []byte(config)))
	}
	required, err := requirements.Read("policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := verdicts.NewHandler(verdicts.Options{Dir: s.dir, Keys: []signing.PublicKey{key.Public()}, Requirements: required, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(handler)
	t.Cleanup(s.server.Close)
	return s
}

// measured writes what was found about subjects.
func (s *shop) measured(t *testing.T, name string, v result.Verdict, subjects []statement.Subject) {
	t.Helper()
	radius := &result.BlastRadius{Journey: "checkout", Estimate: 0.002, Low: 0, High: 0.008, Confidence: 0.95, Control: result.ConcurrentControl}
	p, err := statement.Make(&result.Result{
		Schema: result.Schema, Tool: result.Tool{Version: "1.0.0"},
		Run:       result.Run{ID: "run-" + name, Started: time.Now().Add(-time.Minute), Ended: time.Now(), Outcome: result.Completed},
		System:    result.System{Name: "shop", Environment: "staging"},
		Documents: []result.Document{{File: "blastgauge.yaml", Text: "system: shop\n"}, {File: "settings-next.yaml", Text: "experiment: settings-next\n"}},
		Experiments: []result.Experiment{{
			ID: "settings-next", File: "settings-next.yaml", Verdict: v, BlastRadius: radius,
			Journeys: []result.Journey{{Name: "checkout", Limit: 0.05, Verdict: v, BlastRadius: radius}},
			Faults:   []result.Fault{{Name: "bg-1", Inject: "http_config", Into: "settings", Intended: true, RemovalVerified: true}},
		}},
	}, statement.Options{Subjects: subjects})
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	list := []*signing.Envelope{signing.Wrap(a), signing.Wrap(b)}
	for _, e := range list {
		if err := e.Sign(s.key); err != nil {
			t.Fatal(err)
		}
	}
	text, err := signing.Write(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, name+verdicts.Suffix), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// here is an address of the cluster, as one of the server under test.
func (s *shop) here(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "http" || u.Host != "verdicts.gate.svc:8480" {
		t.Fatalf("%s is not where server/verdicts.yaml listens", address)
	}
	u.Host = strings.TrimPrefix(s.server.URL, "http://")
	return u.String()
}

// digest is what the analysis of a Rollout gets, by the path that its argument names.
func digest(t *testing.T, r *v1alpha1.Rollout) string {
	t.Helper()
	for _, step := range r.Spec.Strategy.Canary.Steps {
		if step.Analysis == nil {
			continue
		}
		if a := step.Analysis; len(a.Args) != 1 || len(a.Templates) != 1 || a.Templates[0].TemplateName != "resilience-verdict" || a.Args[0].Name != "digest" {
			t.Fatalf("%+v", a)
		} else if path := a.Args[0].ValueFrom.FieldRef.FieldPath; path != "spec.template.metadata.annotations.candidate" { // Argo splits it at dots
			t.Fatal(path)
		}
	}
	return r.Spec.Template.Annotations["candidate"]
}

// Argo Rollouts goes on, goes back or pauses as the verdict says: its own provider asks, and
// its own expressions decide.
func TestArgo(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]result.Verdict{"held": result.Held, "refuted": result.Refuted, "inconclusive": result.Inconclusive})
	for config, want := range map[string]v1alpha1.AnalysisPhase{
		"held": v1alpha1.AnalysisPhaseSuccessful, "refuted": v1alpha1.AnalysisPhaseFailed,
		"inconclusive": v1alpha1.AnalysisPhaseInconclusive, "never measured": v1alpha1.AnalysisPhaseInconclusive,
	} {
		m := of(t, config)
		text, err := json.Marshal(m.template.Spec.Metrics[0])
		if err != nil {
			t.Fatal(err)
		}
		value := digest(t, m.rollout)
		resolved, err := templateutil.ResolveQuotedArgs(string(text), []v1alpha1.Argument{{Name: m.template.Spec.Args[0].Name, Value: &value}})
		if err != nil {
			t.Fatal(err)
		}
		var metric v1alpha1.Metric
		if err := json.Unmarshal([]byte(resolved), &metric); err != nil {
			t.Fatal(err)
		}
		metric.Provider.Web.URL = s.here(t, metric.Provider.Web.URL)
		got := measure(t, metric)
		if got.Phase != want || !strings.Contains(got.Value, strings.TrimPrefix(value, "sha256:")) {
			t.Errorf("%s: %s %s %s, want %s", config, got.Phase, got.Message, got.Value, want)
		}
	}
}

// measure measures a metric as the controller does.
func measure(t *testing.T, metric v1alpha1.Metric) v1alpha1.Measurement {
	t.Helper()
	client, err := webmetric.NewWebMetricHttpClient(metric)
	if err != nil {
		t.Fatal(err)
	}
	path, err := webmetric.NewWebMetricJsonParser(metric)
	if err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	return webmetric.NewWebMetricProvider(*logrus.NewEntry(log), client, path).Run(&v1alpha1.AnalysisRun{}, metric)
}

// A server that does not answer is an error to Argo Rollouts, and never a success.
func TestArgoWithoutServer(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	m := of(t, "held")
	metric := m.template.Spec.Metrics[0]
	metric.Provider.Web.URL = s.server.URL + "/verdicts/latest"
	if got := measure(t, metric); got.Phase != v1alpha1.AnalysisPhaseError {
		t.Errorf("%+v of no digest", got)
	}
	metric.Provider.Web.URL = "http://127.0.0.1:1/verdicts/" + digest(t, m.rollout)
	if got := measure(t, metric); got.Phase != v1alpha1.AnalysisPhaseError {
		t.Errorf("%+v of no server", got)
	}
}

// call calls a webhook with what Flagger sends, and reports whether it goes on.
func call(t *testing.T, address string, c *flaggerv1.Canary, hook flaggerv1.CanaryWebhook, phase flaggerv1.CanaryPhase, checksum string) (bool, string) {
	t.Helper()
	payload := flaggerv1.CanaryWebhookPayload{Name: c.Name, Namespace: c.Namespace, Phase: phase, Checksum: checksum}
	if hook.Metadata != nil {
		payload.Metadata = *hook.Metadata
	}
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.Post(address, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode <= 202, string(body) // as its controller has it
}

// Flagger waits until the config has passed.
func TestFlagger(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]result.Verdict{"held": result.Held, "refuted": result.Refuted})
	for config, want := range map[string]bool{"held": true, "refuted": false, "never measured": false} {
		c := of(t, config).canary
		phases := map[flaggerv1.HookType]flaggerv1.CanaryPhase{flaggerv1.ConfirmRolloutHook: flaggerv1.CanaryPhaseSucceeded, flaggerv1.ConfirmPromotionHook: flaggerv1.CanaryPhaseProgressing}
		for _, hook := range c.Spec.Analysis.Webhooks {
			phase, known := phases[hook.Type]
			if !known {
				t.Errorf("the hook is %s", hook.Type)
			}
			delete(phases, hook.Type)
			if ok, why := call(t, s.here(t, hook.URL), c, hook, phase, "85d557f47b"); ok != want {
				t.Errorf("%s: %s goes on %t: %s", config, hook.Name, ok, why)
			}
		}
		if len(phases) > 0 {
			t.Errorf("nobody asks in %v", phases)
		}
	}
}

// Without a digest, the checksum that Flagger makes is the name of a subject.
func TestFlaggerChecksum(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]result.Verdict{"held": result.Held})
	c := of(t, "held").canary
	hook := c.Spec.Analysis.Webhooks[0]
	hook.Metadata = nil
	address := s.here(t, hook.URL)
	ok, why := call(t, address, c, hook, flaggerv1.CanaryPhaseProgressing, "85d557f47b")
	if ok || !strings.Contains(why, "production/shop/85d557f47b") {
		t.Errorf("goes on %t: %s", ok, why)
	}
	subject, err := statement.ParseSubject("production/shop/85d557f47b@" + statement.DigestOf([]byte("held")).String())
	if err != nil {
		t.Fatal(err)
	}
	s.measured(t, "again", result.Held, []statement.Subject{subject})
	if ok, why := call(t, address, c, hook, flaggerv1.CanaryPhaseProgressing, "85d557f47b"); !ok {
		t.Error(why)
	}
	if ok, why := call(t, address, c, hook, flaggerv1.CanaryPhaseProgressing, "6d5f8c9b7"); ok {
		t.Error(why)
	}
	if ok, why := call(t, address, c, hook, flaggerv1.CanaryPhaseSucceeded, "85d557f47b"); ok { // the checksum is that of what is there now
		t.Error(why)
	}
}

// The manifests as they stand name no digest of anything, so they pass nothing.
func TestManifestsBeginWithNothing(t *testing.T) {
	t.Parallel()
	none := "sha256:" + strings.Repeat("0", 64)
	if r := decode[v1alpha1.Rollout](t, read(t, "argo/rollout.yaml")); digest(t, r) != none {
		t.Error(digest(t, r))
	}
	for _, hook := range decode[flaggerv1.Canary](t, read(t, "flagger/canary.yaml")).Spec.Analysis.Webhooks {
		if (*hook.Metadata)["digest"] != none {
			t.Error(hook)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "set-digest.sh", "policy.yaml", "argo/analysistemplate.yaml")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("a manifest without a digest is none: %s", out)
	}
}

// The server of the cluster is asked at the address where it listens, and its pods do no
// more than that.
func TestServer(t *testing.T) {
	t.Parallel()
	parts := bytes.Split(read(t, "server/verdicts.yaml"), []byte("\n---\n"))
	if len(parts) != 3 {
		t.Fatalf("%d objects", len(parts))
	}
	service, deployment := decode[corev1.Service](t, parts[0]), decode[appsv1.Deployment](t, parts[1])
	network := decode[networkingv1.NetworkPolicy](t, parts[2])
	pod := deployment.Spec.Template
	for key, value := range service.Spec.Selector {
		if pod.Labels[key] != value || network.Spec.PodSelector.MatchLabels[key] != value || deployment.Spec.Selector.MatchLabels[key] != value {
			t.Errorf("%s: %s is not that of the pods", key, value)
		}
	}
	host := fmt.Sprintf("%s.%s.svc", service.Name, service.Namespace)
	c := pod.Spec.Containers[0]
	for _, arg := range []string{"--host=" + host, fmt.Sprintf("--listen=:%d", c.Ports[0].ContainerPort)} {
		if !slices.Contains(c.Args, arg) {
			t.Errorf("%v lacks %s", c.Args, arg)
		}
	}
	if at := fmt.Sprintf("%s:%d", host, service.Spec.Ports[0].Port); at != "verdicts.gate.svc:8480" {
		t.Errorf("it is asked at another address than %s", at)
	}
	for _, volume := range c.VolumeMounts {
		if !volume.ReadOnly {
			t.Errorf("%s can be written", volume.Name)
		}
	}
}
