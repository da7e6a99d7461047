// Package postman makes a journey of a Postman collection, version 2.1, and an
// environment that it is used with.
//
// The requests are sent in the order of the collection, as Postman's runner does.
// Variables are looked up; those that scripts set from answers are captured; those that
// are secret or have no value become ${env:NAME}. What a journey cannot do is said in
// comments, with the name of the request.
package postman

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman/script"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// Options say what of a collection becomes the journey. The zero value takes all of it.
type Options struct {
	File            string // the collection's name, for messages
	Environment     io.Reader
	EnvironmentFile string                 // its name, for messages
	Folder          string                 // the name of a folder, or a path of names such as Shop/Checkout; empty: all requests
	Origin          string                 // of the journey, such as https://shop.staging.example; empty: where most requests go
	MayDial         func(host string) bool // requests to other hosts stay, if they may be sent; nil: none may
}

// Journey reads a collection. The error is a *[shape.Error] that names the file and
// what to do.
func Journey(from io.Reader, o Options) (*draft.Journey, error) {
	col, err := readCollection(o.File, from)
	if err != nil {
		return nil, err
	}
	var env *environment
	if o.Environment != nil {
		if env, err = readEnvironment(o.EnvironmentFile, o.Environment); err != nil {
			return nil, err
		}
	}
	list, err := selectItems(col, o)
	if err != nil {
		return nil, err
	}
	if o.Origin != "" {
		if o.Origin, err = recording.ParseOrigin(o.Origin); err != nil {
			return nil, err
		}
	}
	c := newConverter(col, env, o)
	c.chooseEntry(list, o.Origin)
	for _, one := range list {
		c.add(one)
	}
	if len(c.journey.Steps) == 0 {
		return nil, fail(o.File, "", "no request is left for a journey: %s", c.lostWords())
	}
	c.finish(col, env)
	return c.journey, nil
}

func newConverter(col *collection, env *environment, o Options) *converter {
	id := cmp.Or(draft.Slug(o.Folder), draft.Slug(string(col.Info.Name)), draft.Slug(strings.TrimSuffix(filepath.Base(o.File), filepath.Ext(o.File))), "collection")
	j := &draft.Journey{ID: id, Secrets: draft.NewVault(id), SlowAfter: experiments.DefaultSlowAfter, Timeout: experiments.DefaultTimeout}
	c := &converter{options: o, journey: j, steps: map[string]bool{}, lost: map[string]int{}, told: map[string]bool{}}
	c.scope = &scope{known: map[string]*binding{}, names: map[string]string{}, taken: map[string]bool{}, secrets: j.Secrets, note: c.note, uses: col.uses}
	c.define(col.Variables, "the collection")
	if env != nil {
		c.define(env.Values, "the environment")
	}
	return c
}

func (c *converter) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.journey.Notes, text) && len(c.journey.Notes) < 20 {
		c.journey.Notes = append(c.journey.Notes, text)
	}
}

// A placed item is a request with the folders that it is in.
type placed struct {
	*item
	folders []*item
	auth    *auth // of the nearest that has one
	events  []owned
}

// An owned event is a script and whose it is. It is the request's own where owner is
// empty.
type owned struct {
	event
	owner string
}

// selectItems returns the requests of the collection, or of a folder, in order.
func selectItems(col *collection, o Options) ([]placed, error) {
	var list []placed
	var names []string
	tooDeep, count := false, 0
	var walk func(items []item, at placed, path string, chosen bool)
	walk = func(items []item, at placed, path string, chosen bool) {
		for i := range items {
			it := &items[i]
			if count++; count > maxItems || len(at.folders) > maxFolders {
				tooDeep = true
				return
			}
			here := placed{item: it, folders: slices.Clip(at.folders), auth: at.auth, events: slices.Clip(at.events)}
			owner := ""
			if it.Request == nil {
				owner = "folder " + string(it.Name)
			}
			for _, e := range it.Events {
				here.events = append(here.events, owned{e, owner})
			}
			if it.Request != nil {
				if it.Request.Auth != nil {
					here.auth = it.Request.Auth
				}
				if chosen {
					list = append(list, here)
				}
				continue
			}
			if it.Auth != nil {
				here.auth = it.Auth
			}
			here.folders = append(here.folders, it)
			inner := strings.TrimPrefix(path+"/"+string(it.Name), "/")
			names = append(names, string(it.Name))
			walk(it.Items, here, inner, chosen || isFolder(o.Folder, string(it.Name), inner))
		}
	}
	top := placed{auth: col.Auth}
	for _, e := range col.Events {
		top.events = append(top.events, owned{e, "the collection"})
	}
	walk(col.Items, top, "", o.Folder == "")
	return list, checkSelection(o, list, names, tooDeep)
}

