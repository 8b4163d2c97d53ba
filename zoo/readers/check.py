"""Opens what Saysee wrote with the readers that people will use, and compares with what it should say.

usage: check.py DIR

DIR holds truth.json in Saysee's own format and one folder a format, as the test in annot/format writes
them. Prints a line a check; the exit status is 1 when one fails.
"""

import ast
import contextlib
import io
import json
import sys
import types
import warnings
from pathlib import Path
from unittest import mock

import numpy as np


class Truth:
    """The photos and regions as they were before any format."""

    def __init__(self, root: Path):
        doc = json.loads((root / "truth.json").read_text(encoding="utf-8"))
        self.classes = [c["name"] for c in doc["classes"]]
        self.photos = {p["file"]: p for p in doc["photos"]}

    def regions(self, file: str, *shapes: str) -> list:
        """The regions of a photo that have one of the shapes; "box" is none."""

        def shape(r):
            return next((s for s in ("polygon", "mask", "line", "point") if s in r), "box")

        return [r for r in self.photos[file]["regions"] if shape(r) in shapes]


AREAS = ("box", "polygon", "mask")


def equal(what, got, want, tolerance=0.0):
    if not np.allclose(got, want, rtol=0, atol=tolerance):
        raise AssertionError(f"{what}: {got} is not {want}")


# --- pycocotools ----------------------------------------------------------------------------------------


def check_coco(root: Path, truth: Truth):
    from pycocotools import mask as rle
    from pycocotools.coco import COCO

    coco = COCO(str(root / "coco" / "a.json"))
    assert min(coco.anns) == 1 and min(coco.imgs) == 1 and min(coco.cats) == 1, "ids do not begin at 1"
    names = [coco.cats[i]["name"] for i in coco.getCatIds()]
    assert names == truth.classes, f"classes {names}"
    n = 0
    for image in coco.imgs.values():
        anns = coco.imgToAnns[image["id"]]
        want = truth.regions(image["file_name"], *AREAS)
        assert len(anns) == len(want), f"{image['file_name']}: {len(anns)} of {len(want)} annotations"
        for a in anns:
            n += 1
            if not a["segmentation"]:
                equal("area of a box", a["area"], a["bbox"][2] * a["bbox"][3], 1e-6)
                continue
            runs = coco.annToRLE(a)
            assert a["area"] == int(rle.area(runs)) == int(coco.annToMask(a).sum()), f"area {a['area']}, {rle.area(runs)}"
            assert a["bbox"] == rle.toBbox(runs).tolist(), f"bbox {a['bbox']}, {rle.toBbox(runs)}"
    return f"{n} annotations, areas and boxes equal"


def check_coco_results(root: Path, truth: Truth):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    coco = COCO(str(root / "coco" / "a.json"))
    for a in coco.anns.values():  # boxes have no outline; theirs is the box
        x, y, w, h = a["bbox"]
        a["segmentation"] = a["segmentation"] or [[x, y, x + w, y, x + w, y + h, x, y + h]]
    results = coco.loadRes(str(root / "coco-results" / "r.json"))
    assert len(results.anns) == len(coco.anns), f"{len(results.anns)} results"
    run = COCOeval(coco, results, "segm")
    run.evaluate(), run.accumulate(), run.summarize()
    equal("AP of the truth against itself", run.stats[0], 1.0, 1e-9)
    return f"{len(results.anns)} results, AP {run.stats[0]:.6f}"


# --- labelme --------------------------------------------------------------------------------------------


def labelme_reader():
    """labelme's own module for label files, with its window toolkit and AI packages left out."""
    for name in ("onnxruntime", "PySide6", "PySide6.QtCore", "PySide6.QtGui", "PySide6.QtSvg", "PySide6.QtWidgets"):
        stand_in = types.ModuleType(name)
        stand_in.__getattr__ = lambda attribute: mock.MagicMock()
        stand_in.__path__ = []
        sys.modules.setdefault(name, stand_in)
    from loguru import logger

    logger.remove()
    from labelme._label_file import read_label_file

    return read_label_file


def check_labelme(root: Path, truth: Truth):
    read = labelme_reader()
    n = 0
    for file, photo in truth.photos.items():
        at = (root / "labelme" / file).with_suffix(".json")
        got = read(str(at))
        parts = 0
        for r in photo["regions"]:
            whole = "polygon" not in r or any(len(rings) > 1 for rings in r["polygon"])
            parts += 1 if whole else len(r["polygon"])
        assert len(got.shapes) == parts, f"{file}: {len(got.shapes)} shapes of {parts}"
        masks = [s for s in got.shapes if s["shape_type"] == "mask"]
        want = [r for r in photo["regions"] if "mask" in r]
        for shape in masks:
            (x0, y0), (x1, y1) = shape["points"]
            assert shape["mask"].shape == (y1 - y0 + 1, x1 - x0 + 1), "mask and corners differ"
        assert len(masks) >= len(want), f"{file}: masks"
        boxes = [s["points"] for s in got.shapes if s["shape_type"] == "rectangle"]
        equal("rectangles", np.ravel(boxes), np.ravel([r["box"] for r in truth.regions(file, "box")]), 1e-9)
        n += parts
    return f"{n} shapes"


