package jsonpath_test

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

func ExamplePath_Select() {
	p, err := jsonpath.Parse("$.items[*].sku")
	if err != nil {
		fmt.Println(err)
		return
	}
	document := map[string]any{"items": []any{map[string]any{"sku": "a"}, map[string]any{"sku": "b"}}}
	fmt.Println(p.Select(document))
	// Output: [a b]
}
