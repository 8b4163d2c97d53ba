"""GLIP's networks, written anew so that the official checkpoints load by name and every part exports to ONNX.

Facts come from microsoft/GLIP at 9dda955: maskrcnn_benchmark/modeling/backbone/{swint,fpn}.py,
modeling/rpn/vldyhead.py, utils/fuse_helper.py, layers/dyrelu.py and modeling/language_backbone/bert_model.py.
Module names follow the state dict ("backbone.body.layers.0.blocks.0.attn.qkv.weight"), the code is our own.

Every shape may vary at run time: the photo's (multiples of 32) and the caption's. A caption may be padded or not,
since padding is masked wherever tokens meet: unpadded ones give the same result faster.
"""

import re
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from checkpoint import CheckpointError
from torch import nn
from torchvision.ops import deform_conv2d


@dataclass(frozen=True)
class Shape:
    """All sizes of a GLIP model. of() reads them off a state dict."""

    embed: int = 96  # Swin's first width
    depths: tuple = (2, 2, 6, 2)
    heads: tuple = (3, 6, 12, 24)
    window: int = 7
    channels: int = 256  # of the pyramid
    rounds: int = 6  # of fusion
    fused: bool = True  # False: GLIP-T(A)
    fuse_dim: int = 2048
    fuse_heads: int = 8
    groups: int = 16  # of GroupNorm
    classes: int = 80  # of a layer that is not used
    lang: int = 768
    lang_layers: int = 12
    lang_heads: int = 12
    lang_ffn: int = 3072
    vocab: int = 30522
    positions: int = 512

    @staticmethod
    def of(sd, fuse_heads=8, groups=16, lang_heads=None):
        """Reads the sizes of a state dict. Numbers of heads leave no trace in it, but for Swin's."""

        def count(pattern):
            found = [int(m[1]) for k in sd if (m := re.match(pattern, k))]
            return max(found) + 1 if found else 0

        body = "backbone.body.layers"
        stages = count(rf"{body}\.(\d+)\.")
        tables = [sd[f"{body}.{i}.blocks.0.attn.relative_position_bias_table"] for i in range(stages)]
        fused = any(".b_attn." in k for k in sd)
        tower = count(r"rpn\.head\.dyhead_tower\.(\d+)\.")
        words = sd["language_backbone.body.model.embeddings.word_embeddings.weight"]
        layers = "language_backbone.body.model.encoder.layer"
        fuse = "rpn.head.dyhead_tower.0.b_attn.attn.v_proj.weight"
        return Shape(
            embed=sd["backbone.body.patch_embed.proj.weight"].shape[0],
            depths=tuple(count(rf"{body}\.{i}\.blocks\.(\d+)\.") for i in range(stages)),
            heads=tuple(t.shape[1] for t in tables),
            window=(round(tables[0].shape[0] ** 0.5) + 1) // 2,
            channels=sd["backbone.fpn.fpn_inner4.weight"].shape[0],
            rounds=tower // 3 if fused else tower,
            fused=fused,
            fuse_dim=sd[fuse].shape[0] if fused else 2048,
            fuse_heads=fuse_heads,
            groups=groups,
            classes=sd["rpn.head.cls_logits.weight"].shape[0],
            lang=words.shape[1],
            lang_layers=count(rf"{layers}\.(\d+)\."),
            lang_heads=lang_heads or words.shape[1] // 64,
            lang_ffn=sd[f"{layers}.0.intermediate.dense.weight"].shape[0],
            vocab=words.shape[0],
            positions=sd["language_backbone.body.model.embeddings.position_embeddings.weight"].shape[0],
        )


# Swin Transformer (modeling/backbone/swint.py)


