"""Runs the code of isl-org/lang-seg (bb00b21) and openai/CLIP on a CPU, as the reference of lseg.py.

Lent are a graphics card (what is moved to one stays), fp32 where the code halves its features for one, and the sizes
that the repository writes into its code: those of the tower and of what its taps become. The modules are built by the
repository's own functions. Nothing of the arithmetic is replaced.
"""

import math
import sys

import lent
import timm.models.vision_transformer
import torch
from torch import nn


def lend(repository, clip_repository):
    sys.path[:0] = [str(repository), str(clip_repository)]
    lent.lend("pandas")
    sys.modules.pop("clip", None)  # the exporter's, which holds its own by now
    torch.Tensor.cuda = lambda self, *args, **kwargs: self
    torch.Tensor.half = lambda self: self


def build(shape, merges):
    """The official network of a configuration of sizes, in evaluation mode."""
    import clip
    import clip.model
    import clip.simple_tokenizer
    import modules.models.lseg_blocks as blocks
    import modules.models.lseg_net as official
    import modules.models.lseg_vit as vit

    clip.clip._tokenizer = clip.simple_tokenizer.SimpleTokenizer(str(merges))
    words = clip.model.CLIP(
        embed_dim=512, image_resolution=32, vision_layers=1, vision_width=64, vision_patch_size=32, context_length=77,
        vocab_size=shape.vocab, transformer_width=shape.text, transformer_heads=shape.text // 64, transformer_layers=shape.layers,
    )  # fmt: skip

    def encoder(backbone, features, **kwargs):
        tower = timm.models.vision_transformer.VisionTransformer(
            img_size=shape.image, patch_size=16, embed_dim=shape.width, depth=shape.depth, num_heads=shape.heads, num_classes=7
        )
        tapped = vit._make_vit_b16_backbone(tower, features=shape.taps, hooks=shape.hooks, vit_features=shape.width, use_readout="project")
        return words, tapped, blocks._make_scratch(shape.taps, features, groups=1, expand=False)

    official._make_encoder = encoder
    net = official.LSegNet(
        labels=["a"], path=None, crop_size=shape.window, backbone="clip_vitl16_384", features=shape.features, aux=False,
        arch_option=0, block_depth=0, activation="lrelu",
    )  # fmt: skip
    return net.eval()


class Module(nn.Module):
    """What the evaluator wants of lsegmentation_module.LSegmentationModule."""

    mean = std = [0.5, 0.5, 0.5]
    _up_kwargs = {"mode": "bilinear", "align_corners": True}

    def __init__(self, net, base, crop):
        super().__init__()
        self.net, self.base_size, self.crop_size = net, base, crop

    def evaluate_random(self, x, labels):
        return self.net.forward(x, labels)


def segment(net, photo, names, base, crop, scales, flip):
    """The label of every pixel of an RGB photo."""
    from additional_utils.models import LSeg_MultiEvalModule

    pixels = (torch.from_numpy(photo).permute(2, 0, 1).float() / 255 - 0.5) / 0.5
    evaluator = LSeg_MultiEvalModule(Module(net, base, crop), scales=scales, flip=flip)
    with torch.no_grad():
        return evaluator.forward(pixels[None], names)[0].argmax(0).numpy()


def sizes(base, scales):
    return [math.ceil(base * s) for s in scales]
