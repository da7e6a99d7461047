//go:build !unix

package proxy

import "math"

// mostFiles returns how many files this process may open: this system sets no limit.
func mostFiles() uint64 { return math.MaxUint64 }
