"""Makes a pack of an official ViLD checkpoint and of the CLIP ViT-B/32 that it was trained towards.

    python3 zoo/export vild resnet50_vild/model.ckpt-180000 --clip ViT-B-32.pt --merges bpe_simple_vocab_16e6.txt.gz -o packs/vild-r50

The checkpoint is a TensorFlow one (resnet50_vild, resnet152_vild and their _ensemble forms of tensorflow/tpu's README): its
prefix, its .index file, or a SavedModel's folder with the same variables. TensorFlow is not needed. The networks are written
anew and built from the variables by name; the depth, and whether it is an ensemble, are read off them.

Graphs: image (pyramid and anchors' scores), regions (vectors and boxes of proposals), masks, text. Choosing proposals lies
between them and is the program's, as is all that follows.

--base FILE lists the names of the base categories (LVIS frequent and common), one a line, with which an ensemble weighs its
two branches; names that it does not hold count as novel. --templates one takes "a photo of {a} {}." alone, not all 63.
--int8 keeps the weights of the text side's products as int8, --fp16 stores large weights as fp16 and calculates in fp32;
the detector's own products stay as they are in int8 packs, since scores are cosines times 100.
"""

import pathlib

import checkpoint
import clip
import clip_net
import command
import pack
import tf_checkpoint
import torch
import vild_net as net

CANVAS = 1024
MAPS = [f"p{i}" for i in net.LEVELS]
# The demonstration notebook's, and the prefix that it puts before sentences that begin with "a" or "the".
TEMPLATES = """There is {A} in the scene.|There is the {} in the scene.|a photo of {A} in the scene.|a photo of the {} in the scene.|a photo of one {} in the scene.
itap of {A}.|itap of my {}.|itap of the {}.|a photo of {A}.|a photo of my {}.|a photo of the {}.|a photo of one {}.|a photo of many {}.
a good photo of {A}.|a good photo of the {}.|a bad photo of {A}.|a bad photo of the {}.|a photo of a nice {}.|a photo of the nice {}.|a photo of a cool {}.|a photo of the cool {}.|a photo of a weird {}.|a photo of the weird {}.
a photo of a small {}.|a photo of the small {}.|a photo of a large {}.|a photo of the large {}.
a photo of a clean {}.|a photo of the clean {}.|a photo of a dirty {}.|a photo of the dirty {}.
a bright photo of {A}.|a bright photo of the {}.|a dark photo of {A}.|a dark photo of the {}.
a photo of a hard to see {}.|a photo of the hard to see {}.|a low resolution photo of {A}.|a low resolution photo of the {}.|a cropped photo of {A}.|a cropped photo of the {}.|a close-up photo of {A}.|a close-up photo of the {}.|a jpeg corrupted photo of {A}.|a jpeg corrupted photo of the {}.|a blurry photo of {A}.|a blurry photo of the {}.|a pixelated photo of {A}.|a pixelated photo of the {}.
a black and white photo of the {}.|a black and white photo of {A}.
a plastic {}.|the plastic {}.|a toy {}.|the toy {}.|a plushie {}.|the plushie {}.|a cartoon {}.|the cartoon {}.|an embroidered {}.|the embroidered {}.
a painting of the {}.|a painting of a {}."""
LICENCE = """ViLD's code and checkpoints are published by Google under Apache-2.0 (tensorflow/tpu). CLIP's text side and list of byte
pairs are OpenAI's (MIT).
Made from {source} by Saysee's zoo/export.
"""


def templates(which):
    if which == "one":
        return [sentence("a photo of {A}.")]
    return [sentence(t) for line in TEMPLATES.splitlines() for t in line.split("|")]


def sentence(template):
    filled = template.replace("{A}", "{a} {}")
    return "This is " + filled if template.startswith(("a", "the")) else filled


