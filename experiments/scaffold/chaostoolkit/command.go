package chaostoolkit

import (
	"cmp"
	"flag"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/google/shlex"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// commandCall reads a command of toxiproxy-cli, also one that another program runs.
func (r *reader) commandCall(a activity) *call {
	program, ok := a.provider.Lookup("path")
	if !ok || !program.IsScalar() {
		return nil
	}
	at, words := program, []string{program.Text()}
	if list, ok := a.provider.Lookup("arguments"); ok {
		at = list
		words = append(words, wordsOf(list)...)
	}
	if n := len(words); n > 1 && words[n-2] == "-c" { // of a shell
		words, _ = shlex.Split(words[n-1])
	}
	first := slices.IndexFunc(words, func(word string) bool { return path.Base(word) == "toxiproxy-cli" })
	if first < 0 || slices.ContainsFunc(words, func(word string) bool { return strings.ContainsAny(word, ";|&<>`") }) {
		return nil // the shell does more than this
	}
	for at.Kind() == shape.Mapping || at.Kind() == shape.Sequence { // a text is needed, to hold another one
		at = program
	}
	return parseCommand(words[first+1:], at, r)
}

// wordsOf returns the arguments of a program: a text, a list, or options and their values.
func wordsOf(n shape.Node) (words []string) {
	switch n.Kind() {
	case shape.Mapping:
		for _, key := range n.Keys() {
			words = append(words, key.Text())
			if v := textOf(n, key.Text()); v != "" {
				words = append(words, v)
			}
		}
	case shape.Sequence:
		for _, item := range n.Items() {
			if item.IsScalar() {
				words = append(words, item.Text())
			}
		}
	default:
		words, _ = shlex.Split(n.Text())
	}
	return words
}

// options are those of toxiproxy-cli, by their long names. A list is separated by commas.
type options struct {
	texts map[string]*string
	flags map[string]*bool
	pairs []string
	names []string // what is no option
}

// parseOptions parses options wherever they stand: older versions take them behind names.
func parseOptions(words []string, texts, flags, pairs []string) (o options, ok bool) {
	o = options{texts: map[string]*string{}, flags: map[string]*bool{}}
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, names := range texts {
		long, _, _ := strings.Cut(names, " ")
		o.texts[long] = new(string)
		for name := range strings.FieldsSeq(names) {
			set.StringVar(o.texts[long], name, "", "")
		}
	}
	for _, names := range flags {
		long, _, _ := strings.Cut(names, " ")
		o.flags[long] = new(bool)
		for name := range strings.FieldsSeq(names) {
			set.BoolVar(o.flags[long], name, false, "")
		}
	}
	for _, name := range pairs {
		set.Func(name, "", func(text string) error {
			o.pairs = append(o.pairs, strings.Split(text, ",")...)
			return nil
		})
	}
	for len(words) > 0 {
		if set.Parse(words) != nil {
			return o, false
		}
		if words = set.Args(); len(words) > 0 {
			o.names, words = append(o.names, words[0]), words[1:]
		}
	}
	return o, true
}

// parseCommand reads what follows toxiproxy-cli.
func parseCommand(words []string, at shape.Node, r *reader) *call {
	c := &call{at: at, arguments: map[string]shape.Node{}}
	for len(words) > 1 && strings.HasPrefix(words[0], "-") {
		option, value, joined := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
		if words = words[1:]; !joined {
			value, words = words[0], words[1:]
		}
		if option != "h" && option != "host" {
			return nil
		}
		if !strings.Contains(value, "://") && !strings.HasPrefix(value, "$") {
			value = "http://" + value
		}
		c.api = r.expand(value)
	}
	if len(words) == 0 {
		return nil
	}
	verb := words[0]
	if words = words[1:]; (verb == "toxic" || verb == "t") && len(words) > 0 {
		verb, words = "toxic "+words[0], words[1:]
	}
	c.says = "toxiproxy-cli " + verb
	if !c.command(verb, words) {
		return nil
	}
	return c
}

// command says what a command is in the words of the driver.
func (c *call) command(verb string, words []string) (ok bool) {
	set := func(key, value string) {
		if value != "" {
			c.arguments[key] = c.at.WithText(value)
		}
	}
	texts, flags := []string{"toxicName n", "type t", "toxicity tox"}, []string{"upstream u", "downstream d"}
	switch verb {
	case "create", "c", "new":
		texts, flags = []string{"listen l", "upstream u"}, nil
	}
	o, ok := parseOptions(words, texts, flags, []string{"attribute", "a"})
	if !ok {
		return false
	}
	name := strings.Join(o.names[:min(len(o.names), 1)], "")
	switch verb {
	case "create", "c", "new":
		c.do = "create_proxy"
		set("listen", *o.texts["listen"])
		set("upstream", *o.texts["upstream"])
	case "toxic add", "toxic a":
		c.do = "create_toxic"
		stream := "downstream"
		if *o.flags["upstream"] {
			stream = "upstream"
		}
		set("stream", stream)
		set("toxic_type", *o.texts["type"])
		set("toxicity", *o.texts["toxicity"])
		set("toxic_name", cmp.Or(*o.texts["toxicName"], *o.texts["type"]+"_"+stream))
		c.attributes = map[string]shape.Node{}
		for _, pair := range o.pairs {
			key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			c.attributes[key] = c.at.WithText(value)
		}
	case "toxic remove", "toxic r", "toxic delete", "toxic d":
		c.do = "delete_toxic"
		set("toxic_name", *o.texts["toxicName"])
	default:
		c.do = map[string]string{"toxic update": "update_toxic", "toxic u": "update_toxic", "toggle": "toggle_proxy", "tog": "toggle_proxy", "delete": "delete_proxy", "d": "delete_proxy",
			"list": "proxy_exist", "ls": "proxy_exist", "inspect": "proxy_exist", "i": "proxy_exist"}[verb]
	}
	set("for_proxy", name)
	set("proxy_name", name)
	return c.do != ""
}