# --- ultralytics ----------------------------------------------------------------------------------------


def rules(module: str, names: set, space: dict):
    """Takes functions and constants out of a module of ultralytics without importing torch behind it."""
    import importlib.util

    base = Path(importlib.util.find_spec("ultralytics").submodule_search_locations[0])
    tree = ast.parse((base / module).read_text(encoding="utf-8"))

    def named(node):
        if isinstance(node, ast.Assign):
            return {t.id for t in node.targets if isinstance(t, ast.Name)}
        return {getattr(node, "name", "")}

    kept = [node for node in tree.body if named(node) & names]
    missing = names - set().union(*map(named, kept))
    assert not missing, f"ultralytics has no {missing}"
    future = ast.parse("from __future__ import annotations").body
    exec(compile(ast.Module(future + kept, []), module, "exec"), space)


def ultralytics_rules():
    import os
    import zipfile
    from tarfile import is_tarfile

    import yaml
    from PIL import Image

    class Yaml:
        @staticmethod
        def load(file, append_filename=False):
            return yaml.safe_load(Path(file).read_text(encoding="utf-8")) | {"yaml_file": str(file)}

    space = {
        "np": np, "os": os, "Path": Path, "Image": Image, "zipfile": zipfile, "is_tarfile": is_tarfile, "YAML": Yaml,
        "check_file": lambda f, hard=True: f, "check_font": lambda f: None, "is_ascii": lambda s: True, "emojis": str, "LOGGER": mock.MagicMock(),
        "DATASETS_DIR": Path("/nowhere"), "clean_url": str, "FORMATS_HELP_MSG": "", "colorstr": str,
    }
    space |= {"empty_like": np.empty_like, "torch": mock.MagicMock(Tensor=())}
    rules("utils/ops.py", {"segments2boxes", "xyxy2xywh"}, space)
    rules("nn/autobackend.py", {"check_class_names"}, space)
    rules("data/utils.py", {"verify_image_label", "check_image", "exif_size", "img2label_paths", "IMG_FORMATS", "DATASET_KEY_TYPES", "check_det_dataset"}, space)
    return space


def check_yolo(root: Path, truth: Truth, name: str):
    u = ultralytics_rules()
    base = root / name
    data = u["check_det_dataset"](str(base / "data.yaml"), autodownload=False)
    assert list(data["names"].values()) == truth.classes, f"names {data['names']}"
    rows = 0
    for split in ("train", "val"):
        folder = Path(data[split])
        assert folder.is_dir() and folder.is_relative_to(base), f"{split} is {folder}"
        for image in sorted(p for p in folder.rglob("*") if p.is_file()):
            (label,) = u["img2label_paths"]([str(image)])
            result = u["verify_image_label"]((str(image), label, "", False, len(truth.classes), 0, 0, False))
            _, boxes, shape, segments, _, missing, found, empty, corrupt, message = result
            assert not corrupt and not message, f"{image.name}: {message}"
            file = image.relative_to(folder).as_posix()
            want = truth.regions(file, *AREAS)
            assert found and len(boxes) == len(want), f"{file}: {len(boxes)} rows of {len(want)}"
            if name != "yolo-obb":
                h, w = shape
                got = sorted(map(tuple, boxes[:, 1:] * [w, h, w, h]))
                clip = [np.clip(r["box"], 0, [w, h, w, h]) for r in want]
                equal(file, got, sorted(((b[0] + b[2]) / 2, (b[1] + b[3]) / 2, b[2] - b[0], b[3] - b[1]) for b in clip), 0.01)
            if name == "yolo-obb":
                assert all(len(s) == 4 for s in segments), "a rotated box without four corners"
            rows += len(boxes)
    return f"{rows} rows"


# --- supervision ----------------------------------------------------------------------------------------


def supervised(truth: Truth, dataset, folder: Path, boxes=None):
    """Compares numbers and classes, and the boxes with those that boxes(file) gives."""
    n = 0
    for path, _, found in dataset:
        file = Path(path).relative_to(folder).as_posix()
        want = truth.regions(file, *AREAS)
        assert len(found) == len(want), f"{file}: {len(found)} of {len(want)}"
        if boxes and len(want):
            equal(file, np.sort(found.xyxy, axis=0), np.sort(boxes(file), axis=0), 0.01)
        names = sorted(dataset.classes[i] for i in found.class_id)
        assert names == sorted(r["class"] for r in want), f"{file}: {names}"
        n += len(found)
    return f"{n} detections"


