"""Makes the clips that tracking is measured on: pipeline/track/testdata/*.json.

    python -m venv .cache/venv/track && .cache/venv/track/bin/pip install -r zoo/track/requirements.txt
    .cache/venv/track/bin/python zoo/track/clips.py walk --out pipeline/track/testdata
    .cache/venv/track/bin/python zoo/track/clips.py wall --saysee bin/saysee --out pipeline/track/testdata

`walk` is generated: boxes that walk about and cross, found as a detector would find them, with shaken edges, scores that
fall where one hides another, misses, wrong classes and boxes of nothing. `wall` is real: a camera pans and zooms over a
wall of the bundled photos, whose things were boxed by hand, and the starter pack finds what it finds in each frame.

Each file holds the true boxes, the found ones, and what supervision's ByteTrack (the reference) makes of the found ones,
with the figures that motmetrics gives it. The fixture's test lets Saysee's tracker loose on the same boxes.
"""

import argparse
import csv
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import motmetrics
import numpy
import supervision
from PIL import Image, ImageOps

# What is surely found. The reference begins tracks 0.1 above its threshold, so it is tried with this and with 0.1 less,
# and what serves it better is kept.
SCORE = 0.35
THRESHOLDS = (SCORE, SCORE - 0.1)


def walk(frames=120, things=14, width=640, height=360):
    """Returns the clip of boxes that walk about. A frame is (true, found): rows of id or class, score, x0, y0, x1, y1."""
    rng = random.Random(7)
    world = [
        dict(id=i + 1, cls=i % 3, w=rng.uniform(30, 90), h=rng.uniform(50, 130), x=rng.uniform(40, width - 40),
             y=rng.uniform(60, height - 60), vx=rng.uniform(-8, 8), vy=rng.uniform(-2, 2), depth=rng.random())
        for i in range(things)
    ]
    clip = []
    for n in range(frames):
        true, found = [], []
        for t in world:
            t["x"] += t["vx"] + rng.gauss(0, 1.5)
            t["y"] += t["vy"] + rng.gauss(0, 0.3)
            for axis, speed, end in (("x", "vx", width), ("y", "vy", height)):
                if not 0 < t[axis] < end:
                    t[speed] = math.copysign(t[speed], end / 2 - t[axis])
            grow = 1 + 0.25 * math.sin(n / 30 + t["id"])
            t["box"] = clipped([t["x"] - t["w"] * grow / 2, t["y"] - t["h"] * grow / 2,
                                t["x"] + t["w"] * grow / 2, t["y"] + t["h"] * grow / 2], width, height)
        for t in world:
            hidden = max((shared(t["box"], o["box"]) for o in world if o["depth"] > t["depth"]), default=0)
            if hidden > 0.9:
                continue
            true.append([t["id"], *t["box"]])
            score = 0.62 - 0.6 * hidden + rng.gauss(0, 0.1)
            if rng.random() < 0.1 or score < 0.1:
                continue
            w, h = t["box"][2] - t["box"][0], t["box"][3] - t["box"][1]
            shaken = [v + rng.gauss(0, 0.06) * s for v, s in zip(t["box"], (w, h, w, h))]
            cls = t["cls"] if rng.random() > 0.1 else rng.randrange(3)
            found.append([cls, min(score, 0.99), *clipped(shaken, width, height)])
        for _ in range(rng.choice([0, 0, 1, 2])):
            x, y = rng.uniform(0, width - 60), rng.uniform(0, height - 60)
            found.append([rng.randrange(3), rng.uniform(0.1, 0.45), x, y, x + rng.uniform(20, 60), y + rng.uniform(20, 60)])
        clip.append((true, found))
    return dict(width=width, height=height, classes=["a", "b", "c"]), clip


def clipped(b, w, h):
    return [min(max(b[0], 0), w), min(max(b[1], 0), h), min(max(b[2], 0), w), min(max(b[3], 0), h)]


