package theme_test

import (
	"testing"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

func TestFaceFor(t *testing.T) {
	t.Run("should find a bundled face for every sentence of the window", func(t *testing.T) {
		for english, chinese := range tr.Known() {
			if theme.FaceFor(english, false) != theme.Regular || theme.FaceFor(english, true) != theme.SemiBold {
				t.Errorf("%q is not set in Inter", english)
			}
			if theme.IsChinese(chinese) && theme.FaceFor(chinese, false) != theme.Chinese {
				t.Errorf("%q has characters that the bundled face lacks", chinese)
			}
		}
	})
	for text, want := range map[string]fyne.Resource{
		"IMG_4095.jpg 已跳过：14 kB": theme.Chinese, "Žluťoučký": theme.Regular, "丄": nil, "한국어": nil,
	} {
		if got := theme.FaceFor(text, false); got != want {
			t.Errorf("%q is set in %v", text, got)
		}
	}
}
