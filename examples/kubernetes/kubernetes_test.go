// Package kubernetes has no code: it is an example of blastgauge in a cluster, and a test
// that its objects are right, and right together.
package kubernetes

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/blastgauge/blastgauge/experiments"
)

// Every object is one that the API takes, and says what it is part of.
func TestObjects(t *testing.T) {
	t.Parallel()
	for _, overlay := range overlays() {
		o := build(t, overlay)
		for name, want := range map[string]bool{"service account": o.accounts["blastgauge"] != nil, "headless service": o.services["storefront-proxies"] != nil,
			"cron job": o.cronJobs["blastgauge"] != nil, "job": overlay != "gate" || o.jobs["blastgauge-gate"] != nil, "claim": o.claims["blastgauge-results"] != nil,
			"policies": len(o.policies) == 2, "documents": len(o.configMaps) == 2, "token": len(o.secrets) == 1} {
			if !want {
				t.Errorf("%s: no %s", overlay, name)
			}
		}
		for _, p := range o.pods() {
			if p.Labels["app.kubernetes.io/name"] == "" || p.Labels["app.kubernetes.io/part-of"] == "" {
				t.Errorf("%s: labels of the pod of %s: %v", overlay, p.of, p.Labels)
			}
		}
	}
}

// Every pod passes the strictest of the Pod Security Standards, and goes beyond it: no
// token of the API, a root that nobody writes to, bounded memory, and images with a version.
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`:[0-9]+(\.[0-9]+)+(@sha256:[0-9a-f]{64})?$`)
	for _, overlay := range overlays() {
		for _, p := range build(t, overlay).pods() {
			level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
			for _, r := range evaluator.EvaluatePod(level, &p.ObjectMeta, &p.Spec) {
				if !r.Allowed {
					t.Errorf("%s: %s: %s", p.of, r.ForbiddenReason, r.ForbiddenDetail)
				}
			}
			if p.Spec.AutomountServiceAccountToken == nil || *p.Spec.AutomountServiceAccountToken {
				t.Errorf("%s gets a token of the API", p.of)
			}
			for _, c := range p.containers() {
				if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
					t.Errorf("%s, %s: the root can be written", p.of, c.Name)
				}
				if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() || !c.Resources.Limits.Cpu().IsZero() {
					t.Errorf("%s, %s: resources are %v", p.of, c.Name, c.Resources)
				}
				if !version.MatchString(c.Image) {
					t.Errorf("%s, %s: the image %s has no version", p.of, c.Name, c.Image)
				}
			}
		}
	}
}

// What runs writes below volumes alone: its runs, its list of open runs, and /tmp.
func TestWhereARunWrites(t *testing.T) {
	t.Parallel()
	o := build(t, "gate")
	for _, p := range o.pods() {
		for _, c := range p.containers() {
			writable := func(name string) bool {
				return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
					return !m.ReadOnly && (name == m.MountPath || strings.HasPrefix(name, m.MountPath+"/"))
				})
			}
			if len(c.Args) == 0 || c.Args[0] != "run" && c.Args[0] != "recover" {
				continue
			}
			state := ""
			for _, e := range c.Env {
				if e.Name == "XDG_STATE_HOME" {
					state = e.Value
				}
			}
			if !writable(c.WorkingDir) || !writable(state) || !writable("/tmp") {
				t.Errorf("%s, %s: cannot write %q, %q or /tmp", p.of, c.Name, c.WorkingDir, state)
			}
		}
	}
}

// documents writes the documents that a pod's container sees, and reads them.
func documents(t *testing.T, o *objects, p pod, volume string) (dir string, system *experiments.System, list []*experiments.Experiment) {
	t.Helper()
	dir = t.TempDir()
	o.writeVolume(t, p, volume, dir)
	file := filepath.Join(dir, experiments.SystemFile)
	files, err := experiments.DefaultExperiments(file)
	if err != nil && volume == "documents" {
		t.Fatal(err)
	}
	system, list, err = experiments.Load(file, files)
	if err != nil {
		t.Fatal(experiments.Explain(err))
	}
	if err := system.CheckHosts(list...); err != nil {
		t.Error(err)
	}
	if err := system.CheckEnvironment(); err != nil {
		t.Error(err)
	}
	return dir, system, list
}

