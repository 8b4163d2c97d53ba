"""Several wordings of every name, as vectors of the text encoder.

    python zoo/starter/wordings.py --data PHOTOS --text SMALL --wordnet /usr/share/wordnet --out wordings.npz

A name's wordings: itself (twice), its plural, three templates, and the other words of its first synset in WordNet (nouns).
SMALL holds text.onnx and vocab.txt (shrink.py). The file holds `names` and `vectors` [names, 8, 256], as 127ths.
"""

import argparse
import pathlib

import numpy as np
import onnxruntime
from photos import Photos
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

TEMPLATES = ("a photo of a {}", "the {}", "a close-up of a {}")
COUNT = 8


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
    encode, first = Encoder(args.text), synsets(args.wordnet)
    names = Photos(args.data).vocab
    vectors = encode([w for n in names for w in wordings(n, first.get(n, []))]).reshape(len(names), COUNT, -1)
    np.savez(args.out, names=np.array(names), vectors=np.round(127 * vectors).astype(np.int8))
    print(f"{len(names)} names, {sum(n in first for n in names)} of them in WordNet")


if __name__ == "__main__":
    main()
