"""Distil the text encoder: a small WordPiece transformer that lands in the starters' 256-d text space.

    python zoo/starter/text.py train --teacher HALF --strings strings.tsv.gz --space space.npz --minutes 5 --out text.pt
    python zoo/starter/text.py export --model text.pt --wordings wordings.npz --out FOLDER

The vocabulary is the teacher's, pruned to single characters and the pieces that the strings need most; the layers are four of the
teacher's six. Trained on one GPU (or, for a few steps, on a processor: --steps 5 --limit 3000 --batch 64). Every seventh batch is cut
into pieces with a much smaller vocabulary, so that words that are in no vocabulary are read by their pieces.
`export` writes text.onnx (weights as int8, computed in float) and vocab.txt. Words are drawn towards the names that are nearest to
them among those of boxes and masks (wordings.py): of what lies between, photos know little, and much of what can be asked for is a kind of those.
"""

import argparse
import collections
import gzip
import pathlib
import random
import time

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from rewrite import Operators, find, tidy
from shrink import by_channel, fold_constants, weights_to_int8
from teacher import Encoder, Teacher, pad
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.nn import functional as F

LONGEST = 32
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
LAYERS = (0, 1, 3, 5)
KINDS = ("name", "noun", "wording", "phrase", "compound", "caption")
PASSED_ON = 0.7                  # of what draws a noun, to strings with the noun in them
LENGTHS = (5, 7, 9, 13, LONGEST)  # strings of like length run together
DRAWN, NEAREST, NEAR = 2.0, 30.0, 0.15  # length by which a word is drawn to names, how much more the nearest count, likeness from which on
HELD_OUT = 500                    # strings of each kind but names that training never sees
AVERAGE = 0.999


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    for name in ("teacher", "strings", "space", "out"):
        train.add_argument(f"--{name}", required=True)
    train.add_argument("--anchors", help="npz with names and vectors [names, 256] that names keep, instead of the teacher's")
    train.add_argument("--minutes", type=float, default=5)
    train.add_argument("--steps", type=int, default=10**9)
    train.add_argument("--limit", type=int, default=10**9, help="strings at most")
    train.add_argument("--pieces", type=int, default=9200)
    train.add_argument("--coarse", type=int, default=3000, help="pieces of the smaller vocabulary")
    train.add_argument("--batch", type=int, default=1024)
    train.add_argument("--lr", type=float, default=4e-4)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    export = commands.add_parser("export")
    export.add_argument("--model", required=True)
    export.add_argument("--wordings", required=True)
    export.add_argument("--out", required=True)
    return parser.parse_args()


def read_strings(path, limit):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    if len(rows) > limit:
        rows = random.sample(rows, limit)
    return {
        "text": [r[4] for r in rows], "kind": torch.tensor([KINDS.index(r[0]) for r in rows]), "times": torch.tensor([float(r[1]) for r in rows]),
        "pulls": [[(float(p.partition(" ")[0]), p.partition(" ")[2]) for p in r[2].split("|") if p] for r in rows], "base": [r[3] for r in rows],
    }


def choose_pieces(teacher, strings, size):
    """Return the pieces to keep: characters first, so that nothing plain is unreadable, then by how many strings have them."""
    counts = collections.Counter()
    for ids in teacher.cut(strings):
        counts.update(set(ids))
    of = teacher.tokens.id_to_token
    plain = {chr(c) for c in range(33, 127) if not chr(c).isupper()}
    every = [of(i) for i in range(teacher.tokens.get_vocab_size())]
    kept = dict.fromkeys(SPECIAL + [p for p in every if p in plain or (p.startswith("##") and p[2:] in plain)])
    for i, _ in counts.most_common():
        if len(kept) >= size:
            break
        kept.setdefault(of(i))
    return list(kept)


def tokenizer(pieces):
    """Return a tokenizer of BERT's rules over these pieces (a mapping to numbers)."""
    tokens = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]", max_input_chars_per_word=100))
    tokens.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokens.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokens.enable_truncation(LONGEST)
    return tokens


def targets(teacher, strings, space, anchors):
    """Return each string's goal, a unit vector [n, 256]: strings.py says how it is made."""
    mu, axes = (torch.tensor(space[k]) for k in ("mu", "A"))
    texts = dict.fromkeys(strings["text"] + [w for pulls in strings["pulls"] for _, w in pulls] + [b for b in strings["base"] if b])
    place = {t: i for i, t in enumerate(texts)}
    plain = F.normalize((teacher(list(texts)) - mu) @ axes, dim=1)
    if anchors:
        given = np.load(anchors)
        kept = {t for t, k in zip(strings["text"], strings["kind"]) if KINDS[k] == "name"}
        for name, vector in zip(given["names"], given["vectors"]):
            if str(name) in kept:
                plain[place[str(name)]] = F.normalize(torch.tensor(vector, dtype=torch.float32), dim=0)
    drawn = plain.clone()
    for whole in (False, True):  # nouns first, then what has a noun in it
        for text, pulls, base in zip(strings["text"], strings["pulls"], strings["base"]):
            if bool(base) is not whole or not (pulls or base):
                continue
            goal = plain[place[text]].clone()
            for weight, word in pulls:
                goal += weight * (drawn if whole else plain)[place[word]]
            if base:
                goal += PASSED_ON * (drawn[place[base]] - plain[place[base]])
            drawn[place[text]] = F.normalize(goal, dim=0)
    return drawn[[place[t] for t in strings["text"]]]


