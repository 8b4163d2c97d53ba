"""Makes a pack of an official CLIP checkpoint: RN50 to RN50x64, ViT-B/32 to ViT-L/14@336px.

    python3 zoo/export clip ViT-B-32.pt --merges bpe_simple_vocab_16e6.txt.gz -o packs/clip-vit-b32

The checkpoints are those that openai/CLIP's clip.py lists, TorchScript archives or plain state dicts; --merges is the
list of byte pairs that the repository carries in clip/. All sizes are read off the checkpoint.

Roles: image and text, vectors not of unit length. --int8 keeps the weights of the towers' matrix products as int8 (ONNX
Runtime's dynamic quantisation) but for the last of each side; --fp16 stores large weights as fp16 and calculates in
fp32. --templates: "one" ("a photo of a {}."), "7" or "80" of OpenAI's notebook for ImageNet, or "none".
"""

import pathlib

import checkpoint
import clip_net as net
import command
import pack
import torch

import templates

IMAGE = {
    "multiple": 1, "resize": "crop", "shrink": "pil-bicubic", "grow": "pil-bicubic", "order": "RGB", "pad": 0,
    "mean": [255 * v for v in (0.48145466, 0.4578275, 0.40821073)], "std": [255 * v for v in (0.26862954, 0.26130258, 0.27577711)],
}  # fmt: skip
LICENCE = """CLIP's code and checkpoints are published by OpenAI under the MIT licence (openai/CLIP), with a model card that holds
deployment out of scope without tests of one's own. The list of byte pairs is theirs.
Made from {source} by Saysee's zoo/export.
"""


def read(path):
    """The state dict of a TorchScript archive or of a plain checkpoint."""
    try:
        loaded = torch.jit.load(path, map_location="cpu").state_dict()
    except RuntimeError:
        return checkpoint.read(path, "CLIP")
    return checkpoint.check(dict(loaded), "CLIP")


def model_of(sd, build=net.clip, unused=()):
    """The network with the checkpoint in it."""
    sd = {k: v for k, v in sd.items() if k not in ("input_resolution", "context_length", "vocab_size")}
    try:
        model = build(sd)
    except KeyError as e:
        raise checkpoint.CheckpointError(f"the checkpoint is not whole: {e.args[0]} is missing") from e
    return checkpoint.fill(model, sd, unused)


def parts(model, out):
    """Exports both sides and returns their files by role."""
    side = model.side
    return {
        "image": pack.export(
            net.Image(model).eval(), (torch.zeros(2, 3, side, side),), out / "image.onnx", ["pixel_values"], ["image_embeds"],
            {"pixel_values": {0: "n"}, "image_embeds": {0: "n"}},
        ),
        "text": pack.export_text(net.Text(model), out),
    }  # fmt: skip


def write(model, out, pairs, ident, title, source, family, image, licence, texts, weights="fp32"):
    """Writes the pack's folder."""
    vocab, embed = model.token_embedding.weight.shape[0], model.text_projection.shape[1]
    data = pack.merges(pairs, vocab)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = parts(model, out)
    for path in files.values():
        pack.store(path, weights, leave=["project"])
    files["merges"] = pack.add(out / "merges.txt", data)
    pack.write(out, {
        "id": ident, "title": title, "family": family, "tasks": ["name"], "licence": "MIT", "source": source,
        "tokenizer": {"kind": "bpe", "vocab": "merges", "max_tokens": model.positional_embedding.shape[0], "pieces": vocab},
        "text": {"encoder": "text", "dim": embed, "templates": texts, "batch": 1 if weights == "int8" else 32},
        "image": {"size": model.side, **image},
        "scoring": {"rule": "cosine-softmax", "scale": model.logit_scale.exp().item()},
        "defaults": {"score": 0, "nms": 0, "max": 5},
        "memory_mb": 200,
    }, files, licence.format(source=source))  # fmt: skip


def run(family, doc, title, load, image, licence):
    """The command line of CLIP and of its kin. load makes a model of a checkpoint's path."""

    def export(a):
        write(load(a.checkpoint), a.out, a.merges, a.id, a.title, a.source, family, image, licence, templates.SETS[a.templates], a.weights)

    p = command.arguments(doc, title)
    p.add_argument("--templates", choices=sorted(templates.SETS), default="one")
    command.run(family, p, export)


def main():
    run("clip", __doc__, "CLIP", lambda path: model_of(read(path)), IMAGE, LICENCE)


if __name__ == "__main__":
    main()
