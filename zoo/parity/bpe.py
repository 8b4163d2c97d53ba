"""Encodings by CLIP's own byte-pair tokenizer, as fixtures for prompt/token.

    pip install ftfy==6.3.1 regex==2026.11.19
    python3 zoo/parity/bpe.py OPENAI_CLIP_CHECKOUT prompt/token/testdata/vocab.txt prompt/token/testdata
    python3 zoo/parity/bpe.py OPENAI_CLIP_CHECKOUT prompt/token/testdata/vocab.txt FOLDER --full

The official code (openai/CLIP, clip/simple_tokenizer.py and what clip.tokenize does with truncate=True) runs on a list
of merges that is made here of our own words by the same rule (Sennrich et al. 2016) and is small enough to commit;
--full takes the official list instead and copies it beside the encodings, for SAYSEE_BPE of the test.

Texts that ftfy takes for wrongly decoded ones ("Ã©") are left out: their repair is not copied, see prompt/token/clean.go.
"""

import argparse
import collections
import gzip
import pathlib
import sys

import ftfy

import wordpiece

MAX_TOKENS = 77
MERGES = 1500

EXTRA = [
    "&amp; &amp;amp; &lt;b&gt; &#233; &eacute; &EACUTE; &nbsp;x &copy;2020", "&quot;cat&quot;", "&unknown; &amp", "&#x41;&#65;&#0;&#x110000;", "5 &lt; 6 <b>&lt;</b>",
    "it's IT'S It\u2019s they'RE we'Ve I'M she'Ll he'D don'T", "'s 't 're", "rock 'n' roll", "\u201ccurled\u201d \u2018quotes\u2019 \u201a\u201b\u201e\u201f",
    "2024 10 1a2b", "\u00b2\u00bd\u2163", "ﬁve ﬂoors", "Ｆｕｌｌ ｗｉｄｔｈ　ｃａｔ", "ｶﾀｶﾅ", "<|startoftext|> cat <|endoftext|>", "<|STARTOFTEXT|>", "\x1b[31mred\x1b[0m",
    "cat " * 74, "cat " * 75, "cat " * 76, "cat " * 200, "a photo of a " + "very " * 80 + "long cat.", "\u017fhoe's 'ſ", "İ ẞ ǅ ΑΣ ΣΑΣ", "e\u0301 u\u0308", "line\r\nline\rline\u2028line\x85line",
    "\ufeffcat", "cat\u0000dog", "\u200b cat \u00ad", "a  b\t\tc\n\nd", "#hashtag @user http://example.org/a?b=c&d=e", ":-) ;P <3", "🏳️‍🌈👩🏽‍🚀", "$9.99/kg", "C++/C#", "—–…·•",
]


def official(checkout):
    sys.path.insert(0, str(checkout / "clip"))
    import simple_tokenizer

    return simple_tokenizer.SimpleTokenizer


def train(words):
    """Merges the most frequent pair of neighbours, again and again."""
    spelled = collections.Counter(tuple(w[:-1]) + (w[-1] + "</w>",) for w in words)
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, n in spelled.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        after = collections.Counter()
        for word, n in spelled.items():
            out, i = [], 0
            while i < len(word):
                if word[i : i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            after[tuple(out)] += n
        spelled = after
    return merges


def corpus(vocabulary):
    """Words of ASCII, and some whose bytes are no characters of their own."""
    letters = [p for p in vocabulary if p.isascii() and p.isalpha()]
    to_byte = {b: chr(b) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174 else None for b in range(256)}
    for i, b in enumerate(b for b in range(256) if to_byte[b] is None):
        to_byte[b] = chr(256 + i)
    foreign = ["café", "naïve", "кошка", "собака", "猫", "🐱", "🐶", "año", "über", "...", "!!", "--", "'s", "'t", "'re"]
    return letters + ["".join(to_byte[b] for b in w.encode()) for w in foreign] * 40


def tokenize(t, text):
    """clip.tokenize with truncate=True, without the padding."""
    ids = [t.encoder["<|startoftext|>"], *t.encode(text), t.encoder["<|endoftext|>"]]
    truncated = len(ids) > MAX_TOKENS
    if truncated:
        ids = ids[:MAX_TOKENS]
        ids[-1] = t.encoder["<|endoftext|>"]
    return ids, truncated


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkout", type=pathlib.Path)
    p.add_argument("vocab", type=pathlib.Path)
    p.add_argument("out", type=pathlib.Path)
    p.add_argument("--full", action="store_true")
    a = p.parse_args()
    vocabulary = a.vocab.read_text(encoding="utf-8").split("\n")[:-1]
    merges = a.out / "merges.txt"
    if a.full:
        merges.write_bytes(gzip.decompress((a.checkout / "clip/bpe_simple_vocab_16e6.txt.gz").read_bytes()))
    else:
        lines = ["#version: 0.2, of the project's own words", *(" ".join(m) for m in train(corpus(vocabulary)))]
        merges.write_text("\n".join(lines), encoding="utf-8")
    packed = a.out / "merges.gz"
    packed.write_bytes(gzip.compress(merges.read_bytes()))
    tokenizer = official(a.checkout)(str(packed))
    packed.unlink()
    records, left_out = [], 0
    for text in [*EXTRA, *wordpiece.texts(vocabulary)]:
        if ftfy.fix_text(text) != ftfy.fix_text(text, fix_encoding=False):
            left_out += 1
            continue
        ids, truncated = tokenize(tokenizer, text)
        records.append({"text": text, "ids": ids, "truncated": truncated})
    wordpiece.write(a.out / "bpe.json.gz", {"ftfy": ftfy.__version__, "max_tokens": MAX_TOKENS, "encodings": records})
    print(left_out, "left out as wrongly decoded")


if __name__ == "__main__":
    main()
