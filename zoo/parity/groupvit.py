"""Writes segment/groupvit/testdata: a small pack with random weights and how the official code labels pixels with it.

    pip download --no-deps mmsegmentation==0.18.0 && unzip -d MMSEG mmsegmentation-0.18.0-py3-none-any.whl
    python3 zoo/parity/groupvit.py NVLABS_GROUPVIT_CHECKOUT MMSEG/mmseg segment/groupvit/testdata

The weights go through an official checkpoint file, the exporter and ONNX; the expectation comes from the official
code (groupvit_official.py says what it is lent), and for soft groups from the transformers library's own model.
"""

import gzip
import json
import pathlib
import sys
import tempfile

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "export"))
import checkpoint
import groupvit
import groupvit_official as official
import pack

NAMES = ["cat", "red cup", "traffic light", "dog", "person", "sky", "grass"]
MERGES = ["#version: a few, for tests", "a n", "o f</w>", "p h", "ph o", "t o</w>", "pho to</w>", "c a", "ca t</w>", "d o", "do g</w>"]
WINDOW = 64
SHAPE = official.Config(
    image=32, width=32, heads=2, depths=[1, 1, 1], tokens=[8, 4, 0], groups=[8, 4], layers=1, text=64, vocab=2 * 256 + len(MERGES) - 1 + 2, inner=48, out=24,
)  # fmt: skip
# A photo that is resized into two windows, one that is one window as it is, one of three windows.
PHOTOS = {"landscape": (105, 70), "square": (64, 64), "portrait": (64, 120)}


def randomise(model):
    """Weights under which groups and classes differ, so that the labels say something."""
    torch.manual_seed(0)
    for name, w in model.named_parameters():
        w.data.normal_(0, 1 if "token_embedding" in name else 0.25)
        if name.endswith("weight") and ("norm" in name or "ln_" in name or "linear_hidden.1." in name):
            w.data.add_(1)
        if "assign.q_proj" in name or "assign.k_proj" in name:
            w.data.mul_(3)
        if "group_token" in name:
            w.data.mul_(8)
    for name, w in model.named_buffers():
        if name.endswith("running_mean"):
            w.data.normal_(0, 0.2)
        if name.endswith("running_var"):
            w.data.uniform_(0.5, 2)
    model.logit_scale.data.fill_(2.5)
    for w in [*model.parameters(), *model.buffers()]:
        if w.is_floating_point() and w.dim():
            w.data = (w.data * 64).round() / 64  # so that the files compress


def photo(w, h):
    y, x = np.mgrid[:h, :w]
    rng = np.random.default_rng(w)
    waves = [np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20) + rng.uniform(0, 6)) for _ in range(3)]
    return np.clip(128 + 100 * np.stack(waves, -1), 0, 255).astype(np.uint8)


def soft(sd, photo, vectors):
    """The transformers library's output_segmentation of a photo that is one window, enlarged to it as it is."""
    model = groupvit.model_of(sd, SHAPE.heads)
    model.vision_model.embeddings.position_embeddings = torch.nn.Parameter(groupvit.Image(model, WINDOW).positions)
    model.vision_model.embeddings.patch_embeddings.image_size = (WINDOW, WINDOW)
    ids = official.texts(*vectors)[:, 0]
    with torch.no_grad():
        out = model(pixel_values=official.prepare(photo, WINDOW), input_ids=ids, output_segmentation=True)
    return out.segmentation_logits[0].argmax(0).numpy()


class Groups(torch.nn.Module):
    """Groups of a shared trunk's features, as packs with the pyramid "trunk" have them; random."""

    def __init__(self, channels=112, groups=4, dim=256):
        super().__init__()
        self.claim, self.see = torch.nn.Conv2d(channels, groups, 1), torch.nn.Linear(channels, dim)
        for w in self.parameters():
            w.data = (torch.randn(w.shape) * 2).round() / 8

    def forward(self, p3, p4):
        shares = self.claim(p3).softmax(1)
        groups = torch.einsum("bghw,bchw->bgc", shares, p3) / (shares.sum((2, 3))[:, :, None] + 1)
        return self.see(groups), self.see(p4.mean((2, 3))), shares


def trunk(out):
    torch.manual_seed(4)
    p3, p4 = torch.zeros(1, 112, 8, 8), torch.zeros(1, 112, 4, 4)
    free = {"p3": {2: "h", 3: "w"}, "p4": {2: "h4", 3: "w4"}, "group_map": {2: "h", 3: "w"}}
    with tempfile.TemporaryDirectory() as tmp:
        path = pack.export(Groups(), (p3, p4), pathlib.Path(tmp) / "groups.onnx", ["p3", "p4"], ["group_embeds", "image_embeds", "group_map"], free)
        (out / "groups.onnx.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def rows(labels):
    """A label image as text, a letter a pixel."""
    return ["".join(chr(65 + v) for v in row) for row in labels.tolist()]


def main():
    repository, mmseg, out = sys.argv[1:]
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    official.lend(repository, mmseg)
    model = official.build(SHAPE)
    randomise(model)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        (tmp / "merges.txt").write_text("\n".join(MERGES) + "\n")
        with gzip.open(tmp / "merges.gz", "wt") as f:
            f.write((tmp / "merges.txt").read_text().rstrip())  # the official reader takes an empty line for a pair
        words = (repository, tmp / "merges.gz", NAMES)
        vectors = model.build_text_embedding(official.texts(*words))
        torch.save({"model": model.state_dict(), "epoch": 30}, tmp / "checkpoint.pth")
        sd = checkpoint.read(tmp / "checkpoint.pth", "GroupViT")
        cases = []
        for name, size in PHOTOS.items():
            picture = photo(*size)
            Image.fromarray(picture).save(out / f"{name}.png")
            for background in (0.95, 0.3, None):
                labels, _ = official.segment(model, vectors, picture, WINDOW, background)
                print(name, background, np.unique(labels, return_counts=True))
                cases.append({"photo": name, "background": background, "labels": rows(labels)})
        picture = photo(*PHOTOS["square"])
        labels = soft(sd, picture, words)
        print("soft", np.unique(labels, return_counts=True))
        cases.append({"photo": "square", "soft": True, "labels": rows(labels)})
        groupvit.write(sd, tmp / "pack", tmp / "merges.gz", "small", "Small", "random weights", window=WINDOW, heads=SHAPE.heads)
        for role in ("image", "text"):
            (out / f"{role}.onnx.gz").write_bytes(gzip.compress((tmp / "pack" / f"{role}.onnx").read_bytes(), 9, mtime=0))
        (out / "merges.txt").write_bytes((tmp / "pack" / "merges.txt").read_bytes())
        manifest = json.loads((tmp / "pack" / "pack.json").read_text())
        (out / "pack.json").write_text(json.dumps(manifest, indent=1) + "\n")
        expected = {
            "names": NAMES, "ids": official.texts(*words)[:, 0].tolist(), "vectors": [[round(v, 6) for v in r] for r in vectors.tolist()],
            "cases": cases,
        }  # fmt: skip
        trunk(out)
        (out / "expected.json.gz").write_bytes(gzip.compress(json.dumps(expected, separators=(",", ":")).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
