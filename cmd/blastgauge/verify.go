package main

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/approval"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/author"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/offers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/report"
)

// offline is what a gate does without measuring anything.
type offline struct {
	verify bool
	keygen string
	bypass string // the reason
	by     string
	check  approval.Verify // with what its own flags say
}

// offlineFlags adds the flags for what a gate does without measuring anything.
func offlineFlags(cmd *cobra.Command, o *offline) {
	f := cmd.Flags()
	f.BoolVar(&o.verify, "verify", false, "measure nothing: decide offline by signed statements whether FILE may pass")
	f.StringVar(&o.keygen, "keygen", "", "make a key: `NAME`.pem, which signs, and NAME.pub.pem, which checks")
	f.StringVar(&o.bypass, "bypass", "", "measure nothing: let FILE pass for this `REASON`, which is signed and kept for ever")
	f.StringVar(&o.by, "by", "", "with --bypass: the `NAME` of who lets it pass (default: who is at this terminal)")
	f.StringArrayVar(&o.check.Approvers, "approver", nil, "with --verify: the public key in `FILE` is of one who approves: it counts beside one of --key, and never alone; repeatable")
	f.StringSliceVar(&o.check.Experiments, "require-experiments", nil, "with --verify: these must have been run, as `ID,...`")
	f.StringArrayVar(&o.check.ExperimentFiles, "experiment-file", nil, "with --verify: the experiment in `FILE` must have been run exactly as it is here; repeatable")
	completeList(cmd, "require-experiments", offers.Documents{}.Experiments)
	f.StringVar(&o.check.MaxHarm, "max-harm", "", "with --verify: the `SHARE` that the upper bound of harm of no journey may exceed, such as 5%")
	f.StringVar(&o.check.Environment, "environment", "", "with --verify: the `NAME` of the environment that it must have been measured on")
	f.StringVar(&o.check.System, "system", "", "with --verify: the system `FILE` that it must have been measured with")
	f.BoolVar(&o.check.AcceptBypass, "accept-bypass", false, "with --verify: a signed bypass may pass, and is told")
	f.StringVar(&o.check.At, "at", "", "with --verify: decide as at this `TIME`, such as 2026-11-30T09:00:00Z, for audits")
}

// verifiedKeys says of the flag for keys that it is for two kinds of them.
func verifiedKeys(cmd *cobra.Command) {
	key := cmd.Flags().Lookup("key")
	key.Usage = strings.Replace(key.Usage, "; repeatable", ", NAME.pem; with --verify, trust who signs with the public key in it, NAME.pub.pem; repeatable", 1)
}

// verifyOnly are the flags that go with --verify alone.
func verifyOnly() []string {
	return []string{"approver", "require-experiments", "experiment-file", "max-harm", "environment", "system", "accept-bypass", "at"}
}

// verifyToo are those that go with --verify and with others.
func verifyToo() []string {
	return []string{"verify", "key", "statement", "subject", "subject-file", "second-approver-above", "max-attempts", "output"}
}

// bypassToo are those that go with --bypass.
func bypassToo() []string {
	return []string{"bypass", "by", "key", "statement", "subject", "subject-file", "valid-for", "second-approver-above", "page-url", "strict-intoto", "file", "set"}
}

// gateOffline does what a gate does without measuring anything; false where it is to measure.
func (a *app) gateOffline(cmd *cobra.Command, o offline, s selection, signed statements.Flags, attempts int, outputs, args []string) (bool, error) {
	if err := refuseNoAttempts(cmd, attempts); err != nil {
		return true, err
	}
	f := cmd.Flags()
	modes := slices.DeleteFunc([]string{"verify", "keygen", "bypass"}, func(name string) bool { return !f.Changed(name) })
	switch {
	case len(modes) > 1:
		return true, usage.Errorf("--%s and --%s are two things: give one of them", modes[0], modes[1])
	case len(modes) == 0:
		return false, cmp.Or(refuseFlags(cmd, "--verify", verifyOnly()), refuseFlags(cmd, "--bypass", []string{"by"}))
	case len(args) > 1:
		return true, usage.Errorf("%q is one argument too many: --%s takes one FILE", args[1], modes[0])
	}
	candidate := strings.Join(args, "")
	switch modes[0] {
	case "keygen":
		if err := allowFlags(cmd, "keygen", []string{"keygen"}); err != nil {
			return true, err
		}
		return true, a.keygen(o.keygen, candidate)
	case "bypass":
		if err := allowFlags(cmd, "bypass", bypassToo()); err != nil {
			return true, err
		}
		return true, a.bypass(cmd.Context(), o, s, signed, candidate)
	}
	if err := allowFlags(cmd, "verify", slices.Concat(verifyToo(), verifyOnly())); err != nil {
		return true, err
	}
	v := o.check
	v.Candidate, v.Statement, v.Keys, v.Subjects, v.SubjectFiles, v.Above, v.MaxAttempts = candidate, signed.File, signed.Keys, signed.Subjects, signed.SubjectFiles, signed.Above, attempts
	return true, a.verify(cmd.Context(), v, outputs)
}

