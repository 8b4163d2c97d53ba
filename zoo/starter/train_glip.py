"""Train the starter's head for captions (glip.py) on a trunk that stays as it is.

    python zoo/starter/train_glip.py --data PHOTOS --trunk v3.pt --text text.pt --phrases phrases.json --minutes 8 --out glip.pt
    python zoo/starter/train_glip.py --no-fusion ... --out glip_nofusion.pt

A caption is the list of names that the photo's source boxes wherever they are, or a part of it, in any order and sometimes in other words,
and on COCO's photos noun phrases of their captions (phrases.py). The text encoder reads each phrase by itself; its states of all phrases
are made once. With --detector a detector of COCO's names tells what is in every photo, people's boxes or not (detector.py). Runs on one GPU (or, for a few steps, on a processor). The checkpoint holds the averaged weights in half precision.
"""

import argparse
import json
import math
import random
import time

import numpy as np
import torch
from average import Average
from detector import NAMES, Detector
from glip import STATES, Head
from net import Net, centres
from photos import Photos, Train, collate
from teacher import Encoder, pad
from text import LAYERS, LONGEST, tokenizer
from torch.nn import functional as F
from train import AVERAGE, POSITIVES, disturb, giou_loss, overlap, recolour, seed_worker

TOKENS, PHRASES = 128, 112  # of a caption
OTHERS = 40                 # names that a grid of tiles is asked for in vain
NEAR = 0.8                  # likeness of names above which neither is wrong for the other
WRITTEN, UNTRUE = 6, 4      # noun phrases of a caption: of this photo, of others
YES, NO, EITHER = 1, 0, -1  # whether a phrase speaks of a box
FLOOR, SCALED = 0.05, 1.5   # the detector's chances are noise below, and about 0.6 for a thing well boxed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    for name in ("data", "trunk", "text", "phrases", "out"):
        add(f"--{name}", required=True)
    add("--detector", help="NanoDet-g as a teacher of COCO's names: the path of its files without their ending (detector.py)")
    add("--init", help="checkpoint to go on from")
    add("--no-fusion", action="store_true", help="photo and caption meet in the logits only")
    add("--minutes", type=float, default=8)
    add("--steps", type=int, default=10**9)
    add("--batch", type=int, default=64)
    add("--sizes", default="384,416,448", help="canvas sides, one drawn for each step")
    add("--lr", type=float, default=1.5e-3)
    add("--decay", type=float, default=0.05)
    add("--noise", type=float, default=0.1, help="share of the caption's states that is dropped")
    add("--strength", type=float, default=0.8, help="of the mixing of photos")
    add("--workers", type=int, default=14)
    add("--seed", type=int, default=0)
    add("--fixed", action="store_true", help="the same batch again and again, to see that losses fall")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


class Bank:
    """Phrases, numbered, and the text encoder's states of their pieces: rows of one table."""

    def __init__(self, path, device):
        saved = torch.load(path, map_location="cpu")
        self.net = Encoder(len(saved["pieces"]), len(LAYERS), LONGEST, 256)
        self.net.load_state_dict({k: v.float() for k, v in saved["model"].items()})
        self.net.to(device).eval()
        self.pieces, self.device = tokenizer({p: i for i, p in enumerate(saved["pieces"])}), device
        self.number = {}

    def add(self, phrase):
        return self.number.setdefault(phrase, len(self.number))

    @torch.no_grad()
    def read(self):
        """Read all phrases: `table` has a row for each piece, `first` and `length` say which are a phrase's, `vectors` what it means."""
        cut = [e.ids for e in self.pieces.encode_batch(list(self.number))]
        self.length = np.array([len(ids) - 2 for ids in cut])
        self.first = np.concatenate([[0], self.length.cumsum()[:-1]])
        self.table = torch.zeros(int(self.length.sum()), STATES, dtype=torch.half, device=self.device)
        self.vectors = torch.zeros(len(cut), 256)
        order = sorted(range(len(cut)), key=lambda i: len(cut[i]))
        for start in range(0, len(order), 512):
            rows = order[start:start + 512]
            ids, mask = (x.to(self.device) for x in pad([cut[i] for i in rows]))
            states = self.net.states(ids, mask)
            self.vectors[rows] = F.normalize(self.net.pooled(states, mask), dim=1).cpu()
            own = (torch.arange(ids.shape[1] - 2, device=self.device)[None] < torch.tensor(self.length[rows], device=self.device)[:, None])
            at = torch.tensor(self.first[rows], device=self.device)[:, None] + torch.arange(ids.shape[1] - 2, device=self.device)
            self.table[at[own]] = states[:, 1:-1][own].half()


