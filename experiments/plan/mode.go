package plan

// Does says what a dependency does in a failure mode, as in "payments hangs".
func (m FailureMode) Does() string {
	switch m {
	case Hang:
		return "hangs"
	case Refuse:
		return "refuses connections"
	case Slow:
		return "is slow"
	case Error:
		return "answers with errors"
	case ErrorAfter:
		return "does the work and answers with errors"
	case Reset:
		return "resets connections"
	}
	return "fails"
}
