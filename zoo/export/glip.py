"""Makes a pack of an official GLIP checkpoint: GLIP-T (A), (B), (C), GLIP-T and GLIP-L.

    python3 zoo/export glip glip_tiny_model_o365_goldg_cc_sbu.pth --vocab vocab.txt -o packs/glip-t

The checkpoints are those that microsoft/GLIP's README lists; --vocab is bert-base-uncased's list of pieces, which
every copy of that model carries as vocab.txt. The sizes, and whether it is GLIP-T(A), are read off the checkpoint.

Roles: image, text and head; for GLIP-T(A), which fuses nothing, image, head_a, text_a and match. Photo sides
(multiples of 32) and caption lengths stay free. --int8 keeps the weights of BERT's and Swin's matrix products as int8
(ONNX Runtime's dynamic quantisation); --fp16 stores large weights as fp16 and calculates in fp32. Neither touches what
the fusion head calculates with, which --int8 would spoil.
"""

import pathlib

import checkpoint
import command
import glip_net as net
import pack
import torch

LEVELS = ["p3", "p4", "p5", "p6", "p7"]
STRIDES = [8, 16, 32, 64, 128]
MAX_TOKENS = 256


def model_of(sd, **counts):
    """A network that holds the checkpoint. counts are the numbers of heads and groups, where not the official ones."""
    try:
        shape = net.Shape.of(sd, **counts)
    except KeyError as e:
        raise checkpoint.CheckpointError(f"the checkpoint does not fit GLIP: {e.args[0]} is missing") from e
    return net.GLIP(shape).read(sd).eval()


def deform_conv(g, x, weight, offset, mask, bias, sh, sw, ph, pw, dh, dw, groups, offset_groups, use_mask):
    """torchvision::deform_conv2d as ONNX's own operator: both keep offsets as (y, x) by tap."""

    def integer(v):
        return int(torch.onnx.symbolic_helper._maybe_get_const(v, "i"))

    return g.op(
        "DeformConv", x, weight, offset, bias, mask,
        dilations_i=[integer(dh), integer(dw)], group_i=integer(groups), kernel_shape_i=[3, 3],
        offset_group_i=integer(offset_groups), pads_i=[integer(ph), integer(pw)] * 2, strides_i=[integer(sh), integer(sw)],
    )  # fmt: skip


torch.onnx.register_custom_op_symbolic("torchvision::deform_conv2d", deform_conv, pack.OPSET)


def parts(m, directory):
    """Exports every role and returns its file."""
    ids = torch.ones(1, 7, dtype=torch.long)
    photo = torch.zeros(1, 3, 96, 160)
    with torch.no_grad():
        levels = m.backbone(photo)
        hidden = m.bert(ids, ids)
    size = {2: "h", 3: "w"}
    maps = {n: {2: f"h{n[1]}", 3: f"w{n[1]}"} for n in LEVELS}
    words = {"input_ids": {1: "t"}, "attention_mask": {1: "t"}}
    places = {"bbox_deltas": {1: "a"}, "centerness": {1: "a"}}

    def to(role):
        return directory / f"{role}.onnx"

    files = {"image": pack.export(net.Image(m), (photo,), to("image"), ["pixel_values"], LEVELS, {"pixel_values": size, **maps})}
    if m.shape.fused:
        files["text"] = pack.export(
            net.Text(m), (ids, ids), to("text"), ["input_ids", "attention_mask"], ["lang_hidden"], {**words, "lang_hidden": {1: "t"}}
        )
        files["head"] = pack.export(
            net.DeepHead(m), (*levels, hidden, ids), to("head"), [*LEVELS, "lang_hidden", "attention_mask"],
            ["token_logits", "bbox_deltas", "centerness"],
            {**maps, "lang_hidden": {1: "t"}, "attention_mask": {1: "t"}, "token_logits": {1: "a", 2: "t"}, **places},
        )  # fmt: skip
        return files
    with torch.no_grad():
        visual, *_ = net.DualHead(m)(*levels)
        tok, bias = net.DualText(m)(ids, ids)
    side = {"tok": {1: "t"}, "tok_bias": {1: "t"}}
    files["text_a"] = pack.export(net.DualText(m), (ids, ids), to("text_a"), ["input_ids", "attention_mask"], ["tok", "tok_bias"], {**words, **side})
    files["head_a"] = pack.export(
        net.DualHead(m), tuple(levels), to("head_a"), LEVELS, ["visual_tokens", "bbox_deltas", "centerness"],
        {**maps, "visual_tokens": {1: "a"}, **places},
    )  # fmt: skip
    files["match"] = pack.export(
        net.Match(), (visual, tok, bias), to("match"), ["visual_tokens", "tok", "tok_bias"], ["token_logits"],
        {"visual_tokens": {1: "a"}, **side, "token_logits": {1: "a", 2: "t"}},
    )  # fmt: skip
    return files