class Captions:
    """Makes captions for batches of samples, in the loader's workers."""

    def __init__(self, photos, written, bank, known=()):
        """`known` are the names that a detector tells."""
        self.places, self.count = photos.places, len(photos.vocab)
        self.words = [[bank.add(n)] + [bank.add(w) for w in written["wordings"].get(n, [])] for n in photos.vocab]
        self.templates = [[bank.add(t.format(n)) for t in ("{}s", "a {}", "the {}")] for n in photos.vocab]
        number = {n: i for i, n in enumerate(photos.vocab)}
        self.known = {number[n]: k for k, n in enumerate(known)}
        self.phrases = {k: [(bank.add(p), number[n], many) for p, n, many in found] for k, found in written["phrases"].items()}
        self.pool = [(p, n) for found in self.phrases.values() for p, n, _ in found]
        bank.read()
        self.first, self.length = bank.first, bank.length
        plain = bank.vectors[[w[0] for w in self.words]]
        self.near = ((plain @ plain.t()) > NEAR).numpy()

    def word(self, name):
        """Return a wording of a name: mostly itself."""
        chance = random.random()
        if chance < 0.1:
            return random.choice(self.templates[name])
        return random.choice(self.words[name]) if chance < 0.25 else self.words[name][0]

    def listed(self, names, present, exhaustive):
        """Return the names that a caption lists."""
        if not exhaustive:
            rest = [n for n in names if n not in present]
            return [*present, *random.sample(rest, min(len(rest), random.randint(5, OTHERS)))]
        if random.random() < 0.5:
            return list(names)
        kept = [n for n in present if random.random() < 0.9]
        rest = [n for n in names if n not in present]
        return [*kept, *random.sample(rest, min(len(rest), random.randint(0 if kept else 1, len(rest) or 1)))]

    def written(self, boxes, owners, present):
        """Return noun phrases as (phrase, YES / NO / EITHER for each box): of one photo of the sample, and of others."""
        records = [r for r in dict.fromkeys(owners) if self.phrases.get(r)]
        out = []
        if records:
            of = random.choice(records)
            for phrase, name, many in random.sample(self.phrases[of], min(WRITTEN, len(self.phrases[of]))):
                mine = [k for k, (n, r) in enumerate(zip(boxes["names"], owners)) if n == name and r == of]
                said = np.where(boxes["names"] == name, EITHER, NO)
                sides = boxes["boxes"][mine, 2:] - boxes["boxes"][mine, :2]
                size = sides[:, 0] * sides[:, 1]
                if many or len(mine) == 1:
                    said[mine] = YES
                elif len(mine) > 1 and np.sort(size)[-1] > 2 * np.sort(size)[-2]:
                    said[mine[int(size.argmax())]] = YES
                out.append((phrase, said))
        for phrase, name in random.sample(self.pool, min(UNTRUE, len(self.pool))):
            if name not in present:
                out.append((phrase, np.full(len(owners), NO)))
        return out

    def caption(self, boxes, places, facts):
        """Return a caption's phrases as (phrase, YES / NO / EITHER for each box, the detector's name or -1, whether people looked for it)."""
        names, exhaustive = facts[0], facts[2]
        present = list(dict.fromkeys(int(n) for n in boxes["names"]))
        asked = []
        for name in self.listed(names, present, exhaustive):
            said = np.where(boxes["names"] == name, YES, NO)
            if not exhaustive:
                said[(said == NO) & self.near[name][boxes["names"]]] = EITHER
            asked.append((self.word(name), said, self.known.get(name, -1), exhaustive))
        owners = [self.places[p][0]["id"] for p in places]
        if owners and owners[0].startswith("coco/") and random.random() < 0.5:
            asked += [(phrase, said, -1, True) for phrase, said in self.written(boxes, owners, present)]
        others = [n for n in self.known if n not in names and n not in present]
        if others and (not names or random.random() < 0.6):
            nobody = np.full(len(places), EITHER)
            asked += [(self.word(n), nobody, self.known[n], False) for n in random.sample(others, random.randint(1, len(others)))]
        random.shuffle(asked)
        return list({a[0]: a for a in asked}.values())

    def __call__(self, samples):
        batch = collate(samples, self.count)
        n, most = batch["names"].shape
        rows, spans, known = np.zeros((n, TOKENS), np.int64), np.full((n, TOKENS), -1, np.int64), np.full((n, TOKENS), -1, np.int64)
        listed, said = np.zeros((n, TOKENS), bool), np.zeros((n, PHRASES, most), np.int8)
        for t, (_, facts) in enumerate(samples):
            live = int((batch["names"][t] >= 0).sum())
            boxes = {"names": batch["names"][t, :live].numpy(), "boxes": batch["boxes"][t, :live].numpy()}
            at = count = 0
            for phrase, which, teller, looked in self.caption(boxes, batch["places"][t, :live].tolist(), facts):
                length = int(self.length[phrase])
                if not length or at + length > TOKENS or count == PHRASES:
                    continue
                here = np.s_[t, at:at + length]
                rows[here], spans[here], known[here], listed[here] = self.first[phrase] + np.arange(length), count, teller, looked
                said[t, count, :live] = which
                at, count = at + length, count + 1
        made = {"rows": rows, "spans": spans, "known": known, "listed": listed, "said": said}
        return batch | {k: torch.from_numpy(v) for k, v in made.items()}


