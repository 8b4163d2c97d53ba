"""Several wordings of every name, as vectors of the text encoder.

    python zoo/starter/wordings.py --data PHOTOS --text SMALL --wordnet /usr/share/wordnet --out wordings.npz

A name's wordings: itself (twice), its plural, three templates, and the other words of its first synset in WordNet (nouns).
SMALL holds text.onnx and vocab.txt (shrink.py). The file holds `names` and `vectors` [names, 8, 256], as 127ths, `kin` [names, names]:
which two names speak of one kind of thing or one of a kind of the other (a pickup is a truck), `broad` [names]: which are names of boxes or
masks, and `above` [names]: the next of those that a name is a kind of, or -1.
"""

import argparse
import pathlib

import numpy as np
import onnxruntime
from photos import Photos
from strings import PHYSICAL, WordNet
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

TEMPLATES = ("a photo of a {}", "the {}", "a close-up of a {}")
COUNT = 8
TOPS = 3  # WordNet's file of what is above all: person, animal, food


class Encoder:
    """Phrases to unit vectors [n, 256]."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        pieces = {p: i for i, p in enumerate((folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1])}
        self.tokens = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
        self.tokens.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
        self.tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.tokens.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        self.tokens.enable_truncation(32)
        self.tokens.enable_padding()
        self.session = onnxruntime.InferenceSession(str(folder / "text.onnx"))

    def __call__(self, phrases):
        out = []
        for k in range(0, len(phrases), 64):
            coded = self.tokens.encode_batch(list(phrases[k:k + 64]))
            feed = {"input_ids": [c.ids for c in coded], "attention_mask": [c.attention_mask for c in coded]}
            out.append(self.session.run(None, {n: np.array(v, np.int64) for n, v in feed.items()})[0])
        return np.concatenate(out)


def synsets(folder):
    """Map each noun of WordNet to the other words of its first sense."""
    folder = pathlib.Path(folder)
    words = {}
    for line in (folder / "data.noun").open(encoding="utf-8"):
        parts = line.split(" ")
        if not line.startswith("  "):
            words[parts[0]] = [parts[4 + 2 * k].replace("_", " ").lower() for k in range(int(parts[3], 16))]
    first = {}
    for line in (folder / "index.noun").open(encoding="utf-8"):
        if not line.startswith("  "):
            parts = line.split()
            word = parts[0].replace("_", " ")
            first[word] = [w for w in words[parts[-int(parts[2])]] if w != word]
    return first


def kinds(net, names, lists):
    """Return `kin` and `above` of names by their first senses. `lists` are numbers of names that a source tells apart: of these none is kin."""
    first = {name: net.senses[name][0] for name in names if name in net.senses}
    of = {}  # synset to the names that it is the first sense of
    for i, name in enumerate(names):
        if name in first:
            of.setdefault(first[name], []).append(i)
    broad = set().union(*lists)
    kin, above = np.zeros((len(names), len(names)), bool), np.full(len(names), -1, np.int32)

    def up(sense):
        """Yield a sense and the kinds above it, near ones first."""
        seen, row = {sense}, [sense]
        while row:
            yield from row
            row = [k for s in row if s in net.synsets for k in net.synsets[s][2] if k not in seen and not seen.add(k)]

    for i, name in enumerate(names):
        for kind in up(first[name]) if name in first else ():
            kin[i, of.get(kind, [])] = True
            known = broad.intersection(of.get(kind, []))
            if above[i] < 0 and known and i not in broad:
                above[i] = min(known)
    kin |= kin.T
    for apart in lists:
        kin[np.ix_(apart, apart)] = False
    return kin, above


def plural(name):
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    return name[:-1] + "ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else name + "s"


def wordings(name, others):
    said = [name, name, plural(name), *(t.format(name) for t in TEMPLATES), *others[:2]]
    return (said + [name] * COUNT)[:COUNT]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "text", "wordnet", "out"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    encode, first, photos = Encoder(args.text), synsets(args.wordnet), Photos(args.data)
    names = photos.vocab
    vectors = encode([w for n in names for w in wordings(n, first.get(n, []))]).reshape(len(names), COUNT, -1)
    lists = [sorted(of) for table in (photos.boxed, photos.painted) for of in table.values() if of]
    # Too many words are persons or food in a sense that photos do not mean: enough not to tell them apart, not enough to take one for the other.
    kin, _ = kinds(WordNet(args.wordnet, PHYSICAL | {TOPS}), names, lists)
    _, above = kinds(WordNet(args.wordnet), names, lists)
    broad = np.isin(np.arange(len(names)), sum(lists, []))
    np.savez_compressed(args.out, names=np.array(names), vectors=np.round(127 * vectors).astype(np.int8), kin=kin, broad=broad, above=above)
    print(f"{len(names)} names, {sum(n in first for n in names)} of them in WordNet, {(above >= 0).sum()} of them kinds of others")


if __name__ == "__main__":
    main()
