"""Write what captions are made of to train the caption head: other words of names, and noun phrases of COCO's captions.

    python zoo/starter/phrases.py --data PHOTOS --wordnet /usr/share/wordnet --out phrases.json

`wordings` has for each name the other words of its first synset in WordNet (nouns); `phrases` has for each photo that trains the noun phrases
that end with a wording of a COCO name: the phrase, the name, and whether it speaks of several.
"""

import argparse
import gzip
import json
import pathlib

from evaluate import head_names, noun_phrases
from wordings import Photos, synsets

MANY = set("two three four five six several many some multiple various men women people children boys girls knives benches buses".split())
ONE = ("skis", "scissors", "bus", "glass")


def several(phrase):
    said = phrase.split()
    return bool(MANY & set(said)) or (said[-1].endswith("s") and not said[-1].endswith(ONE))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "wordnet", "out"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    first, heads = synsets(args.wordnet), head_names()
    wordings = {n: first[n] for n in Photos(args.data).vocab if first.get(n)}
    phrases = {}
    with gzip.open(pathlib.Path(args.data) / "index.jsonl.gz", "rt") as lines:
        for r in map(json.loads, lines):
            if r["split"] == "train" and r.get("captions"):
                found = sorted({p for c in r["captions"] for p in noun_phrases(c, heads)})
                phrases[r["id"]] = [(p, n, several(p)) for p, n in found if any(b[4] == n for b in r["boxes"])]
    pathlib.Path(args.out).write_text(json.dumps({"wordings": wordings, "phrases": phrases}), encoding="utf-8")
    print(f"{sum(map(len, wordings.values()))} other words of {len(wordings)} names, {sum(map(len, phrases.values()))} phrases of {len(phrases)} photos")


if __name__ == "__main__":
    main()
