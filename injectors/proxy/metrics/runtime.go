package metrics

import (
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// A memory is one of the go_memstats: the sum of what the runtime calls by other names.
type memory struct {
	name, help, kind string
	of               []string
}

const (
	allocated = "/gc/heap/allocs:objects"
	freed     = "/gc/heap/frees:objects"
	tiny      = "/gc/heap/tiny/allocs:objects" // several share one object, so that they are on both sides
	objects   = "/memory/classes/heap/objects:bytes"
	unused    = "/memory/classes/heap/unused:bytes"
	released  = "/memory/classes/heap/released:bytes"
	free      = "/memory/classes/heap/free:bytes"
	stacks    = "/memory/classes/heap/stacks:bytes"
	mspan     = "/memory/classes/metadata/mspan/inuse:bytes"
	mcache    = "/memory/classes/metadata/mcache/inuse:bytes"
)

// memories are those that dashboards of Go programs know.
func memories() []memory {
	return []memory{
		{"alloc_bytes", "Bytes of heap objects that are in use.", gauge, []string{objects}},
		{"alloc_bytes_total", "Bytes of all heap objects so far, freed ones included.", counter, []string{"/gc/heap/allocs:bytes"}},
		{"buck_hash_sys_bytes", "Bytes of the tables of profiles.", gauge, []string{"/memory/classes/profiling/buckets:bytes"}},
		{"frees_total", "Heap objects freed so far.", counter, []string{freed, tiny}},
		{"gc_sys_bytes", "Bytes that the runtime needs for itself, such as those of the garbage collector.", gauge, []string{"/memory/classes/metadata/other:bytes"}},
		{"heap_alloc_bytes", "Bytes of heap objects that are in use, as go_memstats_alloc_bytes.", gauge, []string{objects}},
		{"heap_idle_bytes", "Bytes of the heap without an object.", gauge, []string{released, free}},
		{"heap_inuse_bytes", "Bytes of the heap in blocks with an object.", gauge, []string{objects, unused}},
		{"heap_objects", "Heap objects in use.", gauge, []string{"/gc/heap/objects:objects"}},
		{"heap_released_bytes", "Bytes of the heap that were given back to the system.", gauge, []string{released}},
		{"heap_sys_bytes", "Bytes of the heap.", gauge, []string{objects, unused, released, free}},
		{"mallocs_total", "Heap objects allocated so far.", counter, []string{allocated, tiny}},
		{"mcache_inuse_bytes", "Bytes of mcache structures that are in use.", gauge, []string{mcache}},
		{"mcache_sys_bytes", "Bytes for mcache structures.", gauge, []string{mcache, "/memory/classes/metadata/mcache/free:bytes"}},
		{"mspan_inuse_bytes", "Bytes of mspan structures that are in use.", gauge, []string{mspan}},
		{"mspan_sys_bytes", "Bytes for mspan structures.", gauge, []string{mspan, "/memory/classes/metadata/mspan/free:bytes"}},
		{"next_gc_bytes", "Size of the heap at which garbage is collected next.", gauge, []string{"/gc/heap/goal:bytes"}},
		{"other_sys_bytes", "Bytes for everything else.", gauge, []string{"/memory/classes/other:bytes"}},
		{"stack_inuse_bytes", "Bytes of stacks of goroutines.", gauge, []string{stacks}},
		{"stack_sys_bytes", "Bytes of stacks of goroutines and of threads.", gauge, []string{stacks, "/memory/classes/os-stacks:bytes"}},
		{"sys_bytes", "Bytes obtained from the system.", gauge, []string{"/memory/classes/total:bytes"}},
	}
}

// settings are values of the runtime that have names of their own, and how it calls them.
func settings() []string {
	return []string{"/gc/gogc:percent", "/gc/gomemlimit:bytes", "/sched/gomaxprocs:threads"}
}

// ofGo are the metrics of the Go runtime, by the names that Prometheus' own client gives them.
func ofGo() []family {
	threads, _ := runtime.ThreadCreateProfile(nil)
	families := []family{
		only("go_goroutines", "Goroutines that exist.", gauge, float64(runtime.NumGoroutine())),
		only("go_threads", "Threads created by the runtime.", gauge, float64(threads)),
		{"go_info", "Version of Go that the program is built with.", gauge, []line{{labels: []string{"version", runtime.Version()}, value: 1}}},
		build(),
	}
	return append(append(families, pauses()...), ofRuntime()...)
}

// build tells which module the program is.
func build() family {
	module, version, sum := "unknown", "unknown", "unknown"
	if of, ok := debug.ReadBuildInfo(); ok {
		module, version, sum = of.Main.Path, of.Main.Version, of.Main.Sum
	}
	return family{"go_build_info", "Main module that the program is built of.", gauge, []line{{labels: []string{"checksum", sum, "path", module, "version", version}, value: 1}}}
}

// pauses tells how long collections of garbage stopped the program.
func pauses() []family {
	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&stats)
	paused := family{name: "go_gc_duration_seconds", help: "Pauses of the program for collections of garbage.", kind: summary}
	for i, pause := range stats.PauseQuantiles {
		quantile := float64(i) / float64(len(stats.PauseQuantiles)-1)
		paused.add(pause.Seconds(), "quantile", strconv.FormatFloat(quantile, 'g', -1, 64))
	}
	paused.lines = append(paused.lines, line{suffix: "_sum", value: stats.PauseTotal.Seconds()}, line{suffix: "_count", value: float64(stats.NumGC)})
	last := float64(stats.LastGC.UnixNano()) / 1e9
	return []family{paused, only("go_memstats_last_gc_time_seconds", "When garbage was collected last, in seconds since 1970.", gauge, last)}
}

// ofRuntime are the values that the runtime has by names of its own, all of one moment. One
// that a later Go lacks is left out where it is a setting, and 0 where it is of the memory.
func ofRuntime() (families []family) {
	described := map[string]metrics.Description{}
	for _, d := range metrics.All() {
		described[d.Name] = d
	}
	var samples []metrics.Sample
	index := map[string]int{}
	want := func(name string) {
		if _, known := index[name]; !known && described[name].Kind != metrics.KindBad {
			index[name] = len(samples)
			samples = append(samples, metrics.Sample{Name: name})
		}
	}
	for _, m := range memories() {
		for _, name := range m.of {
			want(name)
		}
	}
	for _, name := range settings() {
		want(name)
	}
	metrics.Read(samples)
	for _, m := range memories() {
		sum := 0.0
		for _, name := range m.of {
			if i, known := index[name]; known {
				sum += numberOf(samples[i].Value)
			}
		}
		families = append(families, only("go_memstats_"+m.name, m.help, m.kind, sum))
	}
	for _, name := range settings() {
		if i, known := index[name]; known {
			families = append(families, only(nameOf(name), described[name].Description+" It is "+name+" of the runtime.", gauge, numberOf(samples[i].Value)))
		}
	}
	return families
}

// nameOf is the name that a value of the runtime has for Prometheus.
func nameOf(value string) string {
	key, unit, _ := strings.Cut(value, ":")
	return "go" + strings.ReplaceAll(path.Dir(key), "/", "_") + "_" + path.Base(key) + "_" + unit
}

func numberOf(v metrics.Value) float64 {
	switch v.Kind() {
	case metrics.KindUint64:
		return float64(v.Uint64())
	case metrics.KindFloat64:
		return v.Float64()
	}
	return 0
}
