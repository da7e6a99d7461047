package compare

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		base, head string
		want       Names
		wrong      bool
	}{
		{"", "", StandardNames(), false},
		{"naive", "hardened", Names{"naive", "hardened"}, false},
		{" v2.18 ", "", Names{"v2.18", "head"}, false},
		{"head", "", Names{}, true},
		{"a", "a", Names{}, true},
		{"  ", "b", Names{}, true},
		{"a\nb", "", Names{}, true},
		{"a\x1b[2Jb", "", Names{}, true},
		{strings.Repeat("x", 31), "", Names{}, true},
		{strings.Repeat("é", 30), "", Names{strings.Repeat("é", 30), "head"}, false},
	} {
		got, err := NewNames(tt.base, tt.head)
		if (err != nil) != tt.wrong || err == nil && got != tt.want {
			t.Errorf("NewNames(%q, %q) = %v, %v", tt.base, tt.head, got, err)
		}
	}
	if c := Runs(nil, nil, DefaultMargin); c.Names != nil || c.Called() != StandardNames() {
		t.Errorf("without names: %v", c.Names)
	}
}
