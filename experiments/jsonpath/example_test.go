package jsonpath_test

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

func ExamplePath_Visit() {
	p, err := jsonpath.Parse("$.items[*].sku")
	if err != nil {
		fmt.Println(err)
		return
	}
	var doc jsonpath.Document
	if err := doc.Decode([]byte(`{"items": [{"sku": "a"}, {"sku": "b"}]}`), jsonpath.Unbounded{}); err != nil {
		fmt.Println(err)
		return
	}
	err = p.Visit(&doc, jsonpath.Unbounded{}, func(v jsonpath.Value) bool {
		fmt.Println(v.Scalar())
		return true
	})
	fmt.Println(err)
	// Output:
	// a
	// b
	// <nil>
}
