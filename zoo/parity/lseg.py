"""Writes segment/lseg/testdata: a small pack with random weights and how the official code labels pixels with it.

    python3 zoo/parity/lseg.py ISL_ORG_LANG_SEG_CHECKOUT OPENAI_CLIP_CHECKOUT segment/lseg/testdata

The weights go through an official checkpoint file, the exporter and ONNX; the expectation comes from the official
code (lseg_official.py says what it is lent).
"""

import gzip
import json
import pathlib
import sys
import tempfile
import types

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "export"))
import checkpoint
import lseg
import lseg_official as official

NAMES = ["cat", "red cup", "traffic light", "dog", "other"]
MERGES = ["#version: a few, for tests", "a n", "o f</w>", "p h", "ph o", "t o</w>", "pho to</w>", "c a", "ca t</w>", "d o", "do g</w>"]
SHAPE = types.SimpleNamespace(
    window=64, base=70, image=48, width=24, depth=4, hooks=[0, 1, 2, 3], heads=2, taps=[8, 8, 12, 12], features=8,
    text=64, layers=1, vocab=2 * 256 + len(MERGES) - 1 + 2,
)  # fmt: skip
PHOTOS = {"landscape": (90, 61), "portrait": (50, 81)}


def randomise(net):
    """Weights under which classes differ, so that the labels say something."""
    torch.manual_seed(1)
    for name, w in net.named_parameters():
        w.data.normal_(0, 1 if "token_embedding" in name else 0.3)
        if name.endswith("weight") and ("norm" in name or "ln_" in name or ".bn" in name):
            w.data.add_(1)
    for name, w in net.named_buffers():
        if name.endswith("running_mean"):
            w.data.normal_(0, 0.2)
        if name.endswith("running_var"):
            w.data.uniform_(0.5, 2)
    for w in [*net.parameters(), *net.buffers()]:
        if w.is_floating_point() and w.dim():
            w.data = (w.data * 32).round() / 32  # so that the files compress


def photo(w, h):
    y, x = np.mgrid[:h, :w]
    rng = np.random.default_rng(w)
    waves = [np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20) + rng.uniform(0, 6)) for _ in range(3)]
    return np.clip(128 + 100 * np.stack(waves, -1), 0, 255).astype(np.uint8)


def main():
    repository, clip_repository, out = sys.argv[1:]
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    official.lend(repository, clip_repository)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        with gzip.open(tmp / "merges.gz", "wt") as f:
            f.write("\n".join(MERGES))
        net = official.build(SHAPE, tmp / "merges.gz")
        randomise(net)
        cases = []
        for name, size in PHOTOS.items():
            picture = photo(*size)
            Image.fromarray(picture).save(out / f"{name}.png")
            for quality in (False, True):
                base, scales = (SHAPE.base, lseg.SCALES) if quality else (SHAPE.window, [1.0])
                labels = official.segment(net, picture, NAMES, base, SHAPE.window, scales, quality)
                print(name, quality, np.unique(labels, return_counts=True))
                cases.append({"photo": name, "quality": quality, "labels": ["".join(chr(65 + v) for v in row) for row in labels.tolist()]})
        torch.save({"state_dict": {"net." + k: v for k, v in net.state_dict().items()}, "epoch": 200}, tmp / "checkpoint.ckpt")
        sd = checkpoint.read(tmp / "checkpoint.ckpt", "LSeg")
        lseg.write(sd, tmp / "pack", tmp / "merges.gz", "small", "Small", "random weights", window=SHAPE.window, base=SHAPE.base, heads=SHAPE.heads)
        for role in ("pixels", "match", "text"):
            (out / f"{role}.onnx.gz").write_bytes(gzip.compress((tmp / "pack" / f"{role}.onnx").read_bytes(), 9, mtime=0))
        for name in ("merges.txt", "pack.json"):
            (out / name).write_bytes((tmp / "pack" / name).read_bytes())
        sizes = official.sizes(SHAPE.base, lseg.SCALES)
        expected = json.dumps({"names": NAMES, "sizes": sizes, "cases": cases}, separators=(",", ":"))
        (out / "expected.json.gz").write_bytes(gzip.compress(expected.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
