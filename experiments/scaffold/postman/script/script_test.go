package script

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

func fromJSON(path string) []Part { return []Part{{From: experiments.FromJSON, Expr: path}} }

// TestWhatATestSays: the forms that tests are written in, each with what a journey says
// instead. What is not there must be empty.
func TestWhatATestSays(t *testing.T) {
	t.Parallel()
	set := func(name string, parts ...Part) Script { return Script{Sets: []Set{{name, parts}}} }
	check := func(list ...Check) Script { return Script{Checks: list} }
	for source, want := range map[string]Script{
		``: {},
		`pm.environment.set("id", pm.response.json().id);`:                                                   set("id", fromJSON("$.id")...),
		`pm.collectionVariables.set('cart', pm.response.json().data.items[0]["cart-id"])`:                    set("cart", fromJSON("$.data.items[0]['cart-id']")...),
		"const r = pm.response.json()\npm.globals.set(\"x\", r.a?.b)\n":                                      set("x", fromJSON("$.a.b")...),
		`const { id, order: no } = pm.response.json(); pm.environment.set("no", no);`:                        set("no", fromJSON("$.order")...),
		`var j = JSON.parse(responseBody); postman.setEnvironmentVariable("id", j.id);`:                      set("id", fromJSON("$.id")...),
		`pm.environment.set("t", "Bearer " + pm.response.json().token)`:                                      set("t", Part{Text: "Bearer "}, Part{From: experiments.FromJSON, Expr: "$.token"}),
		"pm.environment.set('t', `Bearer ${pm.response.json().token}`)":                                      set("t", Part{Text: "Bearer "}, Part{From: experiments.FromJSON, Expr: "$.token"}),
		`pm.environment.set("at", pm.response.headers.get("Location"))`:                                      set("at", Part{From: experiments.FromHeader, Expr: "Location"}),
		`pm.environment.set("s", pm.cookies.get("sid"))`:                                                     set("s", Part{From: experiments.FromCookie, Expr: "sid"}),
		`pm.environment.set("c", pm.response.text().match(/name="csrf" value="([^"]+)"/)[1])`:                set("c", Part{From: experiments.FromRegex, Expr: `name="csrf" value="([^"]+)"`}),
		`pm.environment.set("n", 3); // a number`:                                                            set("n", Part{Text: "3"}),
		`pm.variables.set("k", pm.variables.replaceIn("k-{{$guid}}-{{ x }}"))`:                               set("k", Part{Text: "k-"}, Part{Variable: "$guid"}, Part{Text: "-"}, Part{Variable: "x"}),
		`if (pm.response.code === 201) { pm.environment.set("id", pm.response.json().id) }`:                  set("id", fromJSON("$.id")...),
		`const j = pm.response.json(); if (j.id !== undefined && j.x) pm.environment.set("id", j.id)`:        set("id", fromJSON("$.id")...),
		`try { pm.environment.set("id", pm.response.json().id) } catch (e) { console.log(e); }`:              set("id", fromJSON("$.id")...),
		`const j = pm.response.json(); if (j && j.data) { if (j.data.t) pm.environment.set("t", j.data.t) }`: set("t", fromJSON("$.data.t")...),
		`if (pm.response.code == 200) { pm.environment.set("id", pm.response.json().id) } else { throw 1 }`:  {Sets: []Set{{"id", fromJSON("$.id")}}, Left: []string{"else { throw 1 }"}},
		`pm.expect(pm.response.json().n).to.eql(parseInt(pm.environment.get("n"), 10))`:                      check(Check{Path: "$.n", Op: experiments.Eq, Parts: []Part{{Variable: "n"}}, Number: true}),
		`pm.expect(pm.response.json().b.toString()).to.eql("true")`:                                          {Left: []string{`pm.expect(pm.response.json().b.toString()).to.eql("…")`}},
		`pm.environment.set("b", pm.response.json().b.toString())`:                                           set("b", fromJSON("$.b")...),
		`pm.environment.unset("id"); console.log("x", pm.response.json());`:                                  {},
		`pm.test("ok", function () { pm.response.to.have.status(201); });`:                                   {Statuses: []int{201}},
		`pm.test("ok", () => pm.response.to.have.status("Created"))`:                                         {Statuses: []int{201}},
		`pm.test("ok", () => { pm.expect(pm.response.code).to.be.oneOf([200, 201]) })`:                       {Statuses: []int{200, 201}},
		`tests["Status code is 200"] = responseCode.code === 200;`:                                           {Statuses: []int{200}},
		`pm.test("fast", () => pm.expect(pm.response.responseTime).to.be.below(500))`:                        {Within: 500},
		`pm.response.to.be.ok; pm.response.to.not.be.error`:                                                  {Statuses: []int{200}},
		`pm.response.to.be.success`:                                                                              {},
		`pm.response.to.have.header("ETag")`:                                                                     check(Check{On: OnHeader, Path: "ETag", Op: experiments.Exists, Value: true}),
		`pm.response.to.be.json`:                                                                                 check(Check{On: OnHeader, Path: "Content-Type", Op: experiments.Matches, Value: "json"}),
		`pm.response.to.have.jsonBody("a.b", 2)`:                                                                 check(Check{Path: "$.a.b", Op: experiments.Eq, Value: json.Number("2")}),
		`const j = pm.response.json(); pm.expect(j.total).to.eql(-12.5);`:                                        check(Check{Path: "$.total", Op: experiments.Eq, Value: json.Number("-12.5")}),
		`pm.expect(pm.response.json().id).to.equal(pm.environment.get("id"))`:                                    check(Check{Path: "$.id", Op: experiments.Eq, Parts: []Part{{Variable: "id"}}}),
		`pm.expect(pm.response.json().a).to.not.equal("x")`:                                                      check(Check{Path: "$.a", Op: experiments.Ne, Value: "x"}),
		`pm.expect(pm.response.json().a).to.be.true`:                                                             check(Check{Path: "$.a", Op: experiments.Eq, Value: true}),
		`pm.expect(pm.response.json().errors).to.be.undefined`:                                                   check(Check{Path: "$.errors", Op: experiments.Absent, Value: true}),
		`pm.expect(pm.response.json().a).to.not.be.undefined`:                                                    check(Check{Path: "$.a", Op: experiments.Exists, Value: true}),
		`pm.expect(pm.response.json()).to.have.property("id")`:                                                   check(Check{Path: "$.id", Op: experiments.Exists, Value: true}),
		`pm.expect(pm.response.json()).to.have.property("state", "paid")`:                                        check(Check{Path: "$.state", Op: experiments.Eq, Value: "paid"}),
		`pm.expect(pm.response.json().n).to.be.above(1).and.to.be.at.most(9)`:                                    check(Check{Path: "$.n", Op: experiments.Gt, Value: json.Number("1")}, Check{Path: "$.n", Op: experiments.Lte, Value: json.Number("9")}),
		`pm.expect(pm.response.json().items.length).to.eql(2)`:                                                   check(Check{Path: "$.items[1]", Op: experiments.Exists, Value: true}, Check{Path: "$.items[2]", Op: experiments.Absent, Value: true}),
		`pm.expect(pm.response.json().items).to.have.lengthOf.above(0)`:                                          {Left: []string{`pm.expect(pm.response.json().items).to.have.lengthOf.above(0)`}},
		`pm.expect(pm.response.json().items.length).to.be.greaterThan(0)`:                                        check(Check{Path: "$.items[0]", Op: experiments.Exists, Value: true}),
		`pm.expect(pm.response.json().items).to.be.an("array").that.is.not.empty`:                                {Checks: []Check{{Path: "$.items", Op: experiments.Exists, Value: true}, {Path: "$.items[0]", Op: experiments.Exists, Value: true}}, Weaker: []string{`pm.expect(pm.response.json().items).to.be.an("…").that.is.not.empty`}},
		`pm.expect(pm.response.json().state).to.be.oneOf(["a", "b"])`:                                            check(Check{Path: "$.state", Op: experiments.In, Value: []any{"a", "b"}}),
		`pm.expect(pm.response.text()).to.include("Thank you")`:                                                  check(Check{On: OnBody, Op: experiments.Contains, Value: "Thank you"}),
		`pm.expect(pm.response.text()).to.not.include("sorry")`:                                                  check(Check{On: OnBody, Op: experiments.Lacks, Value: "sorry"}),
		`tests["thanks"] = responseBody.has("Thank you");`:                                                       check(Check{On: OnBody, Op: experiments.Contains, Value: "Thank you"}),
		`pm.expect(pm.response.json().mail).to.match(/^[^@]+@example\.test$/i)`:                                  check(Check{Path: "$.mail", Op: experiments.Matches, Value: `(?i)^[^@]+@example\.test$`}),
		`pm.expect(pm.response.headers.get("Content-Type")).to.include("json")`:                                  check(Check{On: OnHeader, Path: "Content-Type", Op: experiments.Matches, Value: "json"}),
		`pm.test("a", async () => { const j = pm.response.json(); pm.expect(j.a === 1).to.be.true; })`:           check(Check{Path: "$.a", Op: experiments.Eq, Value: json.Number("1")}),
		`pm.expect(pm.response.json().id).to.be.a("string")`:                                                     {Checks: []Check{{Path: "$.id", Op: experiments.Exists, Value: true}}, Weaker: []string{`pm.expect(pm.response.json().id).to.be.a("…")`}},
		`pm.test("schema", () => { const s = {type: "object"}; pm.response.to.have.jsonSchema(s) })`:             {Left: []string{`pm.response.to.have.jsonSchema(s)`}},
		`pm.sendRequest("https://x.test/?key=hidden", (e, r) => { pm.environment.set("a", 1) })`:                 {Left: []string{`pm.sendRequest("…", (e, r) => { pm.environment.set("…", 1) })`}},
		`for (const i of pm.response.json().items) { pm.expect(i.a).to.eql(1) } pm.response.to.have.status(200)`: {Left: []string{`for (const i of pm.response.json().items) { pm.expect(i.a).to.eql(1) }`}, Statuses: []int{200}},
		"for (const i of [1])\n  pm.environment.set('a', i)\npm.response.to.be.ok":                               {Left: []string{`for (const i of [1]) pm.environment.set("…", i)`}, Statuses: []int{200}},
		`if (pm.response.code === 404) { pm.environment.set("id", "none") }`:                                     {Left: []string{`if (pm.response.code === 404) { pm.environment.set("…", "…") }`}},
		`postman.setNextRequest("Pay");`:                                                                         {Left: []string{`postman.setNextRequest("…")`}},
		`pm.environment.set("sum", pm.response.json().a + pm.response.json().b)`:                                 {Left: []string{`pm.environment.set("…", pm.response.json().a + pm.response.json().b)`}},
		`pm.environment.set("x", _.last(pm.response.json()).id)`:                                                 {Left: []string{`pm.environment.set("…", _.last(pm.response.json()).id)`}},
		`pm.environment.set("x", "unclosed`:                                                                      {Left: []string{"a script that is no JavaScript"}},
	} {
		got := Read(source, true)
		for i, w := range want.Left { // a statement ends before its semicolon or with it
			if len(got.Left) > i && strings.TrimRight(got.Left[i], "; ") == w {
				got.Left[i] = w
			}
		}
		for i, w := range want.Weaker {
			if len(got.Weaker) > i && strings.TrimRight(got.Weaker[i], "; ") == w {
				got.Weaker[i] = w
			}
		}
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", source, *got, want)
		}
	}
}

