package badconfig

import "testing"

func TestRetype(t *testing.T) {
	t.Parallel()
	runTable(t, "retype", map[string]mutationTest{
		"price":            {params: `{"path": "/price"}`, where: "/price", before: `{"price": 1234.50}`, after: `{"price": "1.234,50"}`},
		"whole number":     {params: `{"path": "/n"}`, where: "/n", before: `{"n": 12}`, after: `{"n": "12"}`},
		"text of a number": {params: `{"path": "/n"}`, where: "/n", before: `{"n": "12.50"}`, after: `{"n": 12.50}`},
		"country":          {params: `{"path": "/c"}`, where: "/c", before: `{"c": "NO"}`, after: `{"c": false}`},
		"text":             {params: `{"path": "/c"}`, where: "/c", before: `{"c": "a\"b"}`, after: `{"c": ["a\"b"]}`},
		"boolean":          {params: `{"path": "/c"}`, where: "/c", before: `{"c": true}`, after: `{"c": "true"}`},
		"null":             {params: `{"path": "/c"}`, where: "/c", before: `{"c": null}`, after: `{"c": "null"}`},
		"list":             {params: `{"path": "/c"}`, where: "/c", before: `{"c": [ {"a": 1} , 2]}`, after: `{"c": {"a": 1}}`},
		"empty list":       {params: `{"path": "/c"}`, where: "/c", before: `{"c": []}`, after: `{"c": null}`},
		"object":           {params: `{"path": "/c"}`, where: "/c", before: `{"c": {"b": 1, "a": 2}}`, after: `{"c": [{"b": 1, "a": 2}]}`},
		"to string":        {params: `{"path": "/c", "to": "string"}`, where: "/c", before: `{"c": {"b": 1.0, "a": ["x"]}}`, after: `{"c": "{\"b\": 1.0, \"a\": [\"x\"]}"}`},
		"string already":   {params: `{"path": "/c", "to": "string"}`, before: `{"c": "x"}`, unfit: "/c is a text already"},
		"to locale":        {params: `{"path": "/c", "to": "locale"}`, where: "/c", before: `{"c": -1234567}`, after: `{"c": "-1.234.567,00"}`},
		"no locale":        {params: `{"path": "/c", "to": "locale"}`, before: `{"c": 1e9}`, unfit: "cannot become locale"},
		"to number":        {params: `{"path": "$.*", "to": "number"}`, where: "/a /b /c /d /e", before: `{"a": "12 EUR", "b": "x", "c": true, "d": [1, 2], "e": null, "f": 1}`, after: `{"a": 12, "b": 0, "c": 1, "d": 2, "e": 0, "f": 1}`},
		"to boolean":       {params: `{"path": "$.*", "to": "boolean"}`, where: "/a /b /c /d /e", before: `{"a": "off", "b": "x", "c": 0.0, "d": [1], "e": null, "f": true}`, after: `{"a": false, "b": true, "c": false, "d": true, "e": false, "f": true}`},
		"to list":          {params: `{"path": "/c", "to": "list"}`, where: "/c", before: `{"c": {"b": 1.50}}`, after: `{"c": [{"b": 1.50}]}`},
		"to object":        {params: `{"path": "/c", "to": "object"}`, where: "/c", before: `{"c": 1.50}`, after: `{"c": {"value": 1.50}}`},
		"no scalar":        {params: `{"path": "/c", "to": "scalar"}`, before: `{"c": 1}`, unfit: "cannot become scalar"},
		"of a seed":        {seed: 3, where: "/b/0", before: `{"a": null, "b": [5]}`, after: `{"a": null, "b": ["5"]}`},
		"YAML country": {format: YAML, params: `{"path": "/country"}`, where: "/country",
			before: "country: \"NO\" # Norway\n", after: "country: NO # Norway\n"},
		"YAML version": {format: YAML, params: `{"path": "/version"}`, where: "/version",
			before: "version: '1.10'\n", after: "version: 1.10\n"},
		"YAML octal": {format: YAML, params: `{"path": "/zip"}`, where: "/zip",
			before: "zip: \"01067\"\n", after: "zip: 01067\n"},
		"YAML price": {format: YAML, params: `{"path": "/price"}`, where: "/price",
			before: "price: 12.50\n", after: "price: \"12,50\"\n"},
		"YAML plain word": {format: YAML, params: `{"path": "/on"}`, where: "/on",
			before: "on: off\n", after: "on: false\n"},
		"YAML block": {format: YAML, params: `{"path": "/o"}`, where: "/o",
			before: "o:\n  a: 0x1F\n  b: [x, 'y']\np: 1\n", after: "o: [{\"a\": 0x1F, \"b\": [\"x\", \"y\"]}]\np: 1\n"},
		"YAML flow": {format: YAML, params: `{"path": "/o"}`, where: "/o",
			before: "o: {a: 0x1F, b: [x, 'y']}\np: 1\n", after: "o: [{a: 0x1F, b: [x, 'y']}]\np: 1\n"},
	})
}

