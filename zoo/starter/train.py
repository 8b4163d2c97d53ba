"""Train the starter's network.

    python zoo/starter/train.py --data PHOTOS --wordings wordings.npz --backbone lite2.pth --minutes 18 --out v1.pt
    python zoo/starter/train.py --data PHOTOS --wordings wordings.npz --backbone lite2.pth --held-out zoo/starter/held_out.txt ...
    torchrun --nproc-per-node 4 zoo/starter/train.py ...          on four GPUs: each takes a batch, gradients are averaged

Runs on GPUs (or, for a few steps, on a processor). The checkpoint holds the averaged weights in half precision.
"""

import argparse
import functools
import math
import os
import random
import time

import cv2
import numpy as np
import torch
import torch.distributed as dist
from average import Average
from detector import NAMES, PYRAMID, SIDES, Detector
from net import WIDTH, Net, centres, decode, load_backbone, shares, teacher
from photos import BACKGROUND, IGNORE, PAINTED_BY_BOXES, Photos, Train, collate
from torch.nn import functional as F

FOUND, EMPTY = 20, 24     # regions named per photo: on things, on background
PIXELS = 1600             # pixels named per photo
POSITIVES = 10            # cells that answer for a box
SEEN = 24                 # boxes kept of what the detector finds in a photo
SURE, SAME = 0.35, 0.6    # chance of a box of the detector to keep, IoU with its boxes that makes the same place
FLOOR, SCALED = 0.05, 1.7 # its chances are noise below, and about 0.6 for a thing well boxed
LIFTED = 0.25             # of the names of photos that show one thing, taken for what they are a kind of
GHOSTS, GHOST = 0.35, 0.3 # share of photos through which another one shines, and how strongly at most
AVERAGE = 0.9993          # of the running average of weights


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", required=True)
    add("--wordings", required=True)
    add("--out", required=True)
    add("--init", help="checkpoint to start from")
    add("--backbone", required=True, help="ImageNet's classifier: the backbone to start from, and a teacher of names")
    add("--detector", help="NanoDet-g as a teacher of COCO's names: the path of its files without their ending (detector.py)")
    add("--heads-only", action="store_true", help="leave backbone and pyramid as they are")
    add("--held-out", help="file of names, one a line, that training must not see")
    add("--minutes", type=float, default=15)
    add("--snapshots", default="", help="minutes at which to save what there is, beside the end: OUT.MINUTES")
    add("--steps", type=int, default=10**9)
    add("--batch", type=int, default=64)
    add("--sizes", default="384,416,480", help="canvas sides, one drawn for each step")
    add("--lr", type=float, default=6e-4)
    add("--warm-up", type=int, default=300, help="steps until the rate is reached")
    add("--backbone-lr", type=float, default=0.25, help="of the other layers' rate")
    add("--decay", type=float, default=0.05)
    add("--drop-path", type=float, default=0.1)
    add("--noise", type=float, default=0.2, help="length of the noise on words' unit vectors")
    add("--strength", type=float, default=1.0, help="of the mixing of photos")
    add("--workers", type=int, default=15)
    add("--seed", type=int, default=0)
    add("--taught", type=float, default=0.25, help="weight of what ImageNet's classifier says of regions and parts")
    add("--told", type=float, default=1.0, help="weight of what the detector says of cells and regions")
    add("--seen", type=float, default=2.0, help="weight of the detector's own maps")
    add("--device", default=f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def product(sides):
    """Width times height of [..., 2]. (The backward pass of Tensor.prod is slow.)"""
    return sides[..., 0] * sides[..., 1]


def overlap(a, b):
    """IoU of all pairs: [n, p, 4] and [n, g, 4] to [n, p, g]."""
    common = product((torch.min(a[:, :, None, 2:], b[:, None, :, 2:]) - torch.max(a[:, :, None, :2], b[:, None, :, :2])).clamp(min=0))
    areas = [product((x[..., 2:] - x[..., :2]).clamp(min=0)) for x in (a, b)]
    return common / (areas[0][:, :, None] + areas[1][:, None] - common + 1e-6)


def giou_loss(a, b):
    """Return 1 - GIoU and the IoU of boxes row by row."""
    common = product((torch.min(a[..., 2:], b[..., 2:]) - torch.max(a[..., :2], b[..., :2])).clamp(min=0))
    union = sum(product((x[..., 2:] - x[..., :2]).clamp(min=0)) for x in (a, b)) - common + 1e-6
    hull = product((torch.max(a[..., 2:], b[..., 2:]) - torch.min(a[..., :2], b[..., :2])).clamp(min=0)) + 1e-6
    return 1 - (common / union - (hull - union) / hull), (common / union).detach()


def per(total, count):
    return total.sum() / count.sum().clamp(min=1)


@torch.no_grad()
def assign(chances, boxes, cells, truth, valid):
    """Choose the cells that answer for each true box: the best by chance and IoU^4 among those inside it (task-aligned).

    Returns for each cell the box it answers for, whether it answers for one, and the chance it should give: a box's best cell its
    best IoU, the others in proportion (TOOD, Feng et al. 2021).
    """
    iou = overlap(boxes, truth)
    slack = 0.6 * cells[None, :, None, 2]
    x, y = cells[None, :, None, 0], cells[None, :, None, 1]
    t = truth[:, None]
    inside = (x > torch.minimum(t[..., 0], (t[..., 0] + t[..., 2]) / 2 - slack)) & (x < torch.maximum(t[..., 2], (t[..., 0] + t[..., 2]) / 2 + slack))
    inside &= (y > torch.minimum(t[..., 1], (t[..., 1] + t[..., 3]) / 2 - slack)) & (y < torch.maximum(t[..., 3], (t[..., 1] + t[..., 3]) / 2 + slack))
    fit = (chances.sigmoid()[..., None].sqrt() * (iou + 1e-4) ** 4).masked_fill(~(inside & valid[:, None]), 0)
    best = fit.topk(POSITIVES, 1)
    chosen = torch.zeros_like(fit).scatter_(1, best.indices, (best.values > 0).float()) * (fit > 0)
    fit = fit * chosen
    value, which = (iou * chosen).max(-1)
    mine = chosen.gather(2, which[..., None])[..., 0] > 0
    goal = fit / fit.amax(1, keepdim=True).clamp(min=1e-12) * (iou * chosen).amax(1, keepdim=True)
    return which, mine, torch.where(mine, goal.gather(2, which[..., None])[..., 0].clamp(0, 1), 0.0)


def proposal_loss(chances, boxes, cells, batch, said):
    """What cells say of things: by true boxes and, where there is a detector, as surely as it says that something is there, too."""
    which, mine, goal = assign(chances.detach(), boxes.detach(), cells, batch["boxes"], batch["names"] >= 0)
    loss, _ = giou_loss(boxes, batch["boxes"].gather(1, which[..., None].expand(-1, -1, 4)))
    box, told, wanted = (loss * goal).sum() / goal.sum().clamp(min=1), loss.new_zeros(()), goal
    if said:
        first, count = int((cells[:, 2] < 8).sum()), said[0].shape[1]
        seen = F.pad((said[0].amax(2) - FLOOR).clamp(min=0), (first, len(cells) - first - count))
        wanted = torch.maximum(goal, seen)
        seen = (seen * ~mine)[:, first:first + count]
        loss, _ = giou_loss(boxes[:, first:first + count], said[1])
        told = (loss * seen).sum() / seen.sum().clamp(min=1)
    x, y, b = cells[None, :, None, 0], cells[None, :, None, 1], batch["blind"][:, None]
    blind = ((x > b[..., 0]) & (x < b[..., 2]) & (y > b[..., 1]) & (y < b[..., 3])).any(-1)
    weight = torch.where((wanted > 0) | batch["full"][:, None], 1.0, 0.02) * (~(blind & ~mine))
    focal = F.binary_cross_entropy_with_logits(chances, wanted, reduction="none") * (chances.sigmoid() - wanted).abs().detach() ** 2
    return (focal * weight).sum() / wanted.sum().clamp(min=1), box, told


@torch.no_grad()
def draw_regions(chances, boxes, size, batch):
    """Draw FOUND boxes on things and EMPTY ones beside them from proposals and jittered true boxes.

    Returns boxes [n, r, 4], the true box of each, whether it is on a thing, and whether it may be asked at all.
    """
    truth, valid = batch["boxes"], batch["names"] >= 0
    picked = boxes.gather(1, chances.topk(360, 1).indices[..., None].expand(-1, -1, 4))
    twice = truth.repeat(1, 2, 1)
    jitter = twice + (twice[..., 2:] - twice[..., :2]).repeat(1, 1, 2) * torch.randn_like(twice) * 0.08
    drawn = torch.cat([picked, jitter, truth], 1).clamp(0, size)
    good = ((drawn[..., 2:] - drawn[..., :2]) > 3).all(-1)
    iou, which = (overlap(drawn, truth) * valid[:, None]).max(-1)
    blind = overlap(drawn, batch["blind"]).amax(-1)
    chance = torch.rand_like(iou)
    found = torch.where(good & (iou >= 0.5), 1 + chance, 0.0).topk(FOUND, 1)
    empty = torch.where(good & (iou < 0.4) & (blind < 0.3), 1 + chance, 0.0).topk(EMPTY, 1)
    index = torch.cat([found.indices, empty.indices], 1)
    live = torch.cat([found.values > 0, empty.values > 0], 1)
    on_thing = live & (torch.arange(FOUND + EMPTY, device=live.device)[None] < FOUND)
    rois = drawn.gather(1, index[..., None].expand(-1, -1, 4))
    rois = torch.where(live[..., None], rois, rois.new_tensor([0.0, 0.0, 32.0, 32.0]))
    return rois, which.gather(1, index), on_thing, live


def taught_loss(likeness, places, weight, words):
    """How far the likeness of regions with ImageNet's names is from what its classifier says of them, where that is sure."""
    target = words.said[places].float()
    sure = target.amax(-1)
    weight = weight * (sure > 0.3) * sure
    loss = F.kl_div(F.log_softmax(likeness[..., words.known], -1), target, reduction="none").sum(-1)
    return (loss * weight).sum() / weight.sum().clamp(min=1)


@torch.no_grad()
def add_seen(batch, chances, boxes, words):
    """Add what the detector is sure of to the boxes of photos that nobody searched for COCO's names, beside what is boxed there already."""
    chance, name = chances.max(2)
    first = chance.topk(4 * SEEN, 1)
    chance, name = first.values, name.gather(1, first.indices)
    boxes = boxes.gather(1, first.indices[..., None].expand(-1, -1, 4))
    covered = (overlap(boxes, boxes) > SAME) & torch.ones(4 * SEEN, 4 * SEEN, dtype=torch.bool, device=boxes.device).triu(1)
    boxed = (overlap(boxes, batch["boxes"]) * (batch["names"] >= 0)[:, None]).amax(2) > 0.45
    keep = (chance > SURE) & ~covered.any(1) & ~boxed & ~batch["searched"][:, None] & ((boxes[..., 2:] - boxes[..., :2]) > 6).all(-1)
    kept = (keep * chance).topk(SEEN, 1)
    name = torch.where(kept.values > 0, words.coco[name.gather(1, kept.indices)], -1)
    boxes = torch.where((name >= 0)[..., None], boxes.gather(1, kept.indices[..., None].expand(-1, -1, 4)), 0.0)
    batch["boxes"], batch["names"] = torch.cat([batch["boxes"], boxes], 1), torch.cat([batch["names"], name], 1)
    batch["places"] = torch.cat([batch["places"], torch.full_like(name, words.nowhere)], 1)


def told_loss(likeness, rois, beside, on, said, words, bias):
    """How far the chances of regions for COCO's names are from the detector's at the cell that boxes the same place, if one does.

    `beside` are regions where silence of the detector means that nothing is there, `on` those where it means nothing.
    """
    chances, boxes, _ = said
    with torch.no_grad():
        best = ((overlap(rois, boxes) >= SAME) * chances.amax(2)[:, None]).max(2)
        asked = (beside | (on & (best.values > 2 * FLOOR))).float()
        target = chances.gather(1, best.indices[..., None].expand(-1, -1, chances.shape[2])) * (best.values > 0)[..., None]
        target = (target - FLOOR).clamp(min=0) * SCALED
        target = target / target.sum(2, keepdim=True).clamp(min=1)
        target = torch.cat([1 - target.sum(2, keepdim=True), target], 2)
    logits = F.pad(likeness[..., words.coco] + bias, (1, 0))
    return per(-(target * F.log_softmax(logits, 2)).sum(2) * asked, asked)


def cell_loss(logits, chances):
    """How far the chances of cells for COCO's names are from the detector's."""
    loss = F.binary_cross_entropy_with_logits(logits, chances, reduction="none") * (logits.sigmoid() - chances).abs().detach()
    return loss.sum() / chances.amax(2).sum().clamp(min=1)


def seen_loss(maps, theirs):
    """How far maps are from the detector's of the same strides, each channel of mean 0 and variance 1 (PKD, Cao et al. 2022): 1 - correlation."""
    own, other = ([F.batch_norm(m.float(), None, None, training=True) for m in of] for of in (maps, theirs))
    return sum(F.mse_loss(a, b) for a, b in zip(own, other)) / (2 * len(maps))


def region_loss(net, heads, drawn, batch, words, said):
    rois, which, found, live = drawn
    vectors, change, quality = heads
    n, r = found.shape
    names = torch.where(found, batch["names"].gather(1, which), -1)
    likeness = (net.temperatures()[0] * F.normalize(vectors.float(), dim=1) @ words.vectors.t()).view(n, r, -1)
    # Among background and the names that the source boxes wherever they are.
    logits = torch.cat([likeness.new_zeros(n, r, 1), (likeness + net.bias[0]).masked_fill(~batch["negatives"][:, None], -1e4)], 2)
    asked = (live & batch["exhaustive"][:, None]).float()
    listed = (names >= 0) & batch["negatives"].gather(1, names.clamp(min=0))
    goal = torch.where(listed, names + 1, 0)
    classes = per(F.cross_entropy(logits.flatten(0, 1), goal.flatten(), reduction="none").view(n, r) * asked, asked)
    # Among all names but those that mean nearly the same.
    own = names.clamp(min=0)
    logits = likeness.masked_fill(words.near[own] | words.hidden, -1e4)
    weight = found.float() * torch.where(batch["exhaustive"], 0.5, 1.0)[:, None]
    contrast = (F.cross_entropy(logits.flatten(0, 1), own.flatten(), reduction="none").view(n, r) * weight).sum() / found.sum().clamp(min=1)
    truth = batch["boxes"].gather(1, which[..., None].expand(-1, -1, 4))
    box, iou = giou_loss(decode(rois.flatten(0, 1), change).view(n, r, 4), truth)
    judged = F.binary_cross_entropy_with_logits(quality.float().view(n, r), iou.clamp(0, 1), reduction="none")
    taught = taught_loss(likeness, batch["places"].gather(1, which), found.float(), words)
    # Of places beside things the detector's word counts: on most photos nobody looked for COCO's names. Of COCO's things it counts beside people's.
    told = told_loss(likeness, rois, live & ~found, found & words.is_coco[own], said, words, net.bias[0]) if said else likeness.new_zeros(())
    return classes, contrast, per(box * found, found), per(judged * found, found), taught, told


def naming_loss(net, c5, batch, words):
    """Photos and parts of photos with a name: among all names but near ones, and beside ImageNet's classifier."""
    with torch.autocast(c5.device.type, torch.bfloat16):
        vectors = net.names(c5, shares(batch["parts"], *c5.shape[-2:]))
    likeness = net.temperatures()[2] * F.normalize(vectors.float(), dim=2) @ words.vectors.t()
    has = (batch["part_names"] >= 0).float()
    own = batch["part_names"].clamp(min=0)
    contrast = F.cross_entropy(likeness.masked_fill(words.near[own] | words.hidden, -1e4).flatten(0, 1), own.flatten(), reduction="none").view_as(has)
    return per(contrast * has, has), taught_loss(likeness, batch["part_places"], has, words)


def mask_loss(net, levels, size, batch):
    """Masks in jittered copies of outlined boxes against their outlines."""
    with torch.no_grad():
        has = batch["outlined"] >= 0
        truth = batch["boxes"].gather(1, batch["outlined"].clamp(min=0)[..., None].expand(-1, -1, 4))
        rois = (truth + (truth[..., 2:] - truth[..., :2]).repeat(1, 1, 2) * torch.randn_like(truth) * 0.06).clamp(0, size)
        has &= ((rois[..., 2:] - rois[..., :2]) > 8).all(-1)
        blank = rois.new_tensor([0.0, 0.0, 32.0, 32.0])
        rois, truth = torch.where(has[..., None], rois, blank), torch.where(has[..., None], truth, blank)
        steps = (torch.arange(28, device=rois.device) + 0.5) / 28
        at = (rois[..., None, :2] + steps[:, None] * (rois[..., None, 2:] - rois[..., None, :2]) - truth[..., None, :2])
        at = at / (truth[..., None, 2:] - truth[..., None, :2]) * 2 - 1
        grid = torch.stack([at[..., 0][:, :, None].expand(-1, -1, 28, -1), at[..., 1][..., None].expand(-1, -1, -1, 28)], -1).flatten(0, 1)
        goal = (F.grid_sample(batch["outline"].flatten(0, 1)[:, None].float(), grid, align_corners=False) > 0.5).float()[:, 0]
    with torch.autocast(rois.device.type, torch.bfloat16):
        logits = net.masks(levels, list(rois.unbind(0)), size)
    logits, has = logits.float()[:, 0], has.flatten().float()
    chance = logits.sigmoid()
    dice = 1 - (2 * (chance * goal).sum((1, 2)) + 1) / (chance.sum((1, 2)) + goal.sum((1, 2)) + 1)
    return per((F.binary_cross_entropy_with_logits(logits, goal, reduction="none").mean((1, 2)) + dice) * has, has)


def pixel_loss(net, vectors, batch, words):
    """Pixels, half of them drawn evenly from the photo and half so that rare names come as often as common ones."""
    n, c = vectors.shape[:2]
    mask = batch["mask"].flatten(1).long()
    with torch.no_grad():
        counts = torch.zeros(n, len(words.place) + 2, device=mask.device).scatter_add_(1, mask + 2, torch.ones_like(mask, dtype=torch.float32))
        share = counts.clamp(min=1).rsqrt().gather(1, mask + 2) * (mask != IGNORE) + 1e-9
        where = torch.cat([torch.randint(0, mask.shape[1], (n, PIXELS // 2), device=mask.device),
                           torch.multinomial(share, PIXELS // 2, replacement=True)], 1)
    v = F.normalize(vectors.flatten(2).gather(2, where[:, None].expand(-1, c, -1)).float().transpose(1, 2), dim=2)
    name = mask.gather(1, where)
    logits = net.temperatures()[1] * v @ words.vectors[words.painted].t() + net.bias[1]
    logits = torch.cat([logits.new_zeros(n, PIXELS, 1), logits.masked_fill(~batch["painted"][:, words.painted][:, None], -1e4)], 2)
    goal = torch.where(name >= 0, words.place[name.clamp(min=0)] + 1, 0)
    known = (name != IGNORE) & batch["painted"].any(1)[:, None] & ((name == BACKGROUND) | batch["painted"].gather(1, name.clamp(min=0)))
    known = known.float()
    return per(F.cross_entropy(logits.flatten(0, 1), goal.flatten(), reduction="none").view(n, PIXELS) * known, known)


def recolour(image):
    """Turn hues, stretch saturation, contrast and brightness of most photos; a few lose their colours. image [n, 3, h, w], 0 to 255."""
    n, device = image.shape[0], image.device

    def draw(span):
        return (torch.rand(n, 1, 1, device=device) * 2 - 1) * span

    yiq = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], device=device)
    turn, saturation = draw(0.25), (1 + draw(0.6)) * (torch.rand(n, 1, 1, device=device) > 0.05)
    zero, one = torch.zeros_like(turn), torch.ones_like(turn)
    rows = [torch.cat([one, zero, zero], 2), torch.cat([zero, saturation * turn.cos(), -saturation * turn.sin()], 2),
            torch.cat([zero, saturation * turn.sin(), saturation * turn.cos()], 2)]
    change = torch.linalg.inv(yiq) @ torch.cat(rows, 1) @ yiq * (1 + draw(0.4))
    changed = (torch.einsum("nij,njhw->nihw", change, image) + draw(20)[..., None]).clamp(0, 255)
    return torch.where(torch.rand(n, 1, 1, 1, device=device) < 0.8, changed, image)


def disturb(image):
    """Soften some photos, and let another one shine through some, so that no photo comes twice. image [n, 3, h, w]."""
    n, device = image.shape[0], image.device
    soft = F.avg_pool2d(image, 3, 1, 1, count_include_pad=False)
    image = torch.lerp(image, soft, torch.rand(n, 1, 1, 1, device=device) * (torch.rand(n, 1, 1, 1, device=device) < 0.3))
    through = torch.rand(n, 1, 1, 1, device=device) * GHOST * (torch.rand(n, 1, 1, 1, device=device) < GHOSTS)
    return torch.lerp(image, image.roll(1, 0).flip(3), through)


@torch.no_grad()
def ask_teacher(photos, path, device):
    """What ImageNet's classifier says of every place of the photos: [places, 1000], in half precision."""
    net = teacher(path).to(device).to(memory_format=torch.channels_last)

    class Crops(torch.utils.data.Dataset):
        def __len__(self):
            return len(photos.places)

        def __getitem__(self, i):
            record, (x0, y0, x1, y1) = photos.places[i]
            image = photos.image(record)
            m = 0.1 * max(x1 - x0, y1 - y0)
            part = image[max(0, int(y0 - m)):int(y1 + m) + 1, max(0, int(x0 - m)):int(x1 + m) + 1, ::-1]
            return cv2.resize(part, (240, 240), interpolation=cv2.INTER_AREA if part.shape[0] > 240 else cv2.INTER_CUBIC)

    said = []
    for batch in torch.utils.data.DataLoader(Crops(), 256, num_workers=15 if "cuda" in device else 2):
        x = (batch.to(device).permute(0, 3, 1, 2).float() - 127) / 128
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            logits = net(x.contiguous(memory_format=torch.channels_last))
        said.append(logits.float().softmax(1).half())
    return torch.cat([*said, torch.zeros_like(said[0][:1])])


class Words:
    """Names as vectors, which of them mean nearly the same or kinds of each other, and what is known of them.

    `above` is the name that a name is a kind of, or -1; `known` are ImageNet's 1,000 names in its order, `said` what its classifier says of
    every place, `painted` the names that masks have, `place` their number among those or -1, `hidden` names that training must not see,
    `coco` the detector's names in its order, `nowhere` a place of which nothing is known.
    """

    def __init__(self, photos, wordings, noise, said, device):
        row = {str(n): i for i, n in enumerate(wordings["names"])}
        rows = np.array([row[n] for n in photos.vocab])
        own = np.full(len(row) + 1, -1)
        own[rows] = np.arange(len(rows))
        self.bank = F.normalize(torch.tensor(wordings["vectors"][rows].astype(np.float32), device=device), dim=2)
        self.noise, self.said = noise, said
        plain = self.bank[:, 0]
        self.near = ((plain @ plain.t()) > 0.8) | torch.tensor(wordings["kin"][rows][:, rows], device=device)
        self.near.fill_diagonal_(False)
        self.hidden = torch.zeros(len(rows), dtype=torch.bool, device=device)
        self.hidden[list(photos.held_out)] = True
        self.above = torch.tensor(own[wordings["above"][rows]], device=device)
        self.above[(self.above >= 0) & self.hidden[self.above]] = -1
        painted = {i for names in photos.painted.values() for i in names} | {i for s in PAINTED_BY_BOXES for i in photos.boxed.get(s, [])}
        self.painted = torch.tensor(sorted(painted), device=device)
        self.place = torch.full((len(rows),), -1, dtype=torch.long, device=device)
        self.place[self.painted] = torch.arange(len(painted), device=device)
        self.coco = torch.tensor([photos.vocab.index(n) for n in NAMES], device=device)
        self.is_coco = torch.zeros(len(rows), dtype=torch.bool, device=device)
        self.is_coco[self.coco] = True
        self.nowhere = len(said) - 1
        classes = sorted((r["id"], r["names"][0]) for r in photos.records if r["source"] == "imagenet1k")
        self.known = torch.tensor([n for _, n in classes], device=device)

    def draw(self):
        """Choose another wording of every name, with noise."""
        count, device = len(self.bank), self.bank.device
        noise = torch.randn(count, self.bank.shape[2], device=device) * self.noise / self.bank.shape[2] ** 0.5
        which = torch.randint(0, self.bank.shape[1], (count,), device=device)
        self.vectors = F.normalize(self.bank[torch.arange(count, device=device), which] + noise, dim=1)

    def lift(self, names):
        """Take some names for what they are a kind of: a pickup is a truck, and should be found as one."""
        above = self.above[names.clamp(min=0)]
        return torch.where((names >= 0) & (above >= 0) & (torch.rand(names.shape, device=names.device) < LIFTED), above, names)


def to_size(batch, size, disturbed=False):
    """Return the photos [n, 3, size, size] in other colours, 0 to 255, and scale what lies on them."""
    image = recolour(batch["image"].permute(0, 3, 1, 2).float())
    if disturbed:
        image = disturb(image)
    if image.shape[-1] != size:
        scale = size / image.shape[-1]
        image = F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False, antialias=scale < 1)
        at = ((torch.arange(size // 4, device=image.device) + 0.5) / scale).long().clamp(max=batch["mask"].shape[-1] - 1)
        batch["mask"] = batch["mask"][:, at][:, :, at]
        for k in ("boxes", "blind", "parts"):
            batch[k] = batch[k] * scale
    return image.contiguous(memory_format=torch.channels_last)


def share(parameters, done):
    """Average gradients, and how much of the time is over, among the processes that train together."""
    grads = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in grads] + [done])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    torch._foreach_copy_(grads, [f.view_as(g) for f, g in zip(flat[:-1].split([g.numel() for g in grads]), grads)])
    return flat[-1:]


def freeze_norms(part):
    """Keep the statistics that ImageNet gave the backbone: a quarter less time, and less to learn by heart."""
    for m in part.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.eval()
            m.requires_grad_(False)


def make_optimizer(net, args):
    groups = {}
    for name, p in net.named_parameters():
        if not p.requires_grad:
            continue
        groups.setdefault((name.startswith("body."), p.ndim < 2), []).append(p)
    return torch.optim.AdamW([
        {"params": ps, "base": args.lr * (args.backbone_lr if body else 1), "weight_decay": 0 if small else args.decay}
        for (body, small), ps in groups.items()
    ], lr=args.lr)


def main():
    args = arguments()
    device, rank, together = args.device, int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if together > 1:
        dist.init_process_group("nccl" if "cuda" in device else "gloo")
    if "cuda" in device:
        torch.cuda.set_device(device)
    random.seed(args.seed + rank)
    np.random.seed(args.seed + rank)
    torch.manual_seed(args.seed)
    held_out = open(args.held_out).read().split("\n")[:-1] if args.held_out else []
    photos = Photos(args.data, held_out)
    count = len(photos.vocab)
    photos.decode()
    words = Words(photos, np.load(args.wordings), args.noise, ask_teacher(photos, args.backbone, device), device)

    net = Net(drop_path=args.drop_path)
    load_backbone(net, args.backbone)
    if args.init:
        given = torch.load(args.init, map_location="cpu")["model"]
        own = net.state_dict()
        given = {k: v.float() if v.is_floating_point() else v for k, v in given.items() if k in own and own[k].shape == v.shape}
        net.load_state_dict(own | given)
    # What the detector says and sees, from levels 8 to 32; only to learn from.
    net.cells = torch.nn.Conv2d(WIDTH, len(NAMES), 1)
    torch.nn.init.constant_(net.cells.bias, -4.6)
    net.seen = torch.nn.ModuleList([torch.nn.Conv2d(WIDTH, PYRAMID, 1) for _ in SIDES])
    net = net.to(device).to(memory_format=torch.channels_last)
    freeze_norms(net.body)
    if args.heads_only:
        freeze_norms(net.neck)
        net.body.requires_grad_(False)
        net.neck.requires_grad_(False)
    detector = Detector(args.detector).to(device).to(memory_format=torch.channels_last) if args.detector else None
    torch.manual_seed(args.seed + rank)
    average = Average(net, AVERAGE, but=["cells.", "seen."])
    optimizer = make_optimizer(net, args)
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    sizes = [int(s) for s in args.sizes.split(",")]
    loader = torch.utils.data.DataLoader(Train(photos, max(sizes), args.strength, bool(detector)), args.batch, num_workers=args.workers,
                                         collate_fn=functools.partial(collate, names=count), worker_init_fn=seed_worker,
                                         prefetch_factor=4 if args.workers else None, pin_memory="cuda" in device)
    if rank == 0:
        print(f"{len(photos.records)} photos, {count} names, {len(held_out)} held out, {len(photos.places)} places", flush=True)
    begin, step, logged, waited, done = time.time(), 0, {}, 0.0, torch.zeros(1, device=device)
    snapshots = [float(m) / args.minutes for m in args.snapshots.split(",") if m]
    batches = iter(loader)
    while True:
        asked = time.time()
        batch = {k: v.to(device, non_blocking=True) for k, v in next(batches).items()}
        waited += time.time() - asked
        if step == 0:
            if together > 1:
                dist.barrier()
            begin = time.time()
        passed = done.item() if step else 0.0
        if rank == 0 and snapshots and passed >= snapshots[0]:
            snapshots.pop(0)
            save(average, step, begin, f"{args.out}.{passed * args.minutes:.0f}")
        if passed >= 1 or step >= args.steps:
            break
        rate = min(1, (step + 1) / args.warm_up) * (0.49 * (1 + math.cos(math.pi * passed)) + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * rate
        words.draw()
        losses = all_losses(net, detector, to_size(batch, random.choice(sizes), bool(detector)), batch, words, args)
        loss = sum(weight * value for weight, value in losses.values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        done = torch.full((1,), (time.time() - begin) / (60 * args.minutes), device=device)
        if together > 1:
            done = share(trained, done)
        torch.nn.utils.clip_grad_norm_(trained, 10.0)
        optimizer.step()
        step += 1
        average.follow(net, step)
        with torch.no_grad():
            for k, (_, value) in losses.items():
                logged[k] = logged.get(k, 0.0) + value.detach()
        if step % 50 == 0 and rank == 0:
            seconds = time.time() - begin
            report = " ".join(f"{k} {float(v) / 50:.3f}" for k, v in logged.items())
            print(f"{step} {seconds:.0f}s {step * args.batch * together / seconds:.0f} samples/s waited {waited:.0f}s {report}", flush=True)
            logged = {}
    if rank == 0:
        save(average, step, begin, args.out)
    if together > 1:
        dist.destroy_process_group()


def save(average, step, begin, path):
    torch.save({"model": average.half(), "steps": step, "seconds": time.time() - begin}, path)
    print(f"{step} steps, saved {path}", flush=True)


def all_losses(net, detector, image, batch, words, args):
    """Return weight and value of every loss."""
    kind, size = image.device.type, image.shape[-1]
    said = None
    batch["names"] = torch.where(batch["exhaustive"][:, None], batch["names"], words.lift(batch["names"]))
    batch["part_names"] = words.lift(batch["part_names"])
    if detector:
        with torch.no_grad(), torch.autocast(kind, torch.bfloat16):
            said = detector(image)
        add_seen(batch, *said[:2], words)
    with torch.autocast(kind, torch.bfloat16):
        levels, c5 = net.features((image - 127) / 128)
        chances, reach = net.rpn(levels)
    cells = centres(levels)
    boxes = torch.cat([cells[:, :2] - reach[..., :2], cells[:, :2] + reach[..., 2:]], -1)
    objectness, box, box_told = proposal_loss(chances, boxes, cells, batch, said)
    drawn = draw_regions(chances.detach(), boxes.detach(), size, batch)
    with torch.autocast(kind, torch.bfloat16):
        heads = net.regions(levels, list(drawn[0].unbind(0)), size)
        vectors = net.pixels(levels)
        if said:
            named = torch.cat([net.cells(f).flatten(2) for f in levels[1:4]], 2).transpose(1, 2).float()
            seen = [layer(f) for layer, f in zip(net.seen, levels[1:4])]
    classes, contrast, refined, quality, region_taught, told = region_loss(net, heads, drawn, batch, words, said)
    naming, part_taught = naming_loss(net, c5, batch, words)
    losses = {
        "objectness": (1.0, objectness), "box": (2.0, box), "classes": (2.5, classes), "contrast": (1.0, contrast), "refined": (2.0, refined),
        "quality": (0.5, quality), "masks": (1.0, mask_loss(net, levels, size, batch)), "pixels": (1.5, pixel_loss(net, vectors, batch, words)),
        "taught": (args.taught, region_taught), "naming": (0.5, naming), "naming taught": (2 * args.taught, part_taught),
    }
    if said:
        losses |= {"cells": (args.told, cell_loss(named, said[0])), "told": (2 * args.told, told), "box told": (args.told, box_told),
                   "seen": (args.seen, seen_loss(seen, said[2]))}
    return losses


def seed_worker(number):
    random.seed(torch.initial_seed() % 2**32)
    np.random.seed(torch.initial_seed() % 2**32)


if __name__ == "__main__":
    main()