@torch.no_grad()
def assign(chances, boxes, cells, batch):
    """Choose the cells that answer for each true box, as train.assign does, by chances that differ from box to box: [n, cells, boxes]."""
    truth, valid = batch["boxes"], batch["names"] >= 0
    iou = overlap(boxes, truth)
    at, slack, t = cells[None, :, None, :2], 0.6 * cells[None, :, None, 2:], truth[:, None]
    middle = (t[..., :2] + t[..., 2:]) / 2
    inside = ((at > torch.minimum(t[..., :2], middle - slack)) & (at < torch.maximum(t[..., 2:], middle + slack))).all(-1)
    fit = (chances.sqrt() * (iou + 1e-4) ** 4).masked_fill(~(inside & valid[:, None]), 0)
    best = fit.topk(POSITIVES, 1)
    chosen = torch.zeros_like(fit).scatter_(1, best.indices, (best.values > 0).float()) * (fit > 0)
    fit = fit * chosen
    value, which = (iou * chosen).max(-1)
    mine = value > 0
    goal = fit / fit.amax(1, keepdim=True).clamp(min=1e-12) * (iou * chosen).amax(1, keepdim=True)
    return which, mine, torch.where(mine, goal.gather(2, which[..., None])[..., 0].clamp(0, 1), 0.0)


def prepare(batch, size, disturbed):
    """Return the photos [n, 3, size, size] in other colours, 0 to 255, and scale their boxes."""
    image = recolour(batch["image"].permute(0, 3, 1, 2).float())
    if disturbed:
        image = disturb(image)
    if image.shape[-1] != size:
        scale = size / image.shape[-1]
        image = F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False, antialias=scale < 1)
        for k in ("boxes", "blind"):
            batch[k] = batch[k] * scale
    return image.contiguous(memory_format=torch.channels_last)


