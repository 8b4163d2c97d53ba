"""Encodings by the reference WordPiece tokenizer, as fixtures for prompt/token.

    pip install tokenizers==0.23.3
    python3 zoo/parity/wordpiece.py prompt/token/testdata/vocab.txt prompt/token/testdata/encodings.json.gz

Each record is a text, its ids with [CLS] and [SEP], the starts and ends of the ids in bytes of UTF-8, and whether
32 pieces were too few. Strings are written by hand, and drawn at random (fixed seed) from scripts that
Unicode 7 knows, because the reference's tables end there.
"""

import gzip
import json
import random
import sys

import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

MAX_TOKENS = 32

BY_HAND = [
    "", " ", "cat", "a photo of a cat", "Traffic Light", "hello, world!", "mobile phone", "T-shirt", "men's shoe",
    "don't can't won't it's I'm we've you'll he'd y'all", "rock'n'roll", "O'Neill’s", "naïve café", "Übergröße", "Ångström",
    "crème brûlée", "smörgåsbord", "jalapeño", "Dvořák", "Łódź", "Škoda", "İstanbul", "ıssız", "ΑΒΓ ς Σ", "Straße ẞ",
    "cafe\u0301", "e\u0301\u0323", "a\u0323\u0301b", "\u0301x", "x\u20dd", "\u1e69 s\u0323\u0307 s\u0307\u0323", "ﬁne ﬂow ﬀ", "½ cup", "x²", "№5", "™ ® ©",
    "猫", "猫 cat", "红色的汽车", "一只cat和dog", "東京タワー", "ねこ", "カメラ", "고양이", "한국어 텍스트", "豈更車", "\U00020000\U0002a6d6", "\U0002f800", "㐀䶵", "〇々",
    "🐱", "🐱 cat", "cat🐱dog", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "☕ coffee", "→ arrow", "♀ ♂",
    "кошка", "Ёлка й", "γάτα", "قطة", "קָמָץ", "बिल्ली", "แมว", "ქართული", "Ⴀ", "ᏣᎳᎩ", "ꭰ",
    "a\tb\nc\rd", "a\x00b", "a\x01\x02b", "a\x7fb", "a\u0080b\u0085c", "a\u00adb", "a\u200bb", "a\u200db", "\ufeffcat", "a\u2028b\u2029c", "a\u3000b", "a\u00a0b", "a\u1680b", "a\ufffdb",
    "a\ue000b", "\u202ecat", "zero\u200c width", "a\x0bb\x0cc", "a\x1cb\x1fc",
    "[CLS] cat [SEP]", "[UNK]", "[PAD]", "##cat", "# cat", "$5.99", "50% off", "a+b=c", "C++", "C#", "<b>", "^~`|", "user@mail", "x_y_z", "{}[]()", "\\n", "...", "…", "—–-", "“cat” ‘dog’", "„cat“ «dog»", "、。「」", "¿qué? ¡no!", "·", "§5 ¶", "€5 £6 ¥7",
    "x" * 99, "x" * 100, "x" * 101, "cat" * 33, "cat" * 34, "é" * 100, "é" * 101, "猫" * 40, "a" * 1000, "1234567890" * 3, "z" * 31,
    "cat " * 29, "cat " * 30, "cat " * 31, "cat " * 100, "unbelievable " * 20, "!" * 30, "!" * 31, "qwrtzpsdfghjklyxcvbnm " * 3, "cat " * 29 + "unbelievably", "cat " * 29 + "ж", "cat " * 30 + "ж", "cat " * 28 + "qwrtz", "cat " * 30 + " \t", "cat " * 30 + "\u0301",
    "supercalifragilisticexpialidocious", "antidisestablishmentarianism", "zzyzx", "iphone 15 pro max", "coca-cola", "wi-fi", "3d printer", "2x4", "1,000.50", "12:30", "e.g.", "U.S.A.", "Ph.D.",
    "a photo of the large traffic light standing near a yellow fire hydrant in the street", "hot dog", "sports ball", "dining table", "hair drier",
]

