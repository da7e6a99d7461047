package experiments

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// Traffic is the traffic of the real system, which turns a share of journeys into checkouts
// and money per hour, and the program that sends the journeys of experiments.
type Traffic struct {
	PerHour float64 `json:"checkouts_per_hour,omitempty"` // 0: not known
	Value   Money   `json:"value,omitzero"`               // of one checkout
	Journey string  `json:"journey,omitempty"`            // that stands for a checkout
	// Command is a program and its arguments that sends all journeys in place of blastgauge;
	// none: blastgauge sends them.
	Command []string `json:"command,omitempty"`
}

// Elsewhere reports whether another program sends the journeys.
func (t *Traffic) Elsewhere() bool { return t != nil && len(t.Command) > 0 }

// Program names the program that sends the journeys, with its arguments and without
// logins that they may hold; empty where blastgauge does.
func (t *Traffic) Program() string {
	if !t.Elsewhere() {
		return ""
	}
	return redact.Logins(injectors.DescribeProgram(t.Command))
}

// Money is an amount in one currency.
type Money struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"` // three letters, as in ISO 4217
}

// CheckoutJourney is the journey that stands for a checkout if traffic names none.
const CheckoutJourney = "checkout"

func trafficShape(t *Traffic) shape.Shape {
	return shape.Validated{Always: true, Shape: shape.Fields{
		{Name: "checkouts_per_hour", Doc: "how many checkouts an hour the real system has, such as 12000", Shape: perHour(&t.PerHour)},
		{Name: "value", Doc: "what one is worth, such as 40 EUR", Shape: money(&t.Value)},
		{Name: "journey", Doc: "the journey that stands for a checkout; without it checkout, or the only one there is", Shape: id(&t.Journey)},
		{Name: "command", Doc: "a program and its arguments that sends the journeys in place of blastgauge, such as [locust, --headless, -f, journeys.py]; a path is relative to this document. It is told what to send in BLASTGAUGE_TRAFFIC and writes a line of JSON for each journey: see blastgauge schema traffic",
			Shape: shape.List[string]{To: &t.Command, Item: argument, Min: 1, Max: 200}},
	}, Also: shape.Object{
		"anyOf":             []shape.Object{{"required": []string{"checkouts_per_hour"}}, {"required": []string{"command"}}},
		"dependentRequired": shape.Object{"value": []string{"checkouts_per_hour"}, "journey": []string{"checkouts_per_hour"}},
	}, Check: t.check}
}

// check notes a side of the traffic that lacks something.
func (t *Traffic) check(d *shape.Document, n shape.Node, path string) {
	if n.Kind() != shape.Mapping {
		return
	}
	switch {
	case len(t.Command) > 0 && strings.TrimSpace(t.Command[0]) == "":
		d.Fail(d.At(path+".command[0]"), shape.Diagnostic{Msg: "the first item must be the program to run"})
	case d.Given(path + ".checkouts_per_hour"):
	case !d.Given(path + ".command"):
		d.Fail(d.Key(path), shape.Diagnostic{Msg: "checkouts_per_hour is missing", Hint: "checkouts_per_hour: how many checkouts an hour the real system has, such as 12000; or command: a program that sends the journeys"})
	case d.Given(path + ".value"), d.Given(path + ".journey"):
		d.Fail(d.Key(path), shape.Diagnostic{Msg: "checkouts_per_hour is missing beside what one checkout is", Hint: "checkouts_per_hour: how many checkouts an hour the real system has, such as 12000"})
	}
}

// argument is one argument of a program, as it is.
func argument(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a text", Loose: true, JSON: shape.OfType("string", "number", "boolean"), Parse: func(s string) (string, *shape.Diagnostic) {
		switch {
		case strings.ContainsRune(s, 0):
			return "", &shape.Diagnostic{Msg: "no program takes an argument with a NUL in it"}
		case redact.HasLogin(s): // also others see it while the program runs
			return "", &shape.Diagnostic{Msg: "credentials do not belong into a document: let the program find them in its environment"}
		}
		return s, nil
	}}
}

// maxPerHour is beyond any shop there is.
const maxPerHour = 1e9

func perHour(to *float64) shape.Shape {
	return shape.Scalar[float64]{To: to, Want: "a number such as 12000", Loose: true, JSON: shape.Object{"type": "number", "exclusiveMinimum": 0, "maximum": maxPerHour},
		Parse: func(s string) (float64, *shape.Diagnostic) {
			v, c := parseNumber(s)
			switch bare := strings.NewReplacer(",", "", "_", "", "'", "", "/h", "").Replace(s); {
			case c != nil && isNumber(bare):
				return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a plain number", Hint: "write " + bare}
			case c != nil:
				return 0, &shape.Diagnostic{Msg: strconv.Quote(s) + " is not a number such as 12000"}
			case v <= 0:
				return 0, &shape.Diagnostic{Msg: "this must be more than 0"}
			case v > maxPerHour:
				return 0, &shape.Diagnostic{Msg: s + " is too much: at most 1000000000"}
			}
			return v, nil
		}}
}

const moneyPattern = `^[0-9]{1,12}(\.[0-9]+)? [A-Z]{3}$`

var (
	moneyForm     = lazyregexp.New(moneyPattern)
	moneyTogether = lazyregexp.New(`^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]{3})$`)
	moneyReversed = lazyregexp.New(`^([A-Za-z]{3})\s*([0-9]+(?:\.[0-9]+)?)$`)
)

func money(to *Money) shape.Shape {
	return shape.Scalar[Money]{To: to, Want: "an amount such as 40 EUR", Loose: true, JSON: shape.Pattern(moneyPattern, "40 EUR", "12.50 USD"), Parse: parseMoney}
}

func parseMoney(s string) (Money, *shape.Diagnostic) {
	if !moneyForm.MatchString(s) {
		c := &shape.Diagnostic{Msg: strconv.Quote(s) + " is not an amount and a currency such as 40 EUR"}
		switch {
		case isNumber(s):
			c.Msg, c.Hint = s+" has no currency", "write "+s+" EUR, or the three letters of yours"
		case moneyTogether.MatchString(s):
			c.Hint = "write " + strings.ToUpper(moneyTogether.ReplaceAllString(s, "$1 $2"))
		case moneyReversed.MatchString(s):
			c.Hint = "write " + strings.ToUpper(moneyReversed.ReplaceAllString(s, "$2 $1"))
		}
		return Money{}, c
	}
	amount, currency, _ := strings.Cut(s, " ")
	v, err := strconv.ParseFloat(amount, 64)
	if err != nil {
		return Money{}, &shape.Diagnostic{Msg: s + " is too much"}
	}
	return Money{v, currency}, nil
}

// checkTraffic sets the journey that stands for a checkout.
func (s *System) checkTraffic(d *shape.Document) {
	t := s.Traffic
	if t == nil || len(s.Journeys) == 0 || t.Elsewhere() && t.PerHour == 0 {
		return
	}
	if t.Journey != "" {
		if _, ok := s.Journey(t.Journey); !ok {
			d.Fail(d.At("traffic.journey"), shape.Diagnostic{Msg: fmt.Sprintf("no journey is named %q", t.Journey), Got: t.Journey, Known: s.journeyNames()})
		}
		return
	}
	switch _, ok := s.Journey(CheckoutJourney); {
	case ok:
		t.Journey = CheckoutJourney
	case len(s.Journeys) == 1:
		t.Journey = s.Journeys[0].Name
	default:
		d.Fail(d.Key("traffic"), shape.Diagnostic{Msg: "traffic needs journey, because no journey is named checkout", Hint: "add journey: " + s.Journeys[0].Name})
	}
}
