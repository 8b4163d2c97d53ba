"""Writes cases.json and generated.json: pycocotools' numbers for small sets of hard cases, and for the generated set.

    pip install -r requirements.txt && python make_fixture.py

    python make_fixture.py --random 7 3     prints random sets of the seeds 7, 8 and 9 instead
"""

import json
import pathlib
import sys

import numpy as np
from pycocotools import mask as mask_api

import generated
import peer

HERE = pathlib.Path(__file__).parent
W, H = 160, 120


class Set:
    """A set under construction; predictions that carry a mask have no box, as segm results should."""

    def __init__(self, name, classes=3):
        self.name = name
        self.truth = {"info": {}, "images": [], "annotations": [],
                      "categories": [{"id": i + 1, "name": f"class {i}"} for i in range(classes)]}
        self.predictions = []

    def photo(self):
        self.truth["images"].append({"id": len(self.truth["images"]) + 1, "width": W, "height": H,
                                     "file_name": f"{len(self.truth['images']) + 1}.jpg"})

    def true(self, label, bbox, area=None, crowd=0, segmentation=None):
        a = {"id": len(self.truth["annotations"]) + 1, "image_id": len(self.truth["images"]),
             "category_id": label, "bbox": bbox, "area": bbox[2] * bbox[3] if area is None else area,
             "iscrowd": crowd}
        if segmentation:
            a["segmentation"] = segmentation
        self.truth["annotations"].append(a)

    def predict(self, label, score, bbox=None, segmentation=None):
        p = {"image_id": len(self.truth["images"]), "category_id": label, "score": score}
        if segmentation:
            p["segmentation"] = segmentation
        else:
            p["bbox"] = bbox
        self.predictions.append(p)

    def done(self, kind="bbox"):
        overall, classes, _ = peer.evaluate(self.truth, self.predictions, kind)
        return {"name": self.name, "kind": kind, "truth": self.truth, "predictions": self.predictions,
                "overall": overall, "classes": classes}


def thresholds():
    s = Set("overlaps that lie on a threshold, whole and decimal")
    for unit in (10, 1, 0.1, 0.7, 0.01, 3.3):
        for part in (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20):
            s.photo()
            s.true(1, [round(3 * unit, 3), round(7 * unit, 3), round(20 * unit, 3), round(4 * unit, 3)])
            s.predict(1, part / 40, [round(3 * unit, 3), round(7 * unit, 3), round(part * unit, 3), round(4 * unit, 3)])
            s.true(2, [0, 0, 20 * unit, 4 * unit])
            s.predict(2, (part * 7 % 11) / 40, [0, 0, 20 * unit, 4 * part / 20 * unit])
    return s.done()


def areas():
    s = Set("areas on the borders of small, medium and large")
    for side in (31, 32, 33, 95, 96, 97):
        s.photo()
        s.true(1, [1, 2, side, side])
        s.predict(1, side / 100, [1, 2, side, side])
        s.predict(1, 0.3, [1, 4, side, side])
        s.true(2, [1, 2, side, side], area=side * side / 2)
        s.predict(2, 0.5, [2, 2, side, side])
        s.predict(3, 0.5, [50, 50, side / 2, side / 2])
    return s.done()


def crowds():
    s = Set("crowds, classes of crowds alone, classes without truth or predictions", classes=5)
    for i in range(4):
        s.photo()
        s.true(1, [0, 0, 100, 60], crowd=1)
        s.true(1, [10, 10, 20, 20])
        s.true(1, [50, 10, 30, 30])
        for k in range(6):
            s.predict(1, 0.9 - k / 10, [10 + 8 * k, 10, 20, 20 + i])
        s.true(2, [5, 5, 50, 50], crowd=1)
        s.predict(2, 0.4, [6, 6, 20, 20])
        s.true(3, [5, 5, 50, 50])
        s.predict(4, 0.4, [6, 6, 20, 20])
    return s.done()


def many():
    s = Set("more than a hundred predictions, equal scores, empty photos")
    for i in range(3):
        s.photo()
        if i == 1:
            continue
        for k in range(20):
            s.true(1, [5 * k, 10 + i, 8, 9])
        for k in range(130):
            s.predict(1, (k * 37 % 10) / 10, [k, 10, 8, 9])
        s.true(2, [0, 0, 9, 9])
        s.predict(2, 0.5, [0, 0, 9, 9])
        s.predict(2, 0.5, [0, 0, 9, 9])
        s.predict(2, 0.0, [0, 0, 0, 9])
    return s.done()