func runOf(o *objects) pod {
	return pod{"blastgauge", o.cronJobs["blastgauge"].Spec.JobTemplate.Spec.Template}
}

// The run and the sidecars have the same system file, and all experiments are there.
func TestDocuments(t *testing.T) {
	t.Parallel()
	o := build(t, "staging")
	_, system, list := documents(t, o, runOf(o), "documents")
	_, sidecars, _ := documents(t, o, pod{"storefront", o.deployments["storefront"].Spec.Template}, "blastgauge-system")
	if system.Text != sidecars.Text {
		t.Error("the sidecars have another system file than the run")
	}
	files, err := filepath.Glob("base/experiments/*.yaml")
	if err != nil || len(list) != len(files) || len(files) == 0 {
		t.Errorf("%d experiments are mounted of %d files, %v", len(list), len(files), err)
	}
}

// env is the value of a variable of a pod's first container.
func env(p corev1.PodTemplateSpec, name string) string {
	for _, e := range p.Spec.Containers[0].Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// argument is what stands behind a flag.
func argument(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

func sidecarOf(p corev1.PodTemplateSpec) *corev1.Container {
	for i, c := range p.Spec.InitContainers {
		if c.Name == "blastgauge-proxy" {
			return &p.Spec.InitContainers[i]
		}
	}
	return nil
}

// checkEntry wants a URL of the system file to lead through a Service to the pods of one
// Deployment, at a port that they have.
func checkEntry(t *testing.T, o *objects, text, deployment string) {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	service, ok := o.services[u.Hostname()]
	if !ok {
		t.Fatalf("%s: there is no such Service", text)
	}
	for name, d := range o.deployments {
		if meets := labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(d.Spec.Template.Labels)); meets != (name == deployment) {
			t.Errorf("%s leads to pods of %s: %v", text, name, meets)
		}
	}
	for _, p := range service.Spec.Ports {
		if u.Port() == strconv.Itoa(int(p.Port)) {
			for _, c := range (pod{deployment, o.deployments[deployment].Spec.Template}).containers() {
				for _, have := range c.Ports {
					if have.Name == p.TargetPort.String() {
						return
					}
				}
			}
		}
	}
	t.Errorf("%s: no pod has that port: %+v", text, service.Spec.Ports)
}

// Names and ports of the system file, the Services, the sidecar and the program agree:
// one route goes through the proxies, and the other one does not.
func TestRoutes(t *testing.T) {
	t.Parallel()
	o := build(t, "staging")
	_, system, _ := documents(t, o, runOf(o), "documents")
	checkEntry(t, o, system.URL, "storefront")
	checkEntry(t, o, system.ControlURL, "storefront-control")
	checkEntry(t, o, system.Toxiproxies()[0], "storefront")
	dependency, _ := system.Dependency("payments")
	first, second := o.deployments["storefront"].Spec.Template, o.deployments["storefront-control"].Spec.Template
	if got := env(first, "PAYMENTS_URL"); got != "http://"+dependency.Listen {
		t.Errorf("the storefront calls %s, and the proxy listens at %s", got, dependency.Listen)
	}
	if got := env(second, "PAYMENTS_URL"); got != dependency.Upstream || sidecarOf(second) != nil {
		t.Errorf("the control route calls %s, and payments is at %s; sidecar %v", got, dependency.Upstream, sidecarOf(second))
	}
	if first.Spec.Containers[0].Image != second.Spec.Containers[0].Image {
		t.Error("the two routes have other images")
	}
	u, err := url.Parse(system.Toxiproxies()[0])
	if err != nil {
		t.Fatal(err)
	}
	if s := o.services[u.Hostname()]; s.Spec.ClusterIP != corev1.ClusterIPNone || !s.Spec.PublishNotReadyAddresses {
		t.Errorf("the Service of the proxies is not headless, or forgets pods that are not ready: %+v", s.Spec)
	}
	c := sidecarOf(first)
	if c == nil || c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Fatalf("the storefront has no native sidecar: %+v", c)
	}
	if argument(c.Args, "--port") != u.Port() || argument(c.Args, "--host") != "0.0.0.0" || argument(c.Args, "--token-file") == "" {
		t.Errorf("the sidecar's arguments are %q", c.Args)
	}
	for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe} {
		if probe == nil || probe.TCPSocket == nil || probe.TCPSocket.Port.String() != "toxiproxy" {
			t.Errorf("the %s probe is %+v", name, probe)
		}
	}
}

