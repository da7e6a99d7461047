package jsonpath

// Bounds bound the memory and the time of work on a document that somebody else
// wrote. An error of theirs ends the work, which returns it.
type Bounds interface {
	// Hold is called before n more bytes are held.
	Hold(n int) error
	// Release is called when n bytes are no longer held.
	Release(n int)
	// Err says why the work must end; nil: it may go on. It is called every few
	// thousand steps.
	Err() error
}

// Unbounded is for documents of one's own.
type Unbounded struct{}

// Hold allows everything.
func (Unbounded) Hold(int) error { return nil }

// Release does nothing.
func (Unbounded) Release(int) {}

// Err allows everything.
func (Unbounded) Err() error { return nil }

// stepsPerLook is how many steps pass between two calls of Err: some tens of
// microseconds.
const stepsPerLook = 1024

// A pace asks the bounds now and then whether the work may go on.
type pace struct {
	bounds Bounds
	steps  int
}

func (p *pace) step() error {
	p.steps++
	if p.steps%stepsPerLook != 0 {
		return nil
	}
	return p.bounds.Err()
}
