package experiments_test

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

func ExampleLoad() {
	_, _, err := experiments.Load("testdata/good/blastgauge.yaml", []string{"testdata/wrong/unknown-fault.yaml"})
	fmt.Print(experiments.Explain(err))
	// Output:
	// testdata/wrong/unknown-fault.yaml:6:13: error: unknown fault "latancy"
	//     4 | hypothesis: Checkout keeps working.
	//     5 | faults:
	//     6 |   - inject: latancy
	//       |             ^^^^^^^ did you mean "latency"?
	//   known: bandwidth, command, config_file, down, grpc_error, http_abort, http_config, http_error, http_latency, latency, limit_data, postgres_error, postgres_latency, redis_empty, redis_error, redis_latency, reset_peer, slicer, slow_close, timeout
	//
	// 1 error in testdata/wrong/unknown-fault.yaml. Nothing was injected.
}

func ExampleParseTemplate() {
	t, err := experiments.ParseTemplate("cart ${cart} for ${env:SHOP}")
	if err != nil {
		fmt.Println(err)
		return
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Name == "" {
			b.WriteString(p.Literal)
			continue
		}
		b.WriteString("<" + p.Name + " " + p.Arg + ">")
	}
	fmt.Println(b.String())
	// Output: cart <cart > for <env SHOP>
}
