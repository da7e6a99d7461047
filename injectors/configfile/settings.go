package configfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// Validate checks the attributes of a fault as far as possible without the file. The
// error says what would be right.
func Validate(attributes injectors.Attributes) error {
	_, err := parseSettings(attributes)
	return err
}

func parseSettings(attributes injectors.Attributes) (*settings, error) {
	s := &settings{}
	for name, to := range map[string]*string{"file": &s.file, "within": &s.within, "format": (*string)(&s.format)} {
		v, ok := attributes[name]
		if text, isText := v.(string); isText {
			*to = text
		} else if ok {
			return nil, fmt.Errorf("%s must be a text", name)
		}
	}
	flap, isNumber := attributes["flap"].(float64)
	operator, parameters, err := badconfig.Select(attributes)
	switch {
	case s.file == "":
		return nil, errors.New("config_file needs file: the config file that goes bad, such as /etc/shop/settings.yaml")
	case s.format != "" && !slices.Contains(badconfig.Formats(), s.format):
		return nil, fmt.Errorf("format must be json, yaml or text, not %q", s.format)
	case attributes["flap"] != nil && (!isNumber || flap < minFlap.Seconds()):
		return nil, fmt.Errorf("flap must be a duration of at least %v", minFlap)
	case err != nil:
		return nil, err
	case operator == "split":
		return nil, errors.New("split serves different revisions to different clients, which a file cannot do; use one config_file fault for the file of each instance instead")
	}
	s.flap = time.Duration(flap * float64(time.Second))
	if name := badconfig.FileOf(operator, parameters); name != "" {
		return nil, fmt.Errorf("%s: the text of %s must come with the fault, as body", operator, name)
	}
	if s.mutation, err = badconfig.Parse(operator, parameters); err != nil {
		return nil, err
	}
	if s.mutation.NeedsEarlier() {
		return nil, fmt.Errorf("%s needs from: earlier versions of a file are not known", operator)
	}
	return s, nil
}

// minFlap is the shortest time for one version of a file.
const minFlap = 100 * time.Millisecond

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