class Batches:
    """Draws strings of like length with their vectors; keeps all on the device."""

    def __init__(self, strings, cuts, goals, seen, device):
        self.goals = goals.half().to(device)
        self.cuts = [pad(c) for c in cuts]
        self.cuts = [(ids.to(torch.int16).to(device), mask.sum(1).long().to(device)) for ids, mask in self.cuts]
        length = torch.tensor([len(c) for c in cuts[0]])
        self.groups = []
        low = 0
        for high in LENGTHS:
            rows = torch.nonzero((length > low) & (length <= high) & seen)[:, 0]
            if len(rows):
                times = strings["times"][rows]
                self.groups.append((rows.to(device), times.to(device), float(times.sum())))
            low = high

    def draw(self, size, device):
        rows, times, _ = random.choices(self.groups, [g[2] for g in self.groups])[0]
        return rows[torch.multinomial(times, size, replacement=True)]

    def inputs(self, rows, coarse=False):
        ids, lengths = (x[rows] for x in self.cuts[coarse])
        longest = int(lengths.max())
        return ids[:, :longest].long(), (torch.arange(longest, device=ids.device)[None] < lengths[:, None]).float()


def run(net, ids, mask):
    with torch.autocast(ids.device.type, torch.bfloat16):
        return F.normalize(net(ids, mask).float(), dim=1)


def loss_of(got, goal, rows):
    """Distance to the goal, likenesses of all pairs, and telling the strings of a batch apart."""
    pairs, wanted = got @ goal.t(), goal @ goal.t()
    same = (rows[:, None] == rows[None]) & ~torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    apart = F.cross_entropy((pairs * 20).masked_fill(same, -1e4), torch.arange(len(rows), device=rows.device))
    return (1 - (got * goal).sum(1)).mean() + 5 * F.mse_loss(pairs, wanted) + 0.05 * apart


@torch.no_grad()
def likeness(net, batches, rows, coarse=False):
    """Return each string's cosine to its goal."""
    return torch.cat([(run(net, *batches.inputs(r, coarse)) * batches.goals[r].float()).sum(1) for r in rows.split(500)]).cpu()


