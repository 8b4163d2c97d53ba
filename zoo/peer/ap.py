"""Average precision of label files, by pycocotools, on photos that come as tars with an index (`index.jsonl.gz`: a photo a
line with id, file, source, split, w, h and boxes [x0, y0, x1, y1, name]; `sources.json`: the names that a source boxes
exhaustively).

    python ap.py extract --data DIR --source coco --split val --out VAL
        writes VAL/photos, VAL/truth.json (COCO) and VAL/names.txt (the words to ask for, separated by commas)
    saysee label VAL/photos --find "$(cat VAL/names.txt)" --score 0.01 --format coco,coco-results --out VAL/saysee
    python ap.py score --truth VAL/truth.json --labels VAL/saysee/coco.json --results RESULTS
        prints AP, AP50 and AR100; photos are matched by file name, classes by name
"""

import argparse
import contextlib
import gzip
import io
import json
import pathlib
import tarfile

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# How the names of these sources are spoken, as the starter packs learned them.
SPOKEN = {
    "t-shirt": "t-shirt", "balcony-fence": "balcony", "sign": "road sign", "intimate": "underwear",
    "non-building-infrastructure": "street furniture", "traffic-infrastructure": "traffic sign",
}


def spoken(name):
    name = name.strip().lower()
    if name in SPOKEN:
        return SPOKEN[name]
    for part in ("-merged", "-other", "-stuff"):
        name = name.replace(part, "")
    return name.replace("-", " ")


def extract(args):
    data, out = pathlib.Path(args.data), pathlib.Path(args.out)
    (out / "photos").mkdir(parents=True, exist_ok=True)
    with gzip.open(data / "index.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [r for r in map(json.loads, lines) if r["source"] == args.source and r["split"] == args.split and r.get("boxes")]
    listed = json.loads((data / "sources.json").read_text(encoding="utf-8"))[args.source].get("exhaustive", [])
    names = list(dict.fromkeys(map(spoken, listed))) or sorted({spoken(b[4]) for r in records for b in r["boxes"]})
    wanted = {r["file"]: r for r in records}
    found = {}
    for tar in sorted(data.glob("*.tar")):
        with tarfile.open(tar) as archive:
            for member in archive:
                if member.name in wanted:
                    found[member.name] = pathlib.Path(member.name).name
                    (out / "photos" / found[member.name]).write_bytes(archive.extractfile(member).read())
    ids = {n: i + 1 for i, n in enumerate(names)}
    truth = {"images": [], "annotations": [], "categories": [{"id": i, "name": n} for n, i in ids.items()]}
    for k, record in enumerate((wanted[f] for f in wanted if f in found), 1):
        truth["images"].append({"id": k, "width": record["w"], "height": record["h"], "file_name": found[record["file"]]})
        for x0, y0, x1, y1, name in (b[:5] for b in record["boxes"]):
            if spoken(name) in ids:
                truth["annotations"].append({
                    "id": len(truth["annotations"]) + 1, "image_id": k, "category_id": ids[spoken(name)],
                    "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0,
                })
    (out / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    (out / "names.txt").write_text(", ".join(names), encoding="utf-8")
    print(f"{len(truth['images'])} photos, {len(names)} names, {len(truth['annotations'])} boxes in {out}")


def score(args):
    truth = json.loads(pathlib.Path(args.truth).read_text(encoding="utf-8"))
    labels = json.loads(pathlib.Path(args.labels).read_text(encoding="utf-8"))
    results = json.loads(pathlib.Path(args.results).read_text(encoding="utf-8"))
    image_ids = {i["file_name"]: i["id"] for i in truth["images"]}
    images = {i["id"]: image_ids[pathlib.PurePosixPath(i["file_name"]).name] for i in labels["images"]}
    category_ids = {c["name"]: c["id"] for c in truth["categories"]}
    categories = {c["id"]: category_ids[c["name"]] for c in labels["categories"]}
    mapped = [
        {
            "image_id": images[r["image_id"]], "category_id": categories[r["category_id"]],
            "bbox": r["bbox"], "score": r["score"],
        }
        for r in results
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = truth
        gt.createIndex()
        evaluation = COCOeval(gt, gt.loadRes(mapped), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    ap, ap50, ar100 = (100 * evaluation.stats[i] for i in (0, 1, 8))
    print(f"AP {ap:.1f}  AP50 {ap50:.1f}  AR100 {ar100:.1f}  ({len(truth['images'])} photos, {len(mapped)} results)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("extract")
    p.add_argument("--data", required=True)
    p.add_argument("--source", default="coco")
    p.add_argument("--split", default="val")
    p.add_argument("--out", required=True)
    p.set_defaults(do=extract)
    p = commands.add_parser("score")
    p.add_argument("--truth", required=True)
    p.add_argument("--labels", required=True)
    p.add_argument("--results", required=True)
    p.set_defaults(do=score)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
