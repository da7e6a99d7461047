package draft

import "testing"

func TestReplaceInASlot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw, text, want string
		ok              bool
	}{
		"every occurrence":           {"a-b-a", "a", "${x}-b-${x}", true},
		"nothing to replace":         {"a-b", "c", "a-b", false},
		"a $ before it":              {"costs $42", "42", "costs $42", false},
		"a text that looks like one": {"${y} a", "a", "$${y} ${x}", true},
	} {
		s := NewSlot(InBody, "", tt.raw, tt.raw)
		if ok := s.Replace(tt.text, Variable("x")); ok != tt.ok || s.Text() != tt.want {
			t.Errorf("%s: Replace() = %t, %s, want %t, %s", name, ok, s.Text(), tt.ok, tt.want)
		}
	}
}
