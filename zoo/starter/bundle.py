"""Turn the starter's networks and figures into the packs that the program bundles.

    python3 zoo/starter/bundle.py NETWORKS TEXT assets/packs        (needs onnx==1.22.0)

NETWORKS holds trunk.onnx, regions.onnx, masks.onnx, pixels.onnx, naming.onnx and scoring.json (export.py), and groups.onnx and
head.onnx where the groups' and the captions' pack are wanted (groups.py, export_glip.py), TEXT the text encoder's text.onnx and vocab.txt
(text.py export). Files go to assets/packs/blobs under their SHA-256, so that the packs share the trunk and
the text side. All networks but the text encoder pass through rewrite.py (same results, less work) and shrink.py (weights as int8).
The names' pack reads the text encoder's vectors as they are, the others' words are drawn to trained names (text.py).

A pixel network that reads words itself, as version 0's, is cut in two where its unit-length pixel vectors leave it: `pixels` makes the
vectors (once a photo), `match` compares them with words (again for other words, a few milliseconds).
"""

import hashlib
import json
import pathlib
import sys
import tempfile

import onnx
from onnx.utils import Extractor
from rewrite import RAW, STRIDES, find, lighten, narrow_embeds, offer_raw_embeds
from shrink import fold_constants, weights_to_int8

VERSION = "0.4.2"
EMBEDS = "pixel_embeds"
CALIBRATION = [1.73, 0.70]  # of the score's logit: fitted on every second COCO photo of val, measured on the others
TWICE_CALIBRATION = [1.73, 0.92]  # of photos that were looked at twice, likewise: what two looks agree on is right more often
CAPTIONED = ["p3", "p4", "p5", "p6"]  # levels that the head for captions reads


def networks(source):
    """Return each role's network."""
    nets = {path.stem: onnx.load(path) for path in sorted(source.glob("*.onnx"))}
    if "match" in nets:
        narrow_embeds(nets["pixels"], nets["match"])
    for role, net in nets.items():
        lighten(role, net)
        fold_constants(net)
        if role != "match":  # its few weights turn all words
            weights_to_int8(net)
        onnx.checker.check_model(net)
    return nets if "match" in nets else nets | cut_pixels(nets["pixels"])


def cut_pixels(net):
    """Cut a pixel network where its unit-length vectors meet the words."""
    compare = find(net, "Conv")[-1]
    cut = compare.input[0]
    for node in net.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == cut:
                    names[i] = EMBEDS
    net.graph.value_info.append(onnx.helper.make_tensor_value_info(EMBEDS, onnx.TensorProto.FLOAT, [1, 256, "h", "w"]))
    extract = Extractor(net)
    return {
        "pixels": extract.extract_model(["f4", "p3", "p4", "p5"], [EMBEDS]),
        "match": extract.extract_model([EMBEDS, "text_embeds"], ["logits"]),
    }


def file_entry(role, path, blobs):
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"role": role, "name": path.name, "sha256": digest, "bytes": len(data)}


