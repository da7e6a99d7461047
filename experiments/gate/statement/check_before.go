package statement

// What was before the run, and what others made of it.

func (c *checker) attempts(a *Attempts) {
	items(c, "attempts", a.List)
	c.within("attempts", 0, mostItems*mostItems, float64(a.Count))
	if len(a.List) > MostAttempts || len(a.List) > a.Count || a.Count > 0 && a.First == nil || a.Count == 0 && a.First != nil {
		c.fail("attempts", "%d are listed of %d", len(a.List), a.Count)
	}
	if a.First != nil {
		c.time("attempts", *a.First)
	}
	for _, x := range a.List {
		c.text("attempts", x.Run)
		c.time("attempts", x.At)
		c.verdict("attempts", x.Verdict)
	}
	if len(a.Bypasses) > MostAttempts {
		c.fail("attempts", "%d bypasses are listed, at most %d are possible", len(a.Bypasses), MostAttempts)
	}
	for i := range a.Bypasses {
		c.bypass(&a.Bypasses[i])
	}
}

// Check returns why a bypass can stand in no statement.
func (p *Bypass) Check() error {
	c := &checker{}
	c.bypass(p)
	return c.err
}

func (c *checker) bypass(p *Bypass) {
	if p == nil {
		return
	}
	c.text("bypass", p.By)
	c.text("bypass", p.Reason)
	c.time("bypass", p.At)
}

// comparison has the exit code of its verdict: whoever reads either reads the same.
func (c *checker) comparison(x *Comparison) {
	if x == nil {
		return
	}
	items(c, "comparison", x.Base)
	if len(x.Base) == 0 {
		c.fail("comparison", "it names no run that it compares with")
	}
	for _, run := range x.Base {
		c.text("comparison", run)
	}
	if v, ok := comparisonVerdict(x.ExitCode); !ok || v != x.Verdict {
		c.fail("comparison", "its verdict is %.80q and its exit code %d", string(x.Verdict), x.ExitCode)
	}
}
