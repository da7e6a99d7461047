package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func create(t *testing.T) (string, *Log) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	l, err := Create(root)
	if err != nil {
		t.Fatal(err)
	}
	return dir, l
}

func closeLog(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
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

// copyOf copies an observation that is valid until the next.
func copyOf(o *Observation) Observation {
	kept := *o
	kept.Steps = append([]time.Duration(nil), o.Steps...)
	return kept
}

// forEach calls f with every observation of a file's experiments. The test fails where
// they cannot be read again.
func forEach(t *testing.T, all *Observations, f func(*Observation)) {
	t.Helper()
	for _, experiment := range slices.Sorted(maps.Keys(all.parts)) {
		for o, err := range all.Of(experiment) {
			if err != nil {
				t.Fatal(err)
			}
			f(o)
		}
	}
}

var sample = []Observation{
	{Intended: 1500 * time.Microsecond, Took: 20 * time.Millisecond, Step: -1, Steps: []time.Duration{time.Millisecond, 3 * time.Millisecond}},
	{Experiment: 300, Journey: 2, Arm: plan.ControlArm, Intended: time.Hour, Late: time.Millisecond, Took: 10 * time.Second,
		Outcome: Failed, Cause: Shed, Step: 0},
	{Outcome: Failed, Cause: Refused, Step: 1, Steps: []time.Duration{1000, 2000}[:1], Why: MaxCauses},
	{Outcome: Slow, Cause: TooSlow, Why: 1},
	{Step: -1, Took: 1000, Paused: 12 * time.Second, Steps: []time.Duration{1000}},
	{Outcome: Failed, Cause: Status, Why: 3, Paused: time.Hour},
	{Step: -1, Took: 1000, Steps: []time.Duration{1000, 0}, Draw: 1},
	{Outcome: Slow, Cause: TooSlow, Why: 2, Paused: time.Second, Draw: experiments.Draws - 1},
	{Arm: plan.FaultArm, Outcome: Wrong, Step: 4, Steps: []time.Duration{1000, 2000}[:1]},
	{Step: -1, Took: 1000, Steps: []time.Duration{}, Count: 1},
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
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
	all := OpenObservations(bytes.NewReader(raw))
	for _, w := range want {
		for o, err := range all.Of(w.Experiment) {
			if err != nil {
				t.Fatal(err)
			}
			obs = append(obs, copyOf(o))
		}
	}
	if all.Damage() != nil || !reflect.DeepEqual(obs, want) {
		t.Errorf("observations = %+v, want %+v", obs, want)
	}
}

func TestAnEventIsOnDiskWhenRecordReturns(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	defer closeLog(t, l)
	if err := l.Record(Event{Seq: 1, Kind: FaultIntended}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + EventsFile)
	if err != nil || !strings.Contains(string(text), `"fault_intended"`) || !strings.HasSuffix(string(text), "\n") {
		t.Errorf("journal holds %q, %v", text, err)
	}
}

func TestASecondJournalIsRefused(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	defer closeLog(t, l)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	if _, err := Create(root); err == nil {
		t.Error("a journal was created over another one")
	}
}

func TestATornLastLineIsDropped(t *testing.T) {
	t.Parallel()
	got, err := readAll(t, `{"seq":1,"kind":"run_started"}`+"\n"+`{"seq":2,"ki`)
	if err != nil || len(got) != 1 {
		t.Errorf("got %v, %v; want the one whole event", got, err)
	}
	if _, err := readAll(t, "{\"seq\":1}\nnonsense\n{\"seq\":3}\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged line in the middle gives %v, want an error that names line 2", err)
	}
}

func TestACutObservationsFileEndsAtTheLastWholeOne(t *testing.T) {
	t.Parallel()
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
		all := OpenObservations(bytes.NewReader(file[:cut]))
		forEach(t, all, func(*Observation) { got++ })
		if got != want || all.Damage() != nil {
			t.Errorf("cut at %d: %d observations and %v, want %d", cut, got, all.Damage(), want)
		}
	}
}

