"""Writes detect/vild/testdata: small packs with random weights, and what the official code finds with them.

    python3 zoo/parity/vild.py OPENAI_CLIP_CHECKOUT TENSORFLOW_TPU_CHECKOUT TENSORFLOW_PYTHON detect/vild/testdata

TENSORFLOW_PYTHON is a Python with tensorflow-cpu==2.15.1, numpy<2 and OpenCV, which runs vild_official.py: its weights
go through an official TensorFlow checkpoint, the exporter and ONNX. The words' vectors come from openai/CLIP's text side
with random weights, for ViLD is trained towards a CLIP. Photos fill the canvas' width, so that nothing is resampled.
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "export"))
import tf_checkpoint
import vild

NAMES = ["cat", "red cup", "traffic light", "dog", "person"]
BASE = ["cat", "traffic light"]
MERGES = ["#version: a few, for tests", "a n", "o f</w>", "p h", "ph o", "t o</w>", "pho to</w>", "c a", "ca t</w>", "d o", "do g</w>"]
CANVAS, ROIS = 128, 40
PHOTOS = {"landscape": (128, 112), "portrait": (76, 128)}


def photo(w, h):
    y, x = np.mgrid[:h, :w]
    rng = np.random.default_rng(w)
    waves = [np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20) + rng.uniform(0, 6)) for _ in range(3)]
    return np.clip(128 + 100 * np.stack(waves, -1), 0, 255).astype(np.uint8)


def words(repository, merges):
    """A small official CLIP, and its vectors of the names in the one template."""
    sys.path.insert(0, repository)
    sys.modules.pop("clip", None)
    import clip
    import clip.model
    import clip.simple_tokenizer

    clip.clip._tokenizer = clip.simple_tokenizer.SimpleTokenizer(str(merges))
    torch.manual_seed(2)
    model = clip.model.CLIP(
        embed_dim=512, image_resolution=32, vision_layers=1, vision_width=64, vision_patch_size=32, context_length=77,
        vocab_size=2 * 256 + len(MERGES) - 1 + 2, transformer_width=64, transformer_heads=1, transformer_layers=1,
    )  # fmt: skip
    for name, w in model.named_parameters():
        w.data.normal_(0, 1 if "token_embedding" in name else 0.3)
        w.data = (w.data * 32).round() / 32
    article = {True: "an", False: "a"}
    sentences = [f"This is a photo of {article[n[0] in 'aeiou']} {n}." for n in NAMES]
    with torch.no_grad():
        v = model.eval().encode_text(clip.tokenize(sentences))
    return model.state_dict(), (v / v.norm(dim=1, keepdim=True)).numpy()


def runs(mask):
    """Lengths of background and mask in turn, in rows."""
    flat = np.concatenate([[0], mask.reshape(-1)])
    return np.diff([0, *np.flatnonzero(np.diff(flat)), mask.size]).tolist()


def main():
    clip_repository, tpu, python, out = sys.argv[1:]
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        with gzip.open(tmp / "merges.gz", "wt") as f:
            f.write("\n".join(MERGES))
        sd, vectors = words(clip_repository, tmp / "merges.gz")
        pictures = {name: photo(*size) for name, size in PHOTOS.items()}
        np.savez(tmp / "given.npz", vectors=vectors, base=np.array([n in BASE for n in NAMES], int), **{"photo_" + n: p for n, p in pictures.items()})
        subprocess.run([python, pathlib.Path(__file__).parent / "vild_official.py", tpu, tmp / "given.npz", tmp / "official"], check=True)
        for name, picture in pictures.items():
            Image.fromarray(picture).save(out / f"{name}.png")
        for kind in ("single", "ensemble"):
            values = tf_checkpoint.read(tmp / "official" / kind)
            vild.write(
                values, sd, tmp / kind, tmp / "merges.gz", f"small-{kind}", "Small", "random weights", base=BASE, which="one", canvas=CANVAS, proposals=ROIS
            )
            (out / kind).mkdir(exist_ok=True)
            for path in (tmp / kind).iterdir():
                # What both kinds share lies beside their folders.
                folder = out if path.name in ("image.onnx", "text.onnx", "merges.txt") else out / kind
                if path.suffix == ".onnx":
                    (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
                elif path.name != "LICENCE.txt":
                    (folder / path.name).write_bytes(path.read_bytes())
            cases = []
            for name in PHOTOS:
                found = np.load(tmp / "official" / f"{kind}-{name}.npz")
                print(kind, name, len(found["boxes"]), found["scores"][:3])
                cases.append({
                    "photo": name, "boxes": np.round(found["boxes"], 4).tolist(), "scores": np.round(found["scores"], 6).tolist(),
                    "classes": found["classes"].astype(int).tolist(), "masks": [runs(m) for m in found["masks"]],
                })  # fmt: skip
            expected = json.dumps({"names": NAMES, "cases": cases}, separators=(",", ":"))
            (out / kind / "expected.json.gz").write_bytes(gzip.compress(expected.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
