package badconfig

import (
	"strings"
	"testing"
)

func TestTruncate(t *testing.T) {
	t.Parallel()
	runTable(t, "truncate", map[string]mutationTest{
		"60 %":      {before: `{"a": [1, 2]}`, after: `{"a": [`},
		"a third":   {params: `{"keep": "33.3%"}`, before: `{"a": [1, 2]}`, after: `{"a"`},
		"bytes":     {params: `{"bytes": 3}`, before: `{"a": 1}`, after: `{"a`},
		"none":      {params: `{"bytes": 0}`, before: `{"a": 1}`, after: ``},
		"all":       {params: `{"bytes": 80}`, before: `{"a": 1}`, unfit: "would leave it as it is"},
		"in a rune": {params: `{"bytes": 2}`, format: Text, before: `aéb`, after: "a\xc3"},
		"lines":     {params: `{"at": "line"}`, format: Text, before: "id,price\nA,1\nB,2\nC,3\n", after: "id,price\n"},
		"YAML lines": {params: `{"at": "line", "keep": 0.9}`, format: YAML,
			before: "a: 1\nb: [1,\n  2]\nc: 34567\n", after: "a: 1\nb: [1,\n  2]\n"},
		"YAML lines that still read": {params: `{"at": "line", "keep": 0.8}`, format: YAML,
			before: "a: 1\nb: [1,\n  2,\n  3,\n  4]\n", after: "a: 1\n"},
		"YAML in one line": {params: `{"at": "line", "keep": 0.8}`, format: YAML, before: "a: 1", after: ""},
	})
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	runTable(t, "duplicate", map[string]mutationTest{
		"list":       {params: `{"path": "/rules", "times": 3}`, where: "/rules", before: `{"rules": [1, {"a": 2}]}`, after: `{"rules": [1, {"a": 2}, 1, {"a": 2}, 1, {"a": 2}]}`},
		"indented":   {params: `{"path": "/l"}`, where: "/l", before: "{\"l\": [\n  1\n]}", after: "{\"l\": [\n  1,\n  1\n]}"},
		"tight":      {params: `{"path": "/l"}`, where: "/l", before: `{"l":[1,2]}`, after: `{"l":[1,2,1,2]}`},
		"entry":      {params: `{"path": "/l/0"}`, where: "/l/0", before: `{"l": [1, 2]}`, after: `{"l": [1, 1, 2]}`},
		"key":        {params: `{"path": "/a"}`, where: "/a", before: `{"a": 1, "b": 2}`, after: `{"a": 1, "a": 1, "b": 2}`},
		"two values": {params: `{"path": "/a", "value": {"x": [2]}}`, where: "/a", before: `{"b":2,"a":1}`, after: `{"b":2,"a":1,"a":{"x": [2]}}`},
		"list's key": {params: `{"path": "/a", "as": "key"}`, where: "/a", before: `{"a": [1]}`, after: `{"a": [1],"a": [1]}`},
		"object": {params: `{"path": "/a", "as": "entries", "times": 3}`, where: "/a",
			before: `{"a": {"x": 1, "y": {"z": 2}}}`, after: `{"a": {"x": 1, "y": {"z": 2}, "x_2": 1, "y_2": {"z": 2}, "x_3": 1, "y_3": {"z": 2}}}`},
		"nothing in it": {params: `{"path": "/a"}`, before: `{"a": []}`, unfit: "/a has no entries"},
		"no collection": {params: `{"path": "/a", "as": "entries"}`, before: `{"a": 1}`, unfit: "/a is no collection"},
		"no key":        {params: `{"path": "/0", "as": "key"}`, before: `[1]`, unfit: "/0 has no key"},
		"the whole":     {params: `{"path": "$"}`, before: `{"a": 1}`, unfit: "cannot stand twice in itself"},
		"of a seed":     {seed: 1, where: "/b", before: `{"a": 1, "b": [1]}`, after: `{"a": 1, "b": [1,1]}`},
		"key of a seed": {seed: 1, where: "/b", before: `{"a": 1, "b": {}}`, after: `{"a": 1, "b": {}, "b": {}}`},
		"YAML list": {format: YAML, params: `{"path": "/l"}`, where: "/l",
			before: "l:\n  - a: 1 # one\n    b: 2\n  - c # two\nm: 1\n", after: "l:\n  - a: 1 # one\n    b: 2\n  - c # two\n  - a: 1 # one\n    b: 2\n  - c\nm: 1\n"},
		"YAML last line": {format: YAML, params: `{"path": "/0"}`, where: "/0",
			before: "- a", after: "- a\n- a"},
		"YAML key": {format: YAML, params: `{"path": "/o/a", "value": 2}`, where: "/o/a",
			before: "o:\n  a:\n    x: 1\n  b: 2\n", after: "o:\n  a:\n    x: 1\n  a: 2\n  b: 2\n"},
		"YAML object": {format: YAML, params: `{"path": "/o", "as": "entries"}`, where: "/o",
			before: "o:\n  a:\n    - 1\n  b: 'x'\n", after: "o:\n  a:\n    - 1\n  b: 'x'\n  a_2:\n    - 1\n  b_2: 'x'\n"},
		"YAML flow": {format: YAML, params: `{"path": "/l"}`, where: "/l", before: "l: [a, {b: 1}] # x\n", after: "l: [a, {b: 1}, a, {b: 1}] # x\n"},
		"YAML CRLF": {format: YAML, params: `{"path": "/l"}`, where: "/l", before: "l:\r\n- 1\r\nm: 2\r\n", after: "l:\r\n- 1\r\n- 1\r\nm: 2\r\n"},
		"YAML list in a list": {format: YAML, params: `{"path": "/0"}`, where: "/0",
			before: "- - 1\n  - 2\n", after: "- - 1\n  - 2\n  - 1\n  - 2\n"},
	})
}

