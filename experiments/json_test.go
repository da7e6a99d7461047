package experiments

import (
	"encoding/json"
	"reflect"
	"testing"
)

// A reload that was read from a journal is the one that went in.
func TestAReloadComesBackFromAJournal(t *testing.T) {
	t.Parallel()
	want := Reload{
		Request: Request{Method: "POST", Target: "http://127.0.0.1:1/reload", HasJSON: true,
			JSON: map[string]any{"revision": json.Number("9007199254740993"), "rate": json.Number("0.10"), "list": []any{true, nil, "a"}}},
		Expect: Expect{Status: []int{200}, JSON: []Check{{Target: "$.revision", Op: Eq, Value: json.Number("9007199254740993")}, {Target: "$.a", Op: In, Value: []any{json.Number("1"), "b"}}}},
	}
	text, err := json.Marshal(Fault{Inject: "config_file", Reload: &want})
	if err != nil {
		t.Fatal(err)
	}
	var got Fault
	if err := json.Unmarshal(text, &got); err != nil || got.Reload == nil || !reflect.DeepEqual(*got.Reload, want) {
		t.Errorf("%s came back as %+v, %v", text, got.Reload, err)
	}
}
