package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// A nextStep is what to do after an experiment, in the words of its document or from what
// was measured.
type nextStep struct {
	of     *result.Experiment
	verb   string // such as "Settle"; empty where the text is the document's own
	text   string
	owners []string // who can do it; none where it is up to those who run the experiment
	others int      // further experiments that need the same
}

// Of links to the experiment.
func (n nextStep) Of() *page.Link { return link(n.of) }

// Verb is what the reader should do about the experiment, if the text does not say it.
func (n nextStep) Verb() string { return n.verb }

// Text says what to do, or why.
func (n nextStep) Text() string { return n.text }

// Owners names who can do it.
func (n nextStep) Owners() string { return figures.List(n.owners, "and") }

// Others says how many further experiments need the same: " and 3 others". It is empty
// where none does.
func (n nextStep) Others() string {
	if n.others == 0 {
		return ""
	}
	return " and " + figures.Plural(n.others, "other", "others")
}

// sentence is the step as one sentence. It has the id of the experiment, which is what one
// runs it by.
func (n nextStep) sentence() string {
	if n.verb == "" {
		return n.text
	}
	return n.verb + " " + n.of.ID + n.Others() + ": " + n.text
}

// addSteps adds the steps of an experiment. One that others need as well is told once.
func (s *summary) addSteps(list []nextStep) {
	for _, n := range list {
		i := slices.IndexFunc(s.next, func(m nextStep) bool {
			return m.verb != "" && m.verb == n.verb && m.text == n.text && slices.Equal(m.owners, n.owners)
		})
		if i >= 0 {
			s.next[i].others++
			continue
		}
		s.next = append(s.next, n)
	}
}

// Verbs of steps. Measuring again is advised only where it helps by itself.
const (
	removeFirst  = "Remove the fault of" // before all other steps
	measureAgain = "Measure again"
	settle       = "Settle"
	look         = "Look at the system after"
	detect       = "Repair the detection of"
	lookBefore   = "Look at the system before"
	repair       = "Repair"
	reach        = "Let traffic meet the fault of"
	send         = "Send all journeys of"
)

// An advice is what to do for a reason. It says no more of why than the reason does.
type advice struct {
	verb, text string
	owned      bool // by those who own the dependency
}

// mostAdvice is how many steps an experiment without an answer has: its first reasons are
// those that matter.
const mostAdvice = 2

// steps are what to do after an experiment.
func (s *summary) steps(e *result.Experiment) []nextStep {
	var list []nextStep
	add := func(a advice) {
		step := nextStep{of: e, verb: a.verb, text: a.text}
		if a.owned {
			step.owners = s.owners(e)
		}
		same := func(n nextStep) bool { return n.verb == step.verb && n.text == step.text }
		if step.text != "" && !slices.ContainsFunc(list, same) {
			list = append(list, step)
		}
	}
	switch e.Verdict {
	case result.Refuted:
		add(advice{text: e.IfRefuted, owned: true}) // advice on the system comes from documents only
	case result.Inconclusive, result.Invalid:
		if isLeft := func(f faultOf) bool { return f.of == e }; slices.ContainsFunc(s.left, isLeft) {
			break // first of all that has to be mended
		}
		for _, a := range reasonAdvice(e) {
			add(a)
		}
	case result.NotRun:
		if e.HasReason(result.ReasonPreflight) {
			add(advice{verb: lookBefore, text: tryJourney(e)})
		}
	}
	for i := range e.Invariants {
		add(invariantAdvice(e, &e.Invariants[i]))
	}
	for _, a := range alertRows(e) {
		add(alertAdvice(a))
	}
	return list
}

