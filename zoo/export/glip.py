"""Makes a pack of an official GLIP checkpoint: GLIP-T (A), (B), (C), GLIP-T and GLIP-L.

    python3 zoo/export glip glip_tiny_model_o365_goldg_cc_sbu.pth --vocab vocab.txt -o packs/glip-t

The checkpoints are those that microsoft/GLIP's README lists; --vocab is bert-base-uncased's list of pieces, which
every copy of that model carries as vocab.txt. The sizes, and whether it is GLIP-T(A), are read off the checkpoint.

Roles: image, text and head; for GLIP-T(A), which fuses nothing, image, head_a, text_a and match. Photo sides
(multiples of 32) and caption lengths stay free. --int8 keeps the weights of BERT's and Swin's matrix products as int8
(ONNX Runtime's dynamic quantisation); --fp16 stores large weights as fp16 and calculates in fp32. Neither touches what
the fusion head calculates with, which --int8 would spoil.
"""

import argparse
import hashlib
import json
import pathlib
import pickle
import shutil
import sys
import warnings

import onnx
import torch

import glip_net as net
from pack import store_fp16, store_int8

OPSET = 19  # the first with DeformConv
LEVELS = ["p3", "p4", "p5", "p6", "p7"]
STRIDES = [8, 16, 32, 64, 128]
MAX_TOKENS = 256


def state_dict(path):
    """Reads a checkpoint and says so when it is another model's."""
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as e:
        raise net.CheckpointError(
            f"{path} holds more than weights, which may run code when it is read. Where you trust it, save its"
            ' "model" entry alone and export that'
        ) from e
    except (RuntimeError, EOFError, OSError) as e:
        raise net.CheckpointError(f"{path} is not a checkpoint that PyTorch can read: {e}") from e
    if not isinstance(loaded, dict):
        raise net.CheckpointError(f"{path} holds a {type(loaded).__name__}, not a state dict")
    sd = loaded.get("model", loaded)
    if not isinstance(sd, dict) or not all(isinstance(v, torch.Tensor) for v in sd.values()):
        raise net.CheckpointError(f'{path} has no state dict under "model"')
    return whose({k.removeprefix("module."): v for k, v in sd.items()})


# What other families' checkpoints have that GLIP's have not.
OTHERS = {
    "bbox_head.": "mmdetection's conversion of GLIP; take the original file, whose names are read here",
    "visual.": "a CLIP or SLIP checkpoint",
    "img_encoder.": "a GroupViT checkpoint",
    "net.scratch.": "an LSeg checkpoint",
    "transformer.encoder.": "a Grounding DINO checkpoint",
    "backbone.bottom_up.": "a Detectron2 checkpoint",
}


def whose(sd):
    needs = ("backbone.body.patch_embed.proj.weight", "rpn.head.dyhead_tower.0.", "language_backbone.body.model.")
    if all(any(k.startswith(n) for k in sd) for n in needs):
        return sd
    for prefix, what in OTHERS.items():
        if any(k.startswith(prefix) for k in sd):
            raise net.CheckpointError(f"this is not a GLIP checkpoint but {what}")
    missing = [n for n in needs if not any(k.startswith(n) for k in sd)]
    raise net.CheckpointError(f"this is not a GLIP checkpoint: nothing in it begins with {missing[0]}")


def model_of(sd, **counts):
    """A network that holds the checkpoint. counts are the numbers of heads and groups, where not the official ones."""
    try:
        shape = net.Shape.of(sd, **counts)
    except KeyError as e:
        raise net.CheckpointError(f"the checkpoint does not fit GLIP: {e.args[0]} is missing") from e
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


