"""Photos with boxes, outlines, masks or names, as training samples: mosaics, grids, pasted objects. Runs on the processor.

A folder of photos holds `index.jsonl.gz` (a photo a line: id, file, source, split, w, h and what the source has of boxes, polys, mask,
labels), `sources.json` (for each source its `exhaustive` and `mask_names`) and the files, loose or in tars.
"""

import concurrent.futures
import gzip
import json
import pathlib
import random
import tarfile
import zlib

import cv2
import numpy as np
import torch

cv2.setNumThreads(0)

BACKGROUND, IGNORE = -1, -2  # beside indices of names, in masks
BOXES, BLIND, OUTLINES, SIDE = 64, 24, 6, 56  # boxes, ignored boxes and outlines kept of a sample; side of an outline's raster
PARTS = 8                # photos or parts of photos with a name of their own, kept of a sample
NAMED = 48               # a box of at least this side is such a part

# How some sources' names are spoken; None is no name at all.
SPOKEN = {
    "t-shirt": "t-shirt", "balcony-fence": "balcony", "non-building-infrastructure": "street furniture", "traffic-infrastructure": "traffic sign",
    "null": None, "unlabelled": None, "unlabeled": None, "background": None, "sign": "road sign", "intimate": "underwear",
}

# How often a sample is made of each source; "tiles" is a grid of photos that show one thing each, "mixed" lays photos of any source
# beside each other, for a detector to say what is on them.
SHARES = {
    "mixed": 7, "coco": 11, "coco_stuff": 1.5, "animals7": 1.2, "facade": 0.5, "ccp": 2.4, "camvid": 1.0, "human_seg": 0.6, "groceries": 1.2,
    "openimages5": 0.3, "cars_trucks": 0.5, "deer": 0.4, "recycling": 0.4, "weapons": 0.8, "tiles": 2.5,
}
TILES = {"tinyimagenet": 5, "imagenet1k": 3, "caltech101": 2, "clothing": 1, "grocery_store": 1}
MIXED = {
    "coco": 6, "imagenet1k": 5, "caltech101": 2, "food_tags": 2, "coco_stuff": 2, "ccp": 2, "clothing": 1, "grocery_store": 1, "human_seg": 1,
    "openimages5": 1, "animals7": 1, "deer": 1, "camvid": 1, "recycling": 1, "groceries": 1, "weapons": 1, "cars_trucks": 1, "facade": 1,
}
PAINTED_BY_BOXES = ("coco", "animals7", "facade")  # sources whose outlines are masks too
FULLY_BOXED = ("coco", "facade", "openimages5")    # where a place outside all boxes is nothing worth a proposal


def spoken(name):
    name = name.strip().lower()
    if name in SPOKEN:
        return SPOKEN[name]
    for part in ("-merged", "-other", "-stuff"):
        name = name.replace(part, "")
    return name.replace("-", " ")


