"""A ViLD or LSeg pack in Python: what a straightforward user of onnxruntime, OpenCV and numpy would write.

Shared by peer.py, which measures it, and reference.py, which writes down what it finds. The rules are those of the pack's
manifest; boxes are x0, y0, x1, y1 in pixels of the photo turned upright, x1 and y1 exclusive.
"""

import json
import pathlib

import cv2
import numpy as np
import onnxruntime as ort
from tokenizers import BertWordPieceTokenizer


class Pack:
    """A folder with pack.json, its files beside it or under their SHA-256 in the folder `blobs` next to it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.manifest = json.loads((self.folder / "pack.json").read_text(encoding="utf-8"))
        self.files = {f["role"]: f for f in self.manifest["files"]}

    def path(self, role):
        f = self.files[role]
        beside = self.folder / f["name"]
        return str(beside if beside.exists() else self.folder.parent / "blobs" / f["sha256"])


def session_options(threads, tuned):
    """The library's defaults, or (tuned) the given threads and no spinning, which starves the next session in line."""
    options = ort.SessionOptions()
    options.log_severity_level = 3  # errors; an input with a default is worth a warning to it
    if tuned:
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class Words:
    """The text encoder: phrases to unit vectors, one at a time, so that a phrase's vector never depends on its company
    (the int8 encoder scales by the batch)."""

    def __init__(self, pack, options):
        spec = pack.manifest["tokenizer"]
        self.tokenizer = BertWordPieceTokenizer(pack.path(spec["vocab"]), lowercase=True, strip_accents=True)
        self.tokenizer.enable_truncation(spec["max_tokens"])
        self.templates = pack.manifest["text"]["templates"]
        self.output = pack.manifest["text"].get("output", "text_embeds")
        self.session = ort.InferenceSession(pack.path(pack.manifest["text"]["encoder"]), options, ["CPUExecutionProvider"])

    def ids(self, phrase):
        return self.tokenizer.encode(phrase).ids

    def vector(self, phrase):
        """The mean over the templates, of unit length."""
        vectors = []
        for template in self.templates:
            ids = np.array([self.ids(template.replace("{}", phrase))], np.int64)
            vectors.append(self.session.run([self.output], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
        mean = np.mean(vectors, axis=0)
        return mean / np.linalg.norm(mean)


def letterbox(photo, size, pad):
    """The photo's long side scaled to size, at the top-left of a square canvas; the scale, and the scaled size (w, h)."""
    h, w = photo.shape[:2]
    scale = size / max(h, w)
    nw, nh = max(round(w * scale), 1), max(round(h * scale), 1)
    canvas = np.full((size, size, 3), pad, np.uint8)
    canvas[:nh, :nw] = cv2.resize(photo, (nw, nh), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return canvas, scale, (nw, nh)


def to_tensor(canvas, mean, std):
    """BGR bytes [H, W, 3] to normalised RGB [1, 3, H, W]."""
    rgb = (canvas[:, :, ::-1].astype(np.float32) - np.float32(mean)) / np.float32(std)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1)[None])


def weigh(found, rule):
    """[n] weights of the regions: the geometric mean of objectness and box quality, to the manifest's powers."""
    return found["roi_scores"] ** rule["roi_power"] * found["box_quality"] ** rule["quality_power"]


def score_regions(embeds, weights, vectors, rule, twice=False):
    """[n, N] scores of the regions under N text vectors: softmax over background (logit 0) and the words, times the
    weights; then Platt's calibration, that of photos that were looked at twice for the regions of join."""
    logits = rule["tau"] * embeds @ vectors.T + rule["bias"]
    top = np.maximum(logits.max(1, keepdims=True), 0)
    e = np.exp(logits - top)
    p = e / (np.exp(-top) + e.sum(1, keepdims=True))
    p = p * weights[:, None]
    calibration = (twice and rule.get("twice_calibration")) or rule.get("calibration")
    if not calibration:
        return p
    slope, offset = calibration
    p = p.clip(1e-12, 1 - 1e-7)
    return 1 / (1 + np.exp(-slope * np.log(p / (1 - p)) - offset))


def ious(a, b):
    """[n, m] intersections over unions of boxes."""
    inter = (np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])).clip(0).prod(2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    return inter / (area_a[:, None] + area_b[None] - inter + 1e-9)


def join(first, second, rule, size, threshold=0.6, at_home=2 / 3, wide=224):
    """What two looks at a photo of a size (w, h) found, (regions, scale of the canvas) each, as boxes, vectors and weights of one list of
    regions on the second's, larger canvas. Pairs are one to one, greedily by IoU times cosine. A region is the mean of its two, the first's share being
    at_home for what is wider or higher than wide, and 1 - at_home for all else; what one look has alone has its share of the weight.
    First come those that only the first has, then wide pairs, then the others."""
    (a, scale_a), (b, scale_b) = first, second
    limits = [size[0] * scale_b, size[1] * scale_b] * 2
    boxes_a, boxes_b = (a["boxes"] * (scale_b / scale_a)).clip(0, limits), b["boxes"].clip(0, limits)
    weights_a, weights_b = weigh(a, rule), weigh(b, rule)
    share_a, share_b = (np.where((x[:, 2:] - x[:, :2]).max(1) > wide, at_home, 1 - at_home) for x in (boxes_a, boxes_b))
    embeds_b, over = b["region_embeds"].copy(), ious(boxes_a, boxes_b)
    like = np.where(over >= threshold, over * (a["region_embeds"] @ embeds_b.T), -np.inf)
    joined_a, joined_b = np.zeros(len(boxes_a), bool), np.zeros(len(boxes_b), bool)
    for i, j in zip(*np.unravel_index(np.argsort(-like, axis=None, kind="stable"), like.shape)):
        if like[i, j] == -np.inf:
            break
        if joined_a[i] or joined_b[j]:
            continue
        joined_a[i] = joined_b[j] = True
        for values, others in ((boxes_b, boxes_a), (weights_b, weights_a), (embeds_b, a["region_embeds"])):
            values[j] += share_b[j] * (others[i] - values[j])
        embeds_b[j] /= np.linalg.norm(embeds_b[j])
    weights_b = np.where(joined_b, weights_b, weights_b * (1 - share_b))
    large = joined_b & (share_b > 0.5)

    def together(of_a, of_b):
        return np.concatenate([of_a[~joined_a], of_b[large], of_b[~large]])

    return together(boxes_a, boxes_b), together(a["region_embeds"], embeds_b), together(weights_a * share_a, weights_b)


def nms(boxes, scores, threshold):
    """Indices of the boxes that no better box covers by an IoU of threshold, best first."""
    keep, order = [], scores.argsort()[::-1]
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    while len(order):
        i, order = order[0], order[1:]
        keep.append(i)
        inter = np.minimum(boxes[i, 2:], boxes[order, 2:]) - np.maximum(boxes[i, :2], boxes[order, :2])
        inter = inter.clip(0).prod(1)
        order = order[inter / (area[i] + area[order] - inter + 1e-9) < threshold]
    return keep


def select(boxes, scores, minimum, overlap, most):
    """(region, class) of what stays after non-maximum suppression in each class, best first."""
    kept = []
    for c in range(scores.shape[1]):
        candidates = np.where(scores[:, c] >= minimum)[0]
        kept += [(int(candidates[k]), c) for k in nms(boxes[candidates], scores[candidates, c], overlap)]
    return sorted(kept, key=lambda rc: -scores[rc])[:most]


def paste(probs, box, width, height):
    """A region's [28, 28] probabilities over its box as a mask of the whole photo, cut at one half."""
    x0, y0 = np.floor(box[:2]).astype(int).clip(0)
    x1, y1 = min(int(np.ceil(box[2])), width), min(int(np.ceil(box[3])), height)
    mask = np.zeros((height, width), np.uint8, order="F")
    if x1 <= x0 or y1 <= y0:
        return mask
    # Pixel centres of the photo, in cells of the grid: cell (i, j) has its centre at i, j.
    side = probs.shape[0]
    u = (np.arange(x0, x1, dtype=np.float32) + 0.5 - box[0]) / max(box[2] - box[0], 1e-6) * side - 0.5
    v = (np.arange(y0, y1, dtype=np.float32) + 0.5 - box[1]) / max(box[3] - box[1], 1e-6) * side - 0.5
    mapx, mapy = np.meshgrid(u.astype(np.float32), v.astype(np.float32))
    mask[y0:y1, x0:x1] = cv2.remap(probs, mapx, mapy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) >= 0.5
    return mask


class Detector:
    """The ViLD pack's sessions: trunk, regions, masks."""

    def __init__(self, pack, options):
        self.pack, self.image, self.rule = pack, pack.manifest["image"], pack.manifest["scoring"]
        self.sessions = {
            role: ort.InferenceSession(pack.path(role), options, ["CPUExecutionProvider"])
            for role in ("trunk", "regions", "masks")
        }

    def run(self, role, **feeds):
        """The session's outputs by name."""
        s = self.sessions[role]
        return dict(zip((o.name for o in s.get_outputs()), s.run(None, feeds)))

    def read(self, role, features):
        """The trunk's levels that a head reads."""
        return {i.name: features[i.name] for i in self.sessions[role].get_inputs() if i.name in features}

    def prepare(self, photo, size):
        canvas, scale, resized = letterbox(photo, size, self.image["pad"])
        if margin := self.image.get("margin"):
            multiple = self.image["multiple"]
            w, h = (min(-(-(side + margin) // multiple) * multiple, size) for side in resized)
            canvas = canvas[:h, :w]
        return to_tensor(canvas, self.image["mean"], self.image["std"]), scale, resized, canvas

    def trunk(self, tensor):
        return self.run("trunk", pixel_values=tensor)

    def regions(self, features):
        return self.run("regions", **self.read("regions", features))

    def larger(self, size):
        """The side of the canvas of a second look, beside one of size."""
        return -(-(size * self.pack.manifest["twice"] // self.image["size"]) // self.image["multiple"]) * self.image["multiple"]

    def look(self, photo, size):
        """What one look finds: regions, and the scale of their canvas."""
        tensor, scale, *_ = self.prepare(photo, size)
        return self.regions(self.trunk(tensor)), scale

    def boxes(self, photo, size, twice=False):
        """Boxes in the photo's pixels, clipped to it, vectors and weights of the regions that one look or two find."""
        wh = photo.shape[1::-1]
        found, scale = self.look(photo, size)
        if twice:
            second = self.look(photo, self.larger(size))
            boxes, embeds, weights = join((found, scale), second, self.rule, wh)
            scale = second[1]
        else:
            boxes, embeds, weights = found["boxes"], found["region_embeds"], weigh(found, self.rule)
        return (boxes / scale).clip(0, [*wh, *wh]), embeds, weights

    def masks(self, features, canvas_boxes):
        return self.run("masks", **self.read("masks", features), boxes=canvas_boxes)["mask_probs"]


class Namer:
    """A pack that names photos by one vector of the whole canvas, made on the trunk."""

    def __init__(self, pack, options):
        self.pack, self.image, self.words = pack, pack.manifest["image"], Words(pack, options)
        self.sessions = {role: ort.InferenceSession(pack.path(role), options, ["CPUExecutionProvider"]) for role in ("trunk", "naming")}

    prepare, run, read = Detector.prepare, Detector.run, Detector.read

    def vector(self, photo):
        tensor, *_ = self.prepare(photo, self.image["size"])
        return self.run("naming", **self.read("naming", self.run("trunk", pixel_values=tensor)))["image_embeds"][0]

    def shares(self, photo, vectors):
        """How likely each word [N, D] is among these: softmax over the scaled cosines."""
        seen = self.vector(photo)
        e = np.exp(self.pack.manifest["scoring"]["scale"] * (vectors @ seen / np.linalg.norm(seen) - 1))
        return e / e.sum()
