package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// StoreEnv names the environment variable that points at a folder of packs.
const StoreEnv = "SAYSEE_PACKS"

// ErrNoPack marks a pack that is in none of the places searched.
var ErrNoPack = errors.New("no such pack")

// UserFolder returns the folder for what a person adds to Saysee: packs and libraries. It need not exist.
func UserFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "saysee"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "share", "saysee"), nil
}

// Store finds packs by id in several folders; the first that has one wins.
type Store struct{ roots []root }

type root struct {
	name string
	fsys fs.FS
}

// NewStore searches, in this order: the folder dir when it is not empty, the folder in SAYSEE_PACKS, the
// user's own packs, and the bundled packs. A folder that was asked for and is missing is an error.
func NewStore(dir string, bundled fs.FS) (*Store, error) {
	s := &Store{}
	for _, asked := range []string{dir, os.Getenv(StoreEnv)} {
		if asked == "" {
			continue
		}
		if err := s.add(asked); err != nil {
			return nil, fmt.Errorf("packs folder: %w", err)
		}
	}
	if user, err := UserFolder(); err == nil {
		// Most people have none.
		_ = s.add(filepath.Join(user, "packs"))
	}
	s.roots = append(s.roots, root{"bundled", bundled})
	return s, nil
}

// add opens a folder so that no name and no link in it leads outside.
func (s *Store) add(dir string) error {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	s.roots = append(s.roots, root{dir, r.FS()})
	return nil
}

// Open finds a pack by its id, or opens the folder that ref names when it holds a path separator.
func (s *Store) Open(ref string) (*Pack, error) {
	if strings.ContainsAny(ref, `/\`) {
		r, err := os.OpenRoot(ref)
		if err != nil {
			return nil, fmt.Errorf("open pack: %w", err)
		}
		p, err := openPack(r.FS(), ".", ref)
		if err != nil {
			return nil, fmt.Errorf("open pack %s: %w", ref, err)
		}
		return p, nil
	}
	if !packID.MatchString(ref) {
		return nil, fmt.Errorf("%w: %q is not a pack's name", ErrNoPack, ref)
	}
	for _, r := range s.roots {
		p, err := openPack(r.fsys, ref, r.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open pack %s (%s): %w", ref, r.name, err)
		}
		if p.ID != ref {
			return nil, fmt.Errorf("open pack %s (%s): %w: its id is %q", ref, r.name, ErrManifest, p.ID)
		}
		return p, nil
	}
	return nil, fmt.Errorf("%w: %q (there are: %s)", ErrNoPack, ref, strings.Join(s.ids(), ", "))
}

// List opens every pack, in the order of search, without those that an earlier folder hides. Packs that
// cannot be read are reported in the error while the others are returned.
func (s *Store) List() ([]*Pack, error) {
	var packs []*Pack
	var errs []error
	for _, id := range s.ids() {
		p, err := s.Open(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		packs = append(packs, p)
	}
	return packs, errors.Join(errs...)
}

func (s *Store) ids() []string {
	var ids []string
	for _, r := range s.roots {
		entries, err := fs.ReadDir(r.fsys, ".")
		if err != nil {
			continue
		}
		for _, e := range entries {
			if _, err := fs.Stat(r.fsys, e.Name()+"/pack.json"); err == nil && !slices.Contains(ids, e.Name()) {
				ids = append(ids, e.Name())
			}
		}
	}
	return ids
}
