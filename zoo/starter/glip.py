"""The starter's head for captions: photo and caption see each other before they are compared (GLIP, Li et al. 2022).

It reads p3 to p6 of the trunk and the states of a caption's pieces. Each round is a cross-attention in both directions, a separable
convolution for the photo and a transformer layer for the caption. One affinity serves both directions; p3 takes part in it at half its
side. Boxes and their quality start as the trunk's proposals, which were trained with it.
"""

import math

import torch
from net import STRIDES, WIDTH, double
from torch import nn
from torch.nn import functional as F

ANCHOR = 8.0                 # side of a cell's anchor, in strides
STATES, TEXT, INNER = 384, 192, 128  # width of the text encoder's states, of the caption's in the head, of attention
LEVELS = ("p3", "p4", "p5", "p6")
FINEST = STRIDES[1]
SAY = 0.25                   # power of the quality in a score: what a cell's names say is judged by the box already


def flatten(levels):
    return torch.cat([f.flatten(2) for f in levels], 2)


def split(flat, like):
    """Return the cells of all levels [n, c, a] as maps of the sides of others."""
    parts = flat.split([f.shape[2] * f.shape[3] for f in like], 2)
    return [p.reshape(p.shape[0], p.shape[1], f.shape[2], f.shape[3]) for p, f in zip(parts, like)]


class Separable(nn.Module):
    """A separable convolution of all levels, normed over all of their cells together."""

    def __init__(self, c, still=False):
        super().__init__()
        self.near, self.mix = nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False), nn.Conv2d(c, c, 1, bias=False)
        self.norm, self.still = nn.BatchNorm2d(c), still
        if still:
            nn.init.zeros_(self.norm.weight)

    def forward(self, levels):
        near = [self.near(f) for f in levels]
        if self.training:
            out = split(self.norm(self.mix(flatten(near)[..., None]))[..., 0], levels)
        else:
            out = [self.norm(self.mix(f)) for f in near]
        return out if self.still else [F.relu6(f) for f in out]


