"""CLIP's and SLIP's networks, written anew so that the official checkpoints load by name and both sides export to ONNX.

Facts come from openai/CLIP at d05afc4 (clip/model.py) and facebookresearch/SLIP at c6faf5d (models.py), whose image tower
is timm's vision transformer. Module names follow the state dicts, the code is our own.

Texts may have any length up to the context: no piece looks at a later one, so what would fill up a text changes nothing.
"""

import re

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    """Self-attention with one projection for queries, keys and values."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, x, bias=None):
        return self.out_proj(attend(F.linear(x, self.in_proj_weight, self.in_proj_bias), self.heads, bias))


def attend(qkv, heads, bias=None):
    """[B, N, 3 D] of queries, keys and values to [B, N, D]."""
    b, n, c = qkv.shape
    q, k, v = qkv.reshape(b, n, 3, heads, c // 3 // heads).permute(2, 0, 3, 1, 4).unbind(0)
    a = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if bias is not None:
        a = a + bias
    return (a.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c // 3)


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn = Attention(dim, heads)
        self.ln_1 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(dim, 4 * dim))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * dim, dim))
        self.ln_2 = nn.LayerNorm(dim)

    def forward(self, x, bias=None):
        x = x + self.attn(self.ln_1(x), bias)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, dim, layers, heads):
        super().__init__()
        self.resblocks = nn.ModuleList(Block(dim, heads) for _ in range(layers))

    def forward(self, x, bias=None):
        for block in self.resblocks:
            x = block(x, bias)
        return x


class Project(nn.Module):
    """The product that ends a side. It has a name of its own, so that it can be left in fp32."""

    def forward(self, x, weight):
        return x @ weight


# CLIP's image towers


class ViT(nn.Module):
    def __init__(self, side, patch, dim, layers, heads, out):
        super().__init__()
        self.conv1 = nn.Conv2d(3, dim, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(dim))
        self.positional_embedding = nn.Parameter(torch.zeros((side // patch) ** 2 + 1, dim))
        self.ln_pre = nn.LayerNorm(dim)
        self.transformer = Transformer(dim, layers, heads)
        self.ln_post = nn.LayerNorm(dim)
        self.proj = nn.Parameter(torch.zeros(dim, out))
        self.project = Project()

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x))
        return self.project(self.ln_post(x[:, 0]), self.proj)


class Bottleneck(nn.Module):
    def __init__(self, inp, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inp, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.downsample = None
        if stride > 1 or inp != 4 * planes:
            self.downsample = nn.Sequential()
            self.downsample.add_module("-1", nn.AvgPool2d(stride))
            self.downsample.add_module("0", nn.Conv2d(inp, 4 * planes, 1, bias=False))
            self.downsample.add_module("1", nn.BatchNorm2d(4 * planes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(self.pool(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class AttentionPool(nn.Module):
    def __init__(self, places, dim, heads, out):
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.zeros(places + 1, dim))
        self.k_proj, self.q_proj, self.v_proj = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.c_proj = nn.Linear(dim, out)

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.positional_embedding
        b, n, c = x.shape

        def split(y):
            return y.reshape(b, -1, self.heads, c // self.heads).transpose(1, 2)

        q, k, v = split(self.q_proj(x[:, :1])), split(self.k_proj(x)), split(self.v_proj(x))
        a = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        return self.c_proj((a @ v).transpose(1, 2).reshape(b, c))


class ResNet(nn.Module):
    """A stem of three convolutions, average pools in place of strides, attention in place of the last pool."""

    def __init__(self, side, width, layers, heads, out):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width // 2, 3, 2, 1, bias=False), nn.BatchNorm2d(width // 2)
        self.conv2, self.bn2 = nn.Conv2d(width // 2, width // 2, 3, 1, 1, bias=False), nn.BatchNorm2d(width // 2)
        self.conv3, self.bn3 = nn.Conv2d(width // 2, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        inp = width
        for i, count in enumerate(layers):
            blocks = []
            for j in range(count):
                blocks.append(Bottleneck(inp, width << i, 2 if i > 0 and j == 0 else 1))
                inp = 4 * (width << i)
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool((side // 32) ** 2, 32 * width, heads, out)

    def forward(self, x):
        for i in (1, 2, 3):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        x = F.avg_pool2d(x, 2)
        for i in (1, 2, 3, 4):
            x = getattr(self, f"layer{i}")(x)
        return self.attnpool(x)


# SLIP's image tower (timm's VisionTransformer)


class TimmAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        return self.proj(attend(self.qkv(x), self.heads))


class TimmMLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class TimmBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim, eps=1e-6), TimmAttention(dim, heads)
        self.norm2, self.mlp = nn.LayerNorm(dim, eps=1e-6), TimmMLP(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, patch, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)


class TimmViT(nn.Module):
    def __init__(self, side, patch, dim, layers, heads):
        super().__init__()
        self.patch_embed = PatchEmbed(patch, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, dim))
        self.blocks = nn.ModuleList(TimmBlock(dim, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]


class Model(nn.Module):
    """Both sides. visual makes vectors by itself, or states for image_projection (SLIP)."""

    def __init__(self, visual, side, context, vocab, dim, layers, heads, embed, projects=None):
        super().__init__()
        self.side = side
        self.visual = visual
        self.transformer = Transformer(dim, layers, heads)
        self.token_embedding = nn.Embedding(vocab, dim)
        self.positional_embedding = nn.Parameter(torch.zeros(context, dim))
        self.ln_final = nn.LayerNorm(dim)
        self.text_projection = nn.Parameter(torch.zeros(dim, embed))
        self.image_projection = None if projects is None else nn.Parameter(torch.zeros(projects, embed))
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.project = Project()

    def encode_image(self, pixels):
        x = self.visual(pixels)
        return x if self.image_projection is None else self.project(x, self.image_projection)

    def encode_text(self, ids):
        length = ids.shape[1]
        x = self.token_embedding(ids) + self.positional_embedding[:length]
        at = torch.arange(length)
        later = (at[None, :] > at[:, None]).float() * torch.finfo(torch.float32).min
        x = self.ln_final(self.transformer(x, later))
        end = ids.to(torch.int32).argmax(1)  # the piece for the text's end has the largest number
        return self.project(x[torch.arange(x.shape[0]), end], self.text_projection)


class Image(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, pixel_values):
        return self.m.encode_image(pixel_values)


class Text(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, input_ids):
        return self.m.encode_text(input_ids)


def count(sd, pattern):
    found = {m[1] for k in sd if (m := re.match(pattern, k))}
    return len(found)


def text_shape(sd):
    """What both families read off the text side."""
    dim = sd["ln_final.weight"].shape[0]
    return {
        "context": sd["positional_embedding"].shape[0], "vocab": sd["token_embedding.weight"].shape[0], "dim": dim,
        "layers": count(sd, r"transformer\.resblocks\.(\d+)\."), "heads": dim // 64, "embed": sd["text_projection"].shape[1],
    }  # fmt: skip


def clip(sd):
    """A CLIP of the checkpoint's shape (build_model)."""
    text = text_shape(sd)
    if "visual.proj" in sd:
        dim, _, _, patch = sd["visual.conv1.weight"].shape
        side = round((sd["visual.positional_embedding"].shape[0] - 1) ** 0.5) * patch
        visual = ViT(side, patch, dim, count(sd, r"visual\.transformer\.resblocks\.(\d+)\."), dim // 64, text["embed"])
    else:
        width = sd["visual.layer1.0.conv1.weight"].shape[0]
        side = round((sd["visual.attnpool.positional_embedding"].shape[0] - 1) ** 0.5) * 32
        layers = [count(sd, rf"visual\.layer{i}\.(\d+)\.") for i in (1, 2, 3, 4)]
        visual = ResNet(side, width, layers, width * 32 // 64, text["embed"])
    return Model(visual, side, **text)


# Heads of SLIP's towers by width (models.py): ViT-S has 12, too.
SLIP_HEADS = {384: 12, 768: 12, 1024: 16}


def slip(sd, heads=None):
    """A SLIP of the checkpoint's shape. A number of heads leaves no trace in a state dict."""
    dim, _, _, patch = sd["visual.patch_embed.proj.weight"].shape
    side = round((sd["visual.pos_embed"].shape[1] - 1) ** 0.5) * patch
    visual = TimmViT(side, patch, dim, count(sd, r"visual\.blocks\.(\d+)\."), heads or SLIP_HEADS.get(dim, dim // 64))
    return Model(visual, side, projects=dim, **text_shape(sd))
