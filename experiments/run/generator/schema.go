package generator

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Schema returns the JSON Schema (draft 2020-12) of a line, as indented JSON with a newline
// at its end. Its definitions are line, and traffic for what BLASTGAUGE_TRAFFIC holds.
func Schema() ([]byte, error) {
	return shape.JSONSchema(schema{}, "blastgauge: what a program under traffic.command says of one journey")
}

type schema struct{ shape.Shape }

func (schema) Schema() shape.Object {
	return shape.Object{"$ref": "#/$defs/line", "$defs": shape.Object{"line": lineSchema(), "traffic": trafficSchema()}}
}

// described is a part of a schema with what it means.
func described(o shape.Object, doc string) shape.Object {
	o["description"] = doc
	return o
}

func closed(properties shape.Object, required ...string) shape.Object {
	return shape.Object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func list(of shape.Object) shape.Object { return shape.Object{"type": "array", "items": of} }

func texts() shape.Object { return shape.Object{"type": "string"} }

func someSeconds() shape.Object {
	return shape.Object{"type": "number", "minimum": 0, "maximum": journal.LongestRun.Seconds()}
}

func lineSchema() shape.Object {
	o := closed(shape.Object{
		"journey": described(shape.Object{"type": "string", "minLength": 1}, "the name of the journey"),
		"arm":     described(shape.Object{"enum": arms()}, "required where there are two arms"),
		"start": described(shape.Object{"anyOf": []shape.Object{{"type": "string", "format": "date-time"}, {"type": "number", "minimum": -journal.LongestRun.Seconds(), "maximum": journal.LongestRun.Seconds()}}},
			"when the journey was meant to start, however late it did: RFC 3339, or seconds since BLASTGAUGE_EPOCH"),
		"took":    described(someSeconds(), "seconds from start to its end; may be left out where it is shed"),
		"outcome": described(shape.Object{"enum": outcomes()}, "ok; slow: beyond its budget; wrong: a check failed; failed: an error; shed: it could not be started"),
		"step":    described(shape.Object{"anyOf": []shape.Object{{"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 199}}}, "the first harmed step: its name, or its index from 0"),
		"cause":   described(texts(), "why it was harmed: a class such as status, timeout, refused, reset, closed, tls, dns, check or slow, or class: key, such as status: 503"),
		"trace":   described(texts(), "the id of its trace"),
		"count":   described(shape.Object{"type": "integer", "minimum": 1, "maximum": journal.MaxCount}, "how many journeys this is of, all alike, which started within a second after start, and within slow_after: no more than the rate of an arm has in a second; 1 by default"),
		"late":    described(someSeconds(), "seconds for which the program itself held the start up; 0 by default"),
		"detail":  described(texts(), "what was wrong, in words: the first 300 bytes are shown as an example"),
	}, "journey", "start", "outcome")
	o["allOf"] = []shape.Object{
		{"if": shape.Object{"properties": shape.Object{"outcome": shape.Object{"not": shape.Object{"const": outcomeShed}}}}, "then": shape.Object{"required": []string{"took"}}},
		{"if": shape.Object{"properties": shape.Object{"outcome": shape.Object{"const": outcomeOK}}},
			"then": shape.Object{"properties": shape.Object{"step": false, "cause": shape.Object{"const": ""}}}},
	}
	return o
}

func trafficSchema() shape.Object {
	arm := closed(shape.Object{"arm": shape.Object{"enum": arms()}, "url": texts(), "headers": shape.Object{"type": "object", "additionalProperties": texts()}}, "arm", "url", "headers")
	journey := closed(shape.Object{
		"journey": texts(), "slow_after": someSeconds(), "timeout": someSeconds(), "steps": list(texts()),
		"rates": described(shape.Object{"type": "object", "additionalProperties": shape.Object{"type": "number", "minimum": 0}}, "journeys per second, by arm"),
		"stages": described(list(closed(shape.Object{"rates": shape.Object{"type": "object", "additionalProperties": shape.Object{"type": "number"}}, "for": someSeconds()}, "rates", "for")),
			"before it is sent at its rates: rates for so many seconds, one after the other; absent: there are none"),
	}, "journey", "slow_after", "timeout", "steps", "rates")
	phase := closed(shape.Object{"phase": texts(), "for": someSeconds()}, "phase", "for")
	return described(closed(shape.Object{
		"version": shape.Object{"const": protocolVersion}, "run": texts(), "experiment": texts(),
		"epoch":    described(shape.Object{"type": "number"}, "Unix seconds that seconds of the run count from"),
		"seed":     described(shape.Object{"type": "integer", "minimum": 0}, "of what the program draws by chance, so that a run can be repeated"),
		"lines":    described(texts(), "path of the pipe for lines; standard output is the same one"),
		"stop":     described(texts(), "path of a file that appears when no journey may start any more"),
		"arms":     list(arm),
		"journeys": list(journey),
		"phases":   described(list(phase), "as planned; the warm-up may be longer"),
	}, "version", "run", "experiment", "epoch", "seed", "lines", "stop", "arms", "journeys", "phases"), "what BLASTGAUGE_TRAFFIC holds, as one JSON object")
}