def losses(head, trunk, detector, bank, batch, image, noise):
    """Return weight and value of every loss."""
    kind, spans, said = image.device.type, batch["spans"], batch["said"]
    mask = (spans >= 0).float()
    states = F.dropout(bank.table[batch["rows"]].float(), noise) * mask[..., None]
    with torch.no_grad(), torch.autocast(kind, torch.bfloat16):
        levels = trunk.features((image - 127) / 128)[0]
        told, told_boxes, _ = detector(image) if detector else (None, None, None)
    with torch.autocast(kind, torch.bfloat16):
        logits, reach, quality = head(levels[1:], states, mask)
    logits = logits.float()
    cells = centres(levels)[levels[0].shape[2] * levels[0].shape[3]:]
    boxes = torch.cat([cells[:, :2] - reach[..., :2], cells[:, :2] + reach[..., 2:]], -1)
    with torch.no_grad():
        # What each piece's phrase says of each box, and one over the number of the phrase's pieces.
        of_piece = said.gather(1, spans.clamp(min=0)[..., None].expand(-1, -1, said.shape[2]))
        share = mask / (spans[:, :, None] == spans[:, None]).sum(2)
        chance = logits.sigmoid()
        true = (of_piece == YES) * share[..., None]
        there = true.sum(1)
        met = torch.where(there[:, None] > 0, chance @ true / there[:, None].clamp(min=1e-6), 0.1)
        which, mine, goal = assign(met * quality.sigmoid()[..., None], boxes, cells, batch)
        own = of_piece.transpose(1, 2).gather(1, which[..., None].expand(-1, -1, spans.shape[1]))
        x, y, b = cells[None, :, None, 0], cells[None, :, None, 1], batch["blind"][:, None]
        blind = ((x > b[..., 0]) & (x < b[..., 2]) & (y > b[..., 1]) & (y < b[..., 3])).any(-1)
        wanted = torch.where(mine[..., None] & (own == YES), goal[..., None], 0.0)
        weight = torch.where(mine[..., None], own != EITHER, ~blind[..., None] & batch["listed"][:, None]) * share[:, None]
        count = goal.sum().clamp(min=1)
    parts, judge = {}, goal
    if detector:
        few = told.shape[1]
        by_teacher = (batch["known"] >= 0)[:, None] & ~(mine[:, :few, None] & batch["listed"][:, None])
        target = told.gather(2, batch["known"].clamp(min=0)[:, None].expand(-1, few, -1))
        target = ((target - FLOOR) * SCALED).clamp(0, 1) * by_teacher
        weight[:, :few] *= ~by_teacher
        taught = F.binary_cross_entropy_with_logits(logits[:, :few], target, reduction="none") * (chance[:, :few] - target).abs()
        parts["told"] = 1.0, (taught * by_teacher * share[:, None]).sum() / (target * share[:, None]).sum().clamp(min=1)
        seen = (told.amax(2) - FLOOR).clamp(min=0) * ~mine[:, :few]
        far, _ = giou_loss(boxes[:, :few], told_boxes)
        parts["box told"] = 1.0, (far * seen).sum() / seen.sum().clamp(min=1)
        judge = torch.maximum(goal, F.pad(seen, (0, len(cells) - few)))
    tokens = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none") * (chance - wanted) ** 2 * weight
    known = torch.where((judge > 0) | batch["full"][:, None], 1.0, 0.02) * (~(blind & ~mine))
    judged = F.binary_cross_entropy_with_logits(quality, judge, reduction="none") * (quality.sigmoid() - judge).abs().detach() ** 2
    box, _ = giou_loss(boxes, batch["boxes"].gather(1, which[..., None].expand(-1, -1, 4)))
    right = (chance * (wanted > 0) * share[:, None]).sum() / ((wanted > 0) * share[:, None]).sum().clamp(min=1e-6)
    return parts | {"tokens": (1.0, tokens.sum() / count), "box": (2.0, (box * goal).sum() / count),
                    "quality": (1.0, (judged * known).sum() / judge.sum().clamp(min=1)), "chance of the right": (0.0, right)}


