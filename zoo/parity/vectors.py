"""Text vectors by ONNX Runtime in Python, as a fixture for prompt/encode: the cosines between phrases.

    pip install tokenizers==0.23.3 onnxruntime==1.32.0 numpy==2.4.6
    python3 zoo/parity/vectors.py PACK_FOLDER/text.onnx PACK_FOLDER/vocab.txt prompt/encode/testdata/cosines.json

Each phrase runs alone: the graph quantizes activations by the range of the whole batch, so that a phrase
gets another vector in other company.
"""

import json
import sys

import numpy as np
import onnxruntime
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

PHRASES = ["cat", "kitten", "dog", "sofa", "couch", "traffic light", "mobile phone", "a photo of a zebra", "Crème brûlée", "猫"]


def main():
    graph, vocabulary, out = sys.argv[1:]
    with open(vocabulary, encoding="utf-8") as f:
        pieces = {p: i for i, p in enumerate(f.read().split("\n")[:-1])}
    tok = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]", max_input_chars_per_word=100))
    tok.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(n, pieces[n]) for n in ("[CLS]", "[SEP]")]
    )
    tok.enable_truncation(32)
    session = onnxruntime.InferenceSession(graph)
    rows = []
    for p in PHRASES:
        ids = np.array([tok.encode(p).ids], np.int64)
        rows.append(session.run(["text_embeds"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
    v = np.stack(rows).astype(np.float64)
    with open(out, "w", encoding="utf-8") as f:
        lines = ",\n    ".join(json.dumps([round(x, 4) for x in r]) for r in (v @ v.T).tolist())
        f.write(f'{{\n  "phrases": {json.dumps(PHRASES, ensure_ascii=False)},\n  "cosines": [\n    {lines}\n  ]\n}}\n')


main()
