"""Writes name/clip/testdata: small CLIP and SLIP packs with random weights, and what the official code makes of photos.

    python3 zoo/parity/clip.py OPENAI_CLIP_CHECKOUT SLIP_CHECKOUT prompt/token/testdata/merges.txt name/clip/testdata

The weights go through official checkpoint files (a TorchScript archive of fp16 weights for CLIP, a dictionary with
"module." names for SLIP), the exporter and ONNX. The expectation comes from the official repositories' own code: their
preparation of the photo, their tokenizer, their networks, and the ensemble of openai/CLIP's notebook and of SLIP's
eval_zeroshot.py. Photos have other sizes than the networks' input, so that preparation is compared too.
"""

import argparse
import gzip
import importlib.util
import json
import pathlib
import sys
import tempfile
import zlib

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

HERE = pathlib.Path(__file__).parent
MERGES = 120
VOCAB = 512 + MERGES + 2
CLASSES = ["cat", "dog", "red cup", "traffic light", "person"]
TEMPLATES = ["a photo of a {}.", "itap of a {}.", "a bad photo of the {}."]
PHOTOS = {"landscape": (91, 50), "portrait": (40, 63), "small": (20, 24)}


def module(name, path):
    """Loads a file under a name of its own: the exporter and the official package are both called clip."""
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


def photo(w, h):
    y, x = np.mgrid[:h, :w]
    rng = np.random.default_rng(w)
    waves = [np.sin(x / rng.uniform(1, 9) + y / rng.uniform(1, 9) + rng.uniform(0, 6)) for _ in range(3)]
    return Image.fromarray(np.clip(128 + 110 * np.stack(waves, -1) + rng.normal(0, 8, (h, w, 3)), 0, 255).astype(np.uint8))


def randomise(model):
    for name, w in model.state_dict().items():
        torch.manual_seed(zlib.crc32(name.encode()))  # the text sides of all models are one
        if not w.is_floating_point() or name == "logit_scale":
            continue
        w.normal_(0, 0.25 if w.dim() > 1 else 0.1)
        if "running_var" in name or w.dim() == 1 and name.endswith("weight"):
            w.abs_().add_(1)
        w.copy_((w * 16).round() / 16)  # so that the files compress, and fp16 loses nothing
    model.logit_scale.data.fill_(float(np.float16(np.log(20))))
    return model.eval()