def main(source, text, target):
    blobs = target / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    figures = json.loads((source / "scoring.json").read_text())
    with tempfile.TemporaryDirectory() as tmp:
        nets = networks(source) | {"text": onnx.load(text / "text.onnx")}
        draws = offer_raw_embeds(nets["text"])
        places = {"vocab": text / "vocab.txt"}
        for role, net in nets.items():
            places[role] = pathlib.Path(tmp) / f"{role}.onnx"
            onnx.save(net, places[role])
        files = {role: file_entry(role, path, blobs) for role, path in places.items()}
    common = {
        "schema": 1,
        "version": VERSION,
        "licence": "Apache-2.0",
        "source": "Trained by the project from an EfficientNet-Lite2 backbone and a distilled MiniLM sentence encoder "
                  "(both Apache-2.0); docs/starter.md lists photos and licences.",
        "tokenizer": {"kind": "wordpiece", "vocab": "vocab", "max_tokens": 32},
        "text": {"encoder": "text", "dim": 256, "templates": ["{}"], "batch": 32},
        "image": {"size": figures["size"], "multiple": 32, "margin": 64, "resize": "letterbox", "shrink": "area", "grow": "linear",
                  "order": "RGB", "pad": 114, "mean": [127, 127, 127], "std": [128, 128, 128]},
    }
    packs = [
        {"id": "vild-starter", "title": "Saysee starter (boxes)", "family": "vild", "tasks": ["detect", "mask"],
         "roles": ["trunk", "regions", "masks", "text", "vocab"],
         "scoring": {"rule": "softmax-with-zero-background", "tau": figures["tau"][0], "bias": figures["bias"][0],
                     "roi_power": 0.5, "quality_power": 0.5, "calibration": CALIBRATION, "twice_calibration": TWICE_CALIBRATION},
         "defaults": {"score": 0.35, "nms": 0.5, "max": 100}, "twice": 608, "live": {"size": 320, "regions": 50}, "memory_mb": 220},
        {"id": "lseg-starter", "title": "Saysee starter (pixels)", "family": "lseg", "tasks": ["segment"],
         "roles": ["trunk", "pixels", "match", "text", "vocab"],
         "scoring": {"rule": "logits", "background": 0.0},
         "defaults": {"score": 0.65, "nms": 0.6, "max": 100}, "memory_mb": 180},
        {"id": "clip-starter", "title": "Saysee starter (names)", "family": "clip", "tasks": ["name"],
         "roles": ["trunk", "naming", "text", "vocab"],
         "text": common["text"] | ({"output": RAW} if draws else {}),
         "scoring": {"rule": "cosine-softmax", "scale": figures["tau"][2]},
         "image": {k: v for k, v in common["image"].items() if k != "margin"} | {"size": 224},
         "defaults": {"score": 0.1, "nms": 0.6, "max": 5}, "memory_mb": 120},
    ]
    if "groups" in files:
        packs.append(
            {"id": "groupvit-starter", "title": "Saysee starter (groups)", "family": "groupvit", "tasks": ["segment"],
             "roles": ["trunk", "groups", "text", "vocab"],
             "scoring": {"rule": "groupvit", "grouping": "hard", "pyramid": "trunk", "levels": ["f4", "p3", "p4", "p5"], **figures["groups"]},
             "defaults": {"score": 0.5, "nms": 0.6, "max": 100}, "memory_mb": 150})
    if "head" in files:
        packs.append(
            {"id": "glip-starter", "title": "Saysee starter (captions)", "family": "glip", "tasks": ["detect", "mask"],
             "roles": ["trunk", "head", "masks", "text", "vocab"],
             # 128 pieces of a caption and its two ends, as in training; COCO's 80 names are 113.
             "tokenizer": common["tokenizer"] | {"max_tokens": 130},
             "scoring": {"rule": "glip", "fusion": "deep", "pyramid": "trunk", "levels": CAPTIONED, "strides": [STRIDES[p] for p in CAPTIONED],
                         "anchor": 8, "candidate": 0.01, "per_level": 1000, "names": 112, "separator": " ",
                         "phrase": common["tokenizer"]["max_tokens"]},
             "defaults": {"score": 0.45, "nms": 0.5, "max": 100}, "twice": 608, "memory_mb": 220})
    for pack in packs:
        entry = {**common, **{k: v for k, v in pack.items() if k != "roles"}, "files": [files[r] for r in pack["roles"]]}
        folder = target / pack["id"]
        folder.mkdir(exist_ok=True)
        (folder / "pack.json").write_text(json.dumps(entry, indent=2) + "\n")
    # Packs that this run did not write keep their files.
    used = {f["sha256"] for path in target.glob("*/pack.json") for f in json.loads(path.read_text())["files"]}
    for blob in blobs.iterdir():
        if blob.name not in used:
            blob.unlink()


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:4]))
