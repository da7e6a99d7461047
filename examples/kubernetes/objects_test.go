package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// overlays are what somebody applies.
func overlays() []string { return []string{"staging", "gate"} }

// objects are those of an overlay, by kind and name.
type objects struct {
	accounts    map[string]*corev1.ServiceAccount
	configMaps  map[string]*corev1.ConfigMap
	secrets     map[string]*corev1.Secret
	services    map[string]*corev1.Service
	claims      map[string]*corev1.PersistentVolumeClaim
	policies    map[string]*networkingv1.NetworkPolicy
	deployments map[string]*appsv1.Deployment
	cronJobs    map[string]*batchv1.CronJob
	jobs        map[string]*batchv1.Job
}

// build makes an overlay as `kubectl apply -k` would, in a copy that has a token, and
// reads every object strictly as the type that the API has for it.
func build(t *testing.T, overlay string) *objects {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlays", "staging", "token"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := krusty.MakeDefaultOptions()
	list, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, "overlays", overlay))
	if err != nil {
		t.Fatal(err)
	}
	o := &objects{
		map[string]*corev1.ServiceAccount{}, map[string]*corev1.ConfigMap{}, map[string]*corev1.Secret{}, map[string]*corev1.Service{},
		map[string]*corev1.PersistentVolumeClaim{}, map[string]*networkingv1.NetworkPolicy{}, map[string]*appsv1.Deployment{},
		map[string]*batchv1.CronJob{}, map[string]*batchv1.Job{},
	}
	for _, r := range list.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := o.add(r.GetApiVersion()+" "+r.GetKind(), text); err != nil {
			t.Errorf("%s %s: %v", r.GetKind(), r.GetName(), err)
		}
	}
	return o
}

func (o *objects) add(kind string, text []byte) error {
	switch kind {
	case "v1 ServiceAccount":
		return decode(o.accounts, text)
	case "v1 ConfigMap":
		return decode(o.configMaps, text)
	case "v1 Secret":
		return decode(o.secrets, text)
	case "v1 Service":
		return decode(o.services, text)
	case "v1 PersistentVolumeClaim":
		return decode(o.claims, text)
	case "networking.k8s.io/v1 NetworkPolicy":
		return decode(o.policies, text)
	case "apps/v1 Deployment":
		return decode(o.deployments, text)
	case "batch/v1 CronJob":
		return decode(o.cronJobs, text)
	case "batch/v1 Job":
		return decode(o.jobs, text)
	}
	return fmt.Errorf("a kind that this test does not know: %s", kind)
}

// decode reads an object as strictly as the API does when it is asked to: a field that its
// type has not, also by the case of its letters, or that stands there twice, is an error.
func decode[T any, P interface {
	*T
	metav1.Object
}](into map[string]P, text []byte) error {
	var one P = new(T)
	text, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	unknown, err := json.UnmarshalStrict(text, one)
	if err := errors.Join(append(unknown, err)...); err != nil {
		return err
	}
	if one.GetNamespace() != "staging" {
		return fmt.Errorf("it is in the namespace %q", one.GetNamespace())
	}
	into[one.GetName()] = one
	return nil
}

// generated returns the object whose name begins so, behind which kustomize puts a hash.
func generated[P any](t *testing.T, from map[string]P, name string) P {
	t.Helper()
	names := slices.Collect(maps.Keys(from))
	i := slices.IndexFunc(names, func(full string) bool { return strings.HasPrefix(full, name+"-") })
	if i < 0 {
		t.Fatalf("there is no %s", name)
	}
	return from[names[i]]
}

// A pod is a pod template with the name of what makes pods of it.
type pod struct {
	of string
	corev1.PodTemplateSpec
}

// pods are all pod templates of an overlay.
func (o *objects) pods() (list []pod) {
	for name, d := range o.deployments {
		list = append(list, pod{name, d.Spec.Template})
	}
	for name, c := range o.cronJobs {
		list = append(list, pod{name, c.Spec.JobTemplate.Spec.Template})
	}
	for name, j := range o.jobs {
		list = append(list, pod{name, j.Spec.Template})
	}
	return list
}

// containers are all of a pod, those that come first and sidecars among them.
func (p pod) containers() []corev1.Container {
	return slices.Concat(p.Spec.InitContainers, p.Spec.Containers)
}

// writeVolume writes the files of a pod's volume as they are mounted.
func (o *objects) writeVolume(t *testing.T, p pod, name, dir string) {
	t.Helper()
	i := slices.IndexFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("%s has no volume %s", p.of, name)
	}
	put := func(configMap string, items []corev1.KeyToPath) {
		found, ok := o.configMaps[configMap]
		if !ok {
			t.Fatalf("%s: there is no ConfigMap %s", p.of, configMap)
		}
		if items == nil {
			for key := range found.Data {
				items = append(items, corev1.KeyToPath{Key: key, Path: key})
			}
		}
		for _, item := range items {
			text, ok := found.Data[item.Key]
			if !ok {
				t.Errorf("%s: the ConfigMap %s has no %s", p.of, configMap, item.Key)
			}
			file := filepath.Join(dir, item.Path)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if volume := p.Spec.Volumes[i]; volume.ConfigMap != nil {
		put(volume.ConfigMap.Name, volume.ConfigMap.Items)
	} else {
		for _, source := range volume.Projected.Sources {
			put(source.ConfigMap.Name, source.ConfigMap.Items)
		}
	}
}
