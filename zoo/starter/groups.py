"""GroupViT's head on the starter's trunk: places gather into segments, segments into groups, and words name the groups.

The grouping follows Xu et al. 2022 (arXiv:2202.11094): learnable tokens look at what is to be grouped, and each place goes to one of them
(straight through Gumbel's softmax while training, the likeliest at inference). What is new: places are cells of a feature pyramid (stride 16),
and a finer map (stride 4) is claimed by the finished groups, so that masks follow edges.

    python zoo/starter/groups.py groups.pt NETWORKS        (needs torch==2.11.0, torchvision==0.26.0, timm==1.0.31, onnx==1.22.0)

writes a trained head (train_groups.py) beside the other networks as groups.onnx, and its figures into scoring.json.
"""

import json
import math
import pathlib
import sys

import torch
from net import WIDTH, conv, double, separable
from torch import nn
from torch.nn import functional as F

LEVELS = ("f4", "p3", "p4", "p5")  # what the head reads of the trunk
ROUNDS = 2   # in which pixels go to the group that they look most like, and groups become what their pixels show
KEPT = 0.02  # of the tokens' own claims in those rounds


class Attention(nn.Module):
    """Queries [n, q, d] look at rows [n, k, d], in some heads."""

    def __init__(self, d, heads=6):
        super().__init__()
        self.heads, self.q, self.k, self.v, self.out = heads, *(nn.Linear(d, d) for _ in range(4))

    def forward(self, x, rows):
        q, k, v = (layer(t).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer, t in ((self.q, x), (self.k, rows), (self.v, rows)))
        likeness = (q * q.shape[-1] ** -0.5) @ k.transpose(2, 3)
        return self.out((likeness.softmax(3) @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and two layers for each row, both added to what was there."""

    def __init__(self, d, across=False):
        super().__init__()
        self.across, self.attention = across, Attention(d)
        self.before, self.between = nn.LayerNorm(d), nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))

    def forward(self, x, rows=None):
        own = self.before(x)
        x = x + self.attention(own, rows if self.across else own)
        return x + self.mlp(self.between(x))


class Gather(nn.Module):
    """Give each row to one token; a token becomes itself and the mean of what it got, by weight."""

    def __init__(self, d):
        super().__init__()
        self.of_tokens, self.of_rows = nn.LayerNorm(d), nn.LayerNorm(d)
        self.q, self.k, self.v, self.out = (nn.Linear(d, d) for _ in range(4))
        self.sharp = nn.Parameter(torch.tensor(math.log(8.0)))

    def forward(self, tokens, rows, weight):
        """Take tokens [n, t, d], rows [n, r, d] and the rows' weights [n, r]; return tokens, logits and shares [n, t, r], and weights [n, t]."""
        rows = self.of_rows(rows)
        # Directions only: no token can win everywhere by its length.
        logits = (F.normalize(self.q(self.of_tokens(tokens)), dim=2) * self.sharp.clamp(max=3.5).exp()) @ F.normalize(self.k(rows), dim=2).transpose(1, 2)
        if self.training:
            noise = -torch.empty(logits.shape, device=logits.device).exponential_().clamp(min=1e-6).log()
            soft = (logits.float() + noise).softmax(1)
            hard = torch.zeros_like(soft).scatter_(1, soft.argmax(1, keepdim=True), 1.0)
            share = (hard + soft - soft.detach()).to(rows.dtype)
        else:
            share = (logits >= logits.amax(1, keepdim=True)).to(rows.dtype)
        held = share * weight[:, None]
        total = held.sum(2)
        mean = (held @ self.v(rows)) / total.clamp(min=1e-4)[..., None]
        return tokens + self.out(mean), logits, share, total


class Field(nn.Module):
    """What each place (stride 8) shows, in the way of the pixel starter's head, whose weights it can start from."""

    def __init__(self, c, d=128):
        super().__init__()
        self.pix0, self.pix3 = (nn.Sequential(nn.Conv2d(c, d, 1, bias=False), nn.BatchNorm2d(d)) for _ in range(2))
        self.pix1 = nn.Sequential(separable(d, d, 5), separable(d, d, 5), separable(d, d, 5))
        self.ctx = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, d, 1))

    def forward(self, f4, p3, p5):
        return self.pix1(F.relu6(self.pix0(F.avg_pool2d(f4, 2)) + self.pix3(p3))) + self.ctx(p5)