// reasonAdvice is what to do for the reasons of a verdict, most important first. What
// follows from a system that failed before the fault is mended with it.
func reasonAdvice(e *result.Experiment) (list []advice) {
	known, ended := false, false
	for _, code := range e.ReasonCodes {
		a, found := adviceFor(e, code)
		known = known || found
		if a.text == "" || slices.Contains(list, a) {
			continue
		}
		if ended && code != result.ReasonTooBusy { // which may be why the rest came about
			continue
		}
		list, ended = append(list, a), ended || endsAdvice(code)
		if len(list) == mostAdvice {
			break
		}
	}
	if !known {
		list = append(list, oldAdvice(e))
	}
	return list
}

// endsAdvice reports whether what comes after a reason follows from it, or can wait.
func endsAdvice(code result.ReasonCode) bool {
	return slices.Contains([]result.ReasonCode{
		result.ReasonBaselineHarmed, result.ReasonSystemNotBack, result.ReasonSystemDied, result.ReasonTrafficIncomplete,
		result.ReasonScrapesMissing, result.ReasonClocksDiffer, result.ReasonCountersDisagree,
	}, code)
}

// oldAdvice is for results of older versions, which have no codes, and of later ones,
// whose codes this one does not know: the reason itself must do.
func oldAdvice(e *result.Experiment) advice {
	verb := settle
	if e.Verdict == result.Invalid {
		verb = repair
	}
	return advice{verb: verb, text: words.FirstReason(e.Reasons)}
}

// adviceFor is what to do for a reason; its text is empty where there is nothing to do, or
// other steps say it. It is false for a reason that this version does not know.
func adviceFor(e *result.Experiment, code result.ReasonCode) (advice, bool) {
	if slices.Contains(e.ReasonCodes, result.ReasonInterrupted) && tooShort(code) {
		return advice{verb: settle, text: "run it again, to its end: it was interrupted"}, true
	}
	switch code {
	case result.ReasonTrafficIncomplete:
		return sendingAdvice(e.Generator), true
	case result.ReasonNotExercised:
		return exerciseAdvice(e), true
	case result.ReasonBaselineHarmed:
		return advice{verb: lookBefore, text: tryJourney(e)}, true
	case result.ReasonControlContaminated:
		if e.SharedControl {
			return advice{verb: repair, text: "give the control its own route, past the proxies of its faults: both arms meet them now"}, true
		}
		if slices.ContainsFunc(e.Faults, besideProxies) { // nothing keeps it from the control
			return advice{verb: repair, text: "say control: baseline in the experiment, where its fault reaches both routes of the control_url, or keep it from the control"}, true
		}
	case result.ReasonHarmUndecided:
		return advice{verb: settle, text: moreJourneys(e)}, true
	case result.ReasonRecoveryUndecided:
		if r := e.Recovery; r != nil && r.LaterHides() { // a longer phase would meet no less of it
			return advice{verb: settle, text: "run it again: what was bad later, after the fault, hides whether the system was back"}, true
		}
	case result.ReasonSystemNotBack: // that cannot wait for another measurement
		return advice{verb: look, text: words.After(e.KnownRecovery()), owned: true}, true
	case result.ReasonRemovalUnverified, result.ReasonInvariantNotAsked, result.ReasonInvariantBrokenBefore,
		result.ReasonHarmful, result.ReasonNotRecovered, result.ReasonRecoveredLate, result.ReasonInvariantBroken, result.ReasonInvariantBrokenUnder:
		return advice{}, true
	}
	a, found := standingAdvice()[code]
	return a, found || isAlertCode(code)
}

// besideProxies reports whether a fault is in a file or by a command.
func besideProxies(f result.Fault) bool { return f.Inject == "config_file" || f.Inject == "command" }

// tooShort reports whether a longer measurement is what a reason asks for.
func tooShort(code result.ReasonCode) bool {
	return slices.Contains([]result.ReasonCode{result.ReasonHarmUndecided, result.ReasonTooFewJourneys, result.ReasonNotMeasured, result.ReasonFewEpisodes, result.ReasonRecoveryUndecided, result.ReasonRecoveryNotWatched}, code)
}