func TestUnpair(t *testing.T) {
	t.Parallel()
	runTable(t, "unpair", map[string]mutationTest{
		"set": {params: `{"set": {"/server/timeout": 3, "/client/timeout": 10}}`, where: "/client/timeout /server/timeout",
			before: `{"client": {"timeout": 2}, "server": {"timeout": 5}}`, after: `{"client": {"timeout": 10}, "server": {"timeout": 3}}`},
		"set by JSONPath": {params: `{"set": {"$..retries": 500}}`, where: "/a/retries /b/retries",
			before: `{"a": {"retries": 2}, "b": {"retries": 3}}`, after: `{"a": {"retries": 500}, "b": {"retries": 500}}`},
		"added": {params: `{"set": {"/retries": 500, "/backoff": null, "/a": 2}}`, where: "/a /backoff /retries",
			before: "{\n\t\"a\": 1,\n\t\"retries\": 2\n}", after: "{\n\t\"a\": 2,\n\t\"retries\": 500,\n\t\"backoff\": null\n}"},
		"added twice": {params: `{"set": {"/x": "<b>", "/y": [1, {"b": 1.5, "a": true}]}}`, where: "/x /y",
			before: `{"a":1}`, after: `{"a":1,"x":"<b>","y":[1, {"a": true, "b": 1.5}]}`},
		"added to nothing": {params: `{"set": {"/o/x": 1}}`, where: "/o/x", before: `{"o": { }}`, after: `{"o": {"x": 1 }}`},
		"no place":         {params: `{"set": {"/o/x": 1}}`, before: `{"o": []}`, unfit: "it has nothing at /o/x"},
		"swap": {params: `{"swap": ["/limits/min", "/limits/max"]}`, where: "/limits/min /limits/max",
			before: `{"limits": {"min": 1.50, "max": [2, 3]}}`, after: `{"limits": {"min": [2, 3], "max": 1.50}}`},
		"swap within":  {params: `{"swap": ["/a", "/a/b"]}`, before: `{"a": {"b": 1}}`, unfit: "/a and /a/b lie within one another"},
		"swap several": {params: `{"swap": ["$.*", "/a"]}`, before: `{"a": 1, "b": 2}`, unfit: "$.* is more than one value"},
		"of a seed": {where: "/minPrice /maxPrice",
			before: `{"min": 1, "minPrice": 5, "max": "x", "maxPrice": 9}`, after: `{"min": 1, "minPrice": 9, "max": "x", "maxPrice": 5}`},
		"no pair": {before: `{"min": 1, "maximal": 2}`, unfit: "it has no numbers that belong together"},
		"YAML set": {format: YAML, params: `{"set": {"/a/x": 10, "/a/new": "on", "/b": [1, 2]}}`, where: "/a/new /a/x /b",
			before: "a:\n  x: 1 # ms\n  y: 2\nb: 3\n", after: "a:\n  x: 10 # ms\n  y: 2\n  new: \"on\"\nb: [1, 2]\n"},
		"YAML into itself": {format: YAML, params: `{"swap": ["/a", "/b"]}`,
			before: "a: &x\nb:\n  a: *x\n", unfit: "referred to elsewhere, by its anchor"},
		"YAML swap": {format: YAML, params: `{"swap": ["/soft", "/hard"]}`, where: "/soft /hard",
			before: "soft: {cpu: 1} # s\nhard: 'x'\n", after: "soft: 'x' # s\nhard: {cpu: 1}\n"},
	})
}