class Photos:
    """All photos of a folder, their bytes in memory, their names as indices of `vocab`.

    Names of `held_out` are taken from boxes and negatives: their boxes become places that teach nothing.
    """

    def __init__(self, folder, held_out=()):
        folder = pathlib.Path(folder)
        self.bytes = {}
        for path in sorted(folder.glob("*.tar")):
            with tarfile.open(path) as archive:
                self.bytes.update((m.name, archive.extractfile(m).read()) for m in archive if m.isfile())
        sources = json.loads((folder / "sources.json").read_text())
        with gzip.open(folder / "index.jsonl.gz", "rt") as lines:
            self.records = [r for r in map(json.loads, lines) if r["file"] in self.bytes or (folder / r["file"]).exists()]
        self.folder, numbers = folder, {}

        def number(name):
            return numbers.setdefault(name, len(numbers))

        self.held_out = {number(n) for n in held_out}
        self.boxed, self.mask_table = {}, {}
        for source, facts in sources.items():
            self.boxed[source] = sorted({number(spoken(n)) for n in facts.get("exhaustive", []) if spoken(n)} - self.held_out)
            names = facts.get("mask_names")
            if names:
                table = np.full(256, IGNORE, np.int32)
                for k, n in names.items() if isinstance(names, dict) else enumerate(names):
                    name = spoken(n)
                    table[int(k)] = number(name) if name else BACKGROUND if n in ("null", "background") else IGNORE
                table[np.isin(table, list(self.held_out))] = IGNORE
                self.mask_table[source] = table
        self.painted = {s: sorted({int(i) for i in t if i >= 0}) for s, t in self.mask_table.items()}
        # Everything that the classifier of ImageNet is asked about has a place: whole photos first, then boxes.
        self.places = [(r, (0, 0, r["w"], r["h"])) for r in self.records]
        for k, r in enumerate(self.records):
            r["place"], r["box_places"] = k, range(len(self.places), len(self.places) + len(r.get("boxes", [])))
            self.places += [(r, tuple(b[:4])) for b in r.get("boxes", [])]
            for box in r.get("boxes", []):
                box[4] = number(spoken(box[4]) or "thing")
            r["names"] = [number(spoken(n)) for n in r.get("labels", []) if spoken(n)]
        self.vocab = list(numbers)
        self.decoded = {}

    def read(self, file):
        return self.bytes[file] if file in self.bytes else (self.folder / file).read_bytes()

    def decode(self, threads=16):
        """Decode all photos and the masks of those that train, once, for workers that are forked later."""
        def photo(record):
            image = self.image(record)
            tile = record["source"] in TILES or record["split"] != "train"
            return record["id"], image, None if tile else self.mask(record).astype(np.int16)

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            self.decoded = {i: (image, mask) for i, image, mask in pool.map(photo, self.records)}

    def image(self, record):
        if record["id"] in self.decoded:
            return self.decoded[record["id"]][0]
        return cv2.imdecode(np.frombuffer(self.read(record["file"]), np.uint8), cv2.IMREAD_COLOR)

    def mask(self, record):
        cached = self.decoded.get(record["id"], (None, None))[1]
        return self.paint(record) if cached is None else cached

    def paint(self, record):
        """Return each pixel's name, BACKGROUND or IGNORE."""
        if "mask" in record:
            mask = cv2.imdecode(np.frombuffer(self.read(record["mask"]), np.uint8), cv2.IMREAD_UNCHANGED)
            return self.mask_table[record["source"]][mask[..., 0] if mask.ndim == 3 else mask]
        boxes, outlines = record.get("boxes", []), record.get("polys", [])
        if not boxes or not (record["source"] == "coco" or (outlines and self.boxed[record["source"]])):
            return np.full((record["h"], record["w"]), IGNORE, np.int32)
        mask = np.full((record["h"], record["w"]), BACKGROUND, np.int32)
        outlined = {i for i, _ in outlines if boxes[i][4] not in self.held_out} if outlines and self.boxed[record["source"]] else set()
        for i, b in enumerate(boxes):
            if i not in outlined:
                cv2.rectangle(mask, (int(b[0]), int(b[1])), (int(b[2]), int(b[3])), IGNORE, -1)
        for i, rings in sorted(outlines, key=lambda t: -area(boxes[t[0]])):
            if i in outlined:
                cv2.fillPoly(mask, [np.array(p, np.float32).reshape(-1, 2).round().astype(np.int32) for p in rings], int(boxes[i][4]))
        return mask


def kept_for_naming(record):
    """Whether a photo with one name is kept from training, to check naming on: a tenth of Tiny ImageNet's, a fifth of ImageNet's."""
    share = {"tinyimagenet": 10, "imagenet1k": 5}.get(record["source"])
    return bool(share) and zlib.crc32(record["id"].encode()) % share == 0


def area(b):
    return max(0, b[2] - b[0]) * max(0, b[3] - b[1])


class Sample:
    """A canvas (BGR) with its mask, boxes and outlines as photos and objects are laid on it."""

    def __init__(self, size):
        self.canvas = np.full((size, size, 3), random.choice((114, 114, 0, 200)), np.uint8)
        self.mask = np.full((size, size), IGNORE, np.int16)
        self.boxes, self.names, self.outlines, self.places, self.blind = [], [], [], [], []
        self.parts = []  # box, name, place


