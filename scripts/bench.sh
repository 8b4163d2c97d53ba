#!/usr/bin/env bash
# What `make bench` runs, after build and set-up: the stages of one photo, memory over many, the Go benchmarks, Saysee
# beside a Python peer on the same packs, photos and words, evaluation beside pycocotools, and a live run. FIND, SCORE,
# PHOTOS, TAGS and REPEAT come from the Makefile or the caller.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly repeat=${REPEAT:-60} score=${SCORE:-0.35} out=out/bench python=.cache/venv/peer/bin/python
mkdir -p "$out"
saysee() { bin/saysee bench "$PHOTOS" --find "$FIND" --score "$score" "$@"; }
peer() { "$python" zoo/peer/peer.py --packs assets/packs --photos "$PHOTOS" --find "$FIND" --score "$score" --repeat "$repeat" "$@"; }

echo "== Stages of one photo, and memory over 1,000 photos"
saysee --batch 1000

echo
echo "== Beside Python (onnxruntime, OpenCV), $repeat times through $PHOTOS"
cores=$(nproc)
photos=$(find "$PHOTOS" -name "*.jpg" | wc -l)
saysee --repeat 20 --batch "$((repeat * photos))" --json >"$out/saysee.json"
peer --threads "$cores" >"$out/python-tuned.json"
peer --threads 1 --workers "$cores" >"$out/python-workers.json"
peer --threads "$cores" --default-options >"$out/python-default.json"
"$python" zoo/peer/compare.py "Saysee=$out/saysee.json" "Python, tuned=$out/python-tuned.json" \
	"one photo a core=$out/python-workers.json" "Python, defaults=$out/python-default.json"

echo
echo "== Evaluation of 5,000 photos, 36,000 boxes, beside pycocotools"
go test -run '^$' -bench 'Evaluate$' ./eval | grep '^Benchmark'
"$python" -B eval/testdata/peer_pycocotools.py

echo
echo "== Go benchmarks"
go test -run '^$' -bench . -benchmem -tags "$TAGS" ./... >"$out/go.txt" || { cat "$out/go.txt"; exit 1; }
grep -E '^(pkg:|Benchmark)' "$out/go.txt"

echo
echo "== A live run of a minute: memory (MB) and open Mats"
SAYSEE_SOAK=60s go test -v -run '^TestSoak$' -tags "$TAGS matprofile" ./pipeline/live | grep -E 'soak_test|^ok|FAIL'
