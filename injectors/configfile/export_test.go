package configfile

import (
	"os"
	"syscall"

	"github.com/blastgauge/blastgauge/injectors"
)

// ParseSettings reads a fault's attributes, and says what is wrong with them.
func ParseSettings(attributes injectors.Attributes) error {
	_, err := parseSettings(attributes)
	return err
}

// WithoutLinks makes the file system one that knows no hard links.
func (o *Options) WithoutLinks() {
	o.link = func(_ *os.Root, oldname, newname string) error {
		return &os.LinkError{Op: "link", Old: oldname, New: newname, Err: syscall.EPERM}
	}
}