func TestScale(t *testing.T) {
	t.Parallel()
	runTable(t, "scale", map[string]mutationTest{
		"price":         {params: `{"path": "/price"}`, where: "/price", before: `{"price":12.50}`, after: `{"price":1250.00}`},
		"whole":         {params: `{"path": "/n", "by": 0.01}`, where: "/n", before: `{"n": 250}`, after: `{"n": 3}`},
		"to cents":      {params: `{"path": "/n", "by": 0.01}`, where: "/n", before: `{"n": 12.5}`, after: `{"n": 0.125}`},
		"by a fraction": {params: `{"path": "/n", "by": "1/60"}`, where: "/n", before: `{"n": 90.0}`, after: `{"n": 1.5}`},
		"without end":   {params: `{"path": "/n", "by": "1/3"}`, where: "/n", before: `{"n": 1.0}`, after: `{"n": 0.333333333333}`},
		"exact":         {params: `{"path": "/n", "by": 3}`, where: "/n", before: `{"n": 0.1}`, after: `{"n": 0.3}`},
		"large":         {params: `{"path": "/n", "by": 10}`, where: "/n", before: `{"n": 9007199254740993}`, after: `{"n": 90071992547409930}`},
		"exponent":      {params: `{"path": "/n"}`, where: "/n", before: `{"n": 1.5E3}`, after: `{"n": 1.5e+05}`},
		"huge exponent": {params: `{"path": "/n"}`, before: `{"n": 1e999999999}`, unfit: "/n is no number"},
		"negative":      {params: `{"path": "/n", "by": -1}`, where: "/n", before: `{"n": -2.5}`, after: `{"n": 2.5}`},
		"collection":    {params: `{"path": "/p"}`, where: "/p/a /p/b/0", before: `{"p": {"a": 1, "b": [2, "3 EUR"]}, "q": 4}`, after: `{"p": {"a": 100, "b": [200, "3 EUR"]}, "q": 4}`},
		"all prices": {params: `{"path": "$.products[*].price", "by": 100}`, where: "/products/0/price /products/1/price",
			before: `{"products": [{"price": 1.10}, {"price": 2}, {"price": null}]}`, after: `{"products": [{"price": 110.00}, {"price": 200}, {"price": null}]}`},
		"duration":    {params: `{"path": "/ttl", "by": "1/6"}`, where: "/ttl", before: `{"ttl": "12h"}`, after: `{"ttl": "2h"}`},
		"span":        {params: `{"path": "/ttl", "by": 2}`, where: "/ttl", before: `{"ttl": "1h30m"}`, after: `{"ttl": "2h60m"}`},
		"currency":    {params: `{"path": "/p", "by": 0.1}`, where: "/p", before: `{"p": "12.50 EUR"}`, after: `{"p": "1.25 EUR"}`},
		"sign":        {params: `{"path": "/p"}`, where: "/p", before: `{"p": "€ 12.50"}`, after: `{"p": "€ 1250.00"}`},
		"unit":        {params: `{"path": "/t", "unit": "ms"}`, where: "/t", before: `{"t": "30s"}`, after: `{"t": "30ms"}`},
		"code":        {params: `{"path": "/c", "unit": "DKK"}`, where: "/c", before: `{"c": "EUR"}`, after: `{"c": "DKK"}`},
		"amount":      {params: `{"path": "/c", "unit": "DKK"}`, where: "/c", before: `{"c": "12.50 EUR"}`, after: `{"c": "12.50 DKK"}`},
		"code first":  {params: `{"path": "/c", "unit": "DKK"}`, where: "/c", before: `{"c": "EUR 12.50"}`, after: `{"c": "DKK 12.50"}`},
		"no unit":     {params: `{"path": "/c", "unit": "DKK"}`, before: `{"c": 12}`, unfit: "/c is no text with a unit"},
		"no number":   {params: `{"path": "/c"}`, before: `{"c": "A-04"}`, unfit: "/c is no number, and no text with one number in it"},
		"no numbers":  {params: `{"path": "/c"}`, before: `{"c": ["x"]}`, unfit: "/c holds no numbers"},
		"zero":        {params: `{"path": "/c"}`, before: `{"c": 0}`, unfit: "would leave it as it is"},
		"of a seed":   {seed: 1, where: "/b", before: `{"a": 0, "b": 2, "c": "3"}`, after: `{"a": 0, "b": 200, "c": "3"}`},
		"YAML":        {format: YAML, params: `{"path": "/a/0/p"}`, where: "/a/0/p", before: "a:\n  - {p: 1_000} # x\n", after: "a:\n  - {p: 100000} # x\n"},
		"YAML hex":    {format: YAML, params: `{"path": "/p", "by": 2}`, where: "/p", before: "p: 0x10\n", after: "p: 32\n"},
		"YAML quoted": {format: YAML, params: `{"path": "/p", "by": 2}`, where: "/p", before: "p: '10s'\nq: \"é\"\n", after: "p: \"20s\"\nq: \"é\"\n"},
		"YAML endless": {format: YAML, params: `{"path": "/p"}`,
			before: "p: .inf\n", unfit: "/p is no number"},
		"YAML behind wide letters": {format: YAML, params: `{"path": "/ключ/1"}`, where: "/ключ/1",
			before: "ключ: [\"ü€𝄞\", 2] # ß\n", after: "ключ: [\"ü€𝄞\", 200] # ß\n"},
		"YAML alias":  {format: YAML, params: `{"path": "/b"}`, where: "/b", before: "a: &x 5\nb: *x\n", after: "a: &x 5\nb: 500\n"},
		"YAML anchor": {format: YAML, params: `{"path": "/a"}`, where: "/a", before: "a: &x 5\nb: *x\n", after: "a: &x 500\nb: *x\n"},
	})
}