// standingAdvice is the advice that depends on the reason alone.
func standingAdvice() map[result.ReasonCode]advice {
	return map[result.ReasonCode]advice{
		result.ReasonSystemDied:          {verb: look, text: "find out why it ended, and start it again before anything else is measured"},
		result.ReasonTrafficExcess:       {verb: send, text: "each once: the program has to write one line for a journey, and to start no more than BLASTGAUGE_TRAFFIC says"},
		result.ReasonFaultVanished:       {verb: measureAgain, text: "once nothing else changes the proxies of its Toxiproxy server"},
		result.ReasonPartial:             {verb: repair, text: "see that every Toxiproxy of the dependency answers and has its proxy, without toxics of others"},
		result.ReasonTooBusy:             {verb: measureAgain, text: "at a lower rate, on a larger machine, or while it does nothing else"},
		result.ReasonControlShed:         {verb: measureAgain, text: "at a lower rate, or with more rows of data where it lacks them: the control could not keep up"},
		result.ReasonTooFewJourneys:      {verb: measureAgain, text: "with a longer fault phase or at a higher rate"},
		result.ReasonArmsDiffer:          {verb: repair, text: "give both arms the same system and data: without a fault their journeys have to end alike"},
		result.ReasonScrapesMissing:      {verb: measureAgain, text: "once Prometheus scrapes all targets without a gap and nothing restarts them, or with a longer fault phase"},
		result.ReasonFewerEnded:          {verb: settle, text: "find out what became of the journeys that did not end: count those that hang as harmed, when they are given up, and let timeout of the journey under measure be longer than that takes"},
		result.ReasonClocksDiffer:        {verb: measureAgain, text: "once the clocks of Prometheus and of this machine are kept, or from a machine that is nearer to it"},
		result.ReasonCountersDisagree:    {verb: repair, text: "correct the selectors under measure: what is harmed has to be a part of the total, and counted once"},
		result.ReasonNotCounted:          {verb: settle, text: "run it through blastgauge proxy"},
		result.ReasonOnlyProbed:          {verb: reach, text: "have a journey call the dependency, through its proxy"},
		result.ReasonSparse:              {verb: reach, text: "find out where the missing calls go: a cache, another route, or a system that has stopped calling"},
		result.ReasonNotMeasured:         {verb: measureAgain, text: "with a longer fault phase"},
		result.ReasonFewEpisodes:         {verb: settle, text: "run it with a fault phase several times as long"},
		result.ReasonControlContaminated: {verb: settle, text: "run it again, several times: what harms both arms each time, and only then, is the fault"},
		result.ReasonRecoveryUndecided:   {verb: settle, text: "run it with a longer recovery phase"},
		result.ReasonRecoveryNotWatched:  {verb: settle, text: "run it with a longer recovery phase"},
		result.ReasonGuardrailTripped:    {verb: settle, text: "give it a concurrent control (control_url, or propagates: baggage), so that its guardrail compares like with like"},
	}
}

// sendingAdvice is what the program that sends the journeys has to do.
func sendingAdvice(g *result.Generator) advice {
	switch {
	case g == nil: // a result of somebody else
	case len(g.Bad) > 0: // which ends the journeys as well
		return advice{verb: send, text: "correct the lines of the program: blastgauge schema traffic says what a line is, and its standard output is for lines alone"}
	case g.Ended != "":
		return advice{verb: send, text: "the program has to send until SIGTERM comes, and to write a line as soon as a journey has ended: traffic.log, in the directory of the run, has all that it said"}
	}
	return advice{verb: send, text: "the program has to start each when it is due, however slowly the system answers, and to write shed for one that it cannot start: give it more workers or a lower rate, and a longer warm-up where it starts slowly"}
}