def check_supervision_coco(root: Path, truth: Truth):
    import supervision as sv

    photos = root / "photos"
    ds = sv.DetectionDataset.from_coco(str(photos), str(root / "coco" / "a.json"))
    doc = json.loads((root / "coco" / "a.json").read_text(encoding="utf-8"))
    ids = {i["file_name"]: i["id"] for i in doc["images"]}

    def boxes(file):
        found = [a["bbox"] for a in doc["annotations"] if a["image_id"] == ids[file]]
        return [[x, y, x + w, y + h] for x, y, w, h in found]

    return supervised(truth, ds, photos, boxes)


def check_supervision_yolo(root: Path, truth: Truth):
    import supervision as sv

    def boxes(file):
        photo = truth.photos[file]
        size = [photo["width"], photo["height"]] * 2
        return [np.clip(r["box"], 0, size) for r in truth.regions(file, *AREAS)]

    n = []
    for split in ("train", "val"):
        images = root / "yolo" / "images" / split
        ds = sv.DetectionDataset.from_yolo(str(images), str(root / "yolo" / "labels" / split), str(root / "yolo" / "data.yaml"))
        n.append(supervised(truth, ds, images, boxes))
    return ", ".join(n)


def check_supervision_voc(root: Path, truth: Truth):
    import supervision as sv

    images = root / "voc" / "JPEGImages"
    ds = sv.DetectionDataset.from_pascal_voc(str(images), str(root / "voc" / "Annotations"))
    return supervised(truth, ds, images)


# --- CVAT -----------------------------------------------------------------------------------------------


def check_cvat(root: Path, truth: Truth):
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(Path(__file__).with_name("cvat.xsd")))
    doc = etree.parse(root / "cvat" / "a.xml")
    schema.assertValid(doc)
    assert [e.text for e in doc.iterfind("meta/task/labels/label/name")] == truth.classes, "labels"
    n = 0
    for image in doc.iterfind("image"):
        want = truth.regions(image.get("name"), "box")
        boxes = [[float(b.get(k)) for k in ("xtl", "ytl", "xbr", "ybr")] for b in image.iterfind("box")]
        equal(image.get("name"), np.ravel(boxes), np.ravel([r["box"] for r in want]), 1e-9)
        for m in image.iterfind("mask"):
            runs = [int(r) for r in m.get("rle").split(",")]
            assert sum(runs) == int(m.get("width")) * int(m.get("height")), "mask runs"
        n += len(image)
    return f"{n} shapes"


# --- masks ----------------------------------------------------------------------------------------------


def check_masks(root: Path, truth: Truth):
    from PIL import Image

    for file, photo in truth.photos.items():
        png = Path(file).with_suffix(".png")
        kinds = Image.open(root / "mask-instance" / "SegmentationClass" / png)
        things = Image.open(root / "mask-instance" / "SegmentationObject" / png)
        assert kinds.mode == things.mode == "P" and kinds.size == (photo["width"], photo["height"]), kinds
        palette = np.array(kinds.getpalette()).reshape(-1, 3)
        equal("palette", palette[[0, 1, 2, 8, 255]], [[0, 0, 0], [128, 0, 0], [0, 128, 0], [64, 0, 0], [224, 224, 192]])
        k, t = np.asarray(kinds), np.asarray(things)
        assert ((k > 0) == (t > 0)).all() and k.max(initial=0) <= len(truth.classes), "class and object masks differ"
        seen = {truth.classes[i - 1] for i in np.unique(k) if i}
        assert seen <= {r["class"] for r in photo["regions"]}, f"classes {seen}"
    return f"{len(truth.photos)} pairs"


CHECKS = {
    "coco, pycocotools": check_coco,
    "coco-results, pycocotools": check_coco_results,
    "labelme, its own loader": check_labelme,
    "yolo, ultralytics' rules": lambda r, t: check_yolo(r, t, "yolo"),
    "yolo-seg, ultralytics' rules": lambda r, t: check_yolo(r, t, "yolo-seg"),
    "yolo-obb, ultralytics' rules": lambda r, t: check_yolo(r, t, "yolo-obb"),
    "coco, supervision": check_supervision_coco,
    "yolo, supervision": check_supervision_yolo,
    "voc, supervision": check_supervision_voc,
    "cvat, its documented schema": check_cvat,
    "masks, Pillow": check_masks,
}


def main() -> int:
    warnings.simplefilter("ignore")  # supervision misses OpenCV, which nothing here needs
    root = Path(sys.argv[1])
    truth = Truth(root)
    failed = 0
    for name, check in CHECKS.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                said = check(root, truth)
            print(f"ok    {name}: {said}")
        except Exception as e:  # a reader may fail in any way; the others still run
            failed += 1
            print(f"FAIL  {name}: {type(e).__name__}: {e}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
