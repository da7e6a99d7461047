package fleet_test

import (
	"os"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/waiting"
)

func TestMain(m *testing.M) { os.Exit(waiting.Tests{M: m}.Run()) }
