package truth

import (
	"runtime/debug"
	"testing"
)

// A scene leaves some megabytes behind that nobody needs after it: collecting them less
// often saves a sixth of the processor's time, and costs some hundred megabytes.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