// allowed reports whether a policy lets a pod with these labels in at a port.
func allowed(t *testing.T, p *networkingv1.NetworkPolicy, from labels.Set, port int32) bool {
	t.Helper()
	for _, rule := range p.Spec.Ingress {
		if !slices.ContainsFunc(rule.Ports, func(have networkingv1.NetworkPolicyPort) bool { return have.Port.IntVal == port }) && rule.Ports != nil {
			continue
		}
		if rule.From == nil {
			return true
		}
		for _, peer := range rule.From {
			selector, err := metav1.LabelSelectorAsSelector(peer.PodSelector)
			if err != nil {
				t.Fatal(err)
			}
			if selector.Matches(from) {
				return true
			}
		}
	}
	return false
}

// Only a run reaches the proxies' control API, and the storefront still serves everybody.
func TestWhoReachesTheProxies(t *testing.T) {
	t.Parallel()
	o := build(t, "gate")
	p := o.policies["storefront-proxies"]
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
	if err != nil {
		t.Fatal(err)
	}
	if !selector.Matches(labels.Set(o.deployments["storefront"].Spec.Template.Labels)) {
		t.Error("the policy is not about the pods with a sidecar")
	}
	others := labels.Set{"app.kubernetes.io/name": "blastgauge", "app.kubernetes.io/component": "prune"}
	for _, job := range []labels.Set{runOf(o).Labels, o.jobs["blastgauge-gate"].Spec.Template.Labels} {
		if !allowed(t, p, job, 8474) {
			t.Errorf("a run with %v does not reach port 8474", job)
		}
	}
	if allowed(t, p, others, 8474) || allowed(t, p, nil, 8474) || !allowed(t, p, nil, 8080) || allowed(t, p, nil, 18083) {
		t.Error("others reach port 8474, or nobody the storefront")
	}
	checkEgress(t, o)
}

// checkEgress wants a run to reach what the system file names.
func checkEgress(t *testing.T, o *objects) {
	t.Helper()
	p := o.policies["blastgauge-run"]
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
	if err != nil {
		t.Fatal(err)
	}
	if !selector.Matches(labels.Set(runOf(o).Labels)) {
		t.Error("the policy is not about runs")
	}
	reached := func(to labels.Set, port int32) bool {
		asIngress := &networkingv1.NetworkPolicy{}
		for _, rule := range p.Spec.Egress {
			asIngress.Spec.Ingress = append(asIngress.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{Ports: rule.Ports, From: rule.To})
		}
		return allowed(t, asIngress, to, port)
	}
	first, second := labels.Set(o.deployments["storefront"].Spec.Template.Labels), labels.Set(o.deployments["storefront-control"].Spec.Template.Labels)
	payments := labels.Set{"app.kubernetes.io/name": "payments"}
	for name, ok := range map[string]bool{
		"the entry": reached(first, 8080), "the proxies": reached(first, 8474), "the control route": reached(second, 8080), "the ledger": reached(payments, 8083),
		"nothing else": !reached(labels.Set{"app.kubernetes.io/name": "other"}, 443) && !reached(second, 8474),
	} {
		if !ok {
			t.Errorf("a run does not reach %s", name)
		}
	}
}

