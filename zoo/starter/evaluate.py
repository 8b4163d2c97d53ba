"""Measure starter packs: every figure of their card, one command each.

    python zoo/starter/evaluate.py boxes --data PHOTOS --packs assets/packs --sizes 320,416,512,640
    python zoo/starter/evaluate.py all --data PHOTOS --packs assets/packs --out figures.json

PHOTOS is a folder with index.jsonl.gz, sources.json and tars of photos; all figures are of its split `val`. Percent, unless a name
says otherwise. Needs requirements.txt of this folder but no torch; all takes about ten minutes on two cores.

boxes        AP, AP50, AR100 of every source with boxes; the mean AP50 of the narrow ones; for COCO at every size
proposals    AR100 of boxes by any name: what could be found if all words were right
words        AP50 of COCO asked by other words (synonyms.json): one rewording for 59 names, then five synonyms for each; in templates
masks        mask AP of regions on COCO photos with outlines
pixels       mean IoU and pixel accuracy of painted photos, and of COCO's outlined things
calibration  how often a box of a score is right; writes a plot beside --out
held-out     AP50 of the names of held_out.txt, and with random vectors in their place
text         how well words alone find COCO's names: other words, plurals, templates
grounding    noun phrases of captions: is the best box right? With --through, by the program and any pack: --detect glip-starter
naming       the name of photos of one thing, from the vector of a box around it, and from a namer's where --name has one
speed        milliseconds a stage and memory at 320, 416 and 640
"""

import argparse
import json
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np
from runs import Boxes, Groups, Names, Photos, Pixels, Truth, masks, spoken, starter

HERE = pathlib.Path(__file__).parent
NARROW = ("animals7", "groceries", "cars_trucks", "weapons")
BOXED = ("coco", *NARROW, "deer", "facade", "openimages5", "recycling")
TEMPLATES = ("a photo of a {}", "the {}", "a close-up of a {}", "two {}s", "a small {}")
DRAWS = 5  # of random vectors


def other_words():
    given = json.loads((HERE / "synonyms.json").read_text(encoding="utf-8"))
    return set(given["kept"]), given["synonyms"]


class Bench:
    """What the commands share: photos, and packs at each size, opened once."""

    def __init__(self, args):
        self.args, self.photos, self.open = args, Photos(args.data), {}
        self.sizes = [int(s) for s in args.sizes.split(",")]

    def pack(self, kind, size):
        key = (kind, size)
        if key not in self.open:
            name = self.args.detect if kind is Boxes else self.args.segment
            more = {"twice": self.args.twice} if kind is Boxes else {}
            self.open[key] = kind(pathlib.Path(self.args.packs) / name, size, **more)
        return self.open[key]

    def records(self, source):
        return self.photos.of(source)[:self.args.limit]

    def truth(self, source, outlines=False):
        records = self.records(source)
        if outlines:
            records = [r for r in records if r.get("polys")]
        return Truth(records, self.photos.names(source), outlines)

    def asked(self, truth, phrases, size):
        """Return all that is found when each name of the truth is asked by its phrase."""
        pack = self.pack(Boxes, size)
        return self.found(truth, pack.vectors(phrases), size)

    def found(self, truth, vectors, size):
        pack = self.pack(Boxes, size)
        return [truth.result(r, b, c, s) for r in truth.records for b, c, s, _ in pack.find(self.photos, r, vectors)]


def boxes(bench):
    out = {}
    for size in bench.sizes:
        truth = bench.truth("coco")
        out[f"coco {size}"] = figures = truth.judge(bench.asked(truth, truth.names, size))
        say(f"coco {size}", figures)
    size = bench.args.size
    for source in BOXED[1:]:
        truth = bench.truth(source)
        out[f"{source} {size}"] = figures = truth.judge(bench.asked(truth, truth.names, size))
        say(f"{source} {size}", figures)
    out["narrow, mean AP50"] = round(statistics.mean(out[f"{s} {size}"]["AP50"] for s in NARROW), 2)
    say("narrow, mean AP50", out["narrow, mean AP50"])
    return out


def proposals(bench):
    out, truth = {}, bench.truth("coco")
    for size in bench.sizes:
        pack, results = bench.pack(Boxes, size), []
        for r in truth.records:
            seen = pack.look(bench.photos, r)
            results += [truth.result(r, b, 0, float(w)) for b, w in zip(seen["boxes"], seen["weights"])]
        out[f"AR100 {size}, any name"] = truth.judge(results, any_name=True)["AR100"]
        say(f"AR100 {size}, any name", out[f"AR100 {size}, any name"])
    return out