def shared(a, b):
    """The share of a that b covers."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    area = (a[2] - a[0]) * (a[3] - a[1])
    return max(w, 0) * max(h, 0) / area if area > 0 else 1


# The things in the bundled photos, boxed by hand on a grid of 50 pixels.
THINGS = {
    "cat": [("cat", 0, 0, 395, 300)],
    "coffee": [("cup", 175, 17, 410, 310), ("spoon", 315, 65, 425, 327)],
    "dog": [("dog", 75, 38, 375, 534), ("person", 50, 82, 275, 556)],
    "horse": [("horse", 162, 63, 468, 383), ("person", 234, 10, 372, 190)],
    "teddy": [("person", 172, 112, 357, 308), ("teddy bear", 360, 133, 536, 302)],
}
# The wall, row by row; "-" hangs a photo mirrored.
WALL = [["horse", "teddy", "-coffee"], ["dog", "-horse", "cat"]]
ROW = 420
FIND = "cat, dog, horse, person: man | woman | child | jockey, cup, spoon, teddy bear"
CLASSES = ["cat", "dog", "horse", "person", "cup", "spoon", "teddy bear"]


def build_wall(photos):
    """Returns the wall as a picture, and its things as (class, x0, y0, x1, y1)."""
    rows, things = [], []
    for r, row in enumerate(WALL):
        x, hung = 0, []
        for name in row:
            mirrored, name = name.startswith("-"), name.lstrip("-")
            photo = Image.open(photos / f"{name}.jpg").convert("RGB")
            scale, wide = ROW / photo.height, photo.width
            for cls, x0, y0, x1, y1 in THINGS[name]:
                if mirrored:
                    x0, x1 = wide - x1, wide - x0
                things.append((cls, x + x0 * scale, r * ROW + y0 * scale, x + x1 * scale, r * ROW + y1 * scale))
            if mirrored:
                photo = ImageOps.mirror(photo)
            hung.append((x, photo.resize((round(wide * scale), ROW), Image.LANCZOS)))
            x += round(wide * scale)
        rows.append((x, hung))
    wall = Image.new("RGB", (max(x for x, _ in rows), ROW * len(WALL)), (90, 90, 95))
    for r, (_, hung) in enumerate(rows):
        for x, photo in hung:
            wall.paste(photo, (x, r * ROW))
    return wall, things


def camera(n, frames, wall, width, height):
    """Returns the part of the wall that a frame shows: x0, y0 and the scale."""
    turn = 2 * math.pi * n / frames
    zoom = 1.0 + 0.3 * math.sin(3 * turn)
    w, h = width / zoom, height / zoom
    x = wall.width / 2 + (wall.width - 1.3 * width) / 2 * math.sin(turn) + 5 * math.sin(n / 3)
    y = wall.height / 2 + (wall.height - 1.4 * height) / 2 * math.sin(2 * turn) + 4 * math.cos(n / 4)
    return min(max(x - w / 2, 0), wall.width - w), min(max(y - h / 2, 0), wall.height - h), zoom


def wall(saysee, photos, frames=150, width=640, height=400):
    """Returns the clip over the wall of photos."""
    picture, things = build_wall(photos)
    clip = []
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        (tmp / "in").mkdir()
        for n in range(frames):
            x, y, zoom = camera(n, frames, picture, width, height)
            part = picture.resize((width, height), Image.BILINEAR, box=(x, y, x + width / zoom, y + height / zoom))
            part.save(tmp / "in" / f"{n:06d}.png")
            true = []
            for i, (_, x0, y0, x1, y1) in enumerate(things):
                whole = [(x0 - x) * zoom, (y0 - y) * zoom, (x1 - x) * zoom, (y1 - y) * zoom]
                seen = clipped(whole, width, height)
                if shared(whole, seen) >= 0.35:
                    true.append([i + 1, *seen])
            clip.append((true, []))
        subprocess.run([saysee, "label", tmp / "in", "--find", FIND, "--score", "0.12", "--inside", "0.85", "--format", "csv",
                        "--out", tmp / "out", "--no-masks"], check=True)
        with open(tmp / "out" / "regions.csv") as f:
            for row in csv.DictReader(f):
                if row["label"]:
                    box = [float(row[k]) for k in ("xmin", "ymin", "xmax", "ymax")]
                    clip[int(row["image"][:6])][1].append([CLASSES.index(row["label"]), float(row["score"]), *box])
    return dict(width=width, height=height, classes=CLASSES), clip


def reference(clip, threshold):
    """Returns what supervision's ByteTrack makes of the found boxes: rows of id, x0, y0, x1, y1 a frame."""
    tracker = supervision.ByteTrack(track_activation_threshold=threshold, frame_rate=30)
    out = []
    for _, found in clip:
        rows = numpy.array([f[2:] + [f[1], f[0]] for f in found], dtype=float).reshape(-1, 6)
        d = tracker.update_with_detections(supervision.Detections(
            xyxy=rows[:, :4], confidence=rows[:, 4], class_id=rows[:, 5].astype(int)))
        out.append([[int(i), *map(float, b)] for i, b in zip(d.tracker_id, d.xyxy)])
    return out


def apart(a, b):
    """1 - IoU, NaN where the boxes cannot be the same thing (motmetrics' own function is from before numpy 2)."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    iou = both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both or 1)
    return 1 - iou if iou >= 0.5 else math.nan


def figures(clip, tracks):
    """Returns motmetrics' figures at IoU 0.5."""
    acc = motmetrics.MOTAccumulator(auto_id=True)
    for (true, _), got in zip(clip, tracks):
        distance = [[apart(t[1:], g[1:]) for g in got] for t in true]
        acc.update([r[0] for r in true], [r[0] for r in got], numpy.array(distance).reshape(len(true), len(got)))
    names = ["num_misses", "num_false_positives", "num_switches", "mota", "idf1"]
    s = motmetrics.metrics.create().compute(acc, metrics=names, name="clip")
    return {k: float(s[k].iloc[0]) for k in names}


def rounded(rows):
    return [[round(v, 3 if 0 < v < 1 else 1) if isinstance(v, float) else v for v in r] for r in rows]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("clip", choices=["walk", "wall"])
    p.add_argument("--saysee", help="the program, for wall")
    p.add_argument("--photos", type=pathlib.Path, default="assets/photos")
    p.add_argument("--out", type=pathlib.Path, required=True)
    a = p.parse_args()
    head, clip = walk() if a.clip == "walk" else wall(a.saysee, a.photos)
    clip = [(rounded(t), rounded(f)) for t, f in clip]
    head["score"] = SCORE
    runs = []
    for threshold in THRESHOLDS:
        tracks = [rounded(r) for r in reference(clip, threshold)]
        runs.append((figures(clip, tracks), tracks))
    head["reference"], tracks = max(runs, key=lambda run: run[0]["mota"] + run[0]["idf1"])
    print(a.clip, head["reference"], file=sys.stderr)
    lines = [json.dumps(dict(true=t, found=f, reference=r), separators=(",", ":")) for (t, f), r in zip(clip, tracks)]
    a.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(head)[:-1] + ', "frames": [\n' + ",\n".join(lines) + "\n]}\n"
    (a.out / f"{a.clip}.json").write_text(text)


if __name__ == "__main__":
    main()