// allowFlags refuses a flag that does not go with a mode, and one that is empty.
func allowFlags(cmd *cobra.Command, mode string, allowed []string) error {
	for _, name := range changedFlags(cmd) {
		if !slices.Contains(allowed, name) {
			return usage.Errorf("--%s does not go with --%s", name, mode)
		}
	}
	return refuseEmpty(cmd)
}

// refuseEmpty refuses a flag whose value is empty: a variable of a job that is not set would be
// taken for nothing that is required.
func refuseEmpty(cmd *cobra.Command) error {
	for _, name := range changedFlags(cmd) {
		if value := cmd.Flags().Lookup(name).Value.String(); value == "" || value == "[]" {
			return usage.Errorf("--%s is empty: is a variable not set?", name)
		}
	}
	return nil
}

// refuseNoAttempts refuses a number of attempts that lets nothing be measured. 0 is what the flag
// is where it is not given, and must not be taken for any number where it is.
func refuseNoAttempts(cmd *cobra.Command, most int) error {
	if cmd.Flags().Changed("max-attempts") && most < 1 {
		return usage.Errorf("--max-attempts %d: give how often a change may be measured, such as 3; without the flag it is any number", most)
	}
	return nil
}

// refuseFlags refuses flags that go with another mode alone.
func refuseFlags(cmd *cobra.Command, mode string, names []string) error {
	for _, name := range changedFlags(cmd) {
		if slices.Contains(names, name) {
			return usage.Errorf("--%s goes with %s", name, mode)
		}
	}
	return nil
}

// changedFlags are the names of the flags that were given.
func changedFlags(cmd *cobra.Command) (names []string) {
	for _, name := range flagNames(cmd) {
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "--"), "[")
		if cmd.Flags().Changed(name) {
			names = append(names, name)
		}
	}
	return names
}

func (a *app) keygen(name, argument string) error {
	if argument != "" {
		return usage.Errorf("%q is one argument too many: --keygen NAME makes a key, and nothing else", argument)
	}
	made, err := approval.MakeKey(name)
	if err != nil {
		return err
	}
	a.printf("key     %s\nsigns   %s  (keep it secret)\nchecks  %s\n", made.ID, made.Private, made.Public)
	return nil
}

// verify decides whether a change may pass, and says why.
func (a *app) verify(ctx context.Context, v approval.Verify, specs []string) error {
	outputs, err := output.Parse(a.console(), specs, func(name string, _ report.Options) (func(io.Writer, *policy.Decision) error, error) {
		return approval.FormatFor(name)
	})
	if err != nil {
		return err
	}
	var decided *policy.Decision
	err = readNamed(ctx, func() (err error) {
		decided, err = v.Decide(time.Now())
		return err
	})
	if err != nil {
		return err
	}
	if err := output.Write(a.stdout, outputs, decided); err != nil {
		return err
	}
	a.printExit(output.TextOnStdout(outputs), decided.Exit(), approval.ExitMeaning(decided))
	return exit.With(decided.Exit())
}

// bypass lets a change pass that nobody measured.
func (a *app) bypass(ctx context.Context, o offline, s selection, signed statements.Flags, candidate string) error {
	b := approval.Bypass{
		Candidate: candidate, By: cmp.Or(o.by, author.Name(a.getenv)), Reason: o.bypass, Version: version.Current(), Commit: plan.CommitUnderTest(a.getenv), Runs: runs.Dir(nil), Signed: signed,
	}
	if err := b.Check(); err != nil {
		return err
	}
	var written *statements.Written
	var kept string
	err := readNamed(ctx, func() error {
		system, err := experiments.Outside{Getenv: a.getenv, Set: s.set}.LoadSystem(s.file)
		if err != nil {
			return err
		}
		written, kept, err = b.Write(system, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	a.logf("BYPASS  %s lets %s pass, and nothing was measured: %s", b.By, written.Subject.Name, b.Reason)
	a.logf("kept    %s", kept)
	written.Log(a.logf)
	return nil
}