def words(bench):
    kept, synonyms = other_words()
    truth, size = bench.truth("coco"), bench.args.size
    names = truth.names
    own = truth.judge(bench.asked(truth, names, size))
    reworded = truth.judge(bench.asked(truth, [n if n in kept else synonyms[n][0] for n in names], size))
    out = {"own names": brief(own), "59 names reworded": brief(reworded)}
    for k in range(5):
        out[f"synonym {k + 1}"] = brief(truth.judge(bench.asked(truth, [synonyms[n][k] for n in names], size)))
    for template in TEMPLATES:
        out[template] = brief(truth.judge(bench.asked(truth, [template.format(n) for n in names], size)))
    mean = statistics.mean(out[f"synonym {k + 1}"]["AP"] for k in range(5))
    out["five synonyms, mean AP"] = round(mean, 2)
    out["five synonyms, loss of AP"] = round(100 * (1 - mean / own["AP"]), 1)
    for k, v in out.items():
        say(k, v)
    return out


def region_masks(bench):
    truth, size, results = bench.truth("coco", outlines=True), bench.args.size, []
    pack = bench.pack(Boxes, size)
    vectors = pack.vectors(truth.names)
    for r in truth.records:
        kept = pack.find(bench.photos, r, vectors)
        for (b, c, s, _), outline in zip(kept, pack.outline(bench.photos, r, kept) if kept else []):
            results.append(truth.result(r, b, c, s) | {"segmentation": masks.encode(np.asfortranarray(outline))})
    box = truth.judge([{k: v for k, v in x.items() if k != "segmentation"} for x in results])
    figures = truth.judge([{k: v for k, v in x.items() if k != "bbox"} for x in results], "segm")
    out = {"photos": len(truth.records), "outlines": sum(not a["iscrowd"] for a in truth.data["annotations"]),
           "mask": brief(figures), "box, same photos": brief(box)}
    for k, v in out.items():
        say(k, v)
    return out


def pixels(bench):
    out, size = {}, bench.args.size
    family = json.loads((pathlib.Path(bench.args.packs) / bench.args.segment / "pack.json").read_text(encoding="utf-8"))["family"]
    pack = bench.pack(Groups if family == "groupvit" else Pixels, size)
    for source in ("camvid", "ccp", "human_seg", "coco"):
        table = None
        for r in bench.records(source):
            if "mask" not in r and not r.get("polys"):
                continue
            names, truth = bench.photos.painted(r) if "mask" in r else bench.photos.outlined(r)
            if table is None:
                vectors = np.stack([pack.words.vector(n) for n in names]).astype(np.float32)
                table = np.zeros((len(names) + 1, len(names) + 1), np.int64)
            found = pack.classes(bench.photos.image(r), vectors, bool((truth == -1).any()))
            height, width = truth.shape
            if found.shape != truth.shape:
                found = found[:height, :width]
            known = truth > -2
            table += np.bincount((truth[known] + 1) * len(table) + found[known] + 1, minlength=table.size).reshape(table.shape)
        right = np.diag(table)
        there = table.sum(1) > 0
        iou = right[there] / (table.sum(0) + table.sum(1) - right)[there]
        out[source] = {"mIoU": round(100 * float(iou.mean()), 2), "pixel accuracy": round(100 * float(right.sum() / table.sum()), 2)}
        say(source, out[source])
    return out


def calibration(bench):
    """Match boxes of all sources to truths of their name, best score first; a box is right at an IoU of one half."""
    pack, pairs = bench.pack(Boxes, bench.args.size), []
    for source in BOXED:
        truth = bench.truth(source)
        vectors = pack.vectors(truth.names)
        for r in truth.records:
            free = [(spoken(b[4]), np.array(b[:4])) for b in r["boxes"]]
            for box, c, score, _ in pack.find(bench.photos, r, vectors, minimum=0.05):
                over = [iou(box, b) if n == truth.names[c] else 0 for n, b in free]
                right = bool(over) and max(over) >= 0.5
                if right:
                    free.pop(int(np.argmax(over)))
                pairs.append((source == "coco", score, right))
    pairs = np.array(pairs, float)
    out = {}
    for name, chosen in (("all sources", pairs), ("coco", pairs[pairs[:, 0] == 1])):
        rows = []
        for low in np.arange(0, 1, 0.1):
            inside = chosen[(chosen[:, 1] >= low) & (chosen[:, 1] < low + 0.1)]
            if len(inside):
                rows.append({"score": round(float(inside[:, 1].mean()), 3), "right": round(float(inside[:, 2].mean()), 3), "boxes": len(inside)})
        gap = sum(r["boxes"] * abs(r["score"] - r["right"]) for r in rows) / sum(r["boxes"] for r in rows)
        out[name] = {"expected calibration error": round(100 * gap, 2), "bins": rows}
        say(name, out[name]["expected calibration error"])
    if bench.args.out:
        plot(out, pathlib.Path(bench.args.out).with_name("calibration.png"))
    return out