def train(args):
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(args.seed)
    device = args.device
    strings = read_strings(args.strings, args.limit)
    teacher = Teacher(args.teacher, device)
    pieces = choose_pieces(teacher, strings["text"], args.pieces)
    numbers = {p: i for i, p in enumerate(pieces)}
    cuts = [[e.ids for e in tokenizer(vocabulary).encode_batch(strings["text"])]
            for vocabulary in (numbers, dict(list(numbers.items())[:args.coarse]))]
    print(f"{len(strings['text'])} strings, {len(pieces)} pieces, {sum(map(len, cuts[0])) / len(cuts[0]):.1f} a string, "
          f"{sum(map(len, cuts[1])) / len(cuts[1]):.1f} of the smaller vocabulary", flush=True)
    begin = time.time()
    goals = targets(teacher, strings, np.load(args.space), args.anchors)
    print(f"goals in {time.time() - begin:.0f} s", flush=True)

    held = [torch.nonzero(strings["kind"] == k)[:, 0] for k in range(1, len(KINDS))]
    held = {KINDS[k + 1]: rows[torch.randperm(len(rows))[:min(HELD_OUT, len(rows) // 10)]] for k, rows in enumerate(held)}
    seen = torch.ones(len(goals), dtype=torch.bool)
    seen[torch.cat(list(held.values()))] = False
    batches = Batches(strings, cuts, goals, seen, device)

    net = Encoder(len(pieces), len(LAYERS), LONGEST, 256)
    net.fill(teacher.weights, LAYERS, torch.tensor([teacher.tokens.token_to_id(p) for p in pieces]))
    space = np.load(args.space)
    net.out.weight.data.copy_(torch.tensor(space["A"]).t())
    net.out.bias.data.copy_(-torch.tensor(space["mu"] @ space["A"]))
    del teacher
    net.to(device)
    mean = {k: v.detach().clone() for k, v in net.state_dict().items()}
    small = [p for p in net.parameters() if p.ndim < 2]
    large = [p for p in net.parameters() if p.ndim >= 2]
    optimizer = torch.optim.AdamW([{"params": large, "weight_decay": 0.01}, {"params": small, "weight_decay": 0.0}], lr=args.lr)
    begin, step = time.time(), 0
    while (done := (time.time() - begin) / (60 * args.minutes)) < 1 and step < args.steps:
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 200) * (1 - done) + 1e-6
        rows = batches.draw(args.batch, device)
        loss = loss_of(run(net, *batches.inputs(rows, step % 7 == 6)), batches.goals[rows].float(), rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step += 1
        now = net.state_dict()
        torch._foreach_lerp_(list(mean.values()), list(now.values()), 1 - min(AVERAGE, (1 + step) / (10 + step)))
        if step % 500 == 0 or step == args.steps:
            print(f"{step} {time.time() - begin:.0f}s loss {loss.item():.4f}", flush=True)
    net.load_state_dict(mean)
    net.eval()
    names = torch.nonzero(strings["kind"] == 0)[:, 0]
    for kind, rows in {"name (seen)": names, **held}.items():
        if len(rows):
            whole, coarse = (likeness(net, batches, rows.to(device), c) for c in (False, True))
            print(f"{kind}: cosine {whole.mean():.4f}, 5th percentile {whole.quantile(0.05):.4f}; by smaller pieces {coarse.mean():.4f}", flush=True)
    torch.save({"model": {k: v.half().cpu() for k, v in mean.items()}, "pieces": pieces, "steps": step}, args.out)
    print(f"{step} steps, saved {args.out}")


class Unit(torch.nn.Module):
    """Unit vectors of texts, drawn to the nearest names [n, 256], and the states of their pieces, which packs of GLIP's kind read."""

    def __init__(self, net, names):
        super().__init__()
        self.net = net
        self.register_buffer("names", names)

    def drawn(self, vectors):
        likeness = F.linear(vectors, self.names)
        near = ((likeness.amax(1, keepdim=True) - NEAR) / (1 - NEAR)).clamp(min=0).sqrt()
        return F.normalize(vectors + DRAWN * near * (torch.softmax(NEAREST * likeness, 1) @ self.names), dim=1)

    def forward(self, input_ids, attention_mask):
        states = self.net.states(input_ids, attention_mask)
        return self.drawn(F.normalize(self.net.pooled(states, attention_mask), dim=1)), states


def names_to_int8(graph, names):
    """Store the names once, as 127ths, for both products that read them."""
    op = Operators(graph, "names")
    stored = {t.name: numpy_helper.to_array(t) for t in graph.graph.initializer}
    table = numpy_helper.from_array(names, op.name("table"))
    graph.graph.initializer.append(table)
    whole = op.Mul(op.Cast(table.name, to=TensorProto.FLOAT), 1 / 127)
    for shape, name in ((names.shape, whole), (names.shape[::-1], op.Transpose(whole, perm=[1, 0]))):
        (reader,) = [n for n in find(graph, "MatMul") if n.input[1] in stored and stored[n.input[1]].shape == shape]
        reader.input[1] = name
    tidy(graph)


def table_to_int8(graph):
    """Store the table of pieces as int8 with a scale for each piece: rows are looked up first and scaled then."""
    op = Operators(graph, "pieces")
    stored = {t.name: t for t in graph.graph.initializer}
    gather = next(n for n in find(graph, "Gather") if "input_ids" in n.input)
    whole, scale = by_channel(numpy_helper.to_array(stored[gather.input[0]]), 0)
    table = numpy_helper.from_array(whole, op.name("table"))
    graph.graph.initializer.append(table)
    rows = op.Cast(op.Gather(table.name, gather.input[1], axis=0), to=TensorProto.FLOAT)
    made = gather.output[0]
    gather.output[0] = f"{made}/float"
    op.Mul(rows, op.Gather(op.constant(scale), gather.input[1], axis=0), named=made)
    tidy(graph)


def export(args):

    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    saved = torch.load(args.model, map_location="cpu")
    net = Encoder(len(saved["pieces"]), len(LAYERS), LONGEST, 256)
    net.load_state_dict(saved["model"])
    wordings = np.load(args.wordings)
    names = wordings["vectors"][wordings["broad"], 0]
    ids = torch.zeros(2, 8, dtype=torch.long)
    dynamic = {"input_ids": {0: "T", 1: "L"}, "attention_mask": {0: "T", 1: "L"}, "text_embeds": {0: "T"}, "lang_hidden": {0: "T", 1: "L"}}
    path = str(out / "text.onnx")
    unit = Unit(net, torch.tensor(names / 127, dtype=torch.float32)).eval()
    torch.onnx.export(unit, (ids, torch.ones_like(ids)), path, input_names=["input_ids", "attention_mask"],
                      output_names=["text_embeds", "lang_hidden"], dynamic_axes=dynamic, opset_version=17, dynamo=False)
    graph = onnx.load(path)
    fold_constants(graph)
    names_to_int8(graph, names)
    table_to_int8(graph)
    weights_to_int8(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)
    (out / "vocab.txt").write_text("\n".join(saved["pieces"]) + "\n", encoding="utf-8")
    print(f"{path}: {(out / 'text.onnx').stat().st_size:,} bytes, {len(saved['pieces'])} pieces")


if __name__ == "__main__":
    arguments = arguments()
    {"train": train, "export": export}[arguments.command](arguments)