class Train(torch.utils.data.Dataset):
    """Samples without end: one photo, a mosaic of four of one source, or a grid of tiles; other photos' objects pasted on COCO's.

    `strength` is how far scales go and how often photos are mixed: 1 at first, less for a last stretch on photos as they are. `mixed`
    adds samples of all sources together, which teach where a detector is a teacher.
    """

    def __init__(self, photos, size, strength=1.0, mixed=False, count=10**7):
        self.photos, self.size, self.strength, self.count = photos, size, strength, count
        self.by = {}
        for r in photos.records:
            tile = r["source"] in TILES
            if r["split"] == "train" and not kept_for_naming(r) and not (tile and photos.held_out & {*r["names"], *(b[4] for b in r.get("boxes", []))}):
                self.by.setdefault(r["source"], []).append(r)
        self.tiles = [s for s in TILES if s in self.by]
        self.keys = [k for k in SHARES if (k == "tiles" and self.tiles) or (k == "mixed" and mixed) or k in self.by]
        self.mixed = [s for s in MIXED if s in self.by]
        self.shares = [SHARES[k] for k in self.keys]
        self.tile_names = sorted({n for s in self.tiles for r in self.by[s] for n in r["names"][:1]})
        coco = self.by.get("coco", [])
        frequency = {}
        for r in coco:
            for n in {b[4] for b in r["boxes"]}:
                frequency[n] = frequency.get(n, 0) + 1 / len(coco)
        self.rarity = {n: max(1.0, (0.04 / f) ** 0.5) for n, f in frequency.items()}
        self.coco_shares = [max([1.0] + [self.rarity[b[4]] for b in r["boxes"]]) for r in coco]
        self.objects = [(r, i, rings) for r in coco for i, rings in r.get("polys", [])
                        if area(r["boxes"][i]) > 24 ** 2 and r["boxes"][i][4] not in photos.held_out]
        self.object_shares = [self.rarity[r["boxes"][i][4]] for r, i, _ in self.objects]

    def __len__(self):
        return self.count

    def lay(self, sample, record, cell, tile=False):
        """Lay a photo, scaled, stretched, cropped and mirrored by chance, into a cell (x, y, w, h)."""
        x, y, w, h = cell
        image = self.photos.image(record)
        mask = None if tile else self.photos.mask(record)
        height, width = image.shape[:2]
        scale = min(w / width, h / height) * (random.uniform(0.75, 1) if tile else 2 ** random.uniform(-1.3 * self.strength, 1.2 * self.strength))
        stretch = 2 ** random.uniform(-0.15, 0.15)
        nw, nh = max(8, int(width * scale * stretch)), max(8, int(height * scale / stretch))
        ox = random.randint(min(0, w - nw), max(0, w - nw))
        oy = random.randint(min(0, h - nh), max(0, h - nh))
        flip = random.random() < 0.5
        sx, sy, dx, dy = max(0, -ox), max(0, -oy), max(0, ox), max(0, oy)
        cw, ch = min(nw - sx, w - dx), min(nh - sy, h - dy)
        fx, fy = nw / width, nh / height
        image = image[:, ::-1] if flip else image
        # Only the part that shows is resized: an affine map of the cell back into the photo.
        if nw < 0.6 * width:
            image = cv2.resize(image, (nw, nh), interpolation=cv2.INTER_AREA)[sy:sy + ch, sx:sx + cw]
        else:
            back = np.float32([[1 / fx, 0, (sx + 0.5) / fx - 0.5], [0, 1 / fy, (sy + 0.5) / fy - 0.5]])
            image = cv2.warpAffine(image, back, (cw, ch), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        at = np.s_[y + dy:y + dy + ch, x + dx:x + dx + cw]
        sample.canvas[at] = image
        if mask is not None:
            cols = np.minimum(((np.arange(cw) + sx + 0.5) / fx).astype(int), width - 1)
            rows = np.minimum(((np.arange(ch) + sy + 0.5) / fy).astype(int), height - 1)
            sample.mask[at] = mask[rows[:, None], (width - 1 - cols if flip else cols)[None]]
        boxes, places = record.get("boxes", []), record["box_places"]
        if tile:
            b = boxes[0][:4] if boxes else (0.04 * width, 0.04 * height, 0.96 * width, 0.96 * height)
            boxes, places = [[*b, record["names"][0] if record["names"] else boxes[0][4]]], [record["place"]]
            sample.parts.append(([x + dx, y + dy, x + dx + cw, y + dy + ch], boxes[0][4], record["place"]))
        outlines = {} if tile else dict(record.get("polys", []))
        for i, b in enumerate(boxes):
            x0, x1 = (nw - b[2] * fx, nw - b[0] * fx) if flip else (b[0] * fx, b[2] * fx)
            whole = [x0 + ox, b[1] * fy + oy, x1 + ox, b[3] * fy + oy]
            seen = [max(0, whole[0]), max(0, whole[1]), min(w, whole[2]), min(h, whole[3])]
            if seen[2] - seen[0] < 3 or seen[3] - seen[1] < 3:
                continue
            place = [seen[0] + x, seen[1] + y, seen[2] + x, seen[3] + y]
            if area(seen) < 0.3 * area(whole) or b[4] in self.photos.held_out:
                sample.blind.append(place)
                continue
            rings = None
            if i in outlines:
                rings = [np.array(p, np.float32).reshape(-1, 2) * (fx, fy) for p in outlines[i]]
                rings = [np.stack([nw - p[:, 0] if flip else p[:, 0], p[:, 1]], 1) + (ox + x, oy + y) for p in rings]
            sample.boxes.append(place)
            sample.names.append(b[4])
            sample.outlines.append(rings)
            sample.places.append(places[i])
            if not tile and min(seen[2] - seen[0], seen[3] - seen[1]) >= NAMED:
                sample.parts.append((place, b[4], places[i]))

    def paste(self, sample):
        """Cut an outlined object from a photo and put it somewhere; what it hides teaches nothing any more."""
        record, i, rings = random.choices(self.objects, self.object_shares)[0]
        x0, y0, x1, y1, name = record["boxes"][i]
        x0, y0 = int(x0), int(y0)
        photo = self.photos.image(record)[y0:int(np.ceil(y1)), x0:int(np.ceil(x1))]
        side = 2 ** random.uniform(4.2, 7.8)
        scale = min(side / max(photo.shape[0] * photo.shape[1], 1) ** 0.5, 2.0, 0.9 * self.size / max(photo.shape[:2]))
        w, h = max(4, int(photo.shape[1] * scale)), max(4, int(photo.shape[0] * scale))
        photo = cv2.resize(photo, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        fx, fy = w / (x1 - x0), h / (y1 - y0)
        rings = [(np.array(p, np.float32).reshape(-1, 2) - (x0, y0)) * (fx, fy) for p in rings]
        if random.random() < 0.5:
            photo, rings = photo[:, ::-1], [np.stack([w - p[:, 0], p[:, 1]], 1) for p in rings]
        alpha = np.zeros((h, w), np.uint8)
        cv2.fillPoly(alpha, [p.round().astype(np.int32) for p in rings], 255)
        if not alpha.any():
            return
        ys, xs = np.where(alpha.any(1))[0], np.where(alpha.any(0))[0]
        x, y = random.randint(0, self.size - w), random.randint(0, self.size - h)
        soft = cv2.GaussianBlur(alpha, (3, 3), 0)[..., None].astype(np.float32) / 255
        at = np.s_[y:y + h, x:x + w]
        sample.canvas[at] = (sample.canvas[at] * (1 - soft) + photo * soft).astype(np.uint8)
        sample.mask[at][alpha > 0] = name
        hidden = np.zeros((self.size + 1, self.size + 1), np.int32)
        hidden[1:, 1:][at] = alpha > 0
        hidden = hidden.cumsum(0).cumsum(1)
        keep = []
        for k, b in enumerate(sample.boxes):
            p0, q0, p1, q1 = (int(round(v)) for v in b)
            part = (hidden[q1, p1] - hidden[q0, p1] - hidden[q1, p0] + hidden[q0, p0]) / max(1, (p1 - p0) * (q1 - q0))
            if part > 0.6:
                sample.blind.append(b)
                continue
            if part > 0.1:
                sample.outlines[k] = None
            keep.append(k)
        for field in ("boxes", "names", "outlines", "places"):
            setattr(sample, field, [getattr(sample, field)[k] for k in keep])
        sample.boxes.append([x + int(xs[0]), y + int(ys[0]), x + int(xs[-1]) + 1, y + int(ys[-1]) + 1])
        sample.names.append(name)
        sample.outlines.append([p + (x, y) for p in rings])
        sample.places.append(record["box_places"][i])

    def grid(self, sample):
        side = random.choice((1, 2, 2, 3, 3, 4))
        cell = self.size // side
        for k in range(side * side):
            source = random.choices(self.tiles, [TILES[s] for s in self.tiles])[0]
            self.lay(sample, random.choice(self.by[source]), (k % side * cell, k // side * cell, cell, cell), tile=True)

    def scene(self, sample, source):
        size = self.size

        def photo():
            of = random.choices(self.mixed, [MIXED[s] for s in self.mixed])[0] if source == "mixed" else source
            return random.choices(self.by[of], self.coco_shares if of == "coco" else None)[0]

        if random.random() < 0.4 * self.strength:
            x, y = random.randint(size // 4, 3 * size // 4), random.randint(size // 4, 3 * size // 4)
            for cell in ((0, 0, x, y), (x, 0, size - x, y), (0, y, x, size - y), (x, y, size - x, size - y)):
                self.lay(sample, photo(), cell)
        else:
            self.lay(sample, photo(), (0, 0, size, size))
        if source == "coco" and self.objects and random.random() < 0.5 * self.strength:
            for _ in range(random.randint(1, 5)):
                self.paste(sample)

    def __getitem__(self, _):
        sample = Sample(self.size)
        source = random.choices(self.keys, self.shares)[0]
        if source == "tiles":
            self.grid(sample)
            facts = (self.tile_names, [], False, False, False)
        elif source == "mixed":
            self.scene(sample, source)
            facts = ([], [], False, False, False)
        else:
            self.scene(sample, source)
            names = self.photos.boxed[source]
            painted = self.photos.painted.get(source, names if source in PAINTED_BY_BOXES else [])
            facts = (names, painted, bool(names), source in FULLY_BOXED, source == "coco")
        return sample, facts


def collate(samples, names):
    """Stack samples into tensors of fixed shapes; `names` is the size of the vocabulary."""
    count, size = len(samples), samples[0][0].canvas.shape[0]
    batch = {
        "image": np.empty((count, size, size, 3), np.uint8), "mask": np.empty((count, size // 4, size // 4), np.int16),
        "boxes": np.zeros((count, BOXES, 4), np.float32), "names": np.full((count, BOXES), -1, np.int64),
        "places": np.zeros((count, BOXES), np.int64), "parts": np.zeros((count, PARTS, 4), np.float32),
        "part_names": np.full((count, PARTS), -1, np.int64), "part_places": np.zeros((count, PARTS), np.int64),
        "blind": np.zeros((count, BLIND, 4), np.float32),
        "outline": np.zeros((count, OUTLINES, SIDE, SIDE), np.uint8), "outlined": np.full((count, OUTLINES), -1, np.int64),
        "negatives": np.zeros((count, names), bool), "painted": np.zeros((count, names), bool),
        "exhaustive": np.zeros(count, bool), "full": np.zeros(count, bool), "searched": np.zeros(count, bool),
    }
    for t, (s, (negatives, painted, exhaustive, full, searched)) in enumerate(samples):
        order = list(range(len(s.boxes)))
        random.shuffle(order)
        blind = s.blind + [s.boxes[k] for k in order[BOXES:]]
        order = order[:BOXES]
        batch["image"][t], batch["mask"][t] = s.canvas[:, :, ::-1], s.mask[2::4, 2::4]
        for q, k in enumerate(order):
            batch["boxes"][t, q], batch["names"][t, q], batch["places"][t, q] = s.boxes[k], s.names[k], s.places[k]
        for q, (box, name, place) in enumerate(random.sample(s.parts, min(PARTS, len(s.parts)))):
            batch["parts"][t, q], batch["part_names"][t, q], batch["part_places"][t, q] = box, name, place
        if blind:
            batch["blind"][t, :len(blind)] = blind[:BLIND]
        with_outline = [q for q, k in enumerate(order) if s.outlines[k] is not None]
        for z, q in enumerate(with_outline[:OUTLINES]):
            x0, y0, x1, y1 = s.boxes[order[q]]
            scale = (SIDE / max(1, x1 - x0), SIDE / max(1, y1 - y0))
            cv2.fillPoly(batch["outline"][t, z], [((p - (x0, y0)) * scale).round().astype(np.int32) for p in s.outlines[order[q]]], 1)
            batch["outlined"][t, z] = q
        batch["negatives"][t, negatives], batch["painted"][t, painted] = True, True
        batch["exhaustive"][t], batch["full"][t], batch["searched"][t] = exhaustive, full, searched
    return {k: torch.from_numpy(v) for k, v in batch.items()}


def letterbox(image, size):
    """Return the photo, its long side `size`, top left on a square canvas of grey 114, and its scale."""
    h, w = image.shape[:2]
    scale = size / max(h, w)
    nh, nw = round(h * scale), round(w * scale)
    canvas = np.full((size, size, 3), 114, np.uint8)
    canvas[:nh, :nw] = cv2.resize(image, (nw, nh), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return canvas, scale