def plot(figures, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.6), sharey=True, layout="constrained")
    for ax, (name, f) in zip(axes, figures.items()):
        ax.plot([0, 1], [0, 1], color="#999", lw=1, ls="--")
        ax.plot([b["score"] for b in f["bins"]], [b["right"] for b in f["bins"]], "o-", color="#1f6feb", lw=2)
        for b in f["bins"]:
            ax.annotate(f"{b['boxes']:,}", (b["score"], b["right"]), xytext=(0, -13), textcoords="offset points", ha="center", fontsize=7, color="#555")
        ax.set(title=f"{name}: ECE {f['expected calibration error']:.1f} %", xlabel="score", xlim=(0, 1), ylim=(0, 1))
        ax.grid(alpha=0.25)
    axes[0].set_ylabel("share of boxes that are right (IoU ≥ 0.5)")
    figure.savefig(path, dpi=120)
    say("plot", str(path))


def held_out(bench):
    truth, size = bench.truth("coco"), bench.args.size
    hidden = pathlib.Path(bench.args.held_out).read_text(encoding="utf-8").split("\n")[:-1]
    vectors = bench.pack(Boxes, size).vectors(truth.names)

    def ap50(v):
        return truth.judge(bench.found(truth, v, size), only=hidden)["AP50"]

    out = {"names": len(hidden), "AP50": ap50(vectors)}
    out["AP50, other names"] = truth.judge(bench.found(truth, vectors, size), only=[n for n in truth.names if n not in hidden])["AP50"]
    draws = []
    for seed in range(DRAWS):
        random = vectors.copy()
        drawn = np.random.default_rng(seed).normal(size=(len(hidden), vectors.shape[1]))
        random[[truth.names.index(n) for n in hidden]] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        draws.append(ap50(random))
    out["AP50 of random vectors"] = round(statistics.mean(draws), 2)
    for k, v in out.items():
        say(k, v)
    return out


def text(bench):
    kept, synonyms = other_words()
    pack = bench.pack(Boxes, bench.args.size)
    names = list(synonyms)
    own = pack.vectors(names)
    ways = {"59 reworded": [(n, synonyms[n][0]) for n in names if n not in kept], "five synonyms": [(n, w) for n in names for w in synonyms[n]]}
    ways |= {t: [(n, t.format(n)) for n in names] for t in TEMPLATES}
    out = {}
    for way, pairs in ways.items():
        like = pack.vectors([w for _, w in pairs]) @ own.T
        right = np.array([names.index(n) for n, _ in pairs])
        out[way] = {"nearest name is right": round(100 * float((like.argmax(1) == right).mean()), 1),
                    "cosine": round(float(like[np.arange(len(right)), right].mean()), 3)}
        say(way, out[way])
    return out


def head_names():
    """Map every wording of a COCO name, and its plural, to the name."""
    _, synonyms = other_words()
    heads = {}
    for name, others in synonyms.items():
        for w in (name, *others):
            heads.setdefault(w, name)
            heads.setdefault(w + "s", name)
    heads |= {"men": "person", "women": "person", "woman": "person", "people": "person", "child": "person", "children": "person", "boy": "person",
              "girl": "person", "boys": "person", "girls": "person", "benches": "bench", "buses": "bus", "knives": "knife"}
    return {k: v for k, v in heads.items() if k not in ("seat", "plant", "bag", "disc", "blade", "dish", "jar", "jet", "volume", "sub")}


BREAKS = set("a an the of in on at with is are be being and or to for from by near next while that which it its his her their there some as up "
             "down out over under into onto this these has have who top side front back behind between around through off along across".split())


def noun_phrases(caption, heads):
    """Return (phrase, name) of the runs of words that end with a wording of a COCO name."""
    out = []
    words_of = re.findall("[a-z]+", caption.lower())
    start = 0
    for end, word in enumerate([*words_of, "a"]):
        if word not in BREAKS:
            continue
        run = words_of[start:end]
        start = end + 1
        for length in (3, 2, 1):
            last = " ".join(run[-length:])
            if len(run) >= length and last in heads and len(run) <= 5:
                out.append((" ".join(run), heads[last]))
                break
    return out


