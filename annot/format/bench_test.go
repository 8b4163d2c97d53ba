package format_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// benchPhotos is the number of photos of the generated dataset: 2,000, or SAYSEE_BENCH_PHOTOS.
func benchPhotos() int {
	if n, err := strconv.Atoi(os.Getenv("SAYSEE_BENCH_PHOTOS")); err == nil && n > 0 {
		return n
	}
	return 2000
}

// generated streams photos like COCO's own: seven regions each, half boxes, half outlines of 8 to 40 corners.
func generated(n int) *format.Dataset {
	var names []string
	for i := range 80 {
		names = append(names, fmt.Sprintf("class %d", i))
	}
	ds := format.FromPhotos(annot.NamedClasses(names...), nil)
	ds.Len = n
	ds.Photos = func(yield func(format.Photo, error) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			p := format.Photo{File: fmt.Sprintf("train/%012d.jpg", i), Width: 640, Height: 480}
			for k := range 7 {
				b := randomBox(rng, 640, 480)
				for _, v := range []*float64{&b.X0, &b.Y0, &b.X1, &b.Y1} {
					*v = float64(int(*v*100)) / 100 // two decimals, as in COCO's files
				}
				r := annot.Region{Class: rng.IntN(80), Box: b, Source: annot.Source{Maker: annot.ByFile}}
				if k%2 == 0 {
					ring := randomRing(rng, b, 4+rng.IntN(17))
					for i := range ring {
						ring[i] = annot.Point{X: float64(int(ring[i].X*100)) / 100, Y: float64(int(ring[i].Y*100)) / 100}
					}
					r.Shape = annot.Polygon{{Outer: ring}}
					r.Box = r.Shape.Bounds()
				}
				p.Regions = append(p.Regions, r)
			}
			if !yield(p, nil) {
				return
			}
		}
	}
	return ds
}

func reportMemory(b *testing.B) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MB-from-OS")
}

func BenchmarkCOCO(b *testing.B) {
	n := benchPhotos()
	at := filepath.Join(b.TempDir(), "a.json")
	save(b, "coco", at, generated(n), format.WriteOptions{})
	info, err := os.Stat(at)
	if err != nil {
		b.Fatal(err)
	}
	read := func(b *testing.B) *format.Dataset {
		ds, err := lookup(b, "coco").Read(at, format.ReadOptions{})
		if err != nil {
			b.Fatal(err)
		}
		return ds
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			photos, regions := 0, 0
			for p, err := range read(b).Photos {
				if err != nil {
					b.Fatal(err)
				}
				photos++
				regions += len(p.Regions)
			}
			if photos != n || regions != 7*n {
				b.Fatalf("%d photos, %d regions", photos, regions)
			}
		}
		reportMemory(b)
	})
	b.Run("write", func(b *testing.B) {
		ds := read(b)
		photos, err := ds.Collect()
		if err != nil {
			b.Fatal(err)
		}
		mem := format.FromPhotos(ds.Classes, photos)
		b.SetBytes(info.Size())
		for b.Loop() {
			save(b, "coco", filepath.Join(b.TempDir(), "b.json"), mem, format.WriteOptions{})
		}
		reportMemory(b)
	})
	b.Run("read and write", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			save(b, "coco", filepath.Join(b.TempDir(), "b.json"), read(b), format.WriteOptions{})
		}
		reportMemory(b)
	})
}
