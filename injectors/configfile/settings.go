package configfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// settings are the parsed attributes of a fault.
type settings struct {
	file     string
	within   string // the folder that the file must be in; empty means its own folder
	format   badconfig.Format
	flap     time.Duration
	mutation *badconfig.Mutation
	digest   string // identifies what the fault does
}

// parseSettings reads a fault's attributes, and checks them as far as that goes without the
// file.
func parseSettings(attributes injectors.Attributes) (*settings, error) {
	if _, ok := attributes["split"]; ok {
		return nil, errors.New("split serves different revisions to different clients, which a file cannot do; use one config_file fault for the file of each instance instead")
	}
	kind, _ := injectors.Lookup("config_file")
	if err := kind.CheckComplete(attributes); err != nil {
		return nil, err
	}
	operator, parameters := attributes.Operator()
	mutation, err := badconfig.Parse(operator, parameters)
	switch {
	case err != nil:
		return nil, err
	case mutation.NeedsEarlier():
		return nil, fmt.Errorf("%s needs from: earlier versions of a file are not known", operator)
	}
	return &settings{
		file: attributes.Text("file"), within: attributes.Text("within"), format: badconfig.Format(attributes.Text("format")),
		flap: attributes.Duration("flap"), mutation: mutation,
	}, nil
}

// digestOf returns a digest that is equal for faults that do the same. It also works
// when only the digest of the fault's document is known.
func digestOf(f plan.Fault) (string, error) {
	text, err := json.Marshal([]any{f.Attributes, f.BodyDigest})
	if err != nil {
		return "", fmt.Errorf("attributes: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// formatOf returns the format of the file with this body.
func (s *settings) formatOf(body []byte) badconfig.Format {
	if s.format != "" {
		return s.format
	}
	return badconfig.Detect(strings.ToLower(s.file), body)
}
