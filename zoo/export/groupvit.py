"""Makes a pack of an official GroupViT checkpoint (group_vit_gcc_yfcc_30e-879422e0.pth, group_vit_gcc_redcap_30e-3dd09a76.pth).

    python3 zoo/export groupvit group_vit_gcc_yfcc_30e-879422e0.pth --merges bpe_simple_vocab_16e6.txt -o packs/groupvit-yfcc

--merges is CLIP's list of byte pairs, which NVlabs/GroupViT carries in datasets/ (gzipped or not). The network is that of
the transformers library, into which the official names are put; the positions of a 448 window, which the official code
makes anew for each photo, are made once, and the hard assignment is a plain one-hot.

--int8 keeps the weights of the text side's and the image tower's products as int8, never those of the grouping, where a
small error moves whole regions; --fp16 stores large weights as fp16 and calculates in fp32. --soft declares the rule of
the transformers library (soft groups, no background) in place of the official one; --background is that of the data:
0.95 for things (VOC, COCO), 0.35 for scenes with much stuff (PASCAL Context), none to give every pixel a class.
"""

import math
import pathlib
import re

import checkpoint
import command
import pack
import torch
import torch.nn.functional as F
from torch import nn
from transformers import GroupViTConfig, GroupViTModel
from transformers.models.groupvit import modeling_groupvit

WINDOW = 448
PATCH = 16
CONTEXT = 77


def one_hot(logits, dim):
    """The largest of each column as 1: what the straight-through sum of the official code comes to."""
    at = logits.argmax(dim, keepdim=True)
    shape = [1] * logits.dim()
    shape[dim] = -1
    return (torch.arange(logits.shape[dim]).view(shape) == at).to(logits.dtype)


modeling_groupvit.hard_softmax = one_hot

# Official names to the library's; a group in the pattern stands where \\1 does.
NAMES = [
    (r"img_encoder\.pos_embed", r"vision_model.embeddings.position_embeddings"),
    (r"img_encoder\.patch_embed\.proj\.", r"vision_model.embeddings.patch_embeddings.projection."),
    (r"img_encoder\.patch_embed\.norm\.", r"vision_model.embeddings.layernorm."),
    (r"img_encoder\.norm\.", r"vision_model.layernorm."),
    (r"(img_encoder\.layers\.\d+\.blocks\.\d+)\.norm([12])\.", r"\1.layer_norm\2."),
    (r"(img_encoder\.layers\.\d+\.blocks\.\d+)\.attn\.proj\.", r"\1.self_attn.out_proj."),
    (r"(img_encoder\.layers\.\d+\.blocks\.\d+)\.attn\.", r"\1.self_attn."),
    (r"(img_encoder\.layers\.\d+)\.blocks\.", r"\1.layers."),
    (r"(pre_assign_attn\.attn)\.proj\.", r"\1.out_proj."),
    (r"img_encoder\.layers\.", r"vision_model.encoder.stages."),
    (r"text_encoder\.token_embedding\.", r"text_model.embeddings.token_embedding."),
    (r"text_encoder\.positional_embedding", r"text_model.embeddings.position_embedding.weight"),
    (r"text_encoder\.ln_final\.", r"text_model.final_layer_norm."),
    (r"(resblocks\.\d+)\.ln_([12])\.", r"\1.layer_norm\2."),
    (r"(resblocks\.\d+)\.mlp\.c_fc\.", r"\1.mlp.fc1."),
    (r"(resblocks\.\d+)\.mlp\.c_proj\.", r"\1.mlp.fc2."),
    (r"(resblocks\.\d+)\.attn\.", r"\1.self_attn."),
    (r"text_encoder\.transformer\.resblocks\.", r"text_model.encoder.layers."),
    (r"img_projector\.linear_hidden\.", r"visual_projection."),
    (r"img_projector\.linear_out\.", r"visual_projection.3."),
    (r"text_projector\.linear_hidden\.", r"text_projection."),
    (r"text_projector\.linear_out\.", r"text_projection.3."),
]


