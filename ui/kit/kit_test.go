package kit_test

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
)

func use(t *testing.T, light bool) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(light))
}

func TestLook(t *testing.T) {
	for name, light := range map[string]bool{"dark": false, "light": true} {
		t.Run("should be as drawn, "+name, func(t *testing.T) {
			use(t, light)
			on := kit.NewIconButton("box", "", "", 32, 18, nil)
			on.SetOn(true)
			off := kit.NewIconButton("redo", "", "", 32, 16, nil)
			off.SetOff(true)
			histogram := kit.NewHistogram()
			histogram.Set([]int{0, 9, 16, 12, 7, 4, 2, 1, 1, 0, 2, 0, 1, 0, 0, 1}, 0.35)
			bar := kit.NewBar()
			bar.Set(0.53)
			row := kit.Line{Gap: 8, Left: 16, Right: 12, Height: 32}
			all := kit.Column{Gap: 4}.Stack(
				row.Row(kit.NewSwatch(color.NRGBA{0x33, 0x99, 0xff, 0xff}, false), kit.NewText("dog", kit.Style{}),
					kit.NewText("puppy", kit.Style{Size: theme.TextSmall, Color: theme.Muted}), kit.NewSpace(), kit.NewKeyCap("Ctrl+Z")),
				row.Row(kit.NewIconButton("eye", "", "", 32, 16, nil).Touch, on.Touch, off.Touch, kit.NewSpace(),
					kit.NewButton(kit.Primary, "", "Find", "Enter", nil)),
				row.Row(kit.NewButton(kit.Plain, "folder", "Open", "", nil), kit.NewButton(kit.Quiet, "", "Accept all", "", nil),
					kit.NewButton(kit.Grave, "", "Stop", "", nil)),
				kit.Pad(kit.NewSegments([]string{"All 5", "Done 2"}, 0, true, nil).Container, 0, 100, 0, 16),
				kit.Pad(histogram, 0, 16, 0, 16), kit.Pad(kit.NewSlider(0.35, true, nil), 0, 16, 0, 16),
				kit.Pad(bar, 0, 16, 0, 16),
			)
			w := test.NewTempWindow(t, container.NewStack(kit.Rect(theme.Background, "", 0), all))
			w.SetPadded(false)
			w.Resize(fyne.NewSize(280, 260))
			test.AssertRendersToImage(t, "kit-"+name+".png", w.Canvas())
		})
	}
}

func TestText(t *testing.T) {
	use(t, false)
	t.Run("should shrink with an ellipsis, and not below nothing", func(t *testing.T) {
		long := kit.NewText("a name that is far too long", kit.Style{}).Flexible()
		short := kit.NewText("0.58", kit.Style{})
		row := kit.Line{Gap: 8}.Row(long, short)
		row.Resize(fyne.NewSize(90, 32))
		if short.Position().X+short.Size().Width > 90.5 {
			t.Errorf("the score ends at %v", short.Position().X+short.Size().Width)
		}
		if long.Size().Width >= long.Width() || long.MinSize().Width != 0 {
			t.Errorf("the name is %v wide", long.Size().Width)
		}
	})
	t.Run("should stand left of a space, as wide as it needs", func(t *testing.T) {
		name, score := kit.NewText("cat", kit.Style{}).Flexible(), kit.NewText("0.58", kit.Style{})
		row := kit.Line{Gap: 8}.Row(name, kit.NewSpace(), score)
		row.Resize(fyne.NewSize(300, 32))
		if end := score.Position().X + score.Size().Width; end < 299 || end > 301 || name.Size().Width < name.Width() {
			t.Errorf("the score ends at %v, the name is %v wide", end, name.Size().Width)
		}
	})
}

func TestSlider(t *testing.T) {
	use(t, false)
	var got []float64
	s := kit.NewSlider(0.5, false, func(v float64) { got = append(got, v) })
	s.Resize(fyne.NewSize(114, 24))
	at := func(x float32) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 12)}}
	}
	t.Run("should go where it is pressed, within its ends", func(t *testing.T) {
		s.MouseDown(at(32))
		s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(500, 12)}})
		s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(-50, 12)}})
		if len(got) != 3 || got[0] != 0.25 || got[1] != 1 || got[2] != 0 {
			t.Errorf("values %v", got)
		}
	})
	t.Run("should not tell the same value twice", func(t *testing.T) {
		got = nil
		s.MouseDown(at(57))
		s.MouseDown(at(57))
		if len(got) != 1 {
			t.Errorf("values %v", got)
		}
	})
	t.Run("should do nothing when it is off", func(t *testing.T) {
		got = nil
		s.SetOff(true)
		s.MouseDown(at(100))
		if len(got) != 0 {
			t.Errorf("values %v", got)
		}
	})
}

func TestTouch(t *testing.T) {
	use(t, false)
	taps, doubles := 0, 0
	b := kit.NewTouch(kit.NewText("x", kit.Style{}), kit.Look{}, func() { taps++ })
	b.OnDouble = func() { doubles++ }
	t.Run("should tell one click, and two", func(t *testing.T) {
		test.Tap(b)
		if taps != 1 || doubles != 0 {
			t.Errorf("%d clicks, %d double", taps, doubles)
		}
		test.Tap(b)
		if taps != 2 || doubles != 1 {
			t.Errorf("%d clicks, %d double", taps, doubles)
		}
	})
	t.Run("should not react when it is off", func(t *testing.T) {
		b.SetOff(true)
		test.Tap(b)
		if taps != 2 {
			t.Errorf("%d clicks", taps)
		}
	})
}
