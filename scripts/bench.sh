#!/usr/bin/env bash
# What `make bench` runs, after build and set-up: the stages of one photo, the Go benchmarks, and Saysee beside a Python
# peer on the same packs, photos and words. FIND, PHOTOS, TAGS and REPEAT come from the Makefile or the caller.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly repeat=${REPEAT:-20} out=out/bench python=.cache/venv/peer/bin/python
mkdir -p "$out"

echo "== Stages of one photo"
bin/saysee bench "$PHOTOS" --find "$FIND"

echo
echo "== Go benchmarks"
go test -run '^$' -bench . -benchmem -tags "$TAGS" ./... >"$out/go.txt" || { cat "$out/go.txt"; exit 1; }
grep -E '^(pkg:|Benchmark)' "$out/go.txt"

echo
echo "== Beside Python (onnxruntime, OpenCV), $repeat times through $PHOTOS"
bin/saysee bench "$PHOTOS" --find "$FIND" --repeat "$repeat" --json >"$out/saysee.json"
peer() { "$python" zoo/peer/peer.py --packs assets/packs --photos "$PHOTOS" --find "$FIND" --repeat "$repeat" "$@"; }
peer --threads "$(nproc)" >"$out/python-tuned.json"
peer --threads 1 --workers "$(nproc)" >"$out/python-workers.json"
peer --default-options >"$out/python-default.json"
"$python" zoo/peer/compare.py "Saysee=$out/saysee.json" "Python, tuned=$out/python-tuned.json" \
	"Python, a photo a core=$out/python-workers.json" "Python, defaults=$out/python-default.json"