// Experiments come one after the other, but what is late of one may be among the next's.
func TestObservationsAreOfOneExperiment(t *testing.T) {
	t.Parallel()
	file := []byte(header)
	order := []int{0, 0, 1, 0, 1, 2, 2}
	for i, experiment := range order {
		file = appendFrame(file, Observation{Experiment: experiment, Intended: time.Duration(i) * time.Second, Step: -1, Steps: []time.Duration{time.Duration(i) * time.Millisecond}})
	}
	all := OpenObservations(bytes.NewReader(file))
	for experiment := range 4 {
		for range 2 { // as often as one likes
			var got, want []int
			for o, err := range all.Of(experiment) {
				if err != nil || o.Experiment != experiment || o.Steps[0] != time.Duration(int(o.Intended/time.Second))*time.Millisecond {
					t.Fatalf("experiment %d: %+v, %v", experiment, o, err)
				}
				got = append(got, int(o.Intended/time.Second))
			}
			for i, e := range order {
				if e == experiment {
					want = append(want, i)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("experiment %d has %v, want %v", experiment, got, want)
			}
		}
	}
}

// What is wrong in the middle is said, and what stands before it is kept.
func TestDamageOfObservations(t *testing.T) {
	t.Parallel()
	file := appendFrame([]byte(header), sample[0])
	whole := len(file)
	file = appendFrame(file, sample[0])
	file[whole+1] = 0xff // the number of its experiment does not end
	file = appendFrame(file, sample[0])
	n := 0
	all := OpenObservations(bytes.NewReader(file))
	forEach(t, all, func(*Observation) { n++ })
	if err := all.Damage(); n != 1 || err == nil || !strings.Contains(err.Error(), "observation 2") {
		t.Errorf("%d observations and the damage %v, want one and that the second is", n, err)
	}
	if err := OpenObservations(strings.NewReader(strings.Repeat("x", 100))).Damage(); err == nil {
		t.Error("another file is taken for observations")
	}
}

// A frame of an older version ends before the number of the cause.
func TestFramesOfOlderVersionsAreRead(t *testing.T) {
	t.Parallel()
	o := Observation{Outcome: Failed, Cause: Status, Step: 1, Steps: []time.Duration{1000}, Why: 7}
	frame := appendFrame(nil, o)
	var got Observation
	if err := parseFrame(frame[1:len(frame)-1], &got); err != nil || got.Why != 0 || got.Cause != Status || len(got.Steps) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	o.Why = MaxCauses + 1
	if err := parseFrame(appendFrame(nil, o)[1:], &got); err == nil {
		t.Errorf("number %d of a cause is read", o.Why)
	}
	for c := NoCause; c <= lastCause; c++ {
		if named, ok := CauseNamed(c.String()); c != NoCause && (named != c || !ok) {
			t.Errorf("%d is named %q, which is %d", c, c, named)
		}
	}
}

// What is noted stands in the order in which it came, with a checksum, and waits for no
// disk. It is not kept where that is not known to hold all of it.
func TestNotedEventsAreReadInOrder(t *testing.T) {
	t.Parallel()
	dir, l := create(t)
	for seq := 1; seq <= 6; seq++ {
		add := l.Note
		if seq%3 == 0 {
			add = l.Record
		}
		if err := add(Event{Seq: seq, Kind: HarmSeen, Cause: &SeenCause{Number: seq}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Note(Event{Seq: 7, Kind: HarmSeen}); err != nil {
		t.Fatal(err)
	}
	if l.events.written == l.events.synced {
		t.Error("a noted event counts as being on disk")
	}
	closeLog(t, l)
	text, err := os.ReadFile(filepath.Join(dir, EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range readProven(bytes.NewReader(text)) {
		if n++; err != nil || e.Seq != n {
			t.Errorf("event %d is %d, %v", n, e.Seq, err)
		}
	}
	if n != 7 {
		t.Errorf("%d events, want 7", n)
	}
}

// A draw is read as it was written, and an observation without one is written as before
// there were any.
func TestDrawsAreWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, o := range sample {
		file := appendFrame([]byte(header), o)
		forEach(t, OpenObservations(bytes.NewReader(file)), func(got *Observation) {
			if got.Draw != o.Draw || got.Paused != o.Paused || got.Why != o.Why {
				t.Errorf("%+v is read as %+v", o, got)
			}
		})
		without := o
		without.Draw = 0
		before := appendFrame([]byte(header), without)
		if grown := len(file) - len(before); (grown > 0) != (o.Draw > 0) || grown > 6 {
			t.Errorf("%+v takes %d bytes more than without a draw", o, grown)
		}
	}
	var got Observation
	old := []byte{0, 0, 0, 1, 0, 0, 2, 1, 4, 3, 8} // Why and Paused end it
	if err := parseFrame(old, &got); err != nil || got.Why != 3 || got.Paused != 4*time.Microsecond || got.Draw != 0 {
		t.Errorf("an observation of an older version is read as %+v, %v", got, err)
	}
	if err := parseFrame(binary.AppendUvarint(old, experiments.Draws), &got); err == nil {
		t.Errorf("a draw beyond all is read as %d", got.Draw)
	}
}

// An observation of many journeys is one frame, and as many journeys to whoever reads it.
func TestCountedObservationsAreYieldedSoManyTimes(t *testing.T) {
	t.Parallel()
	file := []byte(header)
	for _, o := range []Observation{{Experiment: 1, Intended: time.Second, Count: 3, Why: 2}, {Intended: time.Minute, Count: 5}, {Experiment: 1, Intended: 2 * time.Second, Draw: 4}, {Experiment: 1, Intended: 3 * time.Second, Count: MaxCount}} {
		file = appendFrame(file, o)
	}
	if len(file) > len(header)+100 {
		t.Errorf("four frames take %d bytes", len(file)-len(header))
	}
	var at []time.Duration
	for o, err := range OpenObservations(bytes.NewReader(file)).Of(1) {
		if err != nil || o.Count != 0 || o.Times() != 1 {
			t.Fatalf("%+v, %v", o, err)
		}
		if at = append(at, o.Intended); len(at) == 6 { // whoever has seen enough gets no more
			break
		}
	}
	if want := []time.Duration{time.Second, time.Second, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}; !slices.Equal(at, want) {
		t.Errorf("journeys at %v, want %v", at, want)
	}
}

// Whoever can count takes what is of many journeys once.
func TestCountedObservationsAreHadTogether(t *testing.T) {
	t.Parallel()
	file := []byte(header)
	for _, o := range []Observation{{Experiment: 1, Count: 3}, {Count: 5}, {Experiment: 1}, {Experiment: 1, Count: MaxCount}} {
		file = appendFrame(file, o)
	}
	var counts []int
	for o, err := range OpenObservations(bytes.NewReader(file)).Together(1) {
		if err != nil {
			t.Fatal(err)
		}
		if counts = append(counts, o.Times()); len(counts) > 3 {
			break
		}
	}
	if want := []int{3, 1, MaxCount}; !slices.Equal(counts, want) {
		t.Errorf("%v, want %v", counts, want)
	}
}

// A short file says no more journeys than a run has, and none is written that nobody reads.
func TestCountsHaveABound(t *testing.T) {
	t.Parallel()
	file := []byte(header)
	for range maxCounted/MaxCount + 1 {
		file = appendFrame(file, Observation{Count: MaxCount})
	}
	all := OpenObservations(bytes.NewReader(file))
	for _, err := range all.Of(0) {
		if !errors.Is(err, errCounted) {
			t.Fatalf("one by one they are read: %v", err)
		}
	}
	together := 0
	for o, err := range all.Together(0) {
		if together += o.Times(); err != nil {
			t.Fatal(err)
		}
	}
	if all.Damage() != nil || together != maxCounted+MaxCount {
		t.Errorf("together they are %d: %v", together, all.Damage())
	}
	if err := OpenObservations(bytes.NewReader(appendFrame([]byte(header), Observation{Count: MaxCount + 1}))).Damage(); !errors.Is(err, errFrame) {
		t.Errorf("of one beyond the most the damage is %v", err)
	}
	_, l := create(t)
	defer closeLog(t, l)
	if err := l.Observe(Observation{Count: MaxCount + 1}); !errors.Is(err, errCounted) {
		t.Errorf("one beyond the most is written: %v", err)
	}
	l.counted = mostTogether - 1
	if err := l.Observe(Observation{Count: 2}); !errors.Is(err, errCounted) {
		t.Errorf("more than all are written: %v", err)
	}
}

func FuzzObservations(f *testing.F) {
	file := []byte(header)
	for _, o := range sample {
		file = appendFrame(file, o)
	}
	file = appendFrame(file, Observation{Count: 7, Why: 1})
	f.Add(file)
	f.Fuzz(func(t *testing.T, data []byte) {
		out, n := []byte(header), 0
		forEach(t, OpenObservations(bytes.NewReader(data)), func(o *Observation) {
			if n++; n <= 1000 { // a few bytes may say millions
				out = appendFrame(out, *o)
			}
		})
		n = min(n, 1000)
		again := OpenObservations(bytes.NewReader(out))
		forEach(t, again, func(*Observation) { n-- })
		if again.Damage() != nil || n != 0 {
			t.Fatalf("of what was read %d cannot be read again: %v", n, again.Damage())
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