def export(part, args, path, inputs, outputs, dynamic):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.register_custom_op_symbolic("torchvision::deform_conv2d", deform_conv, OPSET)
        torch.onnx.export(
            part, args, path, input_names=inputs, output_names=outputs, dynamic_axes=dynamic,
            opset_version=OPSET, dynamo=False, do_constant_folding=True,
        )  # fmt: skip
    onnx.checker.check_model(path)
    return path


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

    files = {"image": export(net.Image(m), (photo,), to("image"), ["pixel_values"], LEVELS, {"pixel_values": size, **maps})}
    if m.shape.fused:
        files["text"] = export(
            net.Text(m), (ids, ids), to("text"), ["input_ids", "attention_mask"], ["lang_hidden"], {**words, "lang_hidden": {1: "t"}}
        )
        files["head"] = export(
            net.DeepHead(m), (*levels, hidden, ids), to("head"), [*LEVELS, "lang_hidden", "attention_mask"],
            ["token_logits", "bbox_deltas", "centerness"],
            {**maps, "lang_hidden": {1: "t"}, "attention_mask": {1: "t"}, "token_logits": {1: "a", 2: "t"}, **places},
        )  # fmt: skip
        return files
    with torch.no_grad():
        visual, *_ = net.DualHead(m)(*levels)
        tok, bias = net.DualText(m)(ids, ids)
    side = {"tok": {1: "t"}, "tok_bias": {1: "t"}}
    files["text_a"] = export(net.DualText(m), (ids, ids), to("text_a"), ["input_ids", "attention_mask"], ["tok", "tok_bias"], {**words, **side})
    files["head_a"] = export(
        net.DualHead(m), tuple(levels), to("head_a"), LEVELS, ["visual_tokens", "bbox_deltas", "centerness"],
        {**maps, "visual_tokens": {1: "a"}, **places},
    )  # fmt: skip
    files["match"] = export(
        net.Match(), (visual, tok, bias), to("match"), ["visual_tokens", "tok", "tok_bias"], ["token_logits"],
        {"visual_tokens": {1: "a"}, **side, "token_logits": {1: "a", 2: "t"}},
    )  # fmt: skip
    return files


def vocabulary(path, shape):
    """Reads the pieces and checks that there is one for each row of the graph's table."""
    data = pathlib.Path(path).read_bytes()
    pieces = data.decode().splitlines()
    if len(pieces) != shape.vocab:
        raise net.CheckpointError(f"{path} has {len(pieces)} pieces, but the checkpoint knows {shape.vocab}: it is another model's vocabulary")
    missing = [p for p in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if p not in pieces]
    if missing:
        raise net.CheckpointError(f"{path} has no piece {missing[0]}")
    return data


def manifest(m, files, ident, title, source, size, most):
    fused = m.shape.fused
    return {
        "schema": 1,
        "id": ident,
        "version": "1.0.0",
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
        "memory_mb": 0,
        "files": files,
    }  # fmt: skip


def entry(role, path):
    data = path.read_bytes()
    return {"role": role, "name": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


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
        if weights == "int8" and role in ("image", "text", "text_a"):
            store_int8(path)
        elif weights == "fp16":
            store_fp16(path)
    (out / "vocab.txt").write_bytes(pieces)
    (out / "LICENCE.txt").write_text(LICENCE.format(source=source))
    listed = [entry(role, path) for role, path in files.items()] + [entry("vocab", out / "vocab.txt")]
    pack = manifest(m, listed, ident, title, source, size, most)
    pack["memory_mb"] = 1500 + sum(f["bytes"] for f in listed) // 2**20
    (out / "pack.json").write_text(json.dumps(pack, indent=2) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("--vocab", required=True, help="bert-base-uncased's vocab.txt")
    p.add_argument("-o", "--out", required=True, help="the pack's folder")
    p.add_argument("--id", help="the pack's id, otherwise the folder's name")
    p.add_argument("--title", default="GLIP")
    p.add_argument("--fp16", action="store_const", const="fp16", dest="weights", default="fp32")
    p.add_argument("--int8", action="store_const", const="int8", dest="weights")
    a = p.parse_args()
    fresh = not pathlib.Path(a.out).exists()
    try:
        m = model_of(state_dict(a.checkpoint))
        write(m, a.out, a.vocab, a.id or pathlib.Path(a.out).name, a.title, pathlib.Path(a.checkpoint).name, weights=a.weights)
    except (net.CheckpointError, OSError, UnicodeDecodeError) as e:
        if fresh:
            shutil.rmtree(a.out, ignore_errors=True)
        sys.exit(f"zoo export glip: {e}")


if __name__ == "__main__":
    main()
