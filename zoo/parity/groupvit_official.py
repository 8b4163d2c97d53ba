"""Runs the code of NVlabs/GroupViT (13b7861) and of mmsegmentation 0.18's sliding windows on a CPU, as the reference of
groupvit.py. Lent are the libraries around them (mmcv's registry and configuration, timm's releases of that time) and
the projector's inner width, the only size that the repository writes into its code. Nothing of the arithmetic is
replaced, but that photos are resized with cv2 by the rule of mmcv's imrescale, which is not installed.
"""

import importlib.util
import logging
import pathlib
import sys
import types

import cv2
import lent
import numpy as np
import timm.layers
import torch
from torch import nn


class Registry(dict):
    def __init__(self, name):
        super().__init__()

    def register_module(self):
        def add(cls):
            self[cls.__name__] = cls
            return cls

        return add

    def build(self, config):
        return self[config["type"]](**{k: v for k, v in config.items() if k != "type"})


class Config(dict):
    __getattr__ = dict.__getitem__


class BaseModule(nn.Module):
    def __init__(self, init_cfg=None):
        super().__init__()


def plain(*args, **kwargs):
    return lambda function: function


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    m = importlib.util.module_from_spec(spec)
    sys.modules[name] = m
    spec.loader.exec_module(m)
    return m


def lend(repository, mmsegmentation):
    """Makes the repository and mmsegmentation's segmentor importable. mmsegmentation is the folder of its package."""
    lent.lend("diffdist", "omegaconf", "matplotlib")
    lent.module("mmcv", Config=Config)
    lent.module("mmcv.utils", Registry=Registry)
    lent.module("mmcv.runner", BaseModule=BaseModule, auto_fp16=plain, force_fp32=plain)
    lent.module("timm.models.layers", DropPath=timm.layers.DropPath, to_2tuple=timm.layers.to_2tuple, trunc_normal_=timm.layers.trunc_normal_)
    lent.module("utils", get_logger=lambda: logging.getLogger("groupvit"))
    base = pathlib.Path(mmsegmentation)
    for name in ("mmseg", "mmseg.models", "mmseg.models.segmentors", "mmseg.core"):
        lent.module(name)
    sys.modules["mmseg.models.builder"] = lent.module("mmseg.models.builder", SEGMENTORS=Registry("segmentor"))
    sys.modules["mmseg.models"].builder = sys.modules["mmseg.models.builder"]
    lent.module("mmseg.ops", resize=load("mmseg.ops.wrappers", base / "ops" / "wrappers.py").resize)
    load("mmseg.models.segmentors.base", base / "models" / "segmentors" / "base.py")
    segmentor = load("mmseg.models.segmentors.encoder_decoder", base / "models" / "segmentors" / "encoder_decoder.py")
    sys.modules["mmseg.models"].EncoderDecoder = segmentor.EncoderDecoder
    sys.path.insert(0, str(repository))
    sys.modules["segmentation"] = types.ModuleType("segmentation")
    sys.modules["segmentation"].__path__ = [str(pathlib.Path(repository) / "segmentation")]
    lent.module("segmentation.evaluation").__path__ = [str(pathlib.Path(repository) / "segmentation" / "evaluation")]


def build(shape):
    """The official network of a Config of sizes."""
    import models.multi_label_contrastive as official
    import models.group_vit  # noqa: F401
    import models.transformer  # noqa: F401

    projector = official.ProjectMLP.__init__
    official.ProjectMLP.__init__ = lambda self, in_dim, num_layers, out_dim: projector(self, in_dim, shape.inner, out_dim, num_layers)
    model = official.MultiLabelContrastive(
        img_encoder={
            "type": "GroupViT", "img_size": shape.image, "embed_dim": shape.width, "num_heads": [shape.heads] * 3, "depths": shape.depths,
            "num_group_tokens": shape.tokens, "num_output_groups": shape.groups, "drop_path_rate": 0.0,
        },
        text_encoder={"type": "TextTransformer", "context_length": 77, "width": shape.text, "layers": shape.layers, "vocab_size": shape.vocab},
        output_dim=shape.out, multi_label=3,
    )  # fmt: skip
    official.ProjectMLP.__init__ = projector
    return model.eval()


def texts(repository, merges, names):
    """Token ids of each name in the default template, [N, 1, 77]."""
    tokenizer = load("official_tokenizer", pathlib.Path(repository) / "datasets" / "tokenizer.py")
    t = tokenizer.SimpleTokenizer(str(merges))
    rows = []
    for name in names:
        ids = [t.encoder["<|startoftext|>"], *t.encode(f"a photo of a {name}."), t.encoder["<|endoftext|>"]]
        rows.append(ids + [0] * (77 - len(ids)))
    return torch.tensor(rows)[:, None]


MEAN, STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])


def prepare(photo, short):
    """The dataset's test pipeline on an RGB photo: short side to short, [1, 3, h, w]."""
    h, w = photo.shape[:2]
    scale = min(2048 / max(h, w), short / min(h, w))
    size = int(w * scale + 0.5), int(h * scale + 0.5)
    pixels = cv2.resize(photo, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return torch.from_numpy(((pixels - MEAN) / STD).astype(np.float32).transpose(2, 0, 1))[None]


def segment(model, vectors, photo, window, background):
    """The label of every pixel, 0 for background or counted from 0 without one, and the scores that decided."""
    from segmentation.evaluation.group_vit_seg import GroupViTSegInference

    test = Config(mode="slide", crop_size=(window, window), stride=(window // 2, window // 2), bg_thresh=background or 0.95)
    seg = GroupViTSegInference(model, vectors, background is not None, test)
    pixels = prepare(photo, window)
    meta = [{"ori_shape": (*photo.shape[:2], 3), "flip": False}]
    with torch.no_grad():
        scores = seg.slide_inference(pixels, meta, True)[0]
    return scores.argmax(0).numpy(), scores.numpy()
