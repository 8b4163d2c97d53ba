"""Makes a pack of an official SLIP checkpoint, or of the CLIP that was trained beside it: ViT-S/16, B/16 and L/16.

    python3 zoo/export slip slip_base_100ep.pt --merges bpe_simple_vocab_16e6.txt.gz -o packs/slip-vit-b16

The checkpoints are those of facebookresearch/SLIP's README; --merges is the list of byte pairs that the repository
carries. Photos are prepared as eval_zeroshot.py does, which is not CLIP's way; the official scores are bare cosines, here
times the learned scale, which changes no order. The head for self-supervision (image_mlp) is left out.

Roles and flags are those of clip.
"""

import argparse

import checkpoint
import clip
import clip_net as net
import numpy as np
import torch

IMAGE = {
    "multiple": 1, "resize": "crop", "shrink": "pil-bilinear", "grow": "pil-bilinear", "order": "RGB", "pad": 0,
    "mean": [255 * v for v in (0.485, 0.456, 0.406)], "std": [255 * v for v in (0.229, 0.224, 0.225)],
}  # fmt: skip
LICENCE = """SLIP's code and checkpoints are published by Meta under the MIT licence (facebookresearch/SLIP), trained on YFCC15M.
The list of byte pairs is OpenAI CLIP's (MIT).
Made from {source} by Saysee's zoo/export.
"""

# What main.py saves beside the weights.
SAVED_TOO = [argparse.Namespace, np.dtype, np.dtypes.Float64DType, np._core.multiarray.scalar]


def read(path):
    with torch.serialization.safe_globals(SAVED_TOO):
        return checkpoint.read(path, "SLIP")


def model_of(sd, heads=None):
    return clip.model_of(sd, lambda sd: net.slip(sd, heads), unused=["image_mlp.", "visual.head."])


def main():
    clip.run("slip", __doc__, "SLIP", lambda path: model_of(read(path)), IMAGE, LICENCE)


if __name__ == "__main__":
    main()
