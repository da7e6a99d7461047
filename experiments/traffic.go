package experiments

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Traffic is what the real system carries: it turns a share of journeys into
// checkouts and money per hour, by arithmetic.
type Traffic struct {
	PerHour float64 `json:"checkouts_per_hour"`
	Value   Money   `json:"value,omitzero"` // of one checkout
	Journey string  `json:"journey"`        // that stands for a checkout
}

// Money is an amount in one currency.
type Money struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"` // three letters, as in ISO 4217
}

// CheckoutJourney stands for a checkout where traffic names no journey.
const CheckoutJourney = "checkout"

func trafficShape(t *Traffic) shape {
	return fields{
		{name: "checkouts_per_hour", doc: "how many checkouts an hour the real system has, such as 12000", shape: perHour(&t.PerHour), required: true},
		{name: "value", doc: "what one is worth, such as 40 EUR", shape: money(&t.Value)},
		{name: "journey", doc: "the journey that stands for a checkout; without it checkout, or the only one there is", shape: id(&t.Journey)},
	}
}

// mostPerHour is beyond any shop there is.
const mostPerHour = 1e9

func perHour(to *float64) shape {
	return scalar[float64]{to: to, want: "a number such as 12000", loose: true, json: object{"type": "number", "exclusiveMinimum": 0, "maximum": mostPerHour},
		parse: func(s string) (float64, *complaint) {
			v, c := parseNumber(s)
			switch bare := strings.NewReplacer(",", "", "_", "", "'", "", "/h", "").Replace(s); {
			case c != nil && number(bare):
				return 0, &complaint{msg: strconv.Quote(s) + " is not a plain number", hint: "write " + bare}
			case c != nil:
				return 0, &complaint{msg: strconv.Quote(s) + " is not a number such as 12000"}
			case v <= 0:
				return 0, &complaint{msg: "this must be more than 0"}
			case v > mostPerHour:
				return 0, &complaint{msg: s + " is too much: at most 1000000000"}
			}
			return v, nil
		}}
}

const moneyPattern = `^[0-9]{1,12}(\.[0-9]+)? [A-Z]{3}$`

var (
	moneyForm     = regexp.MustCompile(moneyPattern)
	moneyTogether = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]{3})$`)
	moneyReversed = regexp.MustCompile(`^([A-Za-z]{3})\s*([0-9]+(?:\.[0-9]+)?)$`)
)

func money(to *Money) shape {
	return scalar[Money]{to: to, want: "an amount such as 40 EUR", loose: true, json: pattern(moneyPattern, "40 EUR", "12.50 USD"), parse: parseMoney}
}

func parseMoney(s string) (Money, *complaint) {
	if !moneyForm.MatchString(s) {
		c := &complaint{msg: strconv.Quote(s) + " is not an amount and a currency such as 40 EUR"}
		switch {
		case number(s):
			c.msg, c.hint = s+" has no currency", "write "+s+" EUR, or the three letters of yours"
		case moneyTogether.MatchString(s):
			c.hint = "write " + strings.ToUpper(moneyTogether.ReplaceAllString(s, "$1 $2"))
		case moneyReversed.MatchString(s):
			c.hint = "write " + strings.ToUpper(moneyReversed.ReplaceAllString(s, "$2 $1"))
		}
		return Money{}, c
	}
	amount, currency, _ := strings.Cut(s, " ")
	v, err := strconv.ParseFloat(amount, 64)
	if err != nil {
		return Money{}, &complaint{msg: s + " is too much"}
	}
	return Money{v, currency}, nil
}

// checkTraffic finds the journey that stands for a checkout.
func (s *System) checkTraffic(d *decoder) {
	t := s.Traffic
	if t == nil || len(s.Journeys) == 0 {
		return
	}
	if t.Journey != "" {
		if _, ok := s.Journey(t.Journey); !ok {
			d.fail(d.at("traffic.journey"), complaint{msg: fmt.Sprintf("no journey is named %q", t.Journey), near: t.Journey, among: s.journeyNames()})
		}
		return
	}
	switch _, ok := s.Journey(CheckoutJourney); {
	case ok:
		t.Journey = CheckoutJourney
	case len(s.Journeys) == 1:
		t.Journey = s.Journeys[0].Name
	default:
		d.fail(d.key("traffic"), complaint{msg: "which journey is a checkout? none is named checkout", hint: "add journey: " + s.Journeys[0].Name})
	}
}
