"""Measures a straightforward Python detector on the same packs and photos as `saysee bench`, and prints JSON.

    python peer.py --packs assets/packs --photos assets/photos --find "cat, dog" [--size 416] [--threads 2]
                   [--workers 1] [--repeat 10] [--default-options] [--coco-results FILE]
"""

import argparse
import concurrent.futures
import contextlib
import json
import pathlib
import statistics
import time

import cv2
import numpy as np
import onnxruntime as ort
from pycocotools import mask as coco_mask

import starter

SESSIONS = ("trunk", "regions", "masks")


class Clock:
    """Seconds spent in each named stage of one photo."""

    def __init__(self):
        self.seconds = {}

    @contextlib.contextmanager
    def stage(self, name):
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def label(detector, vectors, path, args):
    """One photo from its file to COCO results (category ids from 1, in the order of the words), and its stages' seconds."""
    clock, results = Clock(), []
    with clock.stage("decode"):
        photo = cv2.imread(str(path), cv2.IMREAD_COLOR)  # upright by its EXIF orientation
    if photo is None:
        raise SystemExit(f"{path}: not a picture that OpenCV reads")
    h, w = photo.shape[:2]
    with clock.stage("prepare"):
        tensor, scale, _, _ = detector.prepare(photo, args.size)
    with clock.stage("trunk"):
        features = detector.trunk(tensor)
    with clock.stage("regions"):
        found = detector.regions(features)
    with clock.stage("select"):
        boxes = (found["boxes"] / scale).clip(0, [w, h, w, h])
        scores = starter.score_regions(found["region_embeds"], starter.weigh(found, detector.rule), vectors, detector.rule)
        kept = starter.select(boxes, scores, args.score, args.nms, args.max)
    if not kept:
        return results, clock.seconds
    with clock.stage("masks"):
        probs = detector.masks(features, found["boxes"][[r for r, _ in kept]])
    with clock.stage("paste"):
        for (region, c), grid in zip(kept, probs):
            x0, y0, x1, y1 = boxes[region]
            rle = coco_mask.encode(starter.paste(grid, found["boxes"][region] / scale, w, h))
            rle["counts"] = rle["counts"].decode()
            bbox = [round(float(v), 2) for v in (x0, y0, x1 - x0, y1 - y0)]
            results.append({"category_id": c + 1, "bbox": bbox, "score": float(scores[region, c]), "segmentation": rle})
    return results, clock.seconds


def spread(seconds):
    """Median and 95th percentile in milliseconds."""
    ms = [1000 * s for s in seconds]
    return {"median": round(statistics.median(ms), 3), "p95": round(float(np.percentile(ms, 95)), 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packs", required=True, help="the folder that holds the packs")
    parser.add_argument("--pack", default="vild-starter", help="the pack's folder in it")
    parser.add_argument("--photos", required=True, help="a folder of photos, or one photo")
    parser.add_argument("--find", required=True, help="words, separated by commas")
    parser.add_argument("--size", type=int, help="side of the canvas in pixels (default: the pack's)")
    parser.add_argument("--threads", type=int, default=2, help="threads of each session")
    parser.add_argument("--workers", type=int, default=1, help="photos at the same time")
    parser.add_argument("--repeat", type=int, default=1, help="times to go through the photos")
    parser.add_argument("--score", type=float, default=0.25)
    parser.add_argument("--nms", type=float, default=0.6)
    parser.add_argument("--max", type=int, default=100)
    parser.add_argument("--default-options", action="store_true", help="the sessions as onnxruntime makes them")
    parser.add_argument("--coco-results", help="write the results of the first round to this file")
    args = parser.parse_args()

    root = pathlib.Path(args.photos)
    paths = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise SystemExit(f"{root}: no photos")
    words = [w.strip() for w in args.find.split(",") if w.strip()]
    if args.workers > 1:
        cv2.setNumThreads(1)  # the cores are the workers' already
    options = starter.session_options(args.threads, tuned=not args.default_options)
    pack = starter.Pack(pathlib.Path(args.packs) / args.pack)
    args.size = args.size or pack.manifest["image"]["size"]

    start = time.perf_counter()
    detector, encoder = starter.Detector(pack, options), starter.Words(pack, options)
    loaded = time.perf_counter()
    vectors = np.stack([encoder.vector(w) for w in words]).astype(np.float32)
    encoded = time.perf_counter()

    label(detector, vectors, paths[0], args)  # warms up

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        done = list(pool.map(lambda path: label(detector, vectors, path, args), paths * args.repeat))
    took = time.perf_counter() - began
    if args.coco_results:
        first_round = enumerate(done[: len(paths)], 1)
        results = [{"image_id": i, **r} for i, (found, _) in first_round for r in found]
        pathlib.Path(args.coco_results).write_text(json.dumps(results), encoding="utf-8")

    photos = [seconds for _, seconds in done]
    whole = [sum(p.values()) for p in photos]
    bare = [sum(p.get(s, 0) for s in SESSIONS) for p in photos]
    stages = dict.fromkeys(s for p in photos for s in p)
    print(json.dumps({
        "program": "python",
        "versions": {"onnxruntime": ort.__version__, "opencv": cv2.__version__, "numpy": np.__version__},
        "options": "default" if args.default_options else {"intra_op_threads": args.threads, "spinning": False},
        "workers": args.workers,
        "size": args.size,
        "words": len(words),
        "photos": len(photos),
        "regions": sum(len(found) for found, _ in done),
        "load_ms": round(1000 * (loaded - start), 1),
        "word_ms": round(1000 * (encoded - loaded) / len(words), 3),
        "photos_per_second": round(len(photos) / took, 2),
        "end_to_end_ms": spread(whole),
        "sessions_ms": spread(bare),
        "ratio": round(sum(whole) / sum(bare), 4),
        "stages_ms": {s: spread([p[s] for p in photos if s in p]) for s in stages},
    }, indent=2))


if __name__ == "__main__":
    main()
