package main

import (
	"encoding/json"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// checkFault asks whoever will cause a fault whether it can be read, so that a
// mistake is found in the document and not in the middle of a run.
func checkFault(f experiments.Fault) (attribute, problem string) {
	kind, _ := injectors.Lookup(f.Inject)
	var err error
	switch kind.Level {
	case injectors.Message:
		var wire []byte
		if wire, err = json.Marshal(kind.OnWire(f.Complete())); err == nil {
			_, err = gateway.Parse(kind.Wire, f.Share, wire)
		}
	case injectors.File:
		err = configfile.Validate(f.Complete())
	}
	if err == nil {
		return "", ""
	}
	// Both begin with the name of what is wrong, where it is one attribute.
	name, _, _ := strings.Cut(err.Error(), ":")
	name, _, _ = strings.Cut(name, " ")
	return name, err.Error()
}
