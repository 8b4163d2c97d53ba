package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// LibraryEnv names the environment variable that points at the ONNX Runtime library.
const LibraryEnv = "SAYSEE_ONNXRUNTIME"

// minRuntime is the oldest ONNX Runtime that Saysee was measured with, as 1.minor.
const minRuntime = 27

// ErrRuntime marks a missing or unusable ONNX Runtime library. Its message is a sentence for people.
var ErrRuntime = errors.New("ONNX Runtime is not usable")

var loaded struct {
	sync.Mutex
	path string
}

// LoadRuntime loads the ONNX Runtime library, once for the whole process. An empty path searches: the
// environment variable, beside the executable, ../lib and ../.cache/onnxruntime/lib of it, the user's
// data folder, and at last what the system's loader finds. Later calls do nothing.
//
// The library stays loaded until the process ends: unloading it is not safe in every build.
func LoadRuntime(path string) error {
	loaded.Lock()
	defer loaded.Unlock()
	if ort.IsInitialized() {
		return nil
	}
	path, err := findLibrary(path)
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return loadError(path, err)
	}
	if v := ort.GetVersion(); minor(v) < minRuntime {
		return fmt.Errorf("%w: %s is version %s, Saysee needs 1.%d or newer; %s", ErrRuntime, path, v, minRuntime, remedy)
	}
	loaded.path = path
	return shareArena()
}

// shareArena gives all sessions one memory to work in: they run in turn, and what one of a pack's graphs is done
// with serves the next.
func shareArena() error {
	info, err := ort.GetMemoryInfo()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRuntime, plain(err))
	}
	cfg, err := ort.NewArenaCfg(0, -1, -1, -1) // the runtime's usual sizes
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRuntime, plain(err))
	}
	defer cfg.Destroy()
	if err := ort.CreateAndRegisterAllocator(info, cfg); err != nil {
		return fmt.Errorf("%w: %w", ErrRuntime, plain(err))
	}
	return nil
}

// RuntimeVersion returns the loaded library's version and path, both empty before LoadRuntime.
func RuntimeVersion() (version, path string) {
	loaded.Lock()
	defer loaded.Unlock()
	if !ort.IsInitialized() {
		return "", ""
	}
	return ort.GetVersion(), loaded.path
}

const remedy = "run `make setup`, or name a library with --onnxruntime or " + LibraryEnv

func findLibrary(path string) (string, error) {
	for _, given := range []struct{ path, by string }{{path, "--onnxruntime"}, {os.Getenv(LibraryEnv), LibraryEnv}} {
		if given.path == "" {
			continue
		}
		info, err := os.Stat(given.path)
		switch {
		case err != nil:
			return "", fmt.Errorf("%w: %s names %s, which cannot be read (%w)", ErrRuntime, given.by, given.path, errors.Unwrap(err))
		case info.IsDir():
			return libraryIn(given.path, given.by)
		}
		return given.path, nil
	}
	for _, dir := range libraryFolders() {
		if p, err := libraryIn(dir, ""); err == nil {
			return p, nil
		}
	}
	return libraryNames()[0], nil // what the system's loader finds
}

func libraryIn(dir, by string) (string, error) {
	for _, name := range libraryNames() {
		p := filepath.Join(dir, name)
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: %s names the folder %s, which holds no %s", ErrRuntime, by, dir, libraryNames()[0])
}

func libraryFolders() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		dirs = append(dirs, dir, filepath.Join(dir, "..", "lib"), filepath.Join(dir, "..", ".cache", "onnxruntime", "lib"))
	}
	if dir, err := UserFolder(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "lib"))
	}
	return dirs
}

func libraryNames() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{"onnxruntime.dll"}
	case "darwin":
		return []string{"libonnxruntime.dylib"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

func loadError(path string, err error) error {
	text := plain(err).Error()
	if strings.Contains(text, "API base") {
		return fmt.Errorf("%w: %s is too old, Saysee needs 1.%d or newer; %s", ErrRuntime, path, minRuntime, remedy)
	}
	if !filepath.IsAbs(path) && !strings.ContainsRune(path, filepath.Separator) {
		return fmt.Errorf("%w: no library was found; %s", ErrRuntime, remedy)
	}
	return fmt.Errorf("%w: %s cannot be loaded (%s); %s", ErrRuntime, path, text, remedy)
}

func minor(version string) int {
	parts := strings.Split(version, ".")
	if len(parts) < 2 || parts[0] != "1" {
		return 0
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0
	}
	return n
}

var sourcePath = regexp.MustCompile(`/\S*onnxruntime\S*\.(cc|h):\d+ ?`)

// plain keeps what a person can use of a runtime error: its first line, without source paths.
func plain(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(strings.TrimSpace(sourcePath.ReplaceAllString(text, "")))
}