// TestBeforeTheRequest: there is no answer yet.
func TestBeforeTheRequest(t *testing.T) {
	t.Parallel()
	got := Read(`pm.environment.set("a", "1"); pm.environment.set("b", pm.response.json().b); pm.variables.set("c", uuid.v4());`, false)
	want := []Set{{"a", []Part{{Text: "1"}}}, {"c", []Part{{Variable: "$guid"}}}}
	if !reflect.DeepEqual(got.Sets, want) || len(got.Left) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestNoTextOfAScriptIsRepeated: it may be a secret.
func TestNoTextOfAScriptIsRepeated(t *testing.T) {
	t.Parallel()
	for _, source := range []string{`f("hidden")`, `f('hidden')`, "f(`hidden ${f('hidden')}`)", `f(/hidden/)`, `f("a", "hid` + `den`} {
		for _, words := range Read(source, true).Left {
			if strings.Contains(words, "hidden") {
				t.Errorf("%s: %s", source, words)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"const { a: b } = pm.response.json(); pm.test(`x${a}`, async (x) => { pm.expect(b?.[0]).to.be.a('x') })",
		`if (a) { b } else if (c) d; else { e } try { f() } catch (g) { h } finally { i }`,
		`for (;;) x; while (1) { } do { } while (0); function f(a) { return { a, b: -1 } } class A { }`,
		strings.Repeat("(", 100) + strings.Repeat("`${", 100) + strings.Repeat("!", 100), `tests["x"] = a.b["c"] === /x/i;`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, answered := range []bool{true, false} {
			s := Read(source, answered)
			for _, words := range append(s.Left, s.Weaker...) {
				if len(words) > 200 {
					t.Errorf("%d bytes", len(words))
				}
			}
			for _, c := range s.Checks {
				if !answered || c.Path == "" && c.On != OnBody || c.Op == "" {
					t.Errorf("%+v", c)
				}
			}
		}
	})
}
