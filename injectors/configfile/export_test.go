package configfile

import "github.com/blastgauge/blastgauge/injectors"

// ParseSettings reads a fault's attributes, and says what is wrong with them.
func ParseSettings(attributes injectors.Attributes) error {
	_, err := parseSettings(attributes)
	return err
}