class Groups(nn.Module):
    def __init__(self, groups=32, segments=64, dim=256, d=192, fine=64, c=WIDTH):
        super().__init__()
        self.config = {"groups": groups, "segments": segments}
        self.mix = nn.ModuleList([nn.Sequential(nn.Conv2d(c, d, 1, bias=False), nn.BatchNorm2d(d)) for _ in range(3)])
        self.near = separable(d, d, 5)
        self.tokens1, self.tokens2 = (nn.Parameter(torch.randn(1, k, d) * 0.5) for k in (segments, groups))
        self.norm, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.look, self.talk1, self.talk2 = Block(d, across=True), Block(d), Block(d)
        self.gather1, self.gather2 = Gather(d), Gather(d)
        self.field, self.pix, self.emb = Field(c), nn.Linear(128, dim), nn.Linear(d, dim)
        nn.init.zeros_(self.emb.weight)
        nn.init.zeros_(self.emb.bias)
        self.fine4, self.fine3, self.fine16 = (nn.Sequential(nn.Conv2d(i, fine, 1, bias=False), nn.BatchNorm2d(fine)) for i in (c, c, d))
        self.edge = nn.Sequential(separable(fine, fine, 5), nn.Conv2d(fine, fine, 1))
        self.key = nn.Linear(d, fine)
        self.tau, self.bias, self.sharp = nn.Parameter(torch.tensor(math.log(14.0))), nn.Parameter(torch.tensor(-3.0)), nn.Parameter(torch.tensor(math.log(8.0)))

    def temperature(self):
        """How sharply likeness with words counts."""
        return self.tau.clamp(max=4.2).exp()

    def places(self, p3, p4, p5):
        """Return the pyramid's levels as one map of stride 16."""
        m3, m4, m5 = self.mix
        height, width = p4.shape[-2:]
        x = F.relu6(m3(F.avg_pool2d(p3, 2)) + m4(p4) + double(m5(p5))[..., :height, :width])
        return x + self.near(x)

    def forward(self, f4, p3, p4, p5):
        """Return a dict: `embeds` [n, G, dim] and `whole` [n, dim], not of unit length, `map` [n, G, h, w] (logits, stride 4), and for training
        `coarse` [n, G, places] (shares, stride 16), `direct` [n, places, 128] (stride 8) and what segments and groups hold of a photo."""
        x = self.places(p3, p4, p5)
        rows = self.norm(x.flatten(2).transpose(1, 2))
        n = rows.shape[0]
        tokens = self.talk1(self.look(self.tokens1.expand(n, -1, -1), rows))
        each = torch.ones_like(rows[..., 0]) / rows.shape[1]
        segments, logits1, share1, weight = self.gather1(tokens, rows, each)
        both = self.talk2(torch.cat([segments, self.tokens2.expand(n, -1, -1)], 1))
        segments, tokens = both[:, :self.tokens1.shape[1]], both[:, self.tokens1.shape[1]:]
        groups, logits2, share2, _ = self.gather2(tokens, segments, weight)
        groups = self.norm2(groups)
        pixels = self.edge(F.relu6(self.fine4(f4) + double(self.fine3(p3)) + F.interpolate(self.fine16(x), scale_factor=4.0, mode="bilinear", align_corners=False)))
        claims = ((F.normalize(self.key(groups), dim=2) * self.sharp.exp()) @ pixels.flatten(2)).unflatten(2, pixels.shape[-2:])
        field = self.field(f4, p3, p5).flatten(2).transpose(1, 2)
        shown, mass = self.shown(claims, field)
        first, unit = KEPT * claims, F.normalize(field, dim=2).transpose(1, 2)
        # While training, tokens answer for their own claims: through the rounds, gradients of groups that hold nothing are without bound.
        for _ in range(0 if self.training else ROUNDS):
            likeness = F.normalize(shown, dim=2) @ unit - 10 * (mass == 0).to(unit.dtype)[..., None]
            claims = first + F.interpolate(likeness.unflatten(2, p3.shape[-2:]), scale_factor=2.0, mode="bilinear", align_corners=False)
            shown, mass = self.shown(claims, field)
        # A group means what its pixels show, beside what its token says.
        embeds = self.pix(shown) + self.emb(groups)
        whole = (embeds * (mass / field.shape[1])[..., None]).sum(1)
        out = {"embeds": embeds, "whole": whole, "map": claims}
        if self.training:
            soft = logits1.float().softmax(1)
            out |= {"coarse": share2 @ soft.to(share2.dtype), "direct": field, "held": (soft.mean(2), logits2.float().softmax(1).mean(2))}
        return out

    def shown(self, claims, field):
        """Return the mean of the field over each group's pixels, and how many places those fill."""
        share = F.avg_pool2d(owned(claims, self.training), 2).flatten(2)
        mass = share.sum(2)
        return (share @ field) / mass.clamp(min=1e-2)[..., None], mass


def owned(claims, training):
    """Each pixel for the group that claims it most; while training, gradients flow as if shares were soft."""
    hard = (claims >= claims.amax(1, keepdim=True)).to(claims.dtype)
    if not training:
        return hard
    soft = claims.float().softmax(1).to(claims.dtype)
    return hard + soft - soft.detach()


def start_from(head, net, given=None):
    """Fill a head from the pixel starter's head, and from another head's weights (`given`) where shapes agree."""
    own = head.state_dict()
    start = {k: v for k, v in (given or {}).items() if k.split(".")[0] not in ("emb", "direct", "tau", "bias")}
    start |= {f"field.{k}": v for k, v in net.state_dict().items() if k.split(".")[0] in ("pix0", "pix3", "pix1", "ctx")}
    start |= {"pix.weight": net.pix.weight.detach()[:, :, 0, 0], "pix.bias": net.pix.bias.detach(), "tau": net.tau.detach()[1], "bias": net.bias.detach()[1]}
    start = {k: v.detach().cpu().to(own[k].dtype) for k, v in start.items() if k in own and own[k].shape == v.shape}
    head.load_state_dict(own | start)
    return len(start)


def load_groups(path):
    """Return the head of a checkpoint, ready to use."""
    state = torch.load(path, map_location="cpu")
    head = Groups(**state["config"])
    head.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state["model"].items()})
    return head.eval()


class Graph(nn.Module):
    """The head with the outputs that the program reads."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, *levels):
        out = self.head(*levels)
        return out["embeds"], out["whole"], out["map"]


def main(checkpoint, target):
    head = load_groups(checkpoint)
    levels = tuple(torch.randn(1, WIDTH, 416 // s, 416 // s) for s in (4, 8, 16, 32))
    axes = {name: {2: f"{name}_h", 3: f"{name}_w"} for name in (*LEVELS, "group_map")}
    torch.onnx.export(Graph(head).eval(), levels, target / "groups.onnx", input_names=list(LEVELS),
                      output_names=["group_embeds", "image_embeds", "group_map"], dynamic_axes=axes, opset_version=17, dynamo=False)
    path = target / "scoring.json"
    figures = json.loads(path.read_text()) | {"groups": {"scale": float(head.temperature()), "bias": float(head.bias)}}
    path.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