def rename(sd):
    """The official state dict under the library's names, fused projections taken apart."""
    out = {}
    for name, value in sd.items():
        for pattern, by in NAMES:
            name = re.sub("^" + pattern if pattern[0] != "(" else pattern, by, name)
        if name.endswith(("_projection.0.weight", "_projection.3.weight")) and value.dim() == 3:
            value = value[:, :, 0]
        fused = re.match(r"(.*self_attn)\.(qkv\.|in_proj_)(weight|bias)$", name)
        if fused:
            for letter, part in zip("qkv", value.chunk(3)):
                out[f"{fused[1]}.{letter}_proj.{fused[3]}"] = part
        else:
            out[name] = value
    return out


def count(sd, pattern):
    found = [int(m[1]) for k in sd if (m := re.match(pattern, k))]
    return max(found) + 1 if found else 0


def configuration(sd, heads=None):
    """All sizes, read off the state dict. Numbers of heads leave no trace in it."""
    width = sd["img_encoder.pos_embed"].shape[2]
    stages = count(sd, r"img_encoder\.layers\.(\d+)\.")
    tokens = [sd[k].shape[1] if (k := f"img_encoder.layers.{i}.group_token") in sd else 0 for i in range(stages)]
    groups = [sd[k].shape[0] if (k := f"img_encoder.layers.{i}.downsample.mlp_inter.fc2.weight") in sd else 0 for i in range(stages)]
    text = sd["text_encoder.positional_embedding"].shape[1]
    vocab = sd["text_encoder.token_embedding.weight"].shape[0]
    inner, ratio = "img_encoder.layers.0.downsample", 1 / width
    return GroupViTConfig(
        vision_config={
            "hidden_size": width, "intermediate_size": sd["img_encoder.layers.0.blocks.0.mlp.fc1.weight"].shape[0],
            "depths": [count(sd, rf"img_encoder\.layers\.{i}\.blocks\.(\d+)\.") for i in range(stages)],
            "num_group_tokens": tokens, "num_output_groups": groups, "num_attention_heads": heads or width // 64,
            "image_size": math.isqrt(sd["img_encoder.pos_embed"].shape[1]) * PATCH, "patch_size": PATCH,
            "assign_mlp_ratio": [
                sd[f"{inner}.mlp_inter.fc1.weight"].shape[0] * ratio, sd[f"{inner}.mlp_channels.fc1.weight"].shape[0] * ratio,
            ],
        },
        text_config={
            "hidden_size": text, "intermediate_size": 4 * text, "num_attention_heads": text // 64,
            "num_hidden_layers": count(sd, r"text_encoder\.transformer\.resblocks\.(\d+)\."),
            "vocab_size": vocab, "bos_token_id": vocab - 2, "eos_token_id": vocab - 1, "max_position_embeddings": CONTEXT,
        },
        projection_dim=sd["img_projector.linear_out.weight"].shape[0],
        projection_intermediate_dim=sd["img_projector.linear_out.weight"].shape[1],
        attn_implementation="eager",
    )  # fmt: skip


def model_of(sd, heads=None):
    """The library's network with the checkpoint in it."""
    try:
        config = configuration(sd, heads)
    except KeyError as e:
        raise checkpoint.CheckpointError(f"the checkpoint is not whole: {e.args[0]} is missing") from e
    model = GroupViTModel(config)
    return checkpoint.fill(model, rename(sd), unused=["multi_label_logit_scale"])


class Image(nn.Module):
    """A window's groups: vectors, that of the whole window, and each group's share of each patch."""

    def __init__(self, model, window):
        super().__init__()
        self.vision, self.project = model.vision_model, model.visual_projection
        positions = self.vision.embeddings.position_embeddings.data
        old, self.side = math.isqrt(positions.shape[1]), window // PATCH
        if old != self.side:
            grid = positions.reshape(1, old, old, -1).permute(0, 3, 1, 2)
            grid = F.interpolate(grid, size=(self.side, self.side), mode="bicubic", align_corners=False)
            positions = grid.permute(0, 2, 3, 1).reshape(1, self.side**2, -1)
        self.register_buffer("positions", positions)

    def forward(self, pixels):
        e = self.vision.embeddings
        x = e.patch_embeddings.projection(pixels).flatten(2).transpose(1, 2)
        x = e.layernorm(x) + self.positions
        tokens, shares = None, None
        for stage in self.vision.encoder.stages:
            x, tokens, claim = stage(x, tokens, output_attentions=True)
            if claim is not None:
                claim = claim.transpose(1, 2)
                shares = claim if shares is None else shares @ claim
        x = self.vision.layernorm(x)
        shares = shares.transpose(1, 2).reshape(1, -1, self.side, self.side)
        return self.project(x[0])[None], self.project(x.mean(1)), shares