def grounding(bench):
    """Ask each phrase by itself; its best box is right when it covers a box of the phrase's name by an IoU of one half."""
    heads, names = head_names(), bench.photos.names("coco")
    shuffled = dict(zip(names, np.random.default_rng(0).permutation(names)))
    asked = {"the phrase": [], "its COCO name": [], "a random name": []}
    best = best_by_program if bench.args.through else best_by_vectors
    for r in bench.records("coco"):
        pairs = sorted({p for c in r.get("captions", []) for p in noun_phrases(c, heads)})
        pairs = [(p, n) for p, n in pairs if any(spoken(b[4]) == n for b in r["boxes"])]
        if not pairs:
            continue
        said = {p for p, _ in pairs} | {n for _, n in pairs} | {shuffled[n] for _, n in pairs}
        boxes = best(bench, r, sorted(map(str, said)))
        for phrase, name in pairs:
            truths = [b[:4] for b in r["boxes"] if spoken(b[4]) == name]
            for way, word in zip(asked, (phrase, name, shuffled[name])):
                asked[way].append(float(word in boxes and max(iou(boxes[word], t) for t in truths) >= 0.5))
    out = {"phrases": len(asked["the phrase"])} | {f"recall@1 by {way}": round(100 * statistics.mean(v), 1) for way, v in asked.items()}
    for k, v in out.items():
        say(k, v)
    return out


def best_by_vectors(bench, record, said):
    """Return the box of each phrase that scores best when it is asked alone."""
    pack = bench.pack(Boxes, bench.args.size)
    seen = pack.look(bench.photos, record)
    return {word: seen["boxes"][pack.scores(seen, pack.vectors([word]))[:, 0].argmax()] for word in said}


def best_by_program(bench, record, said):
    """Return the box of each phrase that scores best, by the program. It asks all phrases together: for packs whose phrases do not compete."""
    with tempfile.TemporaryDirectory() as folder:
        photo, table, out = (pathlib.Path(folder) / n for n in ("photo.jpg", "words.txt", "out"))
        photo.write_bytes(bench.photos.bytes(record["file"]))
        table.write_text("\n".join(f'"{word}"' for word in said), encoding="utf-8")
        command = [bench.args.through, "label", str(photo), "--model", bench.args.detect, "--packs", bench.args.packs, "--find", f"@{table}",
                   "--score", "0.0001", "--max", "1000", "--no-masks", "--format", "coco,coco-results", "--out", str(out)]
        subprocess.run([*command, "--twice"] if bench.args.twice else command, check=True, capture_output=True)
        named = {c["id"]: c["name"] for c in json.loads((out / "coco.json").read_text(encoding="utf-8"))["categories"]}
        found = json.loads((out / "coco-results.json").read_text(encoding="utf-8"))
    boxes = {}
    for f in sorted(found, key=lambda f: f["score"]):
        x, y, w, h = f["bbox"]
        boxes[named[f["category_id"]]] = [x, y, x + w, y + h]
    return boxes


def own_split(record):
    """Tell the tenth of the photos of one thing that is kept from training, where they are trained on by their split."""
    return zlib.crc32(record["id"].encode()) % 10 == 0


def naming(bench):
    """Compare a photo's vector with those of all names of its source: two ways of seeing it, if there is a namer."""
    pack, out = bench.pack(Boxes, bench.args.size), {}
    namer = pathlib.Path(bench.args.packs) / bench.args.name
    namer = Names(namer) if namer.exists() else None
    for source in ("tinyimagenet", "imagenet1k"):
        every = [r for r in bench.photos.every if r["source"] == source and r.get("labels")]
        names = sorted({spoken(r["labels"][0]) for r in every})
        records = [r for r in every if own_split(r)][:bench.args.limit]
        ways = {"a region's vector": (pack.vectors(names), lambda r: around(bench, pack, r))}
        if namer:
            ways["the namer's"] = (np.stack([namer.words.vector(n) for n in names]), lambda r: namer.vector(bench.photos.image(r)))
        for way, (vectors, see) in ways.items():
            places = [list((vectors @ see(r)).argsort()[::-1]).index(names.index(spoken(r["labels"][0]))) for r in records]
            figures = {"photos": len(records), "names": len(names), "top-1": round(100 * statistics.mean(float(p < 1) for p in places), 1),
                       "top-5": round(100 * statistics.mean(float(p < 5) for p in places), 1)}
            out[f"{source}, {way}"] = figures
            say(f"{source}, {way}", figures)
    return out