def expect(model, prepare, tokens, pixels_of):
    """What the official code makes of every photo: prepared values, vectors, probabilities."""
    with torch.no_grad():
        columns = []
        for c in CLASSES:
            t = model.encode_text(torch.stack([tokens(s.format(c)) for s in TEMPLATES]))
            t = t / t.norm(dim=-1, keepdim=True)
            t = t.mean(0)
            columns.append(t / t.norm())
        text = torch.stack(columns)
        cases = []
        for name, size in PHOTOS.items():
            pixels = prepare(photo(*size))
            v = model.encode_image(pixels[None])[0]
            v = v / v.norm()
            p = (model.logit_scale.exp() * v @ text.T).softmax(-1)
            print("  ", name, [round(x, 3) for x in p.tolist()])
            cases.append({
                "photo": name, "pixels": [round(x, 5) for x in pixels.flatten()[::pixels_of].tolist()],
                "vector": [round(x, 6) for x in v.tolist()], "probabilities": [round(x, 7) for x in p.tolist()],
            })  # fmt: skip
    return {"classes": CLASSES, "templates": TEMPLATES, "every": pixels_of, "text": [[round(x, 6) for x in t] for t in text.tolist()], "cases": cases}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("clip", "slip", "merges", "out"):
        p.add_argument(name, type=pathlib.Path)
    a = p.parse_args()
    sys.path.insert(0, str(a.clip))
    import clip as official
    from clip import simple_tokenizer

    sys.path.insert(0, str(HERE.parent / "export"))
    export = module("clip_export", HERE.parent / "export/clip.py")
    sys.modules["clip"] = export
    slip_export = module("slip_export", HERE.parent / "export/slip.py")
    a.out.mkdir(parents=True, exist_ok=True)
    for name, size in PHOTOS.items():
        photo(*size).save(a.out / f"{name}.png")
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        lines = a.merges.read_text(encoding="utf-8").split("\n")[: MERGES + 1]
        (tmp / "merges.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
        tokenizer = simple_tokenizer.SimpleTokenizer(str(tmp / "merges.gz"))

        def tokens(text):
            ids = [tokenizer.encoder["<|startoftext|>"], *tokenizer.encode(text), tokenizer.encoder["<|endoftext|>"]]
            return torch.tensor(ids + [0] * (77 - len(ids)))

        small = {"context_length": 77, "vocab_size": VOCAB, "transformer_width": 64, "transformer_heads": 1, "transformer_layers": 2}
        builds = {
            "clip-vit": lambda: official.model.CLIP(16, 32, 2, 64, 8, **small),
            "clip-rn": lambda: official.model.CLIP(16, 32, (1, 1, 1, 1), 4, None, **small),
        }
        for kind, build in builds.items():
            print(kind)
            model = randomise(build())
            path = tmp / f"{kind}.pt"
            half = build()
            half.load_state_dict(model.state_dict())
            official.model.convert_weights(half)
            archive(half, path)
            if kind == "clip-vit":
                refuse(export, slip_export, tmp, export.read(path))
            read = export.model_of(export.read(path))
            save(a.out, kind, export, read, a.merges, tmp / kind, "clip", export.IMAGE, export.LICENCE, expect(model, official.clip._transform(32), tokens, 7))

        print("slip")
        model = randomise(slip_of(a.slip, small))
        prepare = transforms.Compose([
            transforms.Resize(32), transforms.CenterCrop(32), transforms.ToTensor(),
            transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ])  # fmt: skip
        path = tmp / "slip.pt"
        state = {"module." + k: v for k, v in model.state_dict().items()}
        state["module.image_mlp.layer1.weight"] = torch.zeros(2, 2)
        torch.save({"epoch": 1, "state_dict": state, "best_acc1": np.float64(1), "args": argparse.Namespace(model="SLIP_VITS16")}, path)
        read = slip_export.model_of(slip_export.read(path), heads=2)
        save(a.out, "slip", export, read, a.merges, tmp / "slip", "slip", slip_export.IMAGE, slip_export.LICENCE, expect(model, prepare, tokens, 7))


def refuse(export, slip_export, folder, good):
    """What is wrong with a checkpoint or a list of merges must be said, and nothing be left behind."""
    zeros = torch.zeros(1)
    wrong = {
        "one of GroupViT": {"img_encoder.layers.0.x": zeros, "text_projector.x": zeros, "img_projector.x": zeros},
        "Hugging Face": {"vision_model.x": zeros},
        "is missing": {k: v for k, v in good.items() if k != "ln_final.weight"},
        "another size": {**good, "visual.ln_post.weight": zeros},
        "has not": {**good, "adapter.weight": zeros},
    }
    for said, sd in wrong.items():
        torch.save(sd, folder / "wrong.pt")
        try:
            export.model_of(export.read(folder / "wrong.pt"))
        except export.checkpoint.CheckpointError as e:
            assert said in str(e), (said, e)
        else:
            raise AssertionError(f"{said} was not said")
    torch.save(good, folder / "wrong.pt")
    try:
        slip_export.read(folder / "wrong.pt")
    except export.checkpoint.CheckpointError as e:
        assert "one of CLIP" in str(e), e
    (folder / "short.txt").write_text("#version: 0.2\na b\n")
    try:
        export.pack.merges(folder / "short.txt", VOCAB)
    except export.checkpoint.CheckpointError as e:
        assert "another model's" in str(e), e


def archive(model, path):
    """Saves as openai/CLIP publishes its weights: a TorchScript archive."""

    class Holder(torch.nn.Module):
        def forward(self, x):
            return x

    holder = Holder()
    for name, child in model.named_children():
        holder.add_module(name, child)
    for name, w in model.named_parameters(recurse=False):
        holder.register_parameter(name, w)
    torch.jit.save(torch.jit.trace(holder, torch.zeros(1)), path)


def slip_of(checkout, small):
    import timm

    timm.models.registry = timm.models  # its place when SLIP was written
    sys.path.insert(0, str(checkout))
    models = module("slip_models", checkout / "models.py")

    tower = timm.models.vision_transformer.VisionTransformer(img_size=32, patch_size=8, embed_dim=64, depth=2, num_heads=2, num_classes=0)
    return models.CLIP(16, 64, tower, **small)


def save(out, kind, export, model, merges, folder, family, image, licence, expected):
    """Exports a pack and keeps it, compressed, with what is expected of it."""
    export.write(model, folder, merges, kind, kind, "random weights", family, image, licence, TEMPLATES)
    for f in sorted(folder.iterdir()):
        if f.suffix == ".onnx":
            name = "text.onnx.gz" if f.stem == "text" else f"{kind}-{f.name}.gz"
            (out / name).write_bytes(gzip.compress(f.read_bytes(), 9, mtime=0))
    (out / f"{kind}-pack.json").write_bytes((folder / "pack.json").read_bytes())
    (out / f"{kind}.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


main()
