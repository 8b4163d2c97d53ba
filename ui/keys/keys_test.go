package keys_test

import (
	"slices"
	"testing"

	"github.com/saysee/saysee/ui/keys"
)

var commands = []keys.Command{
	{ID: "box", Keys: []string{"R", "Ctrl+R"}},
	{ID: "next", Keys: []string{"D"}},
	{ID: "hide", Keys: []string{"W"}},
	{ID: "done"},
}

func TestScheme(t *testing.T) {
	for name, c := range map[string]struct {
		scheme keys.Scheme
		key    string
		want   string
	}{
		"should know the usual keys":                          {keys.Scheme{}, "Ctrl+R", "box"},
		"should let a preset add keys":                        {keys.Scheme{Preset: keys.LabelImg}, "Space", "done"},
		"should let a preset take a usual key from another":   {keys.Scheme{Preset: keys.LabelImg}, "W", "box"},
		"should put a person's choice before the preset":      {keys.Scheme{Preset: keys.LabelImg, Own: map[string][]string{"hide": {"W"}}}, "W", "hide"},
		"should leave a command without keys":                 {keys.Scheme{Own: map[string][]string{"next": {}}}, "D", ""},
		"should not know the usual keys of what was changed":  {keys.Scheme{Own: map[string][]string{"box": {"B"}}}, "R", ""},
		"should give a usual key that became free to another": {keys.Scheme{Own: map[string][]string{"box": {"B"}, "next": {"R"}}}, "R", "next"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.scheme.Resolve(commands).Does(c.key); got != c.want {
				t.Errorf("%s is %q, want %q", c.key, got, c.want)
			}
		})
	}
	t.Run("should say which key a command has lost, and to whom", func(t *testing.T) {
		lost := keys.Scheme{Preset: keys.LabelImg}.Resolve(commands).Lost("hide")
		if !slices.Equal(lost, []keys.Loss{{Key: "W", To: "box"}}) {
			t.Errorf("lost %v", lost)
		}
	})
}

func TestWith(t *testing.T) {
	s := keys.Scheme{}.With(commands, "next", "Ctrl+R", "D")
	table := s.Resolve(commands)
	if table.Does("Ctrl+R") != "next" || !slices.Equal(table.Keys("box"), []string{"R"}) {
		t.Errorf("next %v, box %v", table.Keys("next"), table.Keys("box"))
	}
	if len(table.Lost("box")) != 0 {
		t.Error("what was taken on purpose is told of as a conflict")
	}
	table = s.Without("next").Without("box").Resolve(commands)
	if table.Does("Ctrl+R") != "box" {
		t.Error("it does not come back")
	}
}

func TestDecode(t *testing.T) {
	t.Run("should read what was written", func(t *testing.T) {
		s := keys.Scheme{Preset: keys.Labelme}.With(commands, "done", "Shift+K")
		again, err := keys.Decode(s.Preset, s.Encode())
		if err != nil || again.Resolve(commands).Does("Shift+K") != "done" || again.Preset != keys.Labelme {
			t.Errorf("%v, %v", again, err)
		}
	})
	for name, c := range map[string][2]string{
		"should pass over a preset that is not known": {"emacs", ""},
		"should pass over what is no JSON":            {"", "{"},
		"should pass over keys of the window":         {"", `{"box": ["Esc", "B"]}`},
		"should pass over a key without a name":       {"", `{"box": [""]}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := keys.Decode(c[0], c[1])
			if err == nil {
				t.Error("no error")
			}
			if table := s.Resolve(commands); table.Does("Esc") != "" || table.Does("") != "" || table.Does("D") != "next" {
				t.Errorf("%v", s)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("labelme", `{"box": ["Ctrl+B", ""], "next": null}`)
	f.Fuzz(func(t *testing.T, preset, own string) {
		s, _ := keys.Decode(preset, own)
		table := s.Resolve(commands)
		for _, c := range commands {
			for _, k := range table.Keys(c.ID) {
				if table.Does(k) != c.ID {
					t.Errorf("%s of %s does %q", k, c.ID, table.Does(k))
				}
			}
		}
	})
}
