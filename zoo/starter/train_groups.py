"""Train the GroupViT starter's head on a finished trunk, which stays as it is.

    python zoo/starter/train_groups.py --data PHOTOS --trunk v1.pt --wordings wordings.npz --minutes 8 --out groups.pt

Runs on one GPU (or, for a few steps, on a processor). Words meet groups in four ways: by painted pixels (a pixel's name is that of the groups
that claim it, in proportion), by boxes, by groups of one name (among all names), and by all names that a photo shows. The checkpoint holds
the averaged weights in half precision.
"""

import argparse
import functools
import math
import random
import time

import numpy as np
import photos as photo_shares
import torch
from average import Average
from groups import Groups, start_from
from net import Net
from photos import BACKGROUND, IGNORE, Photos, Train, collate
from torch.nn import functional as F
from train import Words, per, seed_worker, to_size

PIXELS = 2048    # pixels asked per photo
FEW = 0.4        # of the photos are asked for some names only
AVERAGE = 0.9985  # of the running average of weights
ONE_NAME = 0.7   # of a group's pixels that have its commonest name, for it to count as that name's

# How often a sample is made of each source: painted photos more often than for boxes, photos without masks only as tiles of one name.
SHARES = {
    "coco": 6, "coco_stuff": 3, "animals7": 1.5, "facade": 0.8, "ccp": 3, "camvid": 2, "human_seg": 1.5, "tiles": 1.5,
    "groceries": 0.2, "cars_trucks": 0.2, "deer": 0.2, "openimages5": 0, "recycling": 0, "weapons": 0,
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    for name in ("data", "trunk", "wordings", "out"):
        add(f"--{name}", required=True)
    add("--init", help="checkpoint of a head to start from")
    add("--minutes", type=float, default=8)
    add("--steps", type=int, default=10**9, help="0 only puts together what there is: the pixel starter's head and that of --init")
    add("--batch", type=int, default=64)
    add("--sizes", default="384,416,480", help="canvas sides, one drawn for each step")
    add("--groups", type=int, default=32)
    add("--segments", type=int, default=64)
    add("--lr", type=float, default=1e-3)
    add("--decay", type=float, default=0.05)
    add("--noise", type=float, default=0.2, help="length of the noise on words' unit vectors")
    add("--strength", type=float, default=0.7, help="of the mixing of photos")
    add("--workers", type=int, default=14)
    add("--seed", type=int, default=0)
    add("--fixed", action="store_true", help="train on the first batch again and again, to see that losses can fall")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


@torch.no_grad()
def ask(batch):
    """Ask most photos for all names that their source paints, others for some of them; the rest is background then, as where one word is asked."""
    painted = batch["painted"]
    kept = torch.rand(len(painted), 1, device=painted.device)
    kept = torch.where(torch.rand_like(kept) < FEW, kept, 1.0)
    return painted & (torch.rand(painted.shape, device=painted.device) < kept)


@torch.no_grad()
def draw_pixels(batch, words, side):
    """Draw pixels of the mask (stride 4), half evenly and half so that rare names come as often as common ones.

    Returns their places in the mask and in maps of stride 8 and 16, their names' numbers among the painted + 1 (0 is background), their names
    or -1, and which are known.
    """
    mask = batch["mask"].flatten(1).long()
    n = len(mask)
    counts = torch.zeros(n, len(words.place) + 2, device=mask.device).scatter_add_(1, mask + 2, torch.ones_like(mask, dtype=torch.float32))
    share = counts.clamp(min=1).rsqrt().gather(1, mask + 2) * (mask != IGNORE) + 1e-9
    fine = torch.cat([torch.randint(0, mask.shape[1], (n, PIXELS // 2), device=mask.device),
                      torch.multinomial(share, PIXELS // 2, replacement=True)], 1)
    middle, coarse = (fine // side // k * (side // k) + fine % side // k for k in (2, 4))
    name = mask.gather(1, fine)
    known = (name != IGNORE) & batch["painted"].any(1)[:, None] & ((name == BACKGROUND) | batch["painted"].gather(1, name.clamp(min=0)))
    asked = (name >= 0) & batch["asked"].gather(1, name.clamp(min=0))
    goal = torch.where(known & asked, words.place[name.clamp(min=0)] + 1, 0)
    return fine, middle, coarse, goal, torch.where(known & (name >= 0), name, -1), known


def among_asked(head, vectors, batch, words):
    """Log-probabilities of vectors [n, rows, dim] among background and the names that the photo is asked for: [n, rows, 1 + painted]."""
    likeness = head.temperature() * F.normalize(vectors.float(), dim=2) @ words.vectors[words.painted].t()
    logits = (likeness + head.bias).masked_fill(~batch["asked"][:, words.painted][:, None], -1e4)
    return F.log_softmax(torch.cat([torch.zeros_like(logits[..., :1]), logits], 2), 2)


def take(values, where):
    """Values [n, rows, places] at places [n, p]: [n, p, rows]."""
    return values.gather(2, where[:, None].expand(-1, values.shape[1], -1)).transpose(1, 2)


def box_loss(claims, log_names, batch, words):
    """Boxes of things without an outline: somewhere in each of a box's rows and columns is its name (as in BoxInst, Tian et al. 2021)."""
    names, boxes = batch["names"], batch["boxes"]
    share = F.avg_pool2d(claims.float().softmax(1), 2)
    height, width = share.shape[-2:]
    place = words.place[names.clamp(min=0)] + 1
    chance = log_names.exp().gather(2, place[:, None].expand(-1, share.shape[1], -1)).transpose(1, 2) @ share.flatten(2)
    x, y = ((torch.arange(k, device=boxes.device) + 0.5) * 8 for k in (width, height))
    across = (x > boxes[..., 0, None]) & (x < boxes[..., 2, None])
    down = (y > boxes[..., 1, None]) & (y < boxes[..., 3, None])
    has = ((names >= 0) & batch["asked"].gather(1, names.clamp(min=0)) & across.any(2) & down.any(2)).float()
    chance = chance.unflatten(2, (height, width)) * (down[..., None] & across[:, :, None])

    def along(dim, inside):
        return -((chance.amax(dim) + 0.03).log() * inside).sum(2) / inside.sum(2).clamp(min=1)

    return per((along(2, across) + along(3, down)) * has, 2 * has)


def uneven(held):
    """How far shares [n, k] are from even: left alone, a few tokens take everything and the others never learn."""
    return math.log(held.shape[1]) + (held * (held + 1e-6).log()).sum(1).mean()


def name_loss(likeness, present, words):
    """Names that a photo shows, each against all that it does not show (near ones left out)."""
    other = (present.float() @ words.near.float() > 0) | present | words.hidden
    beaten = likeness.masked_fill(other, -1e4).logsumexp(1, keepdim=True)
    return per(F.softplus(beaten - likeness) * present, present.float())


@torch.no_grad()
def shown(batch, words):
    """Names that each photo shows by boxes, parts or masks (more than a few cells): [n, names]."""
    mask = batch["mask"].flatten(1).long()
    counts = torch.zeros(len(mask), len(words.place) + 2, device=mask.device).scatter_add_(1, mask + 2, torch.ones_like(mask, dtype=torch.float32))
    present = torch.cat([torch.zeros_like(counts[:, :1]), (counts[:, 2:] > 12).float()], 1)
    for names in (batch["names"], batch["part_names"]):
        present.scatter_(1, names + 1, 1.0)
    return present[:, 1:] > 0


def losses(head, found, side, batch, words):
    """Return weight and value of every loss."""
    batch["asked"] = ask(batch)
    fine, middle, coarse, goal, name, known = draw_pixels(batch, words, side)
    tau = head.temperature()
    likeness = tau * F.normalize(found["embeds"].float(), dim=2) @ words.vectors.t()
    log_names = among_asked(head, found["embeds"], batch, words)
    of_goal = log_names.transpose(1, 2).gather(1, goal[..., None].expand(-1, -1, likeness.shape[1]))  # [n, pixels, groups]
    weight = known.float()

    def mixed(log_share):
        return per(-(log_share + of_goal).logsumexp(2) * weight, weight)

    claims = take(found["map"].flatten(2), fine).float()
    owner = claims.argmax(2)
    pixels = mixed(F.log_softmax(claims, 2))
    gathered = mixed(take(found["coarse"], coarse).float().clamp(min=1e-4).log())
    owned = per(-of_goal.gather(2, owner[..., None])[..., 0] * weight, weight)

    log_direct = among_asked(head, head.pix(take(found["direct"].transpose(1, 2), middle).float()), batch, words)
    direct = per(-log_direct.gather(2, goal[..., None])[..., 0] * weight, weight)

    n, g, count = *likeness.shape[:2], len(words.place)
    with torch.no_grad():
        votes = torch.zeros(n, g * (count + 1), device=claims.device).scatter_add_(1, owner * (count + 1) + name + 1, torch.ones_like(weight)).view(n, g, -1)
        most, which = votes[..., 1:].max(2)
        single = ((most > 8) & (most > ONE_NAME * votes.sum(2))).float()
    contrast = F.cross_entropy(likeness.masked_fill(words.near[which] | words.hidden, -1e4).flatten(0, 1), which.flatten(), reduction="none").view(n, g)
    whole = tau * F.normalize(found["whole"].float(), dim=1) @ words.vectors.t()
    return {
        "pixels": (1.5, pixels), "owned": (0.5, owned), "gathered": (0.3, gathered), "direct": (0.7, direct),
        "uneven": (0.1, uneven(found["held"][0]) + 0.5 * uneven(found["held"][1]) + 0.5 * uneven(found["map"].flatten(2).float().softmax(1).mean(2))),
        "boxes": (0.4, box_loss(found["map"], log_names, batch, words)), "contrast": (0.4, per(contrast * single, single)), "names": (0.2, name_loss(whole, shown(batch, words), words)),
    }


def load_trunk(path, device):
    net = Net()
    state = torch.load(path, map_location="cpu")["model"]
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return net.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)


def make_optimizer(head, args):
    large, small = [p for p in head.parameters() if p.ndim in (2, 4)], [p for p in head.parameters() if p.ndim not in (2, 4)]
    return torch.optim.AdamW([{"params": large, "weight_decay": args.decay}, {"params": small, "weight_decay": 0.0}], lr=args.lr, betas=(0.9, 0.98))


def main():
    args = arguments()
    device = args.device
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(args.seed)
    photo_shares.SHARES.update(SHARES)
    photos = Photos(args.data)
    if device == "cuda":
        photos.decode()  # once for all workers; a few steps on a processor don't need all photos
    words = Words(photos, np.load(args.wordings), args.noise, torch.zeros(1, 1000), args.device)  # no classifier is asked
    net, head = load_trunk(args.trunk, device), Groups(args.groups, args.segments)
    given = torch.load(args.init, map_location="cpu")["model"] if args.init else None
    print(f"{start_from(head, net, given)} of {len(head.state_dict())} weights to start from", flush=True)
    head = head.to(device).to(memory_format=torch.channels_last).train()
    torch.backends.cudnn.benchmark = True
    print(f"{len(photos.records)} photos, {len(photos.vocab)} names, {sum(p.numel() for p in head.parameters()):,} weights", flush=True)
    average = Average(head, AVERAGE)
    optimizer = make_optimizer(head, args)
    sizes = [int(s) for s in args.sizes.split(",")]
    loader = torch.utils.data.DataLoader(Train(photos, max(sizes), args.strength), args.batch, num_workers=args.workers,
                                         collate_fn=functools.partial(collate, names=len(photos.vocab)), worker_init_fn=seed_worker,
                                         prefetch_factor=4 if args.workers else None, pin_memory=device == "cuda")
    begin, step, logged, waited, held = time.time(), 0, {}, 0.0, None
    batches = iter(loader)
    while True:
        asked = time.time()
        batch = held if args.fixed and held else next(batches)
        held = batch
        waited += time.time() - asked
        if step == 0:
            begin = time.time()
        done = (time.time() - begin) / (60 * args.minutes)
        if done >= 1 or step >= args.steps:
            break
        rate = min(1, (step + 1) / 200) * (0.49 * (1 + math.cos(math.pi * done)) + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * rate
        batch = {k: v.to(device, non_blocking=True) for k, v in batch.items()}
        words.draw()
        size = random.choice(sizes)
        x = ((to_size(batch, size) - 127) / 128).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            with torch.no_grad():
                levels, _ = net.features(x)
            found = head(*levels[:4])
        values = losses(head, found, size // 4, batch, words)
        optimizer.zero_grad(set_to_none=True)
        sum(weight * value for weight, value in values.values()).backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimizer.step()
        step += 1
        average.follow(head, step)
        with torch.no_grad():
            for k, (_, value) in values.items():
                logged[k] = logged.get(k, 0.0) + value.detach()
        every = 1 if args.fixed else 50
        if step % every == 0:
            seconds = time.time() - begin
            used = found["map"].flatten(2).argmax(1)
            used = F.one_hot(used, args.groups).any(1).sum(1).float().mean()
            report = " ".join(f"{k} {float(v) / every:.3f}" for k, v in logged.items())
            print(f"{step} {seconds:.0f}s {step * args.batch / seconds:.0f} samples/s waited {waited:.0f}s {report} groups used {used:.1f} "
                  f"tau {head.temperature().item():.1f} bias {head.bias.item():.2f}", flush=True)
            logged = {}
            if step % 1000 == 0 or device == "cpu":
                save(average, head, step, begin, args.out)
    save(average, head, step, begin, args.out)


def save(average, head, step, begin, path):
    torch.save({"model": average.half(), "config": head.config, "steps": step, "seconds": time.time() - begin}, path)
    print(f"{step} steps, saved {path}", flush=True)


if __name__ == "__main__":
    main()
