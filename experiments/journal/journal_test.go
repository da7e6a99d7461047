package journal

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

func create(t *testing.T) (string, *Log) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	l, err := Create(root)
	if err != nil {
		t.Fatal(err)
	}
	return dir, l
}

func readAll(t *testing.T, text string) ([]Event, error) {
	t.Helper()
	var events []Event
	for e, err := range ReadEvents(strings.NewReader(text)) {
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

var sample = []Observation{
	{Intended: 1500 * time.Microsecond, Took: 20 * time.Millisecond, Step: -1, Steps: []time.Duration{time.Millisecond, 3 * time.Millisecond}},
	{Experiment: 300, Journey: 2, Arm: plan.ControlArm, Intended: time.Hour, Late: time.Millisecond, Took: 10 * time.Second,
		Outcome: Failed, Cause: Shed, Step: 0},
	{Arm: plan.FaultArm, Outcome: Wrong, Step: 4, Steps: []time.Duration{1000, 2000}[:1]},
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	dir, l := create(t)
	events := []Event{
		{Seq: 1, Kind: RunStarted, Since: 5, Plan: &plan.Plan{Run: "x", Seed: 1<<63 + 1}},
		{Seq: 2, Kind: FaultRemoved, Fault: "blastgauge.x.1", Verified: true, Evidence: &Evidence{Met: 3, Of: 4}},
	}
	for _, e := range events {
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	want := sample[:2]
	for _, o := range want {
		if err := l.Observe(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + EventsFile)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(t, string(text))
	if err != nil || !reflect.DeepEqual(got, events) {
		t.Errorf("events = %+v, %v; want %+v", got, err, events)
	}
	raw, err := os.ReadFile(dir + "/" + ObservationsFile)
	if err != nil {
		t.Fatal(err)
	}
	var obs []Observation
	for o, err := range ReadObservations(bytes.NewReader(raw)) {
		if err != nil {
			t.Fatal(err)
		}
		obs = append(obs, o)
	}
	if !reflect.DeepEqual(obs, want) {
		t.Errorf("observations = %+v, want %+v", obs, want)
	}
}

func TestAnEventIsOnDiskWhenRecordReturns(t *testing.T) {
	dir, l := create(t)
	defer l.Close()
	if err := l.Record(Event{Seq: 1, Kind: FaultIntended}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + EventsFile)
	if err != nil || !strings.Contains(string(text), `"fault_intended"`) || !strings.HasSuffix(string(text), "\n") {
		t.Errorf("journal holds %q, %v", text, err)
	}
}

func TestASecondJournalIsRefused(t *testing.T) {
	dir, l := create(t)
	defer l.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := Create(root); err == nil {
		t.Error("a journal was created over another one")
	}
}

func TestATornLastLineIsDropped(t *testing.T) {
	got, err := readAll(t, `{"seq":1,"kind":"run_started"}`+"\n"+`{"seq":2,"ki`)
	if err != nil || len(got) != 1 {
		t.Errorf("got %v, %v; want the one whole event", got, err)
	}
	if _, err := readAll(t, "{\"seq\":1}\nnonsense\n{\"seq\":3}\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged line in the middle gives %v, want an error that names line 2", err)
	}
}

func TestACutObservationsFileEndsAtTheLastWholeOne(t *testing.T) {
	file := []byte(header)
	ends := []int{len(file)}
	for _, o := range sample {
		file = appendFrame(file, o)
		ends = append(ends, len(file))
	}
	for cut := range len(file) + 1 {
		want := 0
		for i, end := range ends {
			if cut >= end {
				want = i
			}
		}
		got := 0
		for _, err := range ReadObservations(bytes.NewReader(file[:cut])) {
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			got++
		}
		if got != want {
			t.Errorf("cut at %d: %d observations, want %d", cut, got, want)
		}
	}
}

func FuzzReadObservations(f *testing.F) {
	file := []byte(header)
	for _, o := range sample {
		file = appendFrame(file, o)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, data []byte) {
		out := []byte(header)
		for o, err := range ReadObservations(bytes.NewReader(data)) {
			if err != nil {
				return
			}
			out = appendFrame(out, o)
		}
		n := 0
		for _, err := range ReadObservations(bytes.NewReader(out)) {
			if err != nil {
				t.Fatalf("what was read cannot be read again: %v", err)
			}
			n++
		}
	})
}

func FuzzReadEvents(f *testing.F) {
	f.Add([]byte(`{"seq":1,"kind":"run_started","plan":{"run":"x"}}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		seen := false
		for _, err := range ReadEvents(bytes.NewReader(data)) {
			if seen {
				t.Fatal("an event after an error")
			}
			seen = err != nil
		}
	})
}
