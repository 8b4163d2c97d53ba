package model

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func FuzzParseGraph(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x3a, 0x02, 0x5a, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		if g, err := parseGraph(data); err == nil && len(g.Outputs) == 0 {
			t.Error("a graph without outputs was accepted")
		}
	})
}

func TestVersionsBelowTheMinimumAreRecognised(t *testing.T) {
	for v, want := range map[string]int{"1.27.0": 27, "1.9.1": 9, "2.0.0": 0, "": 0, "1.x": 0} {
		if got := minor(v); got != want {
			t.Errorf("minor(%q) = %d, want %d", v, got, want)
		}
	}
}

func TestAMissingLibraryIsOneSentenceWithARemedy(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none.so"), dir} {
		_, err := findLibrary(path)
		if !errors.Is(err, ErrRuntime) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, err := range []error{
		loadError("libonnxruntime.so.1", errors.New("dlopen failed")),
		loadError(filepath.Join(dir, "x.so"), errors.New("dlopen failed: wrong ELF class\nmore")),
		loadError("libonnxruntime.so.1", errors.New("Error setting ORT API base: 2")),
	} {
		if !errors.Is(err, ErrRuntime) || !strings.Contains(err.Error(), remedy) || strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
	}
}

func TestTheLibraryIsFoundInAFolderThatTheEnvironmentNames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(LibraryEnv, dir)
	if _, err := findLibrary(""); !errors.Is(err, ErrRuntime) {
		t.Errorf("an empty folder: %v", err)
	}
	want := filepath.Join(dir, libraryNames()[0])
	if err := os.WriteFile(want, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := findLibrary(""); got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestRuntimeErrorsLoseSourcePaths(t *testing.T) {
	err := plain(errors.New("/onnxruntime_src/onnxruntime/core/framework/execution_frame.cc:112 bad shape\nstack"))
	if err.Error() != "bad shape" {
		t.Errorf("got %q", err)
	}
}

func TestAnInputWithADefaultIsReadWhereAFileOffersIt(t *testing.T) {
	need := Graph{Inputs: []Port{{"boxes", Float32, 2}}, Optional: []Port{{"most", Int64, 1}, {"least", Float32, 1}}}
	for name, c := range map[string]struct {
		offered []Port
		want    string
	}{
		"should be left out where it is not offered": {nil, `"boxes"`},
		"should stand behind the others":             {[]Port{{"weight", Float32, 4}, {"most", Int64, 1}}, `"boxes", "most"`},
	} {
		t.Run(name, func(t *testing.T) {
			has := Graph{Inputs: need.Inputs, Optional: c.offered}
			got, _ := need.on(has)
			if names(got.Inputs) != c.want {
				t.Errorf("it reads %s, want %s", names(got.Inputs), c.want)
			}
			if err := got.check(has); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnOutputThatNotEveryFileMakesIsTakenWhereItIs(t *testing.T) {
	need := TextEncoder()
	for want, has := range map[string][]Port{
		`"text_embeds"`:                    {{"lang_hidden", Float32, 3}, {TextEmbeds, Float32, 2}},
		`"text_embeds", "raw_text_embeds"`: {{RawTextEmbeds, Float32, 2}, {TextEmbeds, Float32, 2}},
	} {
		if got, _ := need.on(Graph{Inputs: need.Inputs, Outputs: has}); names(got.Outputs) != want {
			t.Errorf("of %s it makes %s, want %s", names(has), names(got.Outputs), want)
		}
	}
	if len(need.Outputs) != 1 {
		t.Error("what the family needs has changed")
	}
}

func TestAHeadReadsTheLevelsThatItsFileNames(t *testing.T) {
	need := Graph{Head: true, Inputs: []Port{{"boxes", Float32, 2}}}
	has := Graph{Inputs: []Port{{"boxes", Float32, 2}, {"p5", Float32, 4}, {"f4", Float32, 4}, {"other", Float32, 4}}}
	got, levels := need.on(has)
	if names(got.Inputs) != `"f4", "p5", "boxes"` || !slices.Equal(levels, []int{0, 3}) {
		t.Errorf("it reads %s, of the trunk %v", names(got.Inputs), levels)
	}
	if err := got.check(has); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("an input that the trunk does not make is taken: %v", err)
	}
	if len(need.Inputs) != 1 {
		t.Error("what the family needs has changed")
	}
}

func TestWhatNoOutputNeedsIsTrimmed(t *testing.T) {
	bytes := func(num protowire.Number, parts ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), slices.Concat(parts...))
	}
	name := func(num protowire.Number, s string) []byte { return bytes(num, []byte(s)) }
	node := func(in, out string, more ...[]byte) []byte {
		return bytes(graphNode, append(more, name(nodeInput, in), name(nodeOutput, out))...)
	}
	weight := func(s string) []byte { return bytes(graphInitializer, name(tensorName, s)) }
	port := func(num protowire.Number, s string) []byte { return bytes(num, name(valueName, s)) }
	file := func(parts ...[]byte) []byte { return bytes(modelGraph, parts...) }

	ports := slices.Concat(port(graphInput, "x"), port(graphInput, "most"), weight("most"))
	near := slices.Concat(node("x", "a"), weight("w"), node("w", "b", name(nodeInput, "a")), port(graphOutput, "b"))
	far := slices.Concat(node("b", "c"), weight("v"), node("v", "d", name(nodeInput, "c")), port(graphOutput, "d"))
	loop := node("b", "e", bytes(nodeAttribute, bytes(attributeGraph)))
	need := Graph{Inputs: []Port{{"x", Float32, 4}}, Optional: []Port{{"most", Int64, 1}}, Outputs: []Port{{"b", Float32, 4}}}
	for sentence, c := range map[string]struct{ in, want []byte }{
		"should keep what the output needs and inputs' defaults": {file(ports, near, far), file(ports, near)},
		"should keep a file with graphs within nodes whole":      {file(ports, near, loop, far), file(ports, near, loop, far)},
	} {
		t.Run(sentence, func(t *testing.T) {
			has, err := parseGraph(c.in)
			if err != nil {
				t.Fatal(err)
			}
			wanted, _ := need.on(has)
			got, err := trim(c.in, wanted)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func FuzzTrim(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x3a, 0x06, 0x0a, 0x04, 0x12, 0x02, 'a', 'b'})
	f.Fuzz(func(t *testing.T, data []byte) {
		short, err := trim(data, Graph{Outputs: []Port{{Name: "ab"}}})
		if err == nil && len(short) > len(data) {
			t.Error("trimming made a file longer")
		}
	})
}
