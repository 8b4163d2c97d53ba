"""Writes what the packs say about photos, step by step, as a small JSON that the Go tests compare themselves with.

    python reference.py --packs assets/packs --find "cat, dog" --segment "cat, grass" --out FILE PHOTO...

Boxes are in photo pixels, clipped to the photo, all others as their names say. Sessions run with the library's own
threads; nothing in the file depends on time or machine beyond the last bits of a float.
"""

import argparse
import base64
import hashlib
import json
import pathlib

import cv2
import numpy as np
import onnxruntime as ort

import starter

GRID = 16  # positions a side at which canvas and pixel classes are sampled


def rounded(values, digits):
    return np.round(np.asarray(values, np.float64), digits).tolist()


def grid(width, height):
    """Positions (x, y), the centres of GRID × GRID equal cells."""
    xs = ((np.arange(GRID) + 0.5) * width / GRID).astype(int)
    ys = ((np.arange(GRID) + 0.5) * height / GRID).astype(int)
    return [(int(x), int(y)) for y in ys for x in xs]


def describe_canvas(canvas, scale, resized):
    rgb = canvas[:, :, ::-1]
    return {
        "scale": scale,
        "resized": list(resized),
        "mean": rounded(rgb.reshape(-1, 3).mean(0), 4),
        "sample": [[x, y, *rgb[y, x].tolist()] for x, y in grid(*resized)],
    }


def describe_regions(detector, features, vectors, scale, size):
    found = detector.regions(features)
    boxes = (found["boxes"] / scale).clip(0, [*size, *size])
    scores = starter.score_regions(found["region_embeds"], starter.weigh(found, detector.rule), vectors, detector.rule)
    defaults = detector.pack.manifest["defaults"]
    kept = starter.select(boxes, scores, defaults["score"], defaults["nms"], defaults["max"])
    top = kept[:5]
    probs = detector.masks(features, found["boxes"][[r for r, _ in top]]) if top else []
    return {
        "boxes": rounded(boxes, 3),
        "scores": rounded(scores, 5),
        "kept": [{"region": r, "class": c, "score": round(float(scores[r, c]), 5)} for r, c in kept],
        # box: unclipped, what the 28 × 28 probabilities span; these row by row, as bytes of 1/255; area as pasted.
        "masks": [
            {
                "region": r,
                "box": rounded(found["boxes"][r] / scale, 3),
                "probs": base64.b64encode((p * 255).round().astype(np.uint8).tobytes()).decode(),
                "area": int(starter.paste(p, found["boxes"][r] / scale, *size).sum()),
            }
            for (r, _), p in zip(top, probs)
        ],
    }


def describe_twice(detector, photo, vectors, size):
    """Boxes and scores of the regions that two looks have together."""
    boxes, embeds, weights = detector.boxes(photo, size, twice=True)
    return {"boxes": rounded(boxes, 3), "scores": rounded(starter.score_regions(embeds, weights, vectors, detector.rule, twice=True), 5)}


def pixel_logits(sessions, features, vectors):
    """[T, h, w] logits at a quarter of the canvas."""
    embeds = sessions["pixels"].run(None, {i.name: features[i.name] for i in sessions["pixels"].get_inputs()})[0]
    return sessions["match"].run(None, {"pixel_embeds": embeds, "text_embeds": vectors})[0][0]


def describe_pixels(logits, canvas, resized, size):
    """Class of sampled photo pixels: 0 background, n the nth word. margin: how far the best logit leads the next."""
    h, w = canvas.shape[:2]
    up = cv2.resize(logits.transpose(1, 2, 0), (w, h), interpolation=cv2.INTER_LINEAR)
    up = up.reshape(h, w, -1)[: resized[1], : resized[0]]
    up = np.concatenate([np.zeros_like(up[:, :, :1]), up], axis=2)
    out = []
    for x, y in grid(*size):
        # The photo pixel's place on the canvas, nearest; the fixture's reader allows for margins near zero.
        cx, cy = int((x + 0.5) * resized[0] / size[0]), int((y + 0.5) * resized[1] / size[1])
        best = np.sort(up[cy, cx])[::-1]
        out.append([x, y, int(up[cy, cx].argmax()), round(float(best[0] - best[1]), 3)])
    cells = [(i, j) for i in range(4, logits.shape[1], 32) for j in range(4, logits.shape[2], 32)]
    return {"classes": out, "logits": [[j, i, *rounded(logits[:, i, j], 4)] for i, j in cells]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--packs", required=True)
    parser.add_argument("--detect-pack", default="vild-starter")
    parser.add_argument("--segment-pack", default="lseg-starter")
    parser.add_argument("--name-pack", default="clip-starter")
    parser.add_argument("--find", required=True)
    parser.add_argument("--segment", required=True)
    parser.add_argument("--size", type=int, help="side of the canvas in pixels (default: the pack's)")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    find = [w.strip() for w in args.find.split(",") if w.strip()]
    segment = [w.strip() for w in args.segment.split(",") if w.strip()]
    options = starter.session_options(0, tuned=False)
    packs = pathlib.Path(args.packs)
    pack, pixel_pack = starter.Pack(packs / args.detect_pack), starter.Pack(packs / args.segment_pack)
    detector, encoder = starter.Detector(pack, options), starter.Words(pack, options)
    namer = starter.Namer(starter.Pack(packs / args.name_pack), options)
    named = np.stack([namer.words.vector(w) for w in find])
    pixels = {
        role: ort.InferenceSession(pixel_pack.path(role), options, ["CPUExecutionProvider"]) for role in ("pixels", "match")
    }
    size = args.size or pack.manifest["image"]["size"]
    vectors = {w: encoder.vector(w).astype(np.float32) for w in dict.fromkeys(find + segment)}

    photos = []
    for path in map(pathlib.Path, args.photos):
        photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if photo is None:
            raise SystemExit(f"{path}: not a picture that OpenCV reads")
        wh = (photo.shape[1], photo.shape[0])
        tensor, scale, resized, canvas = detector.prepare(photo, size)
        features = detector.trunk(tensor)
        photos.append({
            "photo": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size": list(wh),
            "canvas": describe_canvas(canvas, scale, resized),
            "regions": describe_regions(detector, features, np.stack([vectors[w] for w in find]), scale, wh),
            "twice": describe_twice(detector, photo, np.stack([vectors[w] for w in find]), size),
            "pixels": describe_pixels(
                pixel_logits(pixels, features, np.stack([vectors[w] for w in segment])), canvas, resized, wh
            ),
            "shares": rounded(namer.shares(photo, named), 5),  # of the words to find, as names of the whole photo
        })
    fixture = {
        "made_by": f"zoo/peer/reference.py, onnxruntime {ort.__version__}, opencv {cv2.__version__}, numpy {np.__version__}",
        "canvas_size": size,
        "find": find,
        "segment": segment,
        "tokens": {w: encoder.ids(w) for w in vectors},
        "vectors": {w: rounded(v, 5) for w, v in vectors.items()},
        "photos": photos,
    }
    pathlib.Path(args.out).write_text(json.dumps(fixture, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
