package prometheus

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// asOurs is a value of the official client as ours has it.
func asOurs(t testing.TB, v model.Value) (a answer) {
	t.Helper()
	switch v := v.(type) {
	case *model.Scalar:
		return answer{kind: scalar, scalar: float64(v.Value)}
	case model.Vector:
		return answer{kind: vector}
	case model.Matrix:
		a.kind = matrix
		for _, stream := range v {
			s := labelled{name: stream.Metric.String(), labels: map[string]string{}}
			for label, value := range stream.Metric {
				s.labels[string(label)] = string(value)
			}
			for _, p := range stream.Values {
				s.samples = append(s.samples, sample{int64(p.Timestamp), float64(p.Value)})
			}
			a.matrix = append(a.matrix, s)
		}
		return a
	}
	t.Fatalf("a %T", v)
	return a
}

// shown is an answer as a text, in which NaN is as good as NaN.
func shown(a answer) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %v", a.kind, a.scalar)
	for _, s := range a.matrix {
		fmt.Fprintf(&text, "\n%q %q", s.name, s.labels)
		for _, p := range s.samples {
			fmt.Fprintf(&text, " %d=%v/%t", p.at, p.value, math.Signbit(p.value) && p.value == 0)
		}
	}
	return text.String()
}

const (
	histogram = `[1435781430.781,{"count":"60","sum":"33.5","buckets":[[3,"-0.25","0.25","3"],[0,"0.25","0.5","12"]]}]`
	series1   = `{"metric":{"__name__":"a","job":"j","instance":"i"},"values":[[1435781430.781,"1"],[1435781445.781,"2"]]}`
)

// ofMatrix is an answer with these series, as JSON.
func ofMatrix(series ...string) string {
	return `{"status":"success","data":{"resultType":"matrix","result":[` + strings.Join(series, ",") + `]}}`
}

// withSamples is such an answer with one series of these samples.
func withSamples(samples ...string) string {
	return ofMatrix(`{"metric":{},"values":[` + strings.Join(samples, ",") + `]}`)
}

// Values, moments and names are those that the official client reads.
func TestAnswersAreReadAsTheOfficialClientDoes(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"series":               ofMatrix(series1, strings.ReplaceAll(series1, `"a"`, `"b"`)),
		"none":                 ofMatrix(),
		"null":                 `{"status":"success","data":{"resultType":"matrix","result":null}}`,
		"a native histogram":   ofMatrix(`{"metric":{"__name__":"a"},"histograms":[`+histogram+`]}`, series1),
		"both":                 ofMatrix(`{"metric":{"__name__":"a"},"values":[[1,"2"]],"histograms":[` + histogram + `]}`),
		"without samples":      ofMatrix(`{"metric":{"__name__":"a"},"values":null}`, `{"metric":{"__name__":"b"},"values":[]}`, `{"metric":{}}`),
		"a scalar":             `{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1.5e-7"]}}`,
		"a vector":             `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}`,
		"another order":        `{"data":{"result":[` + series1 + `],"resultType":"matrix"},"status":"success"}`,
		"spaces":               " \n{ \"status\" : \"success\" , \"data\" : { \"resultType\" : \"matrix\" , \"result\" : [ { \"metric\" : { \"a\" : \"b\" } , \"values\" : [ [ 1.5 , \"2\" ] , [ 2.5,\"3\" ] ] } ] } } \n",
		"what nobody asks for": `{"status":"success","infos":["PromQL info"],"isPartial":false,"data":{"resultType":"matrix","result":[],"stats":{"a":[1,{}]},"explanation":null}}`,
		"escapes":              ofMatrix(`{"metric":{"a":"\"q\\ \u00e9\u2028\n<é>"},"values":[[1,"\u0031\u002e5"]]}`),
		"labels in order":      ofMatrix(`{"metric":{"b":"1","a_b":"2","a":"3","B":"4","a0":"5","__name__":"n:x"},"values":[]}`),
		"a name alone":         ofMatrix(`{"metric":{"__name__":"up"},"values":[]}`),
		"no name":              ofMatrix(`{"metric":{"job":"j"},"values":[]}`),
		"an empty name":        ofMatrix(`{"metric":{"__name__":""},"values":[]}`),
		"a label of UTF-8":     ofMatrix(`{"metric":{"__name__":"http.requests","k8s.pod/é":"\u0007"},"values":[]}`),
	}
	for _, value := range []string{"NaN", "nan", "+Inf", "-Inf", "Inf", "0", "-0", "1", "-1", "1e-07", "1.7976931348623157e+308", "5e-324", "4.9406564584124654e-324", "1e+21", "100000000000000000000", "0.1", "123456789.123456789", "9007199254740993", "0x1p-2", "1_0", "1e400", "", " 1", "x"} {
		bodies["the value "+value] = withSamples(`[1,"` + value + `"]`)
		bodies["the scalar "+value] = `{"status":"success","data":{"resultType":"scalar","result":[1,"` + value + `"]}}`
	}
	for _, moment := range []string{"1435781430.781", "1435781430.78", "1435781430.7", "1435781430", "1435781430.001", "1435781430.0009999", "1435781430.999999", "0", "0.001", "0.1", "-0.5", "-3", "1.5e3", "1e9", "1E3", "999999999999.999", "253402300799.999", "4294967296.007", "9223372036854775808"} {
		bodies["the moment "+moment] = withSamples("[" + moment + `,"1"]`)
	}
	for name, body := range bodies {
		answer := answering(func(*http.Request) (int, []byte) { return 200, []byte(body) })
		want, _, refused := officialOf(t, "http://h", answer).Query(t.Context(), "a", time.Time{})
		got, err := apiOf(t, "http://h", answer).query(t.Context(), "a", time.Time{})
		if (err == nil) != (refused == nil) {
			t.Errorf("%s: %v, the official client says %v", name, err, refused)
		}
		if err == nil && refused == nil && shown(got) != shown(asOurs(t, want)) {
			t.Errorf("%s:\n%s\nwant\n%s", name, shown(got), shown(asOurs(t, want)))
		}
	}
}

