"""Starter packs on photos: what the figures of evaluate.py are taken from.

Networks run through ONNX Runtime as zoo/peer/starter.py runs them (the program's own results differ from it by less than 0.001 pixels
and 0.00001 of a score). A photo is looked at once for each canvas; questions are then products of vectors.
"""

import contextlib
import gzip
import io
import json
import pathlib
import sys
import tarfile

import cv2
import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "peer"))
import starter  # noqa: E402
from ap import spoken  # noqa: E402

NOTHING = {"null", "background"}     # names of pixels that show none of the names
UNKNOWN = {"unlabelled", "unlabeled"}  # pixels that are not judged


class Photos:
    """A folder of photos: index.jsonl.gz, sources.json, tars."""

    def __init__(self, folder, split="val"):
        folder = pathlib.Path(folder)
        self.facts = json.loads((folder / "sources.json").read_text(encoding="utf-8"))
        with gzip.open(folder / "index.jsonl.gz", "rt", encoding="utf-8") as lines:
            self.every = [json.loads(line) for line in lines]
        self.records = [r for r in self.every if r["split"] == split]
        self.places = {}
        for path in sorted(folder.glob("*.tar")):
            with tarfile.open(path) as archive:
                self.places.update((m.name, (path, m.offset_data, m.size)) for m in archive if m.isfile())

    def of(self, *sources):
        return [r for r in self.records if r["source"] in sources]

    def names(self, source):
        """Return the names that a source boxes wherever they are, as they are asked for."""
        return list(dict.fromkeys(map(spoken, self.facts[source]["exhaustive"])))

    def bytes(self, file):
        path, start, size = self.places[file]
        with path.open("rb") as tar:
            tar.seek(start)
            return tar.read(size)

    def read(self, file, how=cv2.IMREAD_COLOR):
        return cv2.imdecode(np.frombuffer(self.bytes(file), np.uint8), how)

    def image(self, record):
        return self.read(record["file"])

    def painted(self, record):
        """Return names and each pixel's name: an index, -1 for none of them, -2 where nobody knows."""
        mask = self.read(record["mask"], cv2.IMREAD_UNCHANGED)
        mask = mask[..., 0] if mask.ndim == 3 else mask
        given = self.facts[record["source"]]["mask_names"]
        given = given.items() if isinstance(given, dict) else enumerate(given)
        names, table = [], np.full(256, -2)
        for number, name in given:
            if name in NOTHING:
                table[int(number)] = -1
            elif name not in UNKNOWN:
                table[int(number)] = len(names)
                names.append(spoken(name))
        return names, table[mask]


    def outlined(self, record):
        """The same of a photo with outlines: background outside all boxes, nobody knows inside those without an outline."""
        names, boxes, rings = self.names(record["source"]), record["boxes"], dict(record["polys"])
        truth = np.full((record["h"], record["w"]), -1, np.int32)
        for i, b in enumerate(boxes):
            if i not in rings:
                cv2.rectangle(truth, (int(b[0]), int(b[1])), (int(b[2]), int(b[3])), -2, -1)
        for i, b in sorted(enumerate(boxes), key=lambda t: -(t[1][2] - t[1][0]) * (t[1][3] - t[1][1])):
            if i in rings:
                cv2.fillPoly(truth, [np.array(p, np.float32).reshape(-1, 2).round().astype(np.int32) for p in rings[i]], names.index(spoken(b[4])))
        return names, truth


class Boxes:
    """A pack for boxes on photos."""

    def __init__(self, folder, size, threads=2, twice=False):
        options = starter.session_options(threads, tuned=True)
        self.pack, self.twice = starter.Pack(folder), twice
        self.net, self.words = starter.Detector(self.pack, options), starter.Words(self.pack, options)
        self.size, self.rule, self.defaults = size, self.pack.manifest["scoring"], self.pack.manifest["defaults"]
        self.said, self.seen = {}, {}

    def vectors(self, phrases):
        for p in phrases:
            if p not in self.said:
                self.said[p] = self.words.vector(p)
        return np.stack([self.said[p] for p in phrases]).astype(np.float32)

    def features(self, photo):
        tensor, scale, _, _ = self.net.prepare(photo, self.size)
        return self.net.trunk(tensor), scale

    def look(self, photos, record):
        """Return the photo's regions: boxes in its pixels, vectors, and weights, which do not depend on words."""
        if record["id"] not in self.seen:
            boxes, embeds, weights = self.net.boxes(photos.image(record), self.size, self.twice)
            self.seen[record["id"]] = {"boxes": boxes, "embeds": embeds, "weights": weights}
        return self.seen[record["id"]]

    def scores(self, found, vectors):
        return starter.score_regions(found["embeds"], found["weights"], vectors, self.rule, self.twice)

    def find(self, photos, record, vectors, minimum=0.001, most=100):
        """Return (box, class, score, number of the region), best first, as the program selects them."""
        found = self.look(photos, record)
        scores = self.scores(found, vectors)
        kept = starter.select(found["boxes"], scores, minimum, self.defaults["nms"], most)
        return [(found["boxes"][r], c, float(scores[r, c]), r) for r, c in kept]

    def outline(self, photos, record, kept):
        """Return a mask of the whole photo for each of the kept."""
        photo = photos.image(record)
        features, scale = self.features(photo)
        boxes = self.net.regions(features)["boxes"][[r for *_, r in kept]]
        height, width = photo.shape[:2]
        return [starter.paste(p, b / scale, width, height) for p, b in zip(self.net.masks(features, boxes), boxes)]