func TestExtreme(t *testing.T) {
	t.Parallel()
	runTable(t, "extreme", map[string]mutationTest{
		"number":       {params: `{"path": "/n"}`, where: "/n", before: `{"n": 5}`, after: `{"n": 2147483647}`},
		"int64":        {params: `{"path": "/n", "to": "int64"}`, where: "/n", before: `{"n": 5}`, after: `{"n": 9223372036854775807}`},
		"given":        {params: `{"path": "$.d[*].percent", "to": 100}`, where: "/d/0/percent /d/1/percent", before: `{"d": [{"percent": 10}, {"percent": 20}]}`, after: `{"d": [{"percent": 100}, {"percent": 100}]}`},
		"zero":         {params: `{"path": "/n", "to": 0}`, where: "/n", before: `{"n": 49.95}`, after: `{"n": 0}`},
		"long text":    {params: `{"path": "/s", "length": 7}`, where: "/s", before: `{"s": "añ"}`, after: `{"s": "añañaña"}`},
		"long list":    {params: `{"path": "/l", "length": 4}`, where: "/l", before: `{"l": [{"t": 1}]}`, after: `{"l": [{"t": 1},{"t": 1},{"t": 1},{"t": 1}]}`},
		"one tenant":   {params: `{"path": "/l", "length": 4}`, seed: 2, where: "/l", before: `{"l": ["a", "b"]}`, after: `{"l": ["a", "b", "a", "a"]}`},
		"long enough":  {params: `{"path": "/l", "length": 2}`, before: `{"l": [1, 2, 3]}`, unfit: "would leave it as it is"},
		"to of a text": {params: `{"path": "/s", "to": 1}`, before: `{"s": "a"}`, unfit: "/s has no extreme"},
		"boolean":      {params: `{"path": "/s"}`, before: `{"s": true}`, unfit: "/s has no extreme"},
		"of a seed":    {seed: 1, where: "/b", before: `{"a": "x", "b": 2}`, after: `{"a": "x", "b": 2147483647}`},
		"YAML list": {format: YAML, params: `{"path": "/l", "length": 3}`, seed: 2, where: "/l",
			before: "l:\n  - id: 1\n    t: x\nm: 1\n", after: "l:\n  - id: 1\n    t: x\n  - id: 1\n    t: x\n  - id: 1\n    t: x\nm: 1\n"},
	})
}