// A run has one try, is alone, has the time for all experiments, and then the time to
// take its faults away.
func TestTheJob(t *testing.T) {
	t.Parallel()
	o := build(t, "gate")
	nightly := o.cronJobs["blastgauge"].Spec
	job := nightly.JobTemplate.Spec
	if nightly.ConcurrencyPolicy != "Forbid" || job.BackoffLimit == nil || *job.BackoffLimit != 0 || job.Template.Spec.RestartPolicy != corev1.RestartPolicyNever || job.PodFailurePolicy == nil {
		t.Errorf("a run is tried again, or meets another one: %+v", nightly)
	}
	_, system, list := documents(t, o, runOf(o), "documents")
	var all time.Duration
	for range list {
		p := system.Defaults.Phases
		all += p.Warmup + p.Baseline + p.Fault + p.Recovery + time.Minute // at most, for the system to get healthy
	}
	if job.ActiveDeadlineSeconds == nil || time.Duration(*job.ActiveDeadlineSeconds)*time.Second < all {
		t.Errorf("the Job ends after %v, and the experiments take %v", job.ActiveDeadlineSeconds, all)
	}
	if grace := job.Template.Spec.TerminationGracePeriodSeconds; grace == nil || *grace < 30 {
		t.Errorf("the grace period is %v: removals take 10 s, the report comes after them", grace)
	}
	if job.Template.Spec.Containers[0].TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError {
		t.Error("the pod does not tell the verdict")
	}
	checkGate(t, o)
}

// checkGate wants the Job of a pipeline to be the nightly one, with an experiment named.
func checkGate(t *testing.T, o *objects) {
	t.Helper()
	nightly, gate := o.cronJobs["blastgauge"].Spec.JobTemplate.Spec.DeepCopy(), o.jobs["blastgauge-gate"].Spec.DeepCopy()
	args := gate.Template.Spec.Containers[0].Args
	if !slices.Contains(args, "payments-slow") {
		t.Errorf("the gate runs %q", args)
	}
	gate.Template.Spec.Containers[0].Args = slices.DeleteFunc(args, func(a string) bool { return a == "payments-slow" })
	if !reflect.DeepEqual(nightly, gate) {
		t.Error("the gate differs from the nightly run by more than its experiment")
	}
}

// The token is the same for both sides, each can read it, and none is in the repository.
func TestTheToken(t *testing.T) {
	t.Parallel()
	o := build(t, "staging")
	secret := generated(t, o.secrets, "blastgauge-token")
	for _, p := range []pod{runOf(o), {"storefront", o.deployments["storefront"].Spec.Template}} {
		found := false
		for _, v := range p.Spec.Volumes {
			if v.Secret == nil {
				continue
			}
			found = v.Secret.SecretName == secret.Name
			ours := p.Spec.SecurityContext.FSGroup != nil && *p.Spec.SecurityContext.FSGroup == 65532
			if mode := *v.Secret.DefaultMode; mode&0o004 == 0 && (mode&0o040 == 0 || !ours) {
				t.Errorf("%s: a token of mode %o cannot be read by its user", p.of, mode)
			}
		}
		if !found {
			t.Errorf("%s does not mount %s", p.of, secret.Name)
		}
	}
	if _, ok := secret.Data["token"]; !ok {
		t.Error("the Secret has no key token")
	}
	ignored, err := os.ReadFile("overlays/staging/.gitignore")
	if err != nil || !bytes.Contains(ignored, []byte("/token\n")) {
		t.Errorf("the token may be committed: %q, %v", ignored, err)
	}
}

// Every container's arguments are ones that blastgauge has, and its documents are right.
func TestArguments(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "blastgauge")
	compile := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/blastgauge")
	compile.Dir = "../.."
	if said, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	o := build(t, "gate")
	asked := 0
	for _, p := range o.pods() {
		for _, c := range p.containers() {
			if !strings.Contains(c.Image, "blastgauge") {
				continue
			}
			asked++
			if said, err := exec.CommandContext(t.Context(), program, append(slices.Clone(c.Args), "--help")...).CombinedOutput(); err != nil {
				t.Errorf("%s, %s: %v\n%s", p.of, c.Name, err, said)
			}
		}
	}
	if asked != 6 {
		t.Errorf("%d containers are blastgauge's, not six", asked)
	}
	dir, _, _ := documents(t, o, runOf(o), "documents")
	if said, err := exec.CommandContext(t.Context(), program, "validate", "-f", filepath.Join(dir, experiments.SystemFile)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
