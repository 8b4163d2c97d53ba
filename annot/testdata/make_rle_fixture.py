"""Writes rle_fixture.json: what pycocotools answers about masks and polygons, for the Go tests.

Run with pycocotools==2.0.11 and numpy==2.4.6:
    python make_rle_fixture.py
"""

import json
import pathlib
import random

import numpy as np
from pycocotools import mask as coco

rng = random.Random(20260101)


def text(rle):
    return rle["counts"].decode()


def random_ring(w, h):
    kind = rng.randrange(6)
    n = rng.choice([3, 4, 5, 8, 20])
    if kind == 0:  # within the photo, whole numbers
        return [float(rng.randrange(v + 1)) for _ in range(n) for v in (w, h)]
    if kind == 1:  # beyond its sides
        return [rng.uniform(-v, 2 * v) for _ in range(n) for v in (w, h)]
    if kind == 2:  # tiny
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        return [c + rng.uniform(-1, 1) for _ in range(n) for c in (x, y)]
    if kind == 3:  # a box on halves and tenths
        x0, x1 = sorted(rng.randrange(10 * w) / 10 for _ in range(2))
        y0, y1 = sorted(rng.randrange(10 * h) / 10 for _ in range(2))
        return [x0, y0, x1, y0, x1, y1, x0, y1]
    if kind == 4:  # with points that repeat
        ring = [rng.uniform(0, v) for _ in range(n) for v in (w, h)]
        return ring + ring[-2:] + ring[:2]
    return [rng.uniform(0, v) for _ in range(n) for v in (w, h)]


def polygons():
    out = []
    for _ in range(150):
        w, h = rng.choice([(1, 1), (7, 5), (16, 16), (31, 64), (100, 80)])
        rings = [[round(c, 3) for c in random_ring(w, h)] for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        # pycocotools takes a list of four numbers for a box; none of the rings is that short.
        rle = coco.merge(coco.frPyObjects(rings, h, w))
        out.append({"w": w, "h": h, "rings": rings, "rle": text(rle), "area": int(coco.area(rle))})
    return out


def groups():
    out = []
    for w, h in [(1, 1), (5, 3), (12, 9), (40, 30)]:
        masks = [np.zeros((h, w), np.uint8), np.ones((h, w), np.uint8)]
        for density in (0.1, 0.5, 0.9):
            masks.append(np.array([[rng.random() < density for _ in range(w)] for _ in range(h)], np.uint8))
        blob = np.zeros((h, w), np.uint8)
        blob[h // 3 :, w // 4 : w // 4 * 3 + 1] = 1
        masks.append(blob)
        rles = [coco.encode(np.asfortranarray(m)) for m in masks]
        pairs = [(i, j) for i in range(len(rles)) for j in range(len(rles))]
        out.append(
            {
                "w": w,
                "h": h,
                "rows": ["".join(map(str, m.ravel())) for m in masks],
                "rles": [text(r) for r in rles],
                "areas": [int(coco.area(r)) for r in rles],
                "boxes": [coco.toBbox(r).tolist() for r in rles],
                "iou": coco.iou(rles, rles, [0] * len(rles)).tolist(),
                "crowd": coco.iou(rles, rles, [1] * len(rles)).tolist(),
                "union": [text(coco.merge([rles[i], rles[j]])) for i, j in pairs],
                "intersection": [text(coco.merge([rles[i], rles[j]], intersect=True)) for i, j in pairs],
            }
        )
    return out


path = pathlib.Path(__file__).with_name("rle_fixture.json")
path.write_text(json.dumps({"polygons": polygons(), "groups": groups()}, separators=(",", ":")) + "\n")
