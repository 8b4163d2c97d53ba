"""LSeg's pixel side, written anew so that the official checkpoints load by name and export to ONNX.

Facts come from isl-org/lang-seg at bb00b21: modules/models/lseg_net.py, lseg_blocks.py and lseg_vit.py. Module names
follow the state dict ("scratch.refinenet1.resConfUnit1.conv1.weight"), the code is our own. The graph ends at pixel
vectors of unit length: what follows in the official forward is a product with the words and a resize.
"""

import math
import re

import torch
import torch.nn.functional as F
from torch import nn

import clip_net

# Where the tower is tapped, and how each tap is resampled, by the patch's side (forward_vit, _make_vit_b16_backbone,
# _make_vit_b32_backbone): a factor, or 0 for as it is, or -2 for a strided convolution.
TAPS = {24: (5, 11, 17, 23), 12: (2, 5, 8, 11)}
FACTORS = {16: (4, 2, 0, -2), 32: (8, 4, 2, 0)}


class Readout(nn.Module):
    """Every patch's state beside that of the class token."""

    def __init__(self, dim):
        super().__init__()
        self.project = nn.Sequential(nn.Linear(2 * dim, dim), nn.GELU())

    def forward(self, x):
        patches = x[:, 1:]
        return self.project(torch.cat([patches, x[:, :1].expand_as(patches)], -1))


def postprocess(dim, out, factor):
    """The modules of act_postprocessN, at their places: 1 and 2 only reshape."""
    layers = [Readout(dim), nn.Identity(), nn.Identity(), nn.Conv2d(dim, out, 1)]
    if factor > 0:
        layers.append(nn.ConvTranspose2d(out, out, factor, factor))
    elif factor < 0:
        layers.append(nn.Conv2d(out, out, 3, 2, 1))
    return nn.Sequential(*layers)


class Tower(nn.Module):
    """timm's vision transformer, its positions made for another grid once."""

    def __init__(self, patch, dim, layers, heads, grid, window):
        super().__init__()
        self.patch_embed = clip_net.PatchEmbed(patch, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid**2 + 1, dim))
        self.blocks = nn.ModuleList(clip_net.TimmBlock(dim, heads) for _ in range(layers))
        self.grid, self.side = grid, window // patch

    def positions(self):
        own = self.pos_embed[:, 1:].reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
        own = F.interpolate(own, size=(self.side, self.side), mode="bilinear")
        return torch.cat([self.pos_embed[:, :1], own.permute(0, 2, 3, 1).reshape(1, self.side**2, -1)], 1)

    def forward(self, x, taps):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.positions()
        out = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in taps:
                out.append(x)
        return out


class Unit(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)

    def forward(self, x):
        y = self.bn1(self.conv1(F.relu(x)))
        return x + self.bn2(self.conv2(F.relu(y)))


class Fusion(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.out_conv = nn.Conv2d(c, c, 1)
        self.resConfUnit1, self.resConfUnit2 = Unit(c), Unit(c)

    def forward(self, x, finer=None):
        if finer is not None:
            x = x + self.resConfUnit1(finer)
        x = self.resConfUnit2(x)
        return self.out_conv(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))


class Pixels(nn.Module):
    """[1, 3, S, S] to vectors of unit length, [1, D, S/2, S/2]."""

    def __init__(self, sd, window, heads=None):
        super().__init__()
        embed = sd["pretrained.model.patch_embed.proj.weight"]
        dim, patch = embed.shape[0], embed.shape[2]
        found = {m[1] for k in sd if (m := re.match(r"pretrained\.model\.blocks\.(\d+)\.", k))}
        layers = len(found)
        grid = math.isqrt(sd["pretrained.model.pos_embed"].shape[1] - 1)
        self.side = window // patch
        self.taps = TAPS.get(layers) or tuple(layers * (i + 1) // 4 - 1 for i in range(4))
        c = sd["scratch.head1.weight"].shape[1]
        outs = [sd[f"pretrained.act_postprocess{i}.3.weight"].shape[0] for i in range(1, 5)]
        self.pretrained, self.scratch = nn.Module(), nn.Module()
        self.pretrained.model = Tower(patch, dim, layers, heads or dim // 64, grid, window)
        for i, (out, factor) in enumerate(zip(outs, FACTORS[patch]), 1):
            self.pretrained.add_module(f"act_postprocess{i}", postprocess(dim, out, factor))
            self.scratch.add_module(f"layer{i}_rn", nn.Conv2d(out, c, 3, 1, 1, bias=False))
            self.scratch.add_module(f"refinenet{i}", Fusion(c))
        self.scratch.head1 = nn.Conv2d(c, sd["scratch.head1.weight"].shape[0], 1)

    def forward(self, pixels):
        maps = []
        for i, x in enumerate(self.pretrained.model(pixels, self.taps), 1):
            post = getattr(self.pretrained, f"act_postprocess{i}")
            x = post[0](x).transpose(1, 2).reshape(1, -1, self.side, self.side)
            maps.append(getattr(self.scratch, f"layer{i}_rn")(post[3:](x)))
        s = self.scratch
        x = s.refinenet4(maps[3])
        x = s.refinenet3(x, maps[2])
        x = s.refinenet2(x, maps[1])
        x = s.head1(s.refinenet1(x, maps[0]))
        return x / x.norm(dim=1, keepdim=True)


class Match(nn.Module):
    """Logits of words at every pixel of the window, [1, N, S, S]."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, pixels, words):
        logits = F.conv2d(pixels, self.scale * words[:, :, None, None])
        return F.interpolate(logits, scale_factor=2, mode="bilinear", align_corners=True)
