"""ViLD's networks, written anew and built straight from the variables of an official checkpoint.

Facts come from tensorflow/tpu at 7dc921f, models/official/detection: modeling/architecture/{resnet,nn_blocks,nn_ops,fpn,
heads}.py, projects/vild/modeling/vild_head.py and ops/spatial_transform_ops.py. Tensors are NCHW here, NHWC there.
"""

import re

import torch
import torch.nn.functional as F
from torch import nn

from checkpoint import CheckpointError, listed

LAYERS = {14: (1, 1, 1, 1), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
LEVELS = (2, 3, 4, 5, 6)
EPS = 1e-4
HEAD = "frcnn_layer_0/fast_rcnn_head"


class Variables:
    """A checkpoint's variables as layers. What is missing is remembered, and told all at once."""

    def __init__(self, values):
        self.values, self.missing = values, []

    def get(self, name, dims):
        if name not in self.values:
            self.missing.append(name)
            return torch.zeros([1] * dims)
        value = torch.from_numpy(self.values[name].copy()).float()
        if value.dim() != dims:
            raise CheckpointError(f"{name} has {value.dim()} dimensions, not {dims}")
        return value

    def conv(self, name, stride=1, bias=True, same=True):
        """Strided ones are padded by hand."""
        kernel = self.get(f"{name}/kernel", 4).permute(3, 2, 0, 1)
        side = kernel.shape[2]
        pad = side // 2 if same and stride == 1 else 0
        layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], side, stride, pad, bias=bias)
        layer.weight.data = kernel
        if bias:
            layer.bias.data = self.get(f"{name}/bias", 1)
        return layer

    def deconv(self, name):
        kernel = self.get(f"{name}/kernel", 4).permute(3, 2, 0, 1)
        layer = nn.ConvTranspose2d(kernel.shape[0], kernel.shape[1], kernel.shape[2], kernel.shape[2])
        layer.weight.data, layer.bias.data = kernel, self.get(f"{name}/bias", 1)
        return layer

    def dense(self, name):
        kernel = self.get(f"{name}/kernel", 2).T
        layer = nn.Linear(kernel.shape[1], kernel.shape[0])
        layer.weight.data, layer.bias.data = kernel, self.get(f"{name}/bias", 1)
        return layer

    def bn(self, name, kind=nn.BatchNorm2d):
        gamma = self.get(f"{name}/gamma", 1)
        layer = kind(gamma.shape[0], eps=EPS)
        layer.weight.data, layer.bias.data = gamma, self.get(f"{name}/beta", 1)
        layer.running_mean, layer.running_var = self.get(f"{name}/moving_mean", 1), self.get(f"{name}/moving_variance", 1)
        return layer

    def check(self):
        if self.missing:
            raise CheckpointError(f"this is not a ViLD checkpoint, or not whole: {listed(self.missing)} missing")


class Numbered:
    """Names as TensorFlow gives them to layers without one: conv2d, conv2d_1, ..."""

    def __init__(self, scope):
        self.scope, self.counts = scope, {}

    def __call__(self, kind):
        n = self.counts[kind] = self.counts.get(kind, -1) + 1
        return f"{self.scope}/{kind}" + (f"_{n}" if n else "")


class Strided(nn.Module):
    """A convolution that is padded alike on both sides, whatever its stride (conv2d_fixed_padding), and its norm."""

    def __init__(self, v, name, stride=1, relu=True):
        super().__init__()
        self.conv, self.bn, self.relu = v.conv(name("conv2d"), stride, bias=False), v.bn(name("batch_normalization")), relu

    def forward(self, x):
        if self.conv.stride[0] > 1:
            pad = self.conv.kernel_size[0] // 2
            x = F.pad(x, (pad, pad, pad, pad))
        x = self.bn(self.conv(x))
        return F.relu(x) if self.relu else x


class Bottleneck(nn.Module):
    def __init__(self, v, name, stride, first):
        super().__init__()
        self.shortcut = Strided(v, name, stride, relu=False) if first else nn.Identity()
        self.body = nn.Sequential(Strided(v, name), Strided(v, name, stride), Strided(v, name, relu=False))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


def same(x, value=0.0):
    """TensorFlow's SAME padding of an even side for a window of 3 and a stride of 2."""
    return F.pad(x, (0, 1, 0, 1), value=value)