RANGES = {
    "latin": [(0x20, 0x7E), (0xA0, 0x24F), (0x1E00, 0x1EFF)],
    "accents": [(0x61, 0x7A), (0x300, 0x36F), (0xC0, 0x17F)],
    "control": [(0x01, 0x20), (0x61, 0x6A), (0x7F, 0xA0), (0x2000, 0x200F), (0x2028, 0x202F)],
    "marks": [(0x21, 0x40), (0x61, 0x66), (0x2010, 0x2027), (0x2030, 0x205E), (0x3001, 0x3011)],
    "europe": [(0x370, 0x377), (0x391, 0x3A1), (0x3A3, 0x3FF), (0x400, 0x45F), (0x20, 0x20)],
    "asia": [(0x4E00, 0x4E40), (0x3041, 0x3096), (0x30A1, 0x30FA), (0xAC00, 0xAC40), (0xF900, 0xF920), (0x61, 0x66), (0x20, 0x20)],
    "south": [(0x905, 0x939), (0x93E, 0x94D), (0xE01, 0xE3A), (0x5D0, 0x5EA), (0x621, 0x64A), (0x64B, 0x652), (0x20, 0x20)],
    "pictures": [(0x1F400, 0x1F43E), (0x2600, 0x2640), (0xFE0F, 0xFE0F), (0x200D, 0x200D), (0x1F1E6, 0x1F1FF), (0x61, 0x66), (0x20, 0x20)],
}


def texts(vocabulary):
    """2,000 texts: by hand, at random from scripts, and of the vocabulary's own pieces."""
    rnd = random.Random(7)
    yield from BY_HAND
    for ranges in RANGES.values():
        for _ in range(140):
            yield "".join(chr(rnd.randint(*rnd.choice(ranges))) for _ in range(rnd.randint(1, 30)))
    words = [p for p in vocabulary if p.isalpha()]
    tails = [p[2:] for p in vocabulary if p.startswith("##")]
    for _ in range(2000 - len(BY_HAND) - 140 * len(RANGES)):
        made = [rnd.choice(words) + "".join(rnd.sample(tails, rnd.choice([0, 0, 1, 2]))) for _ in range(rnd.randint(1, 9))]
        made = [rnd.choice([str, str.upper, str.title])(w) for w in made]
        yield rnd.choice([" ", " ", "-", ", ", "'"]).join(made)


def main():
    vocab_path, out_path = sys.argv[1:]
    with open(vocab_path, encoding="utf-8") as f:
        vocabulary = f.read().split("\n")[:-1]
    tok = Tokenizer(models.WordPiece({p: i for i, p in enumerate(vocabulary)}, unk_token="[UNK]", max_input_chars_per_word=100))
    tok.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cls, sep = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    tok.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    records = []
    for text in texts(vocabulary):
        tok.no_truncation()
        truncated = len(tok.encode(text).ids) > MAX_TOKENS
        tok.enable_truncation(MAX_TOKENS)
        e = tok.encode(text)
        byte = [0]
        for c in text:
            byte.append(byte[-1] + len(c.encode()))
        spans = [byte[i] for span in e.offsets for i in span]
        records.append({"text": text, "ids": e.ids, "spans": spans, "truncated": truncated})
    write(out_path, {"tokenizers": tokenizers.__version__, "max_tokens": MAX_TOKENS, "encodings": records})


def write(path, fixture):
    """Writes a fixture as compressed JSON, the same bytes for the same content."""
    text = json.dumps(fixture, separators=(",", ":"))
    with open(path, "wb") as f, gzip.GzipFile(filename="", mode="wb", fileobj=f, mtime=0) as z:
        z.write(text.encode("ascii"))
    print(len(fixture["encodings"]), "texts")


if __name__ == "__main__":
    main()
