// Package cleanup removes the faults of runs that did not end as they should: a
// watchdog process does so when the run is killed, and recovery afterwards, from the
// run's directory, from its server alone, or as an emergency stop.
//
// The watchdog, a recovery and a person with curl may all remove the same fault at the
// same time, so each step can be taken twice.
package cleanup

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Options say how to clean up. The zero value is usable: it knows no registry and
// writes nothing.
type Options struct {
	// Registry lists the user's open runs.
	Registry journal.Registry
	// Getenv reads the environment; nil means [os.LookupEnv].
	Getenv func(string) (string, bool)
	// Token says where the bearer token of the Toxiproxy API is, see
	// [toxiproxy.ReadToken]. Empty: where the run found it.
	Token string
	// Trust lets a run be cleaned up after that is not in the registry. Nil: its
	// directory may be anybody's, so it is only shown what a clean-up would do.
	Trust *Trust
	// Stop ends a run that is alive: its faults are removed, and it injects nothing
	// more.
	Stop bool
	// Recreate names a proxy of a stock Toxiproxy that is deleted and made again
	// first. All connections and toxics on it are lost.
	Recreate string
	// ServerEnded says that a server which refuses connections has ended, so that the
	// faults on it ended with it. Without it, a stock server may as well be out of reach.
	ServerEnded bool
	// KeepFiles says that the files of the run are right as they are. One that still is
	// what a fault made of it is put back all the same.
	KeepFiles bool
	// Log receives a line for everything that was found and done; nil discards it.
	Log io.Writer
}

// Trust bounds a clean-up after a run that only its directory tells about. Which hosts
// are reached and which secrets are sent is not for the directory to say.
type Trust struct {
	// System says which hosts may be reached, and which server to look at where the
	// directory does not say it. Nil: loopback and *.test.
	System *experiments.System
	// Experiments hold the reload requests that may be sent.
	Experiments []*experiments.Experiment
}

// LoadTrust loads a system file, with the experiments beside it, as what limits a
// clean-up. Without a file, only loopback and *.test may be reached.
func LoadTrust(file string, getenv func(string) (string, bool)) (*Trust, error) {
	if file == "" {
		return &Trust{}, nil
	}
	files, err := experiments.DefaultExperiments(file)
	if err != nil {
		return nil, err
	}
	system, list, err := experiments.Outside{Getenv: getenv}.Load(file, files)
	if err == nil {
		err = experiments.CheckAddresses(system, list...)
	}
	if err != nil {
		return nil, err
	}
	return &Trust{System: system, Experiments: list}, nil
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	o.Log = inert.NewWriter(o.Log) // lines hold what servers and journals say
	return o
}

// logf returns a function that logs lines about one subject, such as a run's
// directory or a server.
func (o Options) logf(subject string) func(format string, args ...any) {
	return func(format string, args ...any) {
		// A log that cannot be written must not stop a removal.
		_, _ = fmt.Fprintf(o.Log, "%s: %s\n", shown(subject), fmt.Sprintf(format, args...))
	}
}

// shown returns a text that came from elsewhere in a form that is safe to show on one
// line of a terminal.
func shown(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// A UsageError means that the options contradict the run or each other.
type UsageError = usage.Error

// Limits of time.
const (
	removalTimeout = 10 * time.Second // for all faults of a run together
	leaseTimeout   = 2 * time.Second  // for the end of its lease on the server
	listTimeout    = 2 * time.Second  // for the list of its proxies
	lookTimeout    = 3 * time.Second  // for the names of its Toxiproxies
	attemptTimeout = 3 * time.Second  // for a removal before a proxy is made anew instead
	endTimeout     = 2 * time.Second  // for the end of a run that is about to end
	stopTimeout    = removalTimeout + 5*time.Second
	leaseLapses    = 10 * time.Second                  // of a run that does not renew it
	lapseMargin    = time.Second                       // for its last renewal, which may have been on its way
	turnTimeout    = 2*removalTimeout + 2*leaseTimeout // for the watchdog's attempt, and one of ours after it

	retryEvery = time.Second     // between two attempts of a watchdog
	retryFor   = time.Minute     // of a watchdog whose server does not let go of a fault
	arrivesIn  = 2 * time.Second // a call to the server that takes longer is lost
)

// fleet makes the fleet of a server that a person named, or that a run used, or of all
// servers of a dns:// name. It dials any host: removing a fault is always allowed. The
// token is at the first source that is not empty.
func (o Options) fleet(url string, sources ...string) (*fleet.Fleet, error) {
	token, err := toxiproxy.ReadToken(cmp.Or(sources...), o.Getenv)
	return fleet.New(fleet.Options{System: &experiments.System{Toxiproxy: url}, Token: token, AnyHost: true}), err
}

// namedServer is how a person may name the Toxiproxies of a system: by the first that it
// has. See [namedServers].
func namedServer(s *experiments.System) string {
	if all := namedServers(s); len(all) > 0 {
		return all[0]
	}
	return ""
}

// namedServers are all the Toxiproxies of a system, without credentials, as its file names
// them.
func namedServers(s *experiments.System) (list []string) {
	for _, url := range s.Toxiproxies() {
		list = append(list, WithoutCredentials(url))
	}
	return list
}

// WithoutCredentials returns a URL without its user and password; empty where text
// is not a URL.
func WithoutCredentials(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}
