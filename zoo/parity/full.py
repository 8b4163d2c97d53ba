"""Makes packs of true size with random weights, for measuring what the families cost.

    python3 zoo/parity/full.py groupvit NVLABS_GROUPVIT_CHECKOUT MMSEG/mmseg OUT
    python3 zoo/parity/full.py lseg ISL_ORG_LANG_SEG_CHECKOUT OPENAI_CLIP_CHECKOUT OUT
    python3 zoo/parity/full.py vild OPENAI_CLIP_CHECKOUT TENSORFLOW_TPU_CHECKOUT TENSORFLOW_PYTHON OUT

The state dicts are those of the official modules at the sizes of the released checkpoints, so that their names and shapes
are, and go through the exporters. For figures of them: SAYSEE_FULL=OUT go test -tags migrated_fynedo -bench Full ./pipeline
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import types

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "export"))

VOCAB = 49408


def pairs(folder):
    """As many byte pairs as CLIP has, any; no two alike, each of pieces before it."""
    lines = ["#version: any"]
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    known, at = list(letters), 0
    while len(lines) <= VOCAB - 512 - 2:
        for letter in letters:
            lines.append(f"{known[at]} {letter}")
            known.append(known[at] + letter)
        at += 1
    path = pathlib.Path(folder) / "merges.txt"
    path.write_text("\n".join(lines[: VOCAB - 512 - 1]))
    return path


def calm(model):
    """Small weights, under which nothing overflows."""
    torch.manual_seed(0)
    for name, w in model.named_parameters():
        w.data.normal_(0, 0.02)
        if w.dim() == 1 and name.endswith("weight"):
            w.data.add_(1)
    return model.eval()


def groupvit(repository, mmseg, out):
    import groupvit as exporter
    import groupvit_official as official

    official.lend(repository, mmseg)
    sizes = official.Config(
        image=224, width=384, heads=6, depths=[6, 3, 3], tokens=[64, 8, 0], groups=[64, 8], layers=12, text=256, vocab=VOCAB, inner=4096, out=256
    )
    sd = calm(official.build(sizes)).state_dict()
    for weights in ("fp32", "int8"):
        exporter.write(sd, pathlib.Path(out) / f"groupvit-{weights}", pairs(out), f"groupvit-{weights}", "GroupViT", "random weights", weights)


def lseg(repository, clip_repository, out):
    import lseg as exporter
    import lseg_official as official

    official.lend(repository, clip_repository)
    merges = pairs(out)
    with gzip.open(pathlib.Path(out) / "merges.gz", "wt") as f:
        f.write(merges.read_text())
    sizes = types.SimpleNamespace(
        window=480, image=384, width=1024, depth=24, hooks=[5, 11, 17, 23], heads=16, taps=[256, 512, 1024, 1024], features=256, text=512, layers=12, vocab=VOCAB
    )
    net = calm(official.build(sizes, pathlib.Path(out) / "merges.gz"))
    sd = {"net." + k: v for k, v in net.state_dict().items()}
    for weights in ("fp32", "int8"):
        exporter.write(sd, pathlib.Path(out) / f"lseg-{weights}", merges, f"lseg-{weights}", "LSeg", "random weights", weights)


def vild(clip_repository, tpu, python, out):
    import vild as exporter

    sys.path.insert(0, clip_repository)
    sys.modules.pop("clip", None)
    import clip.model

    words = calm(clip.model.CLIP(512, 224, 12, 768, 32, 77, VOCAB, 512, 8, 12)).state_dict()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as tmp:
        listing = pathlib.Path(tmp) / "variables.json"
        subprocess.run([python, pathlib.Path(__file__).parent / "vild_official.py", tpu, "--names", listing], check=True)
        values = {n: rng.normal(0, 0.01, s).astype(np.float32) for n, s in json.loads(listing.read_text()).items()}
    for name, v in values.items():
        if name.endswith(("gamma", "moving_variance")):
            v[...] = 1
    exporter.write(values, words, pathlib.Path(out) / "vild-ensemble", pairs(out), "vild-ensemble", "ViLD", "random weights", which="one")


if __name__ == "__main__":
    pathlib.Path(sys.argv[-1]).mkdir(parents=True, exist_ok=True)
    {"groupvit": groupvit, "lseg": lseg, "vild": vild}[sys.argv[1]](*sys.argv[2:])
