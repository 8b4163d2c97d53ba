"""Reads official checkpoints, and says whose they are when they are not what was asked for."""

import pickle
import types

import torch


class CheckpointError(ValueError):
    """A checkpoint that is another model's, or not whole."""


# What only one family's checkpoints have, by the beginning of a name.
FAMILIES = {
    "GLIP": ("backbone.body.patch_embed.proj.weight", "rpn.head.dyhead_tower.0.", "language_backbone.body.model."),
    "GroupViT": ("img_encoder.layers.0.", "text_projector.", "img_projector."),
    "LSeg": ("net.scratch.head1.", "net.pretrained.model.", "net.clip_pretrained."),
    "SLIP": ("visual.patch_embed.", "image_projection"),
    "CLIP": ("visual.", "text_projection"),
}
CONVERSIONS = {
    "bbox_head.": "mmdetection's conversion of GLIP; take the original file, whose names are read here",
    "vision_model.": "a Hugging Face model, whose names are others; take the original file",
    "transformer.encoder.": "a Grounding DINO checkpoint",
    "backbone.bottom_up.": "a Detectron2 checkpoint",
}


class Inert:
    """Stands where a checkpoint names a class that is none of a tensor's: trainers keep their settings beside the
    weights. It takes whatever it is given and does nothing."""

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    extend = append


class Careful(pickle.Unpickler):
    """Unpickles tensors; no other code than theirs is found."""

    KNOWN = {
        ("collections", "OrderedDict"), ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_parameter"), ("torch", "Size"),
        ("torch", "device"), ("torch.storage", "UntypedStorage"), ("torch.storage", "TypedStorage"),
    }  # fmt: skip

    def find_class(self, module, name):
        if (module, name) in self.KNOWN or module == "torch" and name.endswith(("Storage", "Tensor")):
            return super().find_class(module, name)
        return type(name, (Inert,), {})


def load(path):
    """What a file of PyTorch's holds. No code that it names is run."""
    with open(path, "rb") as f:
        if f.read(2)[:1] not in (b"P", b"\x80"):
            raise ValueError("it is neither an archive nor a pickle")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        careful = types.SimpleNamespace(Unpickler=Careful, load=lambda f, **k: Careful(f, **k).load(), __name__="careful")
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=careful)


def read(path, family):
    """Returns the state dict of a family's checkpoint, names without "module."."""
    try:
        loaded = load(path)
    except (RuntimeError, EOFError, OSError, ValueError, AttributeError, TypeError, KeyError, pickle.UnpicklingError) as e:
        raise CheckpointError(f"{path} is not a checkpoint that PyTorch can read: {e}") from e
    return check(unwrap(loaded, path), family)


def unwrap(loaded, path):
    if isinstance(loaded, dict):
        for key in ("model", "state_dict"):
            if isinstance(loaded.get(key), dict):
                loaded = loaded[key]
    if not isinstance(loaded, dict) or not any(isinstance(v, torch.Tensor) for v in loaded.values()):
        raise CheckpointError(f"{path} has no state dict")
    return {k.removeprefix("module."): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}


def check(sd, family):
    """Returns sd when it looks like the family's."""

    def has(prefix):
        return any(k.startswith(prefix) for k in sd)

    needs = FAMILIES[family]
    if all(has(n) for n in needs):
        return sd
    for other, marks in FAMILIES.items():
        if other != family and all(has(m) for m in marks):
            raise CheckpointError(f"this is not a {family} checkpoint but one of {other}")
    for prefix, what in CONVERSIONS.items():
        if has(prefix):
            raise CheckpointError(f"this is not a {family} checkpoint but {what}")
    missing = next(n for n in needs if not has(n))
    raise CheckpointError(f"this is not a {family} checkpoint: nothing in it begins with {missing}")


def fill(module, sd, unused=()):
    """Loads every tensor, and names what is missing, over, or of another shape. unused are beginnings of names that
    may stand in the checkpoint and are not needed."""
    have = module.state_dict()
    missing = [k for k in have if k not in sd and not k.endswith("num_batches_tracked")]
    if missing:
        raise CheckpointError(f"the checkpoint is not whole: {listed(missing)} missing")
    odd = [k for k in have if k in sd and sd[k].shape != have[k].shape]
    if odd:
        k = odd[0]
        raise CheckpointError(f"the checkpoint is of another size: {k} is {tuple(sd[k].shape)}, not {tuple(have[k].shape)}")
    over = [k for k in sd if k not in have and not k.startswith(tuple(unused))]
    if over:
        raise CheckpointError(f"the checkpoint holds what the model has not: {listed(over)}")
    module.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in sd.items() if k in have}, strict=False)
    return module.eval()


def listed(names):
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more are" if more > 0 else " are" if len(names) > 1 else " is")