// Moments are milliseconds, to the last one, also before 1970.
func TestMomentsAreExact(t *testing.T) {
	t.Parallel()
	for moment, want := range map[string]int64{"1435781430.781": 1435781430781, "1796048463.007": 1796048463007, "0.07": 70, "-1.5": -1500, "-0.001": -1, "-0": 0} {
		if got, err := milliseconds(moment); got != want || err != nil {
			t.Errorf("%s is %d, %v, want %d", moment, got, err, want)
		}
	}
	for ms := int64(1796048463000); ms < 1796048464000; ms++ {
		if got, err := milliseconds(seconds(time.UnixMilli(ms))); got != ms || err != nil {
			t.Fatalf("%d is %d, %v", ms, got, err)
		}
	}
}

// What is no answer of a Prometheus is refused with an error of one line, and nothing of it is
// taken.
func TestHostileAnswersAreRefused(t *testing.T) {
	t.Parallel()
	deep := func(begin, end string) string {
		return strings.Repeat(begin, 100_000) + strings.Repeat(end, 100_000)
	}
	bodies := map[string]string{
		"nothing":                     "",
		"null":                        "null",
		"a list":                      "[]",
		"a page":                      "<html>",
		"no status":                   `{"data":{"resultType":"matrix","result":[]}}`,
		"another status":              `{"status":"maybe","data":{"resultType":"matrix","result":[]}}`,
		"a status that is no text":    `{"status":true,"data":{"resultType":"matrix","result":[]}}`,
		"no data":                     `{"status":"success"}`,
		"data that are null":          `{"status":"success","data":null}`,
		"data that are a list":        `{"status":"success","data":[]}`,
		"no type":                     `{"status":"success","data":{"result":[]}}`,
		"a type that is a number":     `{"status":"success","data":{"resultType":1,"result":[]}}`,
		"no result":                   `{"status":"success","data":{"resultType":"matrix"}}`,
		"a type that is unknown":      `{"status":"success","data":{"resultType":"graph","result":[]}}`,
		"a text":                      `{"status":"success","data":{"resultType":"string","result":[1,"a"]}}`,
		"a result that is an object":  `{"status":"success","data":{"resultType":"matrix","result":{}}}`,
		"a result that is a text":     `{"status":"success","data":{"resultType":"matrix","result":"[]"}}`,
		"a scalar that is a matrix":   `{"status":"success","data":{"resultType":"scalar","result":[` + series1 + `]}}`,
		"a scalar that is null":       `{"status":"success","data":{"resultType":"scalar","result":null}}`,
		"a scalar of one":             `{"status":"success","data":{"resultType":"scalar","result":[1]}}`,
		"warnings that are a text":    `{"status":"success","warnings":"a","data":{"resultType":"matrix","result":[]}}`,
		"warnings that are numbers":   `{"status":"success","warnings":[1],"data":{"resultType":"matrix","result":[]}}`,
		"two answers":                 ofMatrix() + ofMatrix(),
		"half an answer":              ofMatrix(series1)[:100],
		"two statuses":                `{"status":"error","status":"success","data":{"resultType":"matrix","result":[]}}`,
		"two data":                    `{"status":"success","data":{},"data":{"resultType":"matrix","result":[]}}`,
		"two results":                 `{"status":"success","data":{"resultType":"matrix","result":[],"result":[]}}`,
		"a series that is null":       ofMatrix("null"),
		"a series that is a list":     ofMatrix("[]"),
		"a series without a metric":   ofMatrix(`{"values":[[1,"2"]]}`),
		"two metrics":                 ofMatrix(`{"metric":{"a":"b"},"metric":{"a":"c"},"values":[]}`),
		"twice values":                ofMatrix(`{"metric":{},"values":[[1,"2"]],"values":[[1,"2"]]}`),
		"a label twice":               ofMatrix(`{"metric":{"a":"b","a":"c"},"values":[]}`),
		"a label that is a number":    ofMatrix(`{"metric":{"a":1},"values":[]}`),
		"a label that is null":        ofMatrix(`{"metric":{"a":null},"values":[]}`),
		"a metric that is null":       ofMatrix(`{"metric":null,"values":[]}`),
		"a metric that is a text":     ofMatrix(`{"metric":"a","values":[]}`),
		"values that are an object":   ofMatrix(`{"metric":{},"values":{}}`),
		"histograms of another kind":  ofMatrix(`{"metric":{},"histograms":{}}`),
		"a part that nobody knows":    ofMatrix(`{"metric":{},"values":[],"exponentials":[]}`),
		"a sample that is null":       withSamples("null"),
		"a sample that is an object":  withSamples("{}"),
		"a sample of none":            withSamples("[]"),
		"a sample of one":             withSamples("[1]"),
		"a sample of three":           withSamples(`[1,"2","3"]`),
		"a value that is a number":    withSamples("[1,2]"),
		"a value that is null":        withSamples("[1,null]"),
		"a value that is a list":      withSamples(`[1,["2"]]`),
		"a time that is a text":       withSamples(`["1","2"]`),
		"a time that is null":         withSamples(`[null,"2"]`),
		"a time that is no date":      withSamples(`[1000000000001,"2"]`),
		"a time with an exponent":     withSamples(`[1.7e9,"2"]`),
		"a sample within a sample":    withSamples(`[[1,"2"],"3"]`),
		"lists in lists":              deep("[", "]"),
		"lists in a value":            withSamples(deep("[", "]")),
		"lists in what nobody reads":  `{"status":"success","infos":` + deep("[", "]") + `,"data":{"resultType":"matrix","result":[]}}`,
		"lists in histograms":         ofMatrix(`{"metric":{},"histograms":` + deep("[", "]") + `}`),
		"objects in objects":          deep(`{"data":`, "}"),
		"objects in the data":         `{"status":"success","data":` + deep(`{"result":`, "}") + `}`,
		"a NUL":                       "\x00",
		"a control character in text": ofMatrix("{\"metric\":{\"a\":\"\x01\"},\"values\":[]}"),
	}
	for name, body := range bodies {
		c := clientOf(t, func(*http.Request) (int, []byte) { return 200, []byte(body) })
		list, err := c.samples(t.Context(), "a", time.Now(), time.Minute)
		if err == nil || list != nil || len(err.Error()) > mostMessage || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %d series, %.200v", name, len(list), err)
		}
		if _, err := c.now(t.Context()); err == nil {
			t.Errorf("%s: is a time", name)
		}
	}
}