def load_trunk(path, device):
    net = Net()
    given = torch.load(path, map_location="cpu")["model"]
    own = net.state_dict()
    net.load_state_dict({k: given[k].to(v.dtype) if k.startswith(("body.", "neck.", "rpn.")) else v for k, v in own.items()})
    return net.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)


def main():
    args = arguments()
    device = args.device
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(args.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    photos = Photos(args.data)
    photos.decode()
    with open(args.phrases, encoding="utf-8") as file:
        written = json.load(file)
    bank = Bank(args.text, device)
    detector = Detector(args.detector).to(device).to(memory_format=torch.channels_last) if args.detector else None
    captions = Captions(photos, written, bank, NAMES if detector else ())
    sizes = [int(s) for s in args.sizes.split(",")]
    samples = Train(photos, max(sizes), args.strength, bool(detector))
    boxed = [k for k in samples.keys if k in ("tiles", "mixed") or photos.boxed[k]]
    samples.shares = [s for k, s in zip(samples.keys, samples.shares) if k in boxed]
    samples.keys = boxed
    trunk = load_trunk(args.trunk, device)
    head = Head(not args.no_fusion)
    head.fill(trunk.rpn)
    if args.init:
        head.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in torch.load(args.init, map_location="cpu")["model"].items()})
    head = head.to(device)
    average = Average(head, AVERAGE)
    large = [p for p in head.parameters() if p.ndim >= 2]
    small = [p for p in head.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW([{"params": large, "weight_decay": args.decay}, {"params": small, "weight_decay": 0.0}], lr=args.lr)
    loader = torch.utils.data.DataLoader(samples, args.batch, num_workers=args.workers, collate_fn=captions, worker_init_fn=seed_worker,
                                         prefetch_factor=4 if args.workers else None, pin_memory=device == "cuda")
    print(f"{len(bank.number)} phrases, {len(bank.table)} pieces, {sum(p.numel() for p in head.parameters())} weights", flush=True)
    step, logged, waited, again = 0, {}, 0.0, None
    batches = iter(loader)
    begin = time.time()
    while True:
        asked = time.time()
        batch = again or next(batches)
        waited += time.time() - asked
        if step == 0:
            begin = time.time()
            again = batch if args.fixed else None
        done = (time.time() - begin) / (60 * args.minutes)
        if done >= 1 or step >= args.steps:
            break
        rate = min(1, (step + 1) / 200) * (0.49 * (1 + math.cos(math.pi * done)) + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * rate
        batch = {k: v.to(device, non_blocking=True) for k, v in batch.items() if k not in ("mask", "outline", "negatives", "painted")}
        parts = losses(head, trunk, detector, bank, batch, prepare(batch, random.choice(sizes), bool(detector)), args.noise)
        optimizer.zero_grad(set_to_none=True)
        sum(weight * value for weight, value in parts.values() if weight).backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimizer.step()
        step += 1
        average.follow(head, step)
        with torch.no_grad():
            for k, (_, value) in parts.items():
                logged[k] = logged.get(k, 0.0) + value.detach()
        every = 5 if args.steps <= 100 else 50
        if step % every == 0:
            seconds = time.time() - begin
            report = " ".join(f"{k} {float(v) / every:.3f}" for k, v in logged.items())
            print(f"{step} {seconds:.0f}s {step * args.batch / seconds:.0f} samples/s waited {waited:.0f}s {report}", flush=True)
            logged = {}
    torch.save({"model": average.half(), "fusion": not args.no_fusion, "steps": step, "seconds": time.time() - begin}, args.out)
    print(f"{step} steps, saved {args.out}", flush=True)


if __name__ == "__main__":
    main()