def parts(nets, text, out, canvas):
    """Exports every role and returns its file."""
    image, regions, masks = nets
    pixels = torch.zeros(1, 3, canvas, canvas)
    with torch.no_grad():
        maps = image(pixels)[: len(MAPS)]
    boxes = torch.tensor([[0.0, 0.0, 30.0, 40.0], [4.0, 2.0, 50.0, 60.0]])
    embeds = ["box_deltas", "region_embeds", "bg_embed"] + (["distilled_embeds"] if regions.distilled is not None else [])
    many = {"rois": {0: "r"}, **{n: {0: "r"} for n in embeds if n != "bg_embed"}}
    return {
        "image": pack.export(image, (pixels,), out / "image.onnx", ["pixel_values"], [*MAPS, "rpn_scores", "rpn_deltas"]),
        "regions": pack.export(regions, (*maps, boxes), out / "regions.onnx", [*MAPS, "rois"], embeds, many),
        "masks": pack.export(masks, (*maps, boxes), out / "masks.onnx", [*MAPS, "boxes"], ["mask_probs"], {"boxes": {0: "k"}, "mask_probs": {0: "k"}}),
        "text": pack.export_text(clip_net.Text(text), out),
    }  # fmt: skip


def write(variables, words, out, pairs, ident, title, source, weights="fp32", base=(), which="all", canvas=CANVAS, proposals=1000):
    """Writes the pack's folder. words is CLIP's state dict."""
    nets = net.build(variables)
    text = clip.model_of(words)
    dim, vocab = text.text_projection.shape[1], text.token_embedding.weight.shape[0]
    if nets[1].background.shape[0] != dim:
        raise checkpoint.CheckpointError(f"the detector's vectors have {nets[1].background.shape[0]} values and CLIP's {dim}: ViLD goes with ViT-B/32")
    data = pack.merges(pairs, vocab)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = parts(nets, text, out, canvas)
    if weights == "int8":
        pack.store_int8(files["text"], leave=["project"])
    elif weights == "fp16":
        for path in files.values():
            pack.store_fp16(path)
    files["merges"] = pack.add(out / "merges.txt", data)
    ensemble = nets[1].distilled is not None
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    pack.write(out, {
        "id": ident, "title": title, "family": "vild", "tasks": ["detect", "mask"], "licence": "Apache-2.0 (ViLD), MIT (CLIP)", "source": source,
        "tokenizer": {"kind": "bpe", "vocab": "merges", "max_tokens": text.positional_embedding.shape[0], "pieces": vocab},
        "text": {"encoder": "text", "dim": dim, "templates": templates(which), "batch": 32 if weights != "int8" else 1},
        "image": {
            "size": canvas, "multiple": 1, "resize": "long", "window": canvas, "stride": canvas, "shrink": "linear-corner", "grow": "linear-corner",
            "order": "RGB", "pad": 0, "pad_mean": True, "mean": [255 * v for v in mean], "std": [255 * v for v in std],
        },
        "scoring": {
            "rule": "vild", "temperature": 100, "ensemble": ensemble, "strides": [2**i for i in net.LEVELS], "anchor": 8, "aspects": [1, 2, 0.5],
            "per_level": proposals, "proposals": proposals, "overlap": 0.7, **({"base": sorted(base)} if ensemble and base else {}),
        },
        "defaults": {"score": 0.3, "nms": 0.5, "max": 300},
        "memory_mb": 1500,
    }, files, LICENCE.format(source=source))  # fmt: skip


def export(a):
    base = pathlib.Path(a.base).read_text().split("\n") if a.base else []
    base = [n.strip().lower() for n in base if n.strip()]
    variables, words = tf_checkpoint.read(a.checkpoint), clip.read(a.clip)
    write(variables, words, a.out, a.merges, a.id, a.title, a.source, a.weights, base, a.templates)


def main():
    p = command.arguments(__doc__, "ViLD")
    p.add_argument("--clip", required=True, help="OpenAI's ViT-B-32.pt")
    p.add_argument("--base", help="names of the base categories, one a line")
    p.add_argument("--templates", choices=["one", "all"], default="all")
    command.run("vild", p, export)


if __name__ == "__main__":
    main()