def heads(x, count):
    n, length, width = x.shape
    return x.view(n, length, count, width // count).transpose(1, 2)


def joined(x):
    return x.transpose(1, 2).flatten(2)


class Fusion(nn.Module):
    """What the photo's cells and the caption's pieces tell each other."""

    def __init__(self, rounds, count=4):
        super().__init__()
        self.count = count
        self.norm, self.text_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(TEXT)
        self.level = nn.Parameter(torch.randn(len(LEVELS), WIDTH) * 0.02)
        self.query, self.value, self.out = nn.Linear(WIDTH, INNER), nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.key, self.text_value, self.text_out = nn.Linear(TEXT, INNER), nn.Linear(TEXT, INNER), nn.Linear(INNER, TEXT)
        self.gain, self.text_gain = nn.Parameter(torch.full((WIDTH,), 0.1)), nn.Parameter(torch.full((TEXT,), 1 / rounds))

    def forward(self, levels, text, hide):
        few = [F.avg_pool2d(levels[0], 2), *levels[1:]]
        cells = torch.cat([f.flatten(2).transpose(1, 2) + e for f, e in zip(few, self.level)], 1)
        cells, pieces = self.norm(cells), self.text_norm(text)
        query, value = heads(self.query(cells), self.count), heads(self.value(cells), self.count)
        key, text_value = heads(self.key(pieces), self.count), heads(self.text_value(pieces), self.count)
        likeness = (query @ key.transpose(2, 3)) * (INNER // self.count) ** -0.5
        told = self.out(joined(torch.softmax(likeness + hide, -1) @ text_value)) * self.gain
        text = text + self.text_out(joined(torch.softmax(likeness.transpose(2, 3), -1) @ value)) * self.text_gain
        told = split(told.transpose(1, 2), few)
        return [f + t for f, t in zip(levels, [double(told[0]), *told[1:]])], text


class TextLayer(nn.Module):
    def __init__(self, count=4):
        super().__init__()
        self.count = count
        self.norm, self.three, self.out = nn.LayerNorm(TEXT), nn.Linear(TEXT, 3 * TEXT), nn.Linear(TEXT, TEXT)
        self.inner = nn.Sequential(nn.LayerNorm(TEXT), nn.Linear(TEXT, TEXT), nn.GELU(), nn.Linear(TEXT, TEXT))

    def forward(self, x, hide):
        query, key, value = (heads(p, self.count) for p in self.three(self.norm(x)).chunk(3, -1))
        weights = torch.softmax(query @ key.transpose(2, 3) * (TEXT // self.count) ** -0.5 + hide, -1)
        x = x + self.out(joined(weights @ value))
        return x + self.inner(x)


class Head(nn.Module):
    """Logits of cells and pieces, how far the boxes' sides are from the cells (pixels), and logits of the boxes' quality.

    Without `fusion` photo and caption meet in the logits only.
    """

    def __init__(self, fusion=True, rounds=3):
        super().__init__()
        self.read = nn.Sequential(nn.LayerNorm(STATES), nn.Linear(STATES, TEXT))
        self.fusion = nn.ModuleList([Fusion(rounds) for _ in range(rounds)]) if fusion else None
        self.near = nn.ModuleList([Separable(WIDTH, still=True) for _ in range(rounds)])
        self.text = nn.ModuleList([TextLayer() for _ in range(rounds)])
        self.box_tower, self.name_tower = (nn.Sequential(Separable(WIDTH), Separable(WIDTH)) for _ in range(2))
        self.obj, self.reg = nn.Conv2d(WIDTH, 1, 3, padding=1), nn.Conv2d(WIDTH, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.full((len(LEVELS),), 2.0))
        self.name, self.token = nn.Linear(WIDTH, TEXT), nn.Sequential(nn.LayerNorm(TEXT), nn.Linear(TEXT, TEXT))
        self.tau, self.bias = nn.Parameter(torch.tensor(math.log(10.0))), nn.Parameter(torch.tensor(-4.6))

    def fill(self, proposals):
        """Start boxes and quality as the trunk's proposals (net.Proposals)."""
        for own, given in zip(self.box_tower, proposals.tower):
            own.near.load_state_dict(given[0].state_dict())
            own.mix.load_state_dict(given[1][0].state_dict())
            own.norm.load_state_dict(given[1][1].state_dict())
        self.obj.load_state_dict(proposals.obj.state_dict())
        self.reg.load_state_dict(proposals.reg.state_dict())
        self.scale.data.copy_(proposals.scale.data[1:])

    def forward(self, levels, states, mask):
        hide = (1 - mask.to(states.dtype))[:, None, None] * -1e4
        text = self.read(states)
        for i, (near, layer) in enumerate(zip(self.near, self.text)):
            if self.fusion is not None:
                levels, text = self.fusion[i](levels, text, hide)
            levels = [f + more for f, more in zip(levels, near([F.relu6(f) for f in levels]))]
            text = layer(text, hide)
        maps = self.box_tower(levels)
        kernel, offset = (torch.cat([getattr(part, which) for part in (self.obj, self.reg)]) for which in ("weight", "bias"))
        maps = [F.conv2d(f, kernel, offset, padding=1).float() for f in maps]
        quality = torch.cat([f[:, 0].flatten(1) for f in maps], 1)
        reach = torch.cat([F.softplus(f[:, 1:] * scale).flatten(2) * FINEST * 2**i for i, (f, scale) in enumerate(zip(maps, self.scale))], 2)
        names = self.name(flatten(self.name_tower(levels)).transpose(1, 2))
        likeness = F.normalize(names.float(), dim=2) @ F.normalize(self.token(text).float(), dim=2).transpose(1, 2)
        return self.tau.clamp(max=3.7).exp() * likeness + self.bias, reach.transpose(1, 2), quality


class Exported(nn.Module):
    """The head as detect/glip reads it: boxes as changes of anchors, by GLIP's weights, and the logit of the quality to the power SAY."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, p3, p4, p5, p6, lang_hidden, attention_mask):
        levels = [p3, p4, p5, p6]
        logits, reach, quality = self.head(levels, lang_hidden, attention_mask)
        anchor = torch.cat([torch.full((1, 1, 1), ANCHOR * FINEST * 2**i).expand(1, f.shape[2] * f.shape[3], 1) for i, f in enumerate(levels)], 1)
        before, after = reach[..., :2], reach[..., 2:]
        shift = (after - before) * (5 / anchor)
        growth = ((before + after) / anchor).clamp(min=1e-3).log() * 5
        chance = quality.sigmoid() ** SAY
        return logits, torch.cat([shift, growth], 2), chance.log() - (1 - chance).clamp(min=1e-6).log()