class Backbone(nn.Module):
    def __init__(self, v, depth):
        super().__init__()
        name = Numbered(f"resnet{depth}")
        self.stem = Strided(v, name, 2)
        self.groups = nn.ModuleList(
            nn.Sequential(*(Bottleneck(v, name, 2 if g > 0 and b == 0 else 1, b == 0) for b in range(n))) for g, n in enumerate(LAYERS[depth])
        )

    def forward(self, x):
        x = F.max_pool2d(same(self.stem(x), float("-inf")), 3, 2)
        out = []
        for group in self.groups:
            x = group(x)
            out.append(x)
        return out


class Pyramid(nn.Module):
    def __init__(self, v):
        super().__init__()
        self.lateral = nn.ModuleList(v.conv(f"fpn/l{i}") for i in LEVELS[:-1])
        self.post = nn.ModuleList(v.conv(f"fpn/post_hoc_d{i}") for i in LEVELS[:-1])
        self.p6 = v.conv("fpn/p6", 2)
        self.bn = nn.ModuleList(v.bn(f"fpn/p{i}-bn") for i in LEVELS)

    def forward(self, features):
        maps = [lateral(x) for lateral, x in zip(self.lateral, features)]
        for i in (2, 1, 0):
            maps[i] = maps[i] + F.interpolate(maps[i + 1], scale_factor=2, mode="nearest")
        maps = [post(x) for post, x in zip(self.post, maps)]
        maps.append(self.p6(same(maps[-1])))
        return [bn(x) for bn, x in zip(self.bn, maps)]


class Proposer(nn.Module):
    """Objectness and box deltas of every anchor: positions in rows, anchors within a position."""

    def __init__(self, v):
        super().__init__()
        self.convs = nn.ModuleList(v.conv("rpn_head/" + n) for n in ("rpn", "rpn-1"))
        self.norms = nn.ModuleList(nn.ModuleList(v.bn(f"rpn_head/rpn-l{i}-bn" + n) for n in ("", "-1")) for i in LEVELS)
        self.score, self.box = v.conv("rpn_head/rpn-class"), v.conv("rpn_head/rpn-box")

    def forward(self, maps):
        scores, boxes = [], []
        for x, norms in zip(maps, self.norms):
            for conv, bn in zip(self.convs, norms):
                x = F.relu(bn(conv(x)))
            scores.append(self.score(x).permute(0, 2, 3, 1).reshape(-1))
            boxes.append(self.box(x).permute(0, 2, 3, 1).reshape(-1, 4))
        return torch.cat(scores), torch.cat(boxes)


class Image(nn.Module):
    """[1, 3, H, W] to the pyramid and the anchors' scores and deltas."""

    def __init__(self, v, depth):
        super().__init__()
        self.backbone, self.pyramid, self.proposer = Backbone(v, depth), Pyramid(v), Proposer(v)

    def forward(self, pixels):
        maps = self.pyramid(self.backbone(pixels))
        return *maps, *self.proposer(maps)


def crop(maps, boxes, side):
    """Boxes [R, 4] (y0, x0, y1, x1) of the pyramid, [R, C, side, side] (multilevel_crop_and_resize): a sample at each
    bin's centre, of the level that fits the box's size, positions without a half pixel's shift."""
    y, x, h, w = boxes[:, 0], boxes[:, 1], boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    level = torch.floor(torch.log(torch.sqrt(h * w) / 224.0) / torch.log(torch.tensor(2.0))) + 4.0
    level = level.clamp(LEVELS[0], LEVELS[-1])
    scale = torch.pow(2.0, level)
    level = (level - LEVELS[0]).long()
    heights = torch.stack([torch.as_tensor(m.shape[2]) for m in maps])
    widths = torch.stack([torch.as_tensor(m.shape[3]) for m in maps])
    sizes = heights * widths
    first = torch.cumsum(sizes, 0) - sizes
    flat = torch.cat([m[0].flatten(1) for m in maps], 1).T  # [places, C]
    bins = (torch.arange(side) + 0.5) / side

    def axis(at, length, limit):
        grid = at[:, None] / scale[:, None] + bins * (length / scale)[:, None]
        limit = limit[level].float()[:, None]
        low = torch.minimum(torch.floor(grid).clamp(min=0), limit)
        return low, torch.minimum(low + 1, limit), grid - low

    y0, y1, fy = axis(y, h, heights - 1)
    x0, x1, fx = axis(x, w, widths - 1)
    row = widths[level][:, None, None]

    def at(y, x):
        return flat[first[level][:, None, None] + y.long()[:, :, None] * row + x.long()[:, None, :]]

    fy, fx = fy[:, :, None, None], fx[:, None, :, None]
    top = at(y0, x0) * (1 - fx) + at(y0, x1) * fx
    low = at(y1, x0) * (1 - fx) + at(y1, x1) * fx
    return (top * (1 - fy) + low * fy).permute(0, 3, 1, 2)