def near():
    s = Set("one prediction between two, and two predictions on one")
    for i in range(9):
        s.photo()
        s.true(1, [10, 10, 40, 40])
        s.true(1, [10 + 2 * i, 10, 40, 40])
        s.predict(1, 0.9, [10 + i, 10, 40, 40])
        s.predict(1, 0.9, [10, 10, 40, 40])
        s.predict(1, 0.8, [10 + 3 * i, 10, 40, 40])
        s.true(2, [10, 10, 30, 30], area=5000)
        s.true(2, [10, 10, 33, 33], area=100)
        s.predict(2, 0.7, [10, 10, 31, 31])
    return s.done()


def random_boxes(seed):
    rng = np.random.default_rng(seed)
    s = Set(f"random boxes {seed}", classes=6)
    for _ in range(25):
        s.photo()
        for _ in range(rng.integers(0, 9)):
            x, y = rng.random(2) * [90, 60]
            w, h = rng.random(2) ** 2 * 110 + 2
            label, crowd = int(rng.integers(1, 6)), int(rng.random() < 0.1)
            s.true(label, [round(float(v), 2) for v in (x, y, w, h)], float(w * h * rng.random()), crowd)
            for _ in range(rng.integers(0, 3)):
                d = np.array([x, y, w, h]) + (rng.random(4) - 0.5) * rng.random() * np.array([w, h, w, h]) * 0.5
                other = int(rng.integers(1, 7)) if rng.random() < 0.2 else label
                s.predict(other, round(float(rng.random()), 1), [float(v) for v in d])
    return s.done()


def blob(rng, x, y, rx, ry, hole):
    i, j = np.mgrid[:H, :W]
    d = ((j - x) / rx) ** 2 + ((i - y) / ry) ** 2
    return (d < 1) & (d >= hole)


def rle(bitmap):
    r = mask_api.encode(np.asfortranarray(bitmap.astype(np.uint8)))
    return {"size": [H, W], "counts": r["counts"].decode()}


def random_masks(seed):
    rng = np.random.default_rng(seed)
    s = Set(f"random masks {seed}", classes=4)
    for _ in range(12):
        s.photo()
        for _ in range(rng.integers(0, 6)):
            x, y = (float(v) for v in rng.random(2) * [W, H])
            rx, ry = (float(v) for v in 3 + rng.random(2) ** 2 * 60)
            label, crowd, hole = int(rng.integers(1, 4)), int(rng.random() < 0.15), rng.choice([0, 0, 0.3])
            if rng.random() < 0.3:
                outline = [round(float(v), 1) for a in np.linspace(0, 6, 9)
                           for v in (min(max(x + rx * np.cos(a), 0), W), min(max(y + ry * np.sin(a), 0), H))]
                shape = [outline]
                area = float(mask_api.area(mask_api.merge(mask_api.frPyObjects(shape, H, W))))
            else:
                bitmap = blob(rng, x, y, rx, ry, hole)
                shape, area = rle(bitmap), float(bitmap.sum())
            if area == 0:
                continue
            s.true(label, [0, 0, W, H], area, crowd, shape)
            for _ in range(rng.integers(0, 3)):
                k = rng.random() * 0.5
                found = blob(rng, x + rx * k * rng.standard_normal(), y + ry * k * rng.standard_normal(),
                             rx * (1 + k * rng.standard_normal() / 2), ry, 0)
                s.predict(int(rng.integers(1, 5)) if rng.random() < 0.2 else label, round(float(rng.random()), 1),
                          segmentation=rle(found))
    return s.done("segm")


def dump(cases):
    return "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"


def main():
    if sys.argv[1:2] == ["--random"]:
        first, count = map(int, sys.argv[2:4])
        sys.stdout.write(dump([f(seed) for seed in range(first, first + count) for f in (random_boxes, random_masks)]))
        return
    cases = [thresholds(), areas(), crowds(), many(), near(), random_boxes(1), random_boxes(2),
             random_masks(1), random_masks(2)]
    (HERE / "cases.json").write_text(dump(cases))
    truth, predictions = generated.generate()
    overall, _, _ = peer.evaluate(truth, predictions, "bbox")
    (HERE / "generated.json").write_text(json.dumps(
        {"boxes": len(truth["annotations"]), "predictions": len(predictions), "overall": overall}, indent=1) + "\n")


if __name__ == "__main__":
    main()
