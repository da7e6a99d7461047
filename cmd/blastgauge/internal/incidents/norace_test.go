//go:build !race

package incidents

const slowed = 1