func TestWiden(t *testing.T) {
	t.Parallel()
	runTable(t, "widen", map[string]mutationTest{
		"sku":       {params: `{"path": "/sku"}`, where: "/sku", before: `{"sku": "A-17"}`, after: `{"sku": "*"}`},
		"network":   {params: `{"path": "/block"}`, where: "/block", before: `{"block": "10.0.0.0/8"}`, after: `{"block": "0.0.0.0/0"}`},
		"network 6": {params: `{"path": "/block"}`, where: "/block", before: `{"block": "2001:db8::/32"}`, after: `{"block": "::/0"}`},
		"path":      {params: `{"path": "/p"}`, where: "/p", before: `{"p": "/admin/"}`, after: `{"p": "/"}`},
		"pattern":   {params: `{"path": "/p"}`, where: "/p", before: `{"p": "^EU-.+$"}`, after: `{"p": ".*"}`},
		"list":      {params: `{"path": "/p"}`, where: "/p", before: `{"p": ["a", "b"]}`, after: `{"p": ["*"]}`},
		"condition": {params: `{"path": "/when"}`, where: "/when", before: `{"when": {"country": "NO"}}`, after: `{"when": {}}`},
		"to":        {params: `{"path": "/p", "to": ""}`, where: "/p", before: `{"p": "EU-"}`, after: `{"p": ""}`},
		"wide":      {params: `{"path": "/p"}`, before: `{"p": "*"}`, unfit: "/p selects everything already"},
		"number":    {params: `{"path": "/p"}`, before: `{"p": 1}`, unfit: "is no selector"},
		"of a seed": {seed: 1, where: "/b", before: `{"a": 1, "b": "x"}`, after: `{"a": 1, "b": "*"}`},
		"YAML":      {format: YAML, params: `{"path": "/0/sku"}`, where: "/0/sku", before: "- sku: A-17 # mugs\n", after: "- sku: \"*\" # mugs\n"},
		"YAML condition": {format: YAML, params: `{"path": "/when"}`, where: "/when",
			before: "when:\n  country: NO\nthen: x\n", after: "when: {}\nthen: x\n"},
	})
}

func TestFlip(t *testing.T) {
	t.Parallel()
	runTable(t, "flip", map[string]mutationTest{
		"on":           {params: `{"path": "/f"}`, where: "/f", before: `{"f": false}`, after: `{"f": true}`},
		"kill switch":  {params: `{"path": "/f"}`, where: "/f", before: `{"f": true}`, after: `{"f": false}`},
		"per cent":     {params: `{"path": "/f"}`, where: "/f", before: `{"f": 5}`, after: `{"f": 100}`},
		"none":         {params: `{"path": "/f"}`, where: "/f", before: `{"f": 0}`, after: `{"f": 100}`},
		"all":          {params: `{"path": "/f"}`, where: "/f", before: `{"f": 100}`, after: `{"f": 0}`},
		"fraction":     {params: `{"path": "/f"}`, where: "/f", before: `{"f": 0.05}`, after: `{"f": 1.00}`},
		"12.5 %":       {params: `{"path": "/f"}`, where: "/f", before: `{"f": 12.5}`, after: `{"f": 100}`},
		"text":         {params: `{"path": "/f"}`, where: "/f", before: `{"f": "5%"}`, after: `{"f": "100%"}`},
		"word":         {params: `{"path": "/f"}`, where: "/f", before: `{"f": "Off"}`, after: `{"f": "On"}`},
		"loud word":    {params: `{"path": "/f"}`, where: "/f", before: `{"f": "ENABLED"}`, after: `{"f": "DISABLED"}`},
		"to":           {params: `{"path": "/f", "to": 1}`, where: "/f", before: `{"f": 0}`, after: `{"f": 1}`},
		"no share":     {params: `{"path": "/f"}`, before: `{"f": 101}`, unfit: "/f is no flag"},
		"no word":      {params: `{"path": "/f"}`, before: `{"f": "maybe"}`, unfit: "/f is no flag"},
		"of a seed":    {seed: 1, where: "/on", before: `{"a": 1, "new_tax": 5, "on": false}`, after: `{"a": 1, "new_tax": 5, "on": true}`},
		"named a flag": {seed: 1, where: "/new_tax", before: `{"a": 1, "new_tax": 5, "days": 3}`, after: `{"a": 1, "new_tax": 100, "days": 3}`},
		"YAML":         {format: YAML, params: `{"path": "/f"}`, where: "/f", before: "f: false # not yet\n", after: "f: true # not yet\n"},
		"YAML word":    {format: YAML, params: `{"path": "/f"}`, where: "/f", before: "f: off\n", after: "f: on\n"},
	})
}