// exerciseAdvice is what lets the first fault meet traffic that met none.
func exerciseAdvice(e *result.Experiment) advice {
	for _, f := range e.Faults {
		if f.Exercised.Grade != result.GradeNo {
			continue
		}
		text := "point the system at the proxy of " + f.Into + ", or send a journey that needs it"
		switch f.Exercised.Unmet {
		case result.UnmetNotInjected:
			return advice{} // what kept it from being injected has its own
		case result.UnmetUnknown:
			text = "let a run come to its end: this one has not written down what the fault met"
		case result.UnmetNoConnection:
			text = "point the system at the proxy of " + f.Into + ": give it that address, and restart it if it keeps connections"
		case result.UnmetNotDialled:
			text = "see that the proxy reaches " + f.Into + ": correct its upstream, or start what listens there"
		case result.UnmetNoMatch:
			text = "correct its match, or send a journey that makes such a request of " + f.Into
		case result.UnmetShareTooLow:
			text = "raise its share, or send more journeys"
		case result.UnmetOnlyIdle:
			text = "send a journey that calls " + f.Into
		case result.UnmetNotFetched:
			text = "have the system fetch the document from " + f.Into + " while it is bad: a longer fault phase, or reload"
		case result.UnmetUnchanged:
			text = "choose an operator that changes the document that " + f.Into + " serves"
		case result.UnmetNotRead:
			text = "have the system read the file again: reload, or a longer fault phase"
		case result.UnmetNoEvidence:
			text = "run it through blastgauge proxy, which counts what a fault meets"
		}
		return advice{verb: reach, text: text}
	}
	return advice{}
}

// tryJourney names the command that shows why journeys fail without any fault.
func tryJourney(e *result.Experiment) string {
	if e.Measured != nil {
		return "ask Prometheus which journeys are harmed without any fault"
	}
	if e.Generator != nil {
		return "its causes say what its journeys got: send one by hand with " + e.Generator.Command + ", without any fault"
	}
	worst, share := "", 0.0
	for i := range e.Journeys {
		j := &e.Journeys[i]
		for _, c := range []*result.Counts{&j.Baseline.Fault, j.Baseline.Control} {
			if c != nil && figures.Share(c.Harmed(), c.Journeys) > share {
				worst, share = j.Name, figures.Share(c.Harmed(), c.Journeys)
			}
		}
	}
	if worst == "" {
		return "blastgauge try shows what its journeys get without any fault"
	}
	return "blastgauge try " + words.ShellWord(worst) + " shows what its journeys get without any fault"
}

// moreJourneys says how many journeys would decide the limits that are undecided.
func moreJourneys(e *result.Experiment) string {
	most, now := 0, 0
	for i := range e.Journeys {
		j := &e.Journeys[i]
		if c := e.Criterion(result.JourneyCriterion, j.Name); c == nil || c.Code != result.ReasonHarmUndecided {
			continue
		}
		need, possible := j.NeededToSettle()
		if !possible {
			return "no number of journeys will: choose a limit that is further from what was measured"
		}
		if need > most {
			most, now = need, j.Arms.Fault.Journeys
		}
	}
	if most == 0 || now == 0 {
		return "run it for longer"
	}
	times := float64(most) / float64(now)
	decimals := 1
	if times >= 10 {
		decimals = 0
	}
	return "run it about " + figures.Fixed(times, decimals) + " times as long, or at a rate as much higher, for about " + figures.Count(most) + " journeys per arm"
}

// invariantAdvice is what lets an invariant be judged; nothing where it was.
func invariantAdvice(e *result.Experiment, inv *result.Invariant) advice {
	c := e.Criterion(result.InvariantCriterion, inv.Name)
	switch {
	case c == nil:
	case inv.CutOff, inv.Before != nil && e.HasReason(result.ReasonRemovalUnverified): // nothing has to be mended for it to be asked
	case c.Code == result.ReasonInvariantNotAsked:
		return advice{verb: repair, text: "see that “" + inv.Name + "” can be asked from here, before and after the fault"}
	case c.Code == result.ReasonInvariantBrokenBefore:
		return advice{verb: repair, text: "let the check of “" + inv.Name + "” name what is in violation, a key for each, or clean up before the run"}
	}
	return advice{}
}