// A time that is none is no time of a clock.
func TestATimeThatIsNone(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"NaN", "+Inf", "-Inf", "1e300", "-1e300"} {
		c := clientOf(t, func(*http.Request) (int, []byte) {
			return 200, []byte(`{"status":"success","data":{"resultType":"scalar","result":[1,"` + value + `"]}}`)
		})
		if at, err := c.now(t.Context()); err == nil {
			t.Errorf("%s is %s", value, at)
		}
	}
}

// Whatever comes, it is refused or read; and what was read, written down by the official types
// as a Prometheus writes it, is read as the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(ofMatrix(series1)))
	f.Add([]byte(ofMatrix(`{"metric":{"a":"\u00e9"},"histograms":[` + histogram + `]}`)))
	f.Add([]byte(withSamples(`[-1.5,"NaN"]`, `[1.07,"-0"]`, `[2,"+Inf"]`, `[3,"1e-300"]`)))
	f.Add([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1"]}}`))
	f.Add([]byte(`{"status":"error","errorType":"bad_data","error":"no"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := open(http.StatusOK, body)
		if err != nil || a.kind != matrix {
			return
		}
		written := make(model.Matrix, 0, len(a.matrix))
		for _, s := range a.matrix {
			stream := &model.SampleStream{Metric: model.Metric{}}
			for label, value := range s.labels {
				stream.Metric[model.LabelName(label)] = model.LabelValue(value)
			}
			for _, p := range s.samples {
				stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.Time(p.at), Value: model.SampleValue(p.value)})
			}
			if s.name != stream.Metric.String() {
				t.Fatalf("the name is %q, want %q", s.name, stream.Metric)
			}
			written = append(written, stream)
		}
		text, err := json.Marshal(written)
		if err != nil {
			t.Fatal(err)
		}
		again, err := open(http.StatusOK, fmt.Appendf(nil, `{"status":"success","data":{"resultType":"matrix","result":%s}}`, text))
		if err != nil || shown(again) != shown(a) {
			t.Fatalf("%s\nthen, of %s: %v\n%s", shown(a), text, err, shown(again))
		}
	})
}