func isFolder(want, name, path string) bool {
	return want != "" && (strings.EqualFold(want, name) || strings.EqualFold(strings.Trim(want, "/"), path))
}

func checkSelection(o Options, list []placed, names []string, tooLarge bool) error {
	some := strings.Join(names[:min(len(names), 8)], ", ")
	switch {
	case tooLarge:
		return fail(o.File, "export a smaller collection", "the collection has more than %d items, or more than %d folders one inside another", maxItems, maxFolders)
	case len(list) == 0 && o.Folder != "" && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, o.Folder) }):
		return fail(o.File, "its folders: "+some, "no folder is named %q", o.Folder)
	case len(list) == 0:
		return fail(o.File, wantCollection, "the collection has no requests")
	case len(list) > draft.MaxSteps:
		return fail(o.File, "give a folder with --postman-folder: "+some, "%d requests, a journey has at most %d steps", len(list), draft.MaxSteps)
	}
	return nil
}

// chooseEntry finds the origin that most requests go to. Nothing of it stays: variables
// may be bound to other values until a request is sent.
func (c *converter) chooseEntry(list []placed, own string) {
	if own != "" {
		c.entry = own
		return
	}
	count := map[string]int{}
	for _, one := range list {
		if t, problem := c.locate(fillPath(one.Request.URL)); problem == "" && t.origin != "" {
			count[t.origin]++
		}
	}
	for _, o := range slices.Sorted(maps.Keys(count)) {
		if count[o] > count[c.entry] {
			c.entry = o
		}
	}
}

// add adds a request with its scripts.
func (c *converter) add(one placed) {
	name := string(one.Name)
	for _, f := range one.folders {
		c.defineOnce(f)
	}
	var remarks []string
	for _, e := range one.events {
		if e.Listen == "prerequest" && !e.Off {
			s := script.Read(strings.Join(e.Script.Exec, "\n"), false)
			c.bind(s.Sets, nil)
			remarks = append(remarks, c.leftOf(s, e.owner, "script before the request")...)
		}
	}
	t, problem := c.locate(fillPath(one.Request.URL))
	switch {
	case problem != "":
		c.leaveOut(name, problem)
		return
	case t.origin != "" && t.origin != c.entry && !c.mayDial(t.origin):
		c.leaveOut(name, "other origins")
		c.note("requests to %s were left out: it may not be dialled unless --allow-host says so; --origin makes it the entry", t.origin)
		return
	}
	r, more, problem := c.request(one.item, one.auth, t)
	if problem != "" {
		c.leaveOut(name, problem)
		return
	}
	s := &draft.Step{Name: c.stepName(name, r), Request: r, Notes: append(remarks, more...)}
	for _, e := range one.events {
		if e.Listen == "test" && !e.Off {
			c.takeTest(s, script.Read(strings.Join(e.Script.Exec, "\n"), true), e.owner)
		}
	}
	c.expectSaved(s, one.Responses)
	c.secrets.HideExpected(s, name)
	s.Follow = follows(one.item, s)
	c.journey.Steps = append(c.journey.Steps, s)
}

// follows returns how many redirects a step follows. Postman follows all, but few APIs
// redirect: forms do, and what is told to.
func follows(it *item, s *draft.Step) int {
	const some = 5
	isForm := len(s.Request.Form)+len(s.Request.Multipart) > 0
	redirects := s.Status/100 == 3 || slices.ContainsFunc(s.Captures, func(k draft.Capture) bool { return strings.EqualFold(k.Expr, "location") }) || slices.ContainsFunc(s.Statuses, func(code int) bool { return code/100 == 3 })
	if told := it.Behavior.Follow; redirects || told != nil && !*told || told == nil && !isForm {
		return 0
	}
	return some
}