def vocabulary(path, shape):
    """Reads the pieces and checks that there is one for each row of the graph's table."""
    data = pathlib.Path(path).read_bytes()
    pieces = data.decode().splitlines()
    if len(pieces) != shape.vocab:
        raise checkpoint.CheckpointError(f"{path} has {len(pieces)} pieces, but the checkpoint knows {shape.vocab}: it is another model's vocabulary")
    missing = [p for p in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if p not in pieces]
    if missing:
        raise checkpoint.CheckpointError(f"{path} has no piece {missing[0]}")
    return data


def manifest(m, ident, title, source, size, most):
    fused = m.shape.fused
    return {
        "id": ident,
        "title": title,
        "family": "glip",
        "tasks": ["detect", "ground"],
        "licence": "MIT",
        "source": source,
        "tokenizer": {"kind": "wordpiece", "vocab": "vocab", "max_tokens": min(MAX_TOKENS, m.shape.positions), "pieces": m.shape.vocab},
        "text": {"encoder": "text" if fused else "text_a", "dim": m.shape.lang if fused else m.shape.channels, "templates": ["{}"]},
        "image": {
            "size": size, "multiple": 32, "resize": "short", "max_long": most, "shrink": "pil-bilinear", "grow": "pil-bilinear",
            "order": "BGR", "pad_mean": True, "pad": 0, "mean": [103.53, 116.28, 123.675], "std": [57.375, 57.12, 58.395],
        },
        "scoring": {
            "rule": "glip", "fusion": "deep" if fused else "dual", "levels": LEVELS, "strides": STRIDES, "anchor": 8,
            "candidate": 0.05, "per_level": 1000, "names": 40, "separator": ". ",
        },
        "defaults": {"score": 0.5, "nms": 0.6, "max": 100},
        "memory_mb": 1500,
    }  # fmt: skip


LICENCE = """GLIP's code and checkpoints are published by Microsoft under the MIT licence (microsoft/GLIP).
bert-base-uncased, whose pieces and weights are part of this pack, is published by Google under Apache-2.0.
Made from {source} by Saysee's zoo/export.
"""


def write(m, out, vocab, ident, title, source, size=800, most=1333, weights="fp32"):
    """Writes the pack's folder."""
    pieces = vocabulary(vocab, m.shape)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = parts(m, out)
    for role, path in files.items():
        if weights != "int8" or role in ("image", "text", "text_a"):
            pack.store(path, weights)
    files["vocab"] = pack.add(out / "vocab.txt", pieces)
    pack.write(out, manifest(m, ident, title, source, size, most), files, LICENCE.format(source=source))


def export(a):
    m = model_of(checkpoint.read(a.checkpoint, "GLIP"))
    write(m, a.out, a.vocab, a.id, a.title, a.source, weights=a.weights)


def main():
    p = command.arguments(__doc__, "GLIP", merges=False)
    p.add_argument("--vocab", required=True, help="bert-base-uncased's vocab.txt")
    command.run("glip", p, export)


if __name__ == "__main__":
    main()
