package kit

import "testing"

func TestKeysAreAsKeyboardsHaveThem(t *testing.T) {
	for key, want := range map[string]string{
		"D": "D", "Right": "→", "Ctrl+Left": "Ctrl+←", "PageUp": "PageUp", "Ctrl++": "Ctrl++", "+": "+", "": "",
	} {
		if got := printed(key); got != want {
			t.Errorf("%q is drawn as %q, want %q", key, got, want)
		}
	}
}