func TestExpire(t *testing.T) {
	t.Parallel()
	runTable(t, "expire", map[string]mutationTest{
		"RFC 3339":         {params: `{"path": "/t"}`, where: "/t", before: `{"t": "2031-01-02T03:04:05Z"}`, after: `{"t": "2026-03-04T12:00:00Z"}`},
		"fractions":        {params: `{"path": "/t"}`, where: "/t", before: `{"t": "2031-01-02T03:04:05.123+02:00"}`, after: `{"t": "2026-03-04T14:00:00.000+02:00"}`},
		"day":              {params: `{"path": "/t", "days": 30}`, where: "/t", before: `{"t": "2031-01-02"}`, after: `{"t": "2026-02-03"}`},
		"ahead":            {params: `{"path": "/t", "days": -1}`, where: "/t", before: `{"t": "2021-01-02"}`, after: `{"t": "2026-03-06"}`},
		"today":            {params: `{"path": "/t", "days": 0}`, where: "/t", before: `{"t": "2021-01-02"}`, after: `{"t": "2026-03-05"}`},
		"openssl":          {params: `{"path": "/t"}`, where: "/t", before: `{"t": "Jun  1 00:00:00 2031 GMT"}`, after: `{"t": "Mar  4 12:00:00 2026 GMT"}`},
		"HTTP":             {params: `{"path": "/t"}`, where: "/t", before: `{"t": "Mon, 02 Jan 2034 15:04:05 GMT"}`, after: `{"t": "Wed, 04 Mar 2026 12:00:00 GMT"}`},
		"Unix":             {params: `{"path": "/exp"}`, where: "/exp", before: `{"exp": 1893456000}`, after: `{"exp": 1772625600}`},
		"Unix ms":          {params: `{"path": "/exp"}`, where: "/exp", before: `{"exp": 1893456000000}`, after: `{"exp": 1772625600000}`},
		"of a seed":        {seed: 5, where: "/not_after", before: `{"a": "x", "n": 1893456000, "not_after": 1893456000}`, after: `{"a": "x", "n": 1893456000, "not_after": 1772625600}`},
		"no date":          {before: `{"a": "x", "n": 1893456000}`, unfit: "it has no date"},
		"secret with days": {params: `{"path": "/key", "days": 1}`, before: `{"key": "s3cret"}`, unfit: "a credential takes no days"},
		"number":           {params: `{"path": "/key"}`, before: `{"key": 5}`, unfit: "/key is no date and no text of a credential"},
		"certificate":      {params: `{"path": "/key"}`, before: `{"key": "-----BEGIN CERTIFICATE-----\nMII"}`, unfit: "serve an expired certificate as a candidate"},
		"YAML":             {format: YAML, params: `{"path": "/until"}`, where: "/until", before: "until: 2031-01-02 # renew\n", after: "until: 2026-03-04 # renew\n"},
		"YAML quoted":      {format: YAML, params: `{"path": "/until"}`, where: "/until", before: "until: '2031-01-02'\n", after: "until: \"2026-03-04\"\n"},
	})
}

