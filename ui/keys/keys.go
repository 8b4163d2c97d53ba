// Package keys decides which key does what: the usual keys, presets that do as other tools do, and what a person
// has changed. It knows nothing of windows; a key is written as people read it, "Ctrl+Shift+Z", "D", "Delete".
package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Command is something that can have keys.
type Command struct {
	ID   string
	Keys []string // the usual ones
}

// Scheme is a person's choice: a preset, and what they have changed in it. The zero value is the usual keys.
type Scheme struct {
	Preset string
	// Own holds, by command, the keys that a person gave it; an empty list for none at all.
	Own map[string][]string
}

// Table is which key does what. No key does two things.
type Table struct {
	keys map[string][]string
	does map[string]string
	lost map[string][]Loss
}

// Loss is a key that a command would usually have, and the command that has it instead.
type Loss struct{ Key, To string }

// Keys returns a command's keys, the first of which is shown beside it.
func (t Table) Keys(id string) []string { return t.keys[id] }

// Does returns the command that a key stands for, empty for none.
func (t Table) Does(key string) string { return t.does[key] }

// Lost returns the keys that a command has lost to others.
func (t Table) Lost(id string) []Loss { return t.lost[id] }

// Resolve gives every key to one command: what a person has set comes before the preset, and that before the
// usual; among equals the first command of the list.
func (s Scheme) Resolve(commands []Command) Table {
	t := Table{keys: map[string][]string{}, does: map[string]string{}, lost: map[string][]Loss{}}
	preset := presets[s.Preset].keys
	for _, round := range []func(Command) ([]string, bool){
		func(c Command) ([]string, bool) { k, ok := s.Own[c.ID]; return k, ok },
		func(c Command) ([]string, bool) { k, ok := preset[c.ID]; return k, ok && !s.owns(c.ID) },
		func(c Command) ([]string, bool) {
			_, taken := preset[c.ID]
			return c.Keys, !taken && !s.owns(c.ID)
		},
	} {
		for _, c := range commands {
			if keys, ok := round(c); ok {
				t.give(c.ID, keys)
			}
		}
	}
	return t
}

func (s Scheme) owns(id string) bool { _, ok := s.Own[id]; return ok }

func (t Table) give(id string, keys []string) {
	for _, k := range keys {
		if other, taken := t.does[k]; taken {
			if other != id {
				t.lost[id] = append(t.lost[id], Loss{k, other})
			}
			continue
		}
		t.does[k] = id
		t.keys[id] = append(t.keys[id], k)
	}
}

// With returns the scheme with other keys for a command. Keys that other commands have are taken from them.
func (s Scheme) With(commands []Command, id string, list ...string) Scheme {
	before := s.Resolve(commands)
	own := make(map[string][]string, len(s.Own)+1)
	for k, v := range s.Own {
		own[k] = v
	}
	for _, k := range list {
		if other := before.Does(k); other != "" && other != id {
			own[other] = slices.DeleteFunc(slices.Clone(own[other]), func(o string) bool { return o == k })
			if _, set := s.Own[other]; !set {
				own[other] = slices.DeleteFunc(slices.Clone(before.Keys(other)), func(o string) bool { return o == k })
			}
		}
	}
	own[id] = slices.Clone(list)
	return Scheme{s.Preset, own}
}

// Without returns the scheme with a command's keys as the preset has them.
func (s Scheme) Without(id string) Scheme {
	own := make(map[string][]string, len(s.Own))
	for k, v := range s.Own {
		if k != id {
			own[k] = v
		}
	}
	return Scheme{s.Preset, own}
}

// Encode writes what a person has changed, for a place where settings are kept.
func (s Scheme) Encode() string {
	data, err := json.Marshal(s.Own)
	if err != nil || len(s.Own) == 0 {
		return ""
	}
	return string(data)
}

// Decode reads what Encode wrote. What makes no sense is left out, and told of in the error.
func Decode(preset, own string) (Scheme, error) {
	s := Scheme{Preset: preset}
	var errs []error
	if _, known := presets[preset]; !known {
		s.Preset = ""
		errs = append(errs, fmt.Errorf("keys: no preset %q", preset))
	}
	if own == "" {
		return s, errors.Join(errs...)
	}
	if err := json.Unmarshal([]byte(own), &s.Own); err != nil {
		return Scheme{Preset: s.Preset}, errors.Join(append(errs, fmt.Errorf("keys: %w", err))...)
	}
	for id, list := range s.Own {
		s.Own[id] = slices.DeleteFunc(list, func(k string) bool {
			err := Check(k)
			errs = append(errs, err)
			return err != nil
		})
	}
	return s, errors.Join(errs...)
}

// ErrKey is the cause of errors about keys that no command can have.
var ErrKey = errors.New("no command can have this key")

// fixed are the keys that the window needs for itself: out of everything, between the things of a list, and for moving a
// region by hand.
var fixed = map[string]bool{
	"Esc": true, "Up": true, "Down": true,
	"Shift+Left": true, "Shift+Right": true, "Shift+Up": true, "Shift+Down": true,
}

// Check reports whether a command can have a key.
func Check(key string) error {
	parts := strings.Split(key, "+")
	last := parts[len(parts)-1]
	switch {
	case key == "" || last == "" && key != "+" && !strings.HasSuffix(key, "++"):
		return fmt.Errorf("%w: %q", ErrKey, key)
	case fixed[key]:
		return fmt.Errorf("%w: %s", ErrKey, key)
	}
	return nil
}