def whole(planes, canvas, size):
    """Planes [k, h, w] at the canvas' pixels that show the photo: [height, width, k]."""
    planes, (width, height) = planes.transpose(1, 2, 0), size
    # Channels beyond four are resized in slices, as OpenCV wants them.
    return np.dstack([cv2.resize(planes[..., k:k + 4], canvas.shape[1::-1], interpolation=cv2.INTER_LINEAR)
                      for k in range(0, planes.shape[2], 4)])[:height, :width]


class Pixels:
    """A pack for pixels on photos; its text side is the boxes' pack's."""

    roles = ("trunk", "pixels", "match")

    def __init__(self, folder, size, threads=2):
        options = starter.session_options(threads, tuned=True)
        self.pack, self.size = starter.Pack(folder), size
        self.image = self.pack.manifest["image"]
        self.words = starter.Words(self.pack, options)
        self.sessions = {r: starter.ort.InferenceSession(self.pack.path(r), options, ["CPUExecutionProvider"])
                         for r in self.roles}

    def run(self, role, feeds):
        session = self.sessions[role]
        wanted = {i.name: feeds[i.name] for i in session.get_inputs()}
        return feeds | dict(zip((o.name for o in session.get_outputs()), session.run(None, wanted)))

    prepare = starter.Detector.prepare

    def classes(self, photo, vectors, background):
        """Return each pixel's best name, -1 where background is wanted and no logit is above 0."""
        feeds, size, canvas = self.look(photo, {"text_embeds": vectors})
        logits = whole(feeds["logits"][0], canvas, size)
        best = logits.argmax(2)
        if background:
            best[logits.max(2) <= 0] = -1
        return cv2.resize(best.astype(np.int16), photo.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    def look(self, photo, feeds):
        tensor, _, size, canvas = self.prepare(photo, self.size)
        feeds = feeds | {"pixel_values": tensor}
        for role in self.roles:
            feeds = self.run(role, feeds)
        return feeds, size, canvas


class Groups(Pixels):
    """The same of a pack that gathers pixels into groups."""

    roles = ("trunk", "groups")

    def classes(self, photo, vectors, background):
        feeds, size, canvas = self.look(photo, {})
        rule, groups = self.pack.manifest["scoring"], feeds["group_embeds"][0]
        logits = rule["scale"] * groups / np.linalg.norm(groups, axis=1, keepdims=True) @ vectors.T + rule["bias"]
        named = logits.argmax(1)
        if background:
            named[logits.max(1) <= 0] = -1
        best = named[whole(feeds["group_map"][0], canvas, size).argmax(2)]
        return cv2.resize(best.astype(np.int16), photo.shape[1::-1], interpolation=cv2.INTER_NEAREST)


class Names(starter.Namer):
    """A pack that names photos by a vector of the whole canvas."""

    def __init__(self, folder, threads=2):
        super().__init__(starter.Pack(folder), starter.session_options(threads, tuned=True))


class Truth:
    """Photos' boxes in COCO's form, judged by pycocotools."""

    def __init__(self, records, names, outlines=False):
        self.records = [r for r in records if r.get("boxes")]
        self.names, self.ids = names, {r["id"]: k for k, r in enumerate(self.records, 1)}
        number = {n: i for i, n in enumerate(names, 1)}
        self.data = {"images": [], "annotations": [], "categories": [{"id": i, "name": n} for n, i in number.items()]}
        for r in self.records:
            self.data["images"].append({"id": self.ids[r["id"]], "width": r["w"], "height": r["h"], "file_name": r["file"]})
            rings = dict(r.get("polys", []))
            for i, (x0, y0, x1, y1, name) in enumerate(b[:5] for b in r["boxes"]):
                if spoken(name) not in number:
                    continue
                entry = {"id": len(self.data["annotations"]) + 1, "image_id": self.ids[r["id"]], "category_id": number[spoken(name)],
                         "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
                if outlines:
                    # A thing that nobody outlined is neither right nor wrong.
                    polygons = rings.get(i) or [[x0, y0, x1, y0, x1, y1, x0, y1]]
                    whole = masks.merge(masks.frPyObjects(polygons, r["h"], r["w"]))
                    entry |= {"segmentation": whole, "area": float(masks.area(whole)), "iscrowd": int(i not in rings)}
                self.data["annotations"].append(entry)

    def result(self, record, box, c, score):
        x0, y0, x1, y1 = map(float, box)
        return {"image_id": self.ids[record["id"]], "category_id": c + 1, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}

    def judge(self, results, kind="bbox", only=None, any_name=False):
        """Return AP, AP50 and AR100 (percent), small, medium and large AP, and AP50 by name."""
        with contextlib.redirect_stdout(io.StringIO()):
            gt = COCO()
            gt.dataset = self.data
            gt.createIndex()
            judged = COCOeval(gt, gt.loadRes(results) if results else COCO(), kind)
            judged.params.useCats = int(not any_name)
            if only is not None:
                judged.params.catIds = [self.names.index(n) + 1 for n in only]
            judged.evaluate()
            judged.accumulate()
            judged.summarize()
        precision = judged.eval["precision"][0, :, :, 0, 2]
        by_name = {} if any_name else {
            self.names[c - 1]: round(100 * float(precision[:, k][precision[:, k] > -1].mean()), 1)
            for k, c in enumerate(judged.params.catIds) if (precision[:, k] > -1).any()
        }
        keys = ("AP", "AP50", "AP75", "small", "medium", "large")
        figures = {k: round(100 * float(judged.stats[i]), 2) for i, k in enumerate(keys)}
        return figures | {"AR100": round(100 * float(judged.stats[8]), 2), "names": by_name}
