"""Writes detect/glip/testdata: small packs with random weights and what the official code finds with them.

    python3 zoo/parity/glip.py MICROSOFT_GLIP_CHECKOUT prompt/token/testdata/vocab.txt detect/glip/testdata

The weights go through an official checkpoint file, the exporter and ONNX; the expectation comes from the official
repository's own code (glip_official.py says what it is lent). Photos have sides that need no resampling, so that only
the networks and what follows them are compared.
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
import glip
import glip_net as net
import glip_official as official

NAMES = ["cat", "red cup", "traffic light", "dog", "person"]
PHOTOS = {"landscape": (91, 64), "portrait": (64, 80)}


def shape(fused, vocab):
    return net.Shape(
        embed=4, depths=(2, 2, 2, 1), heads=(1, 1, 2, 2), window=3, channels=16, rounds=2, fused=fused, fuse_dim=32, fuse_heads=4,
        groups=4, classes=4, lang=8, lang_layers=1, lang_heads=2, lang_ffn=16, vocab=vocab, positions=256,
    )  # fmt: skip


def randomise(model):
    torch.manual_seed(1)
    for name, w in model.named_parameters():
        w.data.normal_(0, 0.3)
        if name.endswith(("norm.weight", "LayerNorm.weight", "bn.weight", "norm1.weight", "norm2.weight", "layer_norm_v.weight", "layer_norm_l.weight")):
            w.data.add_(1)
    head = model.rpn.head
    head.log_scale.data.fill_(-1.5)
    head.bias0.data.fill_(-2.5)
    for s in head.scales:
        s.scale.data.fill_(1)
    for w in model.parameters():
        w.data = (w.data * 32).round() / 32  # so that the files compress


def photo(w, h):
    y, x = np.mgrid[:h, :w]
    rng = np.random.default_rng(w)
    waves = [np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20) + rng.uniform(0, 6)) for _ in range(3)]
    return Image.fromarray(np.clip(128 + 100 * np.stack(waves, -1), 0, 255).astype(np.uint8))


def main():
    repository, vocab, out = sys.argv[1:]
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    official.lend(repository)
    pieces = len(pathlib.Path(vocab).read_text().splitlines())
    for kind, fused in (("deep", True), ("dual", False)):
        small = shape(fused, pieces)
        model, cfg, _ = official.build(small, vocab, 64, 110)
        randomise(model)
        cases = []
        for name, (w, h) in PHOTOS.items():
            picture = photo(w, h)
            picture.save(out / f"{name}.png")
            caption, spans, found = official.detect(model, cfg, picture, NAMES)
            cases.append({
                "photo": name, "caption": caption, "spans": [spans[i + 1] for i in range(len(NAMES))],
                "boxes": [[round(v, 4) for v in b] for b in found.bbox.tolist()],
                "scores": [round(v, 6) for v in found.get_field("scores").tolist()], "labels": found.get_field("labels").tolist(),
            })  # fmt: skip
            print(kind, name, len(found), found.get_field("scores").min(), found.get_field("scores").max())
        with tempfile.TemporaryDirectory() as tmp:
            tmp = pathlib.Path(tmp)
            torch.save({"model": {"module." + k: v for k, v in model.state_dict().items()}}, tmp / "checkpoint.pth")
            m = glip.model_of(checkpoint.read(tmp / "checkpoint.pth", "GLIP"), fuse_heads=4, groups=4, lang_heads=2)
            for role, path in glip.parts(m, tmp).items():
                (out / f"{kind}-{role}.onnx.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        (out / f"{kind}.json").write_text(json.dumps({"names": NAMES, "cases": cases}, separators=(",", ":")) + "\n")


main()
