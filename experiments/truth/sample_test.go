//go:build !race

package truth

const oneIn = 1