class Text(nn.Module):
    """Vectors of texts, not of unit length. Texts may be shorter than the context, and filled up with 0."""

    def __init__(self, model):
        super().__init__()
        self.text, self.project = model.text_model, model.text_projection

    def forward(self, ids):
        e = self.text.embeddings
        length = ids.shape[1]
        x = e.token_embedding(ids) + e.position_embedding.weight[:length]
        at = torch.arange(length)
        later = (at[None, :] > at[:, None]).float() * torch.finfo(torch.float32).min
        later = later.expand(ids.shape[0], 1, length, length)
        for layer in self.text.encoder.layers:
            x = layer(x, attention_mask=later)
        end = ids.to(torch.int32).argmax(1)
        x = self.text.final_layer_norm(x)
        return self.project(x[torch.arange(x.shape[0]), end])


def parts(model, out, window=WINDOW):
    """Exports every role and returns its file."""
    return {
        "image": pack.export(
            Image(model, window).eval(), (torch.zeros(1, 3, window, window),), out / "image.onnx",
            ["pixel_values"], ["group_embeds", "image_embeds", "group_map"],
        ),
        "text": pack.export_text(Text(model), out),
    }  # fmt: skip


def scoring(model, soft, background):
    scale = min(model.logit_scale.exp().item(), 100.0)
    if soft:
        return {"rule": "groupvit", "grouping": "soft", "scale": scale}
    rule = {"rule": "groupvit", "grouping": "hard", "scale": scale, "top": 5}
    return rule if background is None else {**rule, "background": background}


LICENCE = """GroupViT's code and checkpoints are published by NVIDIA under the NVIDIA Source Code License for GroupViT, which
allows non-commercial use only (NVlabs/GroupViT, LICENSE). This pack falls under it and may not be bundled or sold.
The list of byte pairs is OpenAI CLIP's (MIT).
Made from {source} by Saysee's zoo/export.
"""


def write(sd, out, pairs, ident, title, source, weights="fp32", soft=False, background=0.95, window=WINDOW, heads=None):
    """Writes the pack's folder."""
    model = model_of(sd, heads)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    data = pack.merges(pairs, model.config.text_config.vocab_size)
    files = parts(model, out, window)
    for path in files.values():
        pack.store(path, weights, leave=["downsample", "project"])
    files["merges"] = pack.add(out / "merges.txt", data)
    pack.write(out, {
        "id": ident, "title": title, "family": "groupvit", "tasks": ["segment"], "licence": "NVIDIA Source Code License (non-commercial)",
        "source": source,
        "tokenizer": {"kind": "bpe", "vocab": "merges", "max_tokens": CONTEXT, "pieces": model.config.text_config.vocab_size},
        "text": {"encoder": "text", "dim": model.config.projection_dim, "templates": ["a photo of a {}."], "normalize": "mean-normalize"},
        "image": {
            "size": window, "multiple": 1, "resize": "short", "max_long": 2048 * window // WINDOW, "window": window, "stride": window // 2,
            "shrink": "linear", "grow": "linear", "order": "RGB", "pad": 0, "pad_mean": True,
            "mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375],
        },
        "scoring": scoring(model, soft, background),
        "defaults": {"score": 0, "nms": 0, "max": 100},
        "memory_mb": 400,
    }, files, LICENCE.format(source=source))  # fmt: skip


def share(text):
    return None if text == "none" else float(text)


def export(a):
    sd = checkpoint.read(a.checkpoint, "GroupViT")
    write(sd, a.out, a.merges, a.id, a.title, a.source, a.weights, a.soft, a.background)


def main():
    p = command.arguments(__doc__, "GroupViT")
    p.add_argument("--background", type=share, default=0.95, help="probability below which a pixel is background, or none")
    p.add_argument("--soft", action="store_true", help="the transformers library's rule")
    command.run("groupvit", p, export)


if __name__ == "__main__":
    main()