// A credential keeps its shape and is wrong in every character.
func TestExpireOfACredential(t *testing.T) {
	t.Parallel()
	m := parsed(t, "expire", `{"path": "/key"}`)
	const key = "sk_Live-04aZ9"
	var seen []string
	for seed := range uint64(20) {
		r, err := m.Apply(Document{Body: []byte(`{"key": "` + key + `"}`), Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSuffix(strings.TrimPrefix(string(r.Body), `{"key": "`), `"}`)
		if len(got) != len(key) || got[2] != '_' || got[7] != '-' {
			t.Errorf("%q became %q", key, got)
		}
		for i := range key {
			if got[i] == key[i] && key[i] != '_' && key[i] != '-' {
				t.Errorf("%q became %q: character %d is right", key, got, i)
			}
		}
		seen = append(seen, got)
	}
	if seen[0] == seen[1] {
		t.Error("the seed makes no difference")
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	const hosts = `{"hosts": ["a.example:80", "b.example:81", "c.example:82"]}`
	runTable(t, "endpoints", map[string]mutationTest{
		"empty":         {params: `{"path": "/hosts"}`, where: "/hosts", before: hosts, after: `{"hosts": []}`},
		"empty one":     {params: `{"path": "/url"}`, where: "/url", before: `{"url": "http://a"}`, after: `{"url": ""}`},
		"partial":       {params: `{"path": "/hosts", "as": "partial"}`, where: "/hosts/0 /hosts/2", before: hosts, after: `{"hosts": ["b.example:81"]}`},
		"partial 2":     {params: `{"path": "/hosts", "as": "partial", "keep": 2}`, where: "/hosts/0", before: hosts, after: `{"hosts": ["b.example:81", "c.example:82"]}`},
		"keeps all":     {params: `{"path": "/hosts", "as": "partial", "keep": 3}`, before: hosts, unfit: "would leave it as it is"},
		"dead":          {params: `{"path": "/hosts", "as": "dead", "keep": 1}`, where: "/hosts/0 /hosts/2", before: hosts, after: `{"hosts": ["192.0.2.1:80", "b.example:81", "192.0.2.1:82"]}`},
		"refused":       {params: `{"path": "/url", "as": "refused"}`, where: "/url", before: `{"url": "https://u:p@pay.example:8443/v1?x=@y"}`, after: `{"url": "https://u:p@127.0.0.1:1/v1?x=@y"}`},
		"wrong":         {params: `{"path": "/url", "as": "wrong", "to": "staging.example"}`, where: "/url", before: `{"url": "https://pay.example:8443"}`, after: `{"url": "https://staging.example:8443"}`},
		"wrong IPv6":    {params: `{"path": "/url", "as": "wrong", "to": "[2001:db8::1]:99"}`, where: "/url", before: `{"url": "redis://[::1]:6379/0"}`, after: `{"url": "redis://[2001:db8::1]:99/0"}`},
		"bare":          {params: `{"path": "$[*]", "as": "dead"}`, where: "/0 /1", before: `["10.0.0.1", "db.internal"]`, after: `["192.0.2.1", "192.0.2.1"]`},
		"objects":       {params: `{"path": "/s", "as": "dead"}`, where: "/s/0/host /s/1/host", before: `{"s": [{"host": "db1", "port": 1}, {"host": "db2"}]}`, after: `{"s": [{"host": "192.0.2.1", "port": 1}, {"host": "192.0.2.1"}]}`},
		"no address":    {params: `{"path": "/s", "as": "dead"}`, before: `{"s": ["x y"]}`, unfit: "/s holds no addresses"},
		"not partial":   {params: `{"path": "/s", "as": "partial"}`, before: `{"s": "a.example:80"}`, unfit: "/s is no list of addresses that partial can be done to"},
		"of a seed":     {seed: 1, where: "/h", before: `{"l": [1], "u": "http://x", "h": ["a.example"]}`, after: `{"l": [1], "u": "http://x", "h": []}`},
		"one of a seed": {seed: 1, where: "/u", before: `{"l": [1], "u": "http://x"}`, after: `{"l": [1], "u": ""}`},
		"YAML": {format: YAML, params: `{"path": "/hosts", "as": "partial", "keep": 1}`, where: "/hosts/0 /hosts/2",
			before: "hosts:\n  - a.example:80\n  - b.example:81 # spare\n  - c.example:82\nn: 1\n", after: "hosts:\n  - b.example:81 # spare\nn: 1\n"},
		"YAML dead": {format: YAML, params: `{"path": "/hosts", "as": "dead", "keep": 1}`, where: "/hosts/0 /hosts/2",
			before: "hosts: [a.example:80, b.example:81, c.example:82]\n", after: "hosts: [\"192.0.2.1:80\", b.example:81, \"192.0.2.1:82\"]\n"},
	})
}

func TestWholeDocuments(t *testing.T) {
	t.Parallel()
	runTable(t, "stale", map[string]mutationTest{
		"from":    {params: `{"from": "118.json", "body": "{\"revision\": 118}"}`, before: `{"revision": 131}`, after: `{"revision": 118}`},
		"text":    {params: `{"body": "old\n"}`, format: Text, before: "new\n", after: "old\n"},
		"unseen":  {before: `{}`, unfit: "no earlier version of it has been seen"},
		"current": {params: `{"body": "{}"}`, before: `{}`, unfit: "it is the same as the older revision"},
	})
	runTable(t, "candidate", map[string]mutationTest{
		"file":    {params: `{"file": "next.json", "body": "{\"revision\": 132}"}`, before: `{"revision": 131}`, after: `{"revision": 132}`},
		"broken":  {params: `{"file": "next.json", "body": "{"}`, before: `{"revision": 131}`, after: `{`},
		"current": {params: `{"file": "next.json", "body": "{}"}`, before: `{}`, unfit: `the candidate "next.json" is the same as the document`},
	})
	runTable(t, "split", map[string]mutationTest{
		"for all":  {params: `{"share": "100%", "with": {"scale": {"path": "/p"}}}`, where: "/p", before: `{"p": 1}`, after: `{"p": 100}`},
		"from":     {params: `{"share": 1, "from": "x", "body": "old"}`, format: Text, before: `new`, after: `old`},
		"unseen":   {params: `{"share": 1}`, before: `{}`, unfit: "no earlier version of it has been seen"},
		"unfitted": {params: `{"share": 1, "with": {"scale": {"path": "/p"}}}`, before: `{}`, unfit: "it has nothing at /p"},
	})
}

func TestStaleServesWhatWasSeenFirst(t *testing.T) {
	t.Parallel()
	for _, operator := range []string{"stale", "split"} {
		m := parsed(t, operator, map[string]string{"split": `{"share": 1}`}[operator])
		if !m.NeedsEarlier() {
			t.Errorf("%s needs no earlier version", operator)
		}
		doc := Document{Body: []byte(bom + `{"revision": 131}`), Earlier: []byte(bom + `{"revision": 118}`)}
		r, err := m.Apply(doc)
		if err != nil || string(r.Body) != bom+`{"revision": 118}` {
			t.Errorf("%s = %q, %v", operator, r.Body, err)
		}
		promises(t, m, doc, r)
		doc.Body = doc.Earlier
		if r, err := m.Apply(doc); err == nil {
			t.Errorf("%s of the same = %+v", operator, r)
		}
	}
	if parsed(t, "stale", `{"body": "x"}`).NeedsEarlier() {
		t.Error("stale with a body needs an earlier version")
	}
}

// The same clients get the other revision whenever they ask, and about as many
// as there should be.
func TestSplitIsStickyByClient(t *testing.T) {
	t.Parallel()
	m := parsed(t, "split", `{"share": "25%", "with": {"scale": {"path": "/p"}}}`)
	count := 0
	for i := range 2000 {
		client := strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/7)
		doc := Document{Body: []byte(`{"p": 1}`), Seed: 7, Client: client}
		r, err := m.Apply(doc)
		if err != nil || r.Changed != (string(r.Body) == `{"p": 100}`) || r.What == "" {
			t.Fatalf("Apply() = %+v, %v", r, err)
		}
		if again, _ := m.Apply(doc); again.Changed != r.Changed {
			t.Fatalf("client %s changes sides", client)
		}
		if r.Changed {
			count++
		}
	}
	if count < 400 || count > 600 { // 500 ± 5 sigma
		t.Errorf("%d of 2000 clients got the other revision, want about 500", count)
	}
}