def around(bench, pack, record):
    """Return the vector of the region nearest to the thing's box, or to the middle nine tenths of the photo."""
    seen = pack.look(bench.photos, record)
    pack.seen.pop(record["id"])
    w, h = record["w"], record["h"]
    box = record["boxes"][0][:4] if record.get("boxes") else [0.05 * w, 0.05 * h, 0.95 * w, 0.95 * h]
    return seen["embeds"][max(range(len(seen["boxes"])), key=lambda i: iou(seen["boxes"][i], box))]


def speed(bench):
    """Each size in a process of its own, so that its memory is its own."""
    out = {}
    for size in (320, 416, 640):
        command = [sys.executable, __file__, "speed-of-one", "--data", bench.args.data, "--packs", bench.args.packs, "--size", str(size),
                   "--detect", bench.args.detect, "--segment", bench.args.segment]
        out[str(size)] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        say(str(size), out[str(size)])
    return out


def speed_of_one(bench):
    size, took = bench.args.size, {}
    pack, painter = bench.pack(Boxes, size), bench.pack(Pixels, size)
    words_of = bench.photos.names("coco")

    def timed(stage, work):
        begin = time.perf_counter()
        result = work()
        took.setdefault(stage, []).append(1000 * (time.perf_counter() - begin))
        return result

    timed("80 words", lambda: pack.vectors(words_of))
    vectors = pack.vectors(words_of)
    for r in bench.records("coco")[:25]:
        photo = bench.photos.image(r)
        tensor, *_ = timed("prepare", lambda: pack.net.prepare(photo, size))
        features = timed("trunk", lambda: pack.net.trunk(tensor))
        found = timed("regions", lambda: pack.net.regions(features))
        seen = {"embeds": found["region_embeds"], "weights": starter.weigh(found, pack.rule)}
        timed("scores", lambda: pack.scores(seen, vectors))
        timed("10 masks", lambda: pack.net.masks(features, found["boxes"][:10]))
        feeds = timed("pixels", lambda: painter.run("pixels", features))
        timed("match, 80 words", lambda: painter.run("match", feeds | {"text_embeds": vectors}))
    out = {k: round(statistics.median(v[3:] or v), 1) for k, v in took.items()}
    return {"ms": out, "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def iou(a, b):
    common = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common + 1e-9)


def brief(figures):
    return {k: figures[k] for k in ("AP", "AP50", "AR100")}


def say(what, figures):
    if isinstance(figures, dict):
        figures = "  ".join(f"{k} {v}" for k, v in figures.items() if k != "names")
    print(f"{what:28} {figures}", file=sys.stderr, flush=True)


COMMANDS = {
    "boxes": boxes, "proposals": proposals, "words": words, "masks": region_masks, "pixels": pixels, "calibration": calibration,
    "held-out": held_out, "text": text, "grounding": grounding, "naming": naming, "speed": speed,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*COMMANDS, "all", "speed-of-one"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--packs", default="assets/packs")
    parser.add_argument("--detect", default="vild-starter")
    parser.add_argument("--segment", default="lseg-starter")
    parser.add_argument("--name", default="clip-starter")
    parser.add_argument("--through", help="the program that grounding is measured by, with the pack of --detect")
    parser.add_argument("--size", type=int, default=416)
    parser.add_argument("--sizes", default="320,416,512,640", help="of boxes and proposals")
    parser.add_argument("--twice", action="store_true", help="look at photos twice (not for masks)")
    parser.add_argument("--held-out", default=str(HERE / "held_out.txt"), help="file of names, one a line")
    parser.add_argument("--limit", type=int, default=10**9, help="photos of a source at most, for a quick look")
    parser.add_argument("--out", help="JSON file for the figures; those of other commands that it holds are kept")
    args = parser.parse_args()
    if args.twice and args.what in ("masks", "all"):
        parser.error("masks of photos that were looked at twice are made by the program only")
    bench = Bench(args)
    if args.what == "speed-of-one":
        print(json.dumps(speed_of_one(bench)))
        return
    path = pathlib.Path(args.out) if args.out else None
    figures = json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else {}
    for name in COMMANDS if args.what == "all" else [args.what]:
        print(f"-- {name}", file=sys.stderr)
        figures[name] = COMMANDS[name](bench)
        if path:
            path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if not path:
        print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
