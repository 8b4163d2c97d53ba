"""Reference of the photo preparation, from which pipeline/cv's fixture is made.

    pip install 'opencv-python-headless==4.6.0.66' 'numpy<2'
    python zoo/parity/letterbox.py pipeline/cv/testdata/letterbox.json

The reference is the preparation that the starter packs were trained with: three channels in OpenCV's order,
area when shrinking, linear when growing, top-left on a canvas of 114, (x - 127) / 128, planar RGB. The
pictures come from a formula that the Go test repeats. Resizing with four channels must equal resizing with
three; this script checks that as well, and prints the largest difference.
"""
import hashlib
import json
import sys

import cv2
import numpy as np

CASES = [  # width, height, canvas
    (1920, 1080, 416), (640, 480, 416), (480, 640, 416), (416, 416, 416), (832, 416, 416), (100, 75, 416),
    (208, 208, 416), (4000, 3000, 416), (333, 1001, 416), (1, 1, 32), (1, 700, 32), (700, 1, 32), (417, 415, 416),
    (1280, 720, 640), (97, 61, 32), (31, 17, 32), (64, 64, 32), (65, 33, 32),
]


def picture(w, h):
    x, y, c = np.meshgrid(np.arange(w), np.arange(h), np.arange(4), indexing="xy")
    return ((x * 7 + y * 13 + c * 31 + x * y // 8 + x * x // 32) & 255).astype(np.uint8)  # RGBA


def letterbox(im, size):
    h, w = im.shape[:2]
    s = size / max(h, w)
    nh, nw = max(round(h * s), 1), max(round(w * s), 1)
    canvas = np.full((size, size, im.shape[2]), 114, np.uint8)
    out = cv2.resize(im, (nw, nh), interpolation=cv2.INTER_AREA if s < 1 else cv2.INTER_LINEAR)
    canvas[:nh, :nw] = out.reshape(nh, nw, -1)
    return canvas


def main(path):
    worst, cases = 0, []
    for w, h, size in CASES:
        rgba = picture(w, h)
        bgr = np.ascontiguousarray(rgba[:, :, 2::-1])
        canvas = letterbox(bgr, size)[:, :, ::-1]
        worst = max(worst, int(np.abs(letterbox(rgba, size)[:, :, :3].astype(int) - canvas).max()))
        planes = ((canvas.astype(np.float32) - 127) / 128).transpose(2, 0, 1)
        data = np.ascontiguousarray(planes, "<f4").tobytes()
        cases.append({"w": w, "h": h, "canvas": size, "sha256": hashlib.sha256(data).hexdigest(),
                      "mean": float(planes.astype(np.float64).mean())})
    g = np.random.default_rng(0)
    plane = (g.integers(-4000, 4000, (7, 9)) / 128).astype(np.float32)
    grown = cv2.resize(plane, (25, 18), interpolation=cv2.INTER_LINEAR)
    with open(path, "w") as f:
        json.dump({"opencv": cv2.__version__, "cases": cases,
                   "plane": plane.ravel().tolist(), "grown": [float(v) for v in grown.ravel()]}, f, indent=1)
        f.write("\n")
    print(f"{len(cases)} cases; largest difference between three and four channels: {worst}")


if __name__ == "__main__":
    main(sys.argv[1])
