package toxiproxy

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Leftovers lists blastgauge's toxics on all proxies, of every run, as faults that
// [Driver.Revert] can remove. It does not find what down left on a stock server: a
// disabled proxy does not say who disabled it. An empty list is proof: it is the whole list
// of what is a Toxiproxy.
func (d *Driver) Leftovers(ctx context.Context) ([]plan.Fault, error) {
	proxies, err := d.listing(ctx)
	if err != nil {
		return nil, err
	}
	var list []plan.Fault
	for _, s := range proxies {
		for _, t := range s.Toxics {
			if _, _, ok := injectors.ParseFaultName(t.Name); ok {
				list = append(list, plan.Fault{Name: t.Name, Fault: experiments.Fault{Inject: t.Type, Into: s.Name}, Proxy: s.Name})
			}
		}
	}
	slices.SortFunc(list, func(a, b plan.Fault) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Proxy, b.Proxy))
	})
	return list, nil
}