class Branch(nn.Module):
    """Convolutions, full layers and the projection to the text's space."""

    def __init__(self, v, name, prefix):
        super().__init__()
        dashed = prefix.replace("_", "-")
        count = len([k for k in v.values if re.fullmatch(rf"{HEAD}/{prefix}conv_\d+/kernel", k)])
        dense = len([k for k in v.values if re.fullmatch(rf"{HEAD}/{prefix}fc\d+/kernel", k)])
        self.convs = nn.ModuleList(v.conv(f"{HEAD}/{prefix}conv_{i}") for i in range(max(count, 1)))
        self.norms = nn.ModuleList(v.bn(name("batch_normalization")) for _ in self.convs)
        self.full = nn.ModuleList(v.dense(f"{HEAD}/{prefix}fc{i + 6}") for i in range(max(dense, 1)))
        self.full_norms = nn.ModuleList(v.bn(name("batch_normalization"), nn.BatchNorm1d) for _ in self.full)
        self.project = v.dense(f"{HEAD}/{dashed}project-to-clip")

    def forward(self, x):
        for conv, bn in zip(self.convs, self.norms):
            x = F.relu(bn(conv(x)))
        x = x.permute(0, 2, 3, 1).flatten(1)
        for full, bn in zip(self.full, self.full_norms):
            x = F.relu(bn(full(x)))
        y = self.project(x)
        return x, y / y.norm(dim=1, keepdim=True).clamp(min=1e-8)


class Regions(nn.Module):
    """Proposals to vectors of unit length, box deltas and the background's vector; of an ensemble, the distilled
    branch's vectors too."""

    def __init__(self, v):
        super().__init__()
        name = Numbered(HEAD)
        self.branch = Branch(v, name, "")
        self.distilled = Branch(v, name, "distill_") if f"{HEAD}/distill-project-to-clip/kernel" in v.values else None
        self.box = v.dense(f"{HEAD}/box-predict")
        background = v.get(f"{HEAD}/background-class-predict/kernel", 2)[:, 0]
        self.register_buffer("background", background / background.norm().clamp(min=1e-8))

    def forward(self, p2, p3, p4, p5, p6, rois):
        x = crop([p2, p3, p4, p5, p6], rois, 7)
        hidden, vectors = self.branch(x)
        out = [self.box(hidden), vectors, self.background + 0]
        if self.distilled is not None:
            out.append(self.distilled(x)[1])
        return tuple(out)


class Masks(nn.Module):
    """Boxes to mask probabilities, [K, 28, 28]."""

    def __init__(self, v):
        super().__init__()
        name = Numbered("mask_head")
        count = len([k for k in v.values if re.fullmatch(r"mask_head/mask-conv-l\d+/kernel", k)])
        self.convs = nn.ModuleList(v.conv(f"mask_head/mask-conv-l{i}") for i in range(max(count, 1)))
        self.norms = nn.ModuleList(v.bn(name("batch_normalization")) for _ in self.convs)
        self.wide, self.wide_norm = v.deconv("mask_head/conv5-mask"), v.bn(name("batch_normalization"))
        self.mask = v.conv("mask_head/mask_fcn_logits")

    def forward(self, p2, p3, p4, p5, p6, boxes):
        x = crop([p2, p3, p4, p5, p6], boxes, 14)
        for conv, bn in zip(self.convs, self.norms):
            x = F.relu(bn(conv(x)))
        return torch.sigmoid(self.mask(F.relu(self.wide_norm(self.wide(x))))[:, 0])


def depth_of(values):
    for name in values:
        if (m := re.match(r"resnet(\d+)/conv2d/kernel$", name)) and int(m[1]) in LAYERS:
            return int(m[1])
    raise CheckpointError("this is not a ViLD checkpoint: it has no resnet50 or resnet152 in it")


def build(values):
    """The three networks of a checkpoint's variables."""
    v = Variables(values)
    nets = Image(v, depth_of(values)).eval(), Regions(v).eval(), Masks(v).eval()
    v.check()
    return nets
