"""Reads official checkpoints, and says whose they are when they are not what was asked for."""

import pickle

import torch


class CheckpointError(ValueError):
    """A checkpoint that is another model's, or not whole."""


# What only one family's checkpoints have, by the beginning of a name.
FAMILIES = {
    "GLIP": ("rpn.head.dyhead_tower.0.", "language_backbone.body.model."),
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


def read(path, family):
    """Returns the state dict of a family's checkpoint, names without "module."."""
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as e:
        raise CheckpointError(
            f"{path} holds more than weights, which may run code when it is read. Where you trust it, save its"
            " state dict alone and export that"
        ) from e
    except (RuntimeError, EOFError, OSError, ValueError) as e:
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
