package draft

import "testing"

func TestIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"AddToCart": "add-to-cart", "Übergröße 42": "bergr-e-42", "***": "", "a very long name that does not fit into an id": "a-very-long-name-that-does-not-fit-into"} {
		if got := Slug(text); got != want {
			t.Errorf("Slug(%s) = %s, want %s", text, got, want)
		}
	}
	taken := map[string]bool{}
	for _, want := range []string{"cart", "cart-2", "cart-3"} {
		if got := UniqueName("cart", "-", taken); got != want {
			t.Errorf("UniqueName() = %s, want %s", got, want)
		}
	}
}