// defineOnce defines the variables of a folder, when its first request comes.
func (c *converter) defineOnce(f *item) {
	if key := fmt.Sprintf("variables of %p", f); len(f.Variables) > 0 && !c.told[key] {
		c.told[key] = true
		for _, v := range f.Variables { // an environment is stronger
			if c.known[string(v.Key)] == nil {
				c.define([]variable{v}, "folder "+string(f.Name))
			}
		}
	}
}

func (c *converter) mayDial(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && c.options.MayDial != nil && c.options.MayDial(u.Hostname())
}

// maxNamed is how many requests that were left out are named.
const maxNamed = 30

func (c *converter) leaveOut(name, why string) {
	if c.lost[why]++; len(c.journey.Left) < maxNamed {
		c.journey.Left = append(c.journey.Left, fmt.Sprintf("request %s: %s", name, why))
	}
}

func (c *converter) lostWords() string {
	var list []string
	for _, why := range slices.Sorted(maps.Keys(c.lost)) {
		list = append(list, fmt.Sprintf("%s (%d)", why, c.lost[why]))
	}
	return strings.Join(list, ", ")
}

// stepName returns a name for a step, of its request's name.
func (c *converter) stepName(name string, r *draft.Request) string {
	return draft.UniqueName(cmp.Or(draft.Slug(name), draft.Slug(r.Method+" "+r.URLText()), "step"), "-", c.steps)
}

// maxLeft is how many statements of one script are told in their own words.
const maxLeft = 5

// leftOf tells what a script does and a journey cannot. Scripts of folders are told
// once.
func (c *converter) leftOf(s *script.Script, owner, what string) (remarks []string) {
	if owner != "" {
		what = strings.Replace(what, "the request", "each request", 1) + " of " + owner
		if c.told[what] {
			return nil
		}
		c.told[what] = true
	}
	tell := func(list []string, format string) {
		if len(list) == 0 {
			return
		}
		words := strings.Join(list[:min(len(list), maxLeft)], "; ")
		if len(list) > maxLeft {
			words += "; …"
		}
		remarks = append(remarks, fmt.Sprintf(format, len(list), what, words))
	}
	tell(s.Left, "Not taken over, %d of the %s: %s")
	tell(s.Weaker, "Only a part is expected of %d of the %s: %s")
	return remarks
}

// finish says how the journey was made.
func (c *converter) finish(col *collection, env *environment) {
	j := c.journey
	j.Origin = c.entry
	j.Made = "Made of the Postman collection " + cmp.Or(string(col.Info.Name), filepath.Base(c.options.File))
	if c.options.Folder != "" {
		j.Made += ", folder " + c.options.Folder
	}
	if env != nil {
		j.Made += ", with the environment " + cmp.Or(string(env.Name), filepath.Base(c.options.EnvironmentFile))
	}
	if j.Origin != "" {
		j.Made += ", for " + j.Origin
	}
	if n := len(j.Left); n == maxNamed {
		j.Left[n-1] = "more: " + c.lostWords()
	}
	j.Remarks = append([]string{"Redirects are followed after forms alone, where Postman follows all: write follow: 5 in a step that needs it."}, j.Remarks...)
	left := 0
	for _, s := range j.Steps {
		for _, r := range s.Notes {
			if strings.HasPrefix(r, "Not taken over") {
				left++
				break
			}
		}
	}
	if left > 0 {
		c.note("the scripts of %d requests do more than a journey can: comments at their steps say what", left)
	}
	var deletes []string
	for _, s := range j.Steps {
		if s.Request.Method == http.MethodDelete && len(deletes) < 10 {
			deletes = append(deletes, s.Name)
		}
	}
	if len(deletes) > 0 {
		j.Remarks = append(j.Remarks, "Steps that delete: "+strings.Join(deletes, ", ")+". Leave them out where users do not do that to what others use.")
	}
	if last := j.Steps[len(j.Steps)-1]; len(last.Checks)+len(last.Body)+len(last.Captures) == 0 {
		last.Vague = true
	}
	if slices.ContainsFunc(j.Secrets.List, func(s draft.Secret) bool { return strings.HasPrefix(s.Of, "variable ") }) {
		j.Remarks = append(j.Remarks, "A variable without a value may also be a column of a file: data: users.csv, and ${data.NAME} in place of ${env:...}.")
	}
}