def windows(x, side):
    """[1, H, W, C] to [windows, side * side, C]."""
    _, h, w, c = x.shape
    x = x.reshape(h // side, side, w // side, side, c)
    return x.permute(0, 2, 1, 3, 4).reshape(-1, side * side, c)


def unwindows(x, side, h, w):
    """What windows took apart, [1, H, W, C]."""
    x = x.reshape(h // side, w // side, side, side, -1)
    return x.permute(0, 2, 1, 3, 4).reshape(1, h, w, -1)


def shift_mask(h, w, side, shift):
    """Keeps pixels that only the cyclic shift made neighbours from seeing each other: [windows, n, n], 0 or -100."""

    def zones(n):
        at = torch.arange(n)
        return (at >= n - side).long() + (at >= n - shift).long()

    zone = windows((zones(h)[:, None] * 3 + zones(w)[None, :])[None, :, :, None].float(), side)[:, :, 0]
    return torch.where(zone[:, None, :] == zone[:, :, None], 0.0, -100.0)


class WindowAttention(nn.Module):
    def __init__(self, dim, side, heads):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        at = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")).flatten(1)
        apart = at[:, :, None] - at[:, None, :] + side - 1
        self.register_buffer("relative_position_index", apart[0] * (2 * side - 1) + apart[1])
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, mask):
        n, t, c = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        a = (qkv[0] * (c // self.heads) ** -0.5) @ qkv[1].transpose(-2, -1)
        # The index is a constant, so the exporter folds the gather away.
        a = a + self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)
        if mask is not None:
            a = a + mask[:, None]
        return self.proj((a.softmax(-1) @ qkv[2]).transpose(1, 2).reshape(n, t, c))


class MLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class SwinBlock(nn.Module):
    def __init__(self, dim, side, heads, shift):
        super().__init__()
        self.side, self.shift = side, shift
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, side, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = MLP(dim)

    def forward(self, x):
        _, h, w, _ = x.shape
        side, shift = self.side, self.shift
        # Padded after the norm, so that what is added is zero to the attention.
        y = F.pad(self.norm1(x), (0, 0, 0, (side - w % side) % side, 0, (side - h % side) % side))
        ph, pw = y.shape[1], y.shape[2]
        mask = None
        if shift > 0:
            y = torch.roll(y, (-shift, -shift), (1, 2))
            mask = shift_mask(ph, pw, side, shift)
        y = unwindows(self.attn(windows(y, side), mask), side, ph, pw)
        if shift > 0:
            y = torch.roll(y, (shift, shift), (1, 2))
        x = x + y[:, :h, :w]
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = nn.LayerNorm(4 * dim)

    def forward(self, x):
        # Photos are multiples of 32, so every stage that is merged has even sides.
        x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
        return self.reduction(self.norm(x))


class SwinStage(nn.Module):
    def __init__(self, dim, depth, side, heads, last):
        super().__init__()
        self.blocks = nn.ModuleList(SwinBlock(dim, side, heads, i % 2 * (side // 2)) for i in range(depth))
        self.downsample = None if last else PatchMerging(dim)


class PatchEmbed(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, 4, 4)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        return self.norm(self.proj(x).permute(0, 2, 3, 1))


class Swin(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.patch_embed = PatchEmbed(s.embed)
        n = len(s.depths)
        dims = [s.embed * 2**i for i in range(n)]
        self.layers = nn.ModuleList(SwinStage(dims[i], s.depths[i], s.window, s.heads[i], i == n - 1) for i in range(n))
        for i in range(1, n):
            self.add_module(f"norm{i}", nn.LayerNorm(dims[i]))

    def forward(self, x):
        """The stages at strides 8, 16 and 32, [1, C, h, w] each."""
        x, out = self.patch_embed(x), []
        for i, stage in enumerate(self.layers):
            for block in stage.blocks:
                x = block(x)
            if i > 0:
                out.append(getattr(self, f"norm{i}")(x).permute(0, 3, 1, 2))
            if stage.downsample is not None:
                x = stage.downsample(x)
        return out


class TopBlocks(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.p6 = nn.Conv2d(c, c, 3, 2, 1)
        self.p7 = nn.Conv2d(c, c, 3, 2, 1)


class FPN(nn.Module):
    def __init__(self, dims, c):
        super().__init__()
        for i, d in enumerate(dims, 2):
            self.add_module(f"fpn_inner{i}", nn.Conv2d(d, c, 1))
            self.add_module(f"fpn_layer{i}", nn.Conv2d(c, c, 3, 1, 1))
        self.top_blocks = TopBlocks(c)

    def forward(self, stages):
        c3, c4, c5 = stages
        top = self.fpn_inner4(c5)
        p5 = self.fpn_layer4(top)
        top = self.fpn_inner3(c4) + F.interpolate(top, size=c4.shape[2:], mode="nearest")
        p4 = self.fpn_layer3(top)
        top = self.fpn_inner2(c3) + F.interpolate(top, size=c3.shape[2:], mode="nearest")
        p6 = self.top_blocks.p6(p5)
        return [self.fpn_layer2(top), p4, p5, p6, self.top_blocks.p7(F.relu(p6))]


class Backbone(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.body = Swin(s)
        self.fpn = FPN([s.embed * 2**i for i in range(1, 4)], s.channels)

    def forward(self, pixels):
        return self.fpn(self.body(pixels))


# BERT (modeling/language_backbone/bert_model.py, modeling/rpn/modeling_bert.py)


class Affine(nn.Module):
    """A dense layer and the norm of its sum with what it was made of."""

    def __init__(self, inp, out):
        super().__init__()
        self.dense = nn.Linear(inp, out)
        self.LayerNorm = nn.LayerNorm(out, eps=1e-12)


class SelfAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.self = SelfAttention(dim)
        self.output = Affine(dim, dim)


class Dense(nn.Module):
    def __init__(self, inp, out):
        super().__init__()
        self.dense = nn.Linear(inp, out)


class BertLayer(nn.Module):
    """A BERT layer. The fusion rounds clamp at 50000, which changes nothing in the text tower."""

    def __init__(self, dim, heads, ffn, clamp):
        super().__init__()
        self.heads, self.clamp = heads, clamp
        self.attention = Attention(dim)
        self.intermediate = Dense(dim, ffn)
        self.output = Affine(ffn, dim)

    def limit(self, x):
        return x.clamp(-50000, 50000) if self.clamp else x

    def forward(self, x, bias):
        _, t, c = x.shape
        d = c // self.heads
        q, k, v = (f(x).reshape(1, t, self.heads, d).transpose(1, 2) for f in (self.attention.self.query, self.attention.self.key, self.attention.self.value))
        a = self.limit(q @ k.transpose(-1, -2) / d**0.5) + bias
        y = (a.softmax(-1) @ v).transpose(1, 2).reshape(1, t, c)
        x = self.attention.output.LayerNorm(self.attention.output.dense(y) + x)
        y = self.limit(F.gelu(self.limit(self.intermediate.dense(x))))
        return self.limit(self.output.LayerNorm(self.limit(self.output.dense(y)) + x))


def token_bias(mask):
    """[1, T] of 0 and 1 to what is added to scores, [1, 1, 1, T]."""
    return (1.0 - mask.float())[:, None, None, :] * -10000.0


class Embeddings(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.word_embeddings = nn.Embedding(s.vocab, s.lang)
        self.position_embeddings = nn.Embedding(s.positions, s.lang)
        self.token_type_embeddings = nn.Embedding(2, s.lang)
        self.LayerNorm = nn.LayerNorm(s.lang, eps=1e-12)

    def forward(self, ids):
        x = self.word_embeddings(ids) + self.token_type_embeddings.weight[0]
        return self.LayerNorm(x + self.position_embeddings(torch.arange(ids.shape[1])))


class Encoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.layer = nn.ModuleList(BertLayer(s.lang, s.lang_heads, s.lang_ffn, False) for _ in range(s.lang_layers))


class Bert(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.embeddings = Embeddings(s)
        self.encoder = Encoder(s)

    def forward(self, ids, mask):
        x, bias = self.embeddings(ids), token_bias(mask)
        for layer in self.encoder.layer:
            x = layer(x, bias)
        return x


class Holder(nn.Module):
    """A module that only lends its name to the state dict."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)


# Fusion (modeling/rpn/vldyhead.py, utils/fuse_helper.py)


class BiAttention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads = s.fuse_heads
        self.v_proj = nn.Linear(s.channels, s.fuse_dim)
        self.l_proj = nn.Linear(s.lang, s.fuse_dim)
        self.values_v_proj = nn.Linear(s.channels, s.fuse_dim)
        self.values_l_proj = nn.Linear(s.lang, s.fuse_dim)
        self.out_v_proj = nn.Linear(s.fuse_dim, s.channels)
        self.out_l_proj = nn.Linear(s.fuse_dim, s.lang)

    def forward(self, v, l, mask):
        def split(x):
            return x.reshape(x.shape[1], self.heads, -1).transpose(0, 1)

        def join(x):
            return x.transpose(0, 1).reshape(1, x.shape[1], -1)

        q, k = split(self.v_proj(v)), split(self.l_proj(l))
        a = (q * q.shape[-1] ** -0.5 @ k.transpose(1, 2)).clamp(-50000, 50000)
        back = a.transpose(1, 2)
        back = (back - back.max(-1, keepdim=True)[0]).clamp(-50000, 50000).softmax(-1)
        # Only tokens are masked, never the photo's padding. The official mask also adds 1 to every token that
        # counts, which softmax cancels.
        to_image = (a + (1.0 - mask.float())[:, None, :] * -9e15).softmax(-1)
        dv = self.out_v_proj(join(to_image @ split(self.values_l_proj(l))))
        dl = self.out_l_proj(join(back @ split(self.values_v_proj(v))))
        return dv, dl


class BiAttentionBlock(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.layer_norm_v = nn.LayerNorm(s.channels)
        self.layer_norm_l = nn.LayerNorm(s.lang)
        self.attn = BiAttention(s)
        self.gamma_v = nn.Parameter(torch.ones(s.channels))
        self.gamma_l = nn.Parameter(torch.ones(s.lang))

    def forward(self, levels, l, mask):
        v = torch.cat([x.flatten(2).transpose(1, 2) for x in levels], 1)
        # The residual is added to the normalised tensors.
        v, l = self.layer_norm_v(v), self.layer_norm_l(l)
        dv, dl = self.attn(v, l, mask)
        v, l = v + self.gamma_v * dv, l + self.gamma_l * dl
        out, at = [], 0
        for x in levels:
            h, w = x.shape[2], x.shape[3]
            out.append(v[:, at : at + h * w].transpose(1, 2).reshape(1, -1, h, w))
            at = at + h * w
        return out, l


class DeformBranch(nn.Module):
    """A modulated deformable convolution, then GroupNorm."""

    def __init__(self, c, stride, groups):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(c, c, 3, stride, 1)
        self.bn = nn.GroupNorm(groups, c)

    def forward(self, x, offset, mask):
        y = deform_conv2d(x, offset, self.conv.weight, self.conv.bias, self.stride, 1, 1, mask)
        return self.bn(y)


class DyReLU(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, c // 4), nn.ReLU(), nn.Linear(c // 4, 4 * c))

    def forward(self, x):
        y = F.relu6(self.fc(x.mean((2, 3))) + 3) / 6
        a1, b1, a2, b2 = (y[:, :, None, None] - 0.5).chunk(4, 1)
        return torch.maximum(x * (2 * a1 + 1) + b1, x * (2 * a2) + b2)


def as_memory(t, x):
    """What the official CUDA kernel reads of an offset tensor that is larger than the map it convolves: it never
    checks the size, so the first numbers of the buffer are taken as a tensor of the map's size. The weights were
    trained that way (microsoft/GLIP issue 52; csrc/cuda/deform_conv_kernel_cuda.cu)."""
    c, h, w = t.shape[1], x.shape[2], x.shape[3]
    return t.flatten()[: c * h * w].reshape(1, c, h, w)


class DyConv(nn.Module):
    def __init__(self, s):
        super().__init__()
        c = s.channels
        self.DyConv = nn.ModuleList(DeformBranch(c, stride, s.groups) for stride in (1, 1, 2))
        self.AttnConv = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, 1, 1), nn.ReLU())
        self.relu = DyReLU(c)
        self.offset = nn.Conv2d(c, 27, 3, 1, 1)

    def forward(self, levels):
        return [self.level(levels, i) for i in range(len(levels))]

    def level(self, levels, i):
        x = levels[i]
        o = self.offset(x)
        offset, mask = o[:, :18], o[:, 18:].sigmoid()
        branches = [self.DyConv[1](x, offset, mask)]
        if i > 0:
            branches.append(self.DyConv[2](levels[i - 1], offset, mask))
        if i < len(levels) - 1:
            up = levels[i + 1]
            y = self.DyConv[0](up, as_memory(offset, up), as_memory(mask, up))
            branches.append(F.interpolate(y, size=x.shape[2:], mode="bilinear", align_corners=True))
        total = sum(b * (F.relu6(self.AttnConv(b) + 3) / 6) for b in branches)
        return self.relu(total / len(branches))


class VLFuse(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.b_attn = BiAttentionBlock(s)


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))


class Head(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.fused = s.fused
        tower = []
        for _ in range(s.rounds):
            if s.fused:
                tower += [VLFuse(s), BertLayer(s.lang, s.lang_heads, s.lang_ffn, True)]
            tower.append(DyConv(s))
        self.dyhead_tower = nn.Sequential(*tower)
        self.cls_logits = nn.Conv2d(s.channels, s.classes, 1)  # in every checkpoint, and of no use
        self.bbox_pred = nn.Conv2d(s.channels, 4, 1)
        self.centerness = nn.Conv2d(s.channels, 1, 1)
        self.dot_product_projection_text = nn.Linear(s.lang, s.channels)
        self.log_scale = nn.Parameter(torch.zeros(1))
        self.bias_lang = nn.Parameter(torch.zeros(s.lang))
        self.bias0 = nn.Parameter(torch.zeros(1))
        self.scales = nn.ModuleList(Scale() for _ in range(5))

    def tower(self, levels, hidden, mask):
        for part in self.dyhead_tower:
            if isinstance(part, VLFuse):
                levels, hidden = part.b_attn(levels, hidden, mask)
            elif isinstance(part, BertLayer):
                hidden = part(hidden, token_bias(mask))
            else:
                levels = part(levels)
        return levels, hidden

    def boxes(self, levels):
        """Deltas [1, A, 4] and centreness logits [1, A], levels in order, rows first."""
        deltas = [self.scales[i].scale * self.bbox_pred(x) for i, x in enumerate(levels)]
        return (
            torch.cat([d.flatten(2).transpose(1, 2) for d in deltas], 1),
            torch.cat([self.centerness(x).flatten(1) for x in levels], 1),
        )

    def positions(self, levels):
        return torch.cat([x.flatten(2).transpose(1, 2) for x in levels], 1)

    def tokens(self, hidden):
        """What positions are compared with: [1, T, C], and a bias each [1, T]."""
        e = F.normalize(hidden, dim=-1)
        return self.dot_product_projection_text(e / 2) / self.log_scale.exp(), e @ self.bias_lang + self.bias0


def align(positions, tok, bias):
    return (positions @ tok.transpose(1, 2) + bias[:, None]).clamp(-50000, 50000)


class GLIP(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.shape = s
        self.backbone = Backbone(s)
        self.language_backbone = Holder(body=Holder(model=Bert(s)))
        self.rpn = Holder(head=Head(s))

    @property
    def bert(self):
        return self.language_backbone.body.model

    def read(self, sd):
        """Loads a state dict by name, and says everything that does not fit."""
        sd = {k: v for k, v in sd.items() if not unused(k)}
        own = {k: v for k, v in self.state_dict().items() if not unused(k)}
        wrong = [f"{k} is missing" for k in own if k not in sd]
        wrong += [f"{k} is not known" for k in sd if k not in own]
        wrong += [f"{k} is {tuple(sd[k].shape)}, not {tuple(own[k].shape)}" for k in own if k in sd and sd[k].shape != own[k].shape]
        if wrong:
            more = f"; and {len(wrong) - 8} more" if len(wrong) > 8 else ""
            raise CheckpointError("the checkpoint does not fit GLIP: " + "; ".join(wrong[:8]) + more)
        self.load_state_dict({k: v.float() for k, v in sd.items()}, strict=False)
        return self


def unused(key):
    """Entries that hold no weight, or weights that only training uses."""
    return key.endswith(("position_ids", "relative_position_index")) or ".anchor_generator." in key or key.startswith("rpn.head.mlm_head.")


# The parts by role


class Image(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, pixel_values):
        return tuple(self.m.backbone(pixel_values))


class Text(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, input_ids, attention_mask):
        return self.m.bert(input_ids, attention_mask)


class DeepHead(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.head = m.rpn.head

    def forward(self, p3, p4, p5, p6, p7, lang_hidden, attention_mask):
        levels, hidden = self.head.tower([p3, p4, p5, p6, p7], lang_hidden, attention_mask)
        logits = align(self.head.positions(levels), *self.head.tokens(hidden))
        return logits, *self.head.boxes(levels)


class DualText(nn.Module):
    """GLIP-T(A)'s text side: the states of tokens that count, projected."""

    def __init__(self, m):
        super().__init__()
        self.m = m

    def forward(self, input_ids, attention_mask):
        hidden = self.m.bert(input_ids, attention_mask)
        return self.m.rpn.head.tokens(hidden * attention_mask[:, :, None].float())


class DualHead(nn.Module):
    def __init__(self, m):
        super().__init__()
        self.head = m.rpn.head

    def forward(self, p3, p4, p5, p6, p7):
        levels, _ = self.head.tower([p3, p4, p5, p6, p7], None, None)
        return self.head.positions(levels), *self.head.boxes(levels)


class Match(nn.Module):
    """The product of GLIP-T(A)'s two sides."""

    def forward(self, visual_tokens, tok, tok_bias):
        return align(visual_tokens, tok, tok_bias)
