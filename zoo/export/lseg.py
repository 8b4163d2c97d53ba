"""Makes a pack of an official LSeg checkpoint (demo_e200.ckpt, lseg_ade20k_l16.ckpt, and the FSS ones with a ViT).

    python3 zoo/export lseg demo_e200.ckpt --merges bpe_simple_vocab_16e6.txt.gz -o packs/lseg

All sizes are read off the checkpoint, which carries CLIP's text side with it; --merges is CLIP's list of byte pairs, from
openai/CLIP's folder clip/. The graph "pixels" ends at vectors of unit length at half the window's resolution, "match"
compares them with words at the whole.

A photo's long side becomes 480 pixels and is seen once. --quality declares the official evaluation instead: six sizes from
260 to 910 pixels in windows of 480, each mirrored too, 28 to 46 runs a photo.

--int8 keeps the weights of the tower's products as int8, none of the convolutions behind it; --fp16 stores large weights
as fp16 and calculates in fp32.
"""

import math
import pathlib

import checkpoint
import clip_net
import command
import lseg_net as net
import pack
import torch

WINDOW = 480
BASE = 520
SCALE = 1 / 0.07  # a derived tensor in the official code, not in the checkpoint
SCALES = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
LICENCE = """LSeg's code is published by Intel under the MIT licence (isl-org/lang-seg); its checkpoints carry no licence of their
own, so take them from there. CLIP's text side and list of byte pairs are OpenAI's (MIT).
Made from {source} by Saysee's zoo/export.
"""
TEXT = "clip_pretrained."
# Parts of the checkpoint that its forward never uses: CLIP's image side, the tower's end, the scale that CLIP was
# trained with.
UNUSED = (TEXT, "pretrained.model.norm.", "pretrained.model.head.")


def text_of(sd):
    """CLIP's text side."""
    own = {k.removeprefix(TEXT): v for k, v in sd.items() if k.startswith(TEXT)}
    model = clip_net.Model(visual=None, side=0, **clip_net.text_shape(own))
    return checkpoint.fill(model, own, ["visual.", "input_resolution", "context_length", "vocab_size"])


def models_of(sd, window=WINDOW, heads=None):
    """Both sides, with the checkpoint in them."""
    sd = {k.removeprefix("net."): v for k, v in sd.items() if k.startswith("net.")}
    if any(k.startswith("scratch.head_block.") for k in sd):
        raise checkpoint.CheckpointError("the checkpoint has a head_block (arch_option 1 or 2); the released ones have none (0), which is what can be exported")
    try:
        pixels = net.Pixels(sd, window, heads)
        text = text_of(sd)
    except KeyError as e:
        raise checkpoint.CheckpointError(f"the checkpoint is not whole: {e.args[0]} is missing") from e
    pixels = checkpoint.fill(pixels, sd, UNUSED)
    if pixels.scratch.head1.out_channels != text.text_projection.shape[1]:
        raise checkpoint.CheckpointError("the checkpoint's pixels and words have vectors of different lengths")
    return pixels, text


def parts(pixels, text, out, window):
    """Exports every role and returns its file."""
    dim = pixels.scratch.head1.out_channels
    vectors = torch.zeros(1, dim, window // 2, window // 2)
    return {
        "pixels": pack.export(pixels, (torch.zeros(1, 3, window, window),), out / "pixels.onnx", ["pixel_values"], ["pixel_embeds"]),
        "match": pack.export(
            net.Match(SCALE), (vectors, torch.zeros(2, dim)), out / "match.onnx", ["pixel_embeds", "text_embeds"], ["logits"],
            {"text_embeds": {0: "n"}, "logits": {1: "n"}},
        ),
        "text": pack.export_text(clip_net.Text(text), out),
    }  # fmt: skip


def write(sd, out, pairs, ident, title, source, weights="fp32", quality=False, window=WINDOW, base=BASE, heads=None):
    """Writes the pack's folder."""
    pixels, text = models_of(sd, window, heads)
    vocab = text.token_embedding.weight.shape[0]
    data = pack.merges(pairs, vocab)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = parts(pixels, text, out, window)
    for role in ("pixels", "text"):
        pack.store(files[role], weights, leave=["act_postprocess", "project"])
    files["merges"] = pack.add(out / "merges.txt", data)
    scoring = {"rule": "cosine"}
    if quality:
        scoring |= {"sizes": [math.ceil(base * s) for s in SCALES], "flip": True}
    pack.write(out, {
        "id": ident, "title": title, "family": "lseg", "tasks": ["segment"], "licence": "MIT code; the checkpoints carry no licence of their own",
        "source": source,
        "tokenizer": {"kind": "bpe", "vocab": "merges", "max_tokens": text.positional_embedding.shape[0], "pieces": vocab},
        "text": {"encoder": "text", "dim": text.text_projection.shape[1], "templates": ["{}"]},
        "image": {
            "size": window, "multiple": 1, "resize": "long", "window": window, "stride": window * 2 // 3,
            "shrink": "linear-corners", "grow": "linear-corners", "order": "RGB", "pad": 0, "mean": [127.5] * 3, "std": [127.5] * 3,
        },
        "scoring": scoring,
        "defaults": {"score": 0, "nms": 0, "max": 100},
        "memory_mb": 900,
    }, files, LICENCE.format(source=source))  # fmt: skip


def export(a):
    write(checkpoint.read(a.checkpoint, "LSeg"), a.out, a.merges, a.id, a.title, a.source, a.weights, a.quality)


def main():
    p = command.arguments(__doc__, "LSeg")
    p.add_argument("--quality", action="store_true", help="six sizes, each mirrored too")
    command.run("lseg", p, export)


if __name__ == "__main__":
    main()
