"""Runs the code of microsoft/GLIP (9dda955) on a CPU, with small random weights, as the reference of glip.py.

What the repository wants and a CPU has not is lent: its compiled operators (NMS by its own csrc/cpu/nms_cpu.cpp's
rule; deformable convolution by torchvision, which reads the offsets as the CUDA kernel does, from the front of the
buffer), the names that newer releases of its libraries moved, and bert-base-uncased's files, whose place a small
configuration and vocabulary take. Nothing of its arithmetic is replaced.
"""

import importlib.abc
import importlib.machinery
import sys
import types
from unittest.mock import MagicMock

import numpy as np
import torch
import torchvision
import transformers


class Lent(types.ModuleType):
    """A module in which every name is there, and does nothing."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)


UNUSED = ("cv2", "nltk", "inflect", "pycocotools", "scipy", "shapely", "matplotlib", "pandas", "lvis", "requests", "tensorboardX", "apex", "yaml")


class Lender(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for libraries that are imported and not used here, where they are not installed."""

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in UNUSED:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Lent(spec.name)

    def exec_module(self, module):
        pass


def nms(boxes, scores, threshold):
    """csrc/cpu/nms_cpu.cpp: areas with +1, suppressed from an overlap of threshold on."""
    order = scores.sort(0, descending=True)[1].tolist()
    area = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    gone = torch.zeros(len(order), dtype=torch.bool)
    for n, i in enumerate(order):
        if gone[i]:
            continue
        rest = torch.tensor(order[n + 1 :], dtype=torch.long)
        w = (torch.minimum(boxes[i, 2], boxes[rest, 2]) - torch.maximum(boxes[i, 0], boxes[rest, 0]) + 1).clamp(min=0)
        h = (torch.minimum(boxes[i, 3], boxes[rest, 3]) - torch.maximum(boxes[i, 1], boxes[rest, 1]) + 1).clamp(min=0)
        gone[rest[w * h / (area[i] + area[rest] - w * h) >= threshold]] = True
    return (~gone).nonzero().squeeze(1)


def nms_by_class(found, threshold):
    """What csrc/cuda/ml_nms.cu does. The repository's CPU branch mixes up the boxes of different classes: it takes
    their numbers within a class for numbers among all."""
    labels, scores = found.get_field("labels"), found.get_field("scores")
    keep = [i[nms(found.bbox[i], scores[i], threshold)] for i in ((labels == c).nonzero().view(-1) for c in labels.unique())]
    return found[torch.cat(keep)] if keep else found


def deform(x, offset, mask, weight, bias, stride, padding, dilation, groups, offset_groups):
    """The CUDA kernel takes the buffers as tensors of the output's size, whatever size they have
    (csrc/cuda/deform_conv_kernel_cuda.cu, modulated_deformable_im2col_gpu_kernel)."""
    h = (x.shape[2] + 2 * padding - 3) // stride + 1
    w = (x.shape[3] + 2 * padding - 3) // stride + 1

    def front(t):
        return t.contiguous().view(-1)[: t.shape[1] * h * w].view(1, t.shape[1], h, w)

    return torchvision.ops.deform_conv2d(x, front(offset), weight, bias, stride, padding, dilation, front(mask))


def lend(repository):
    """Makes the repository importable."""
    sys.path.insert(0, repository)
    for name, kind in (("float", float), ("int", int), ("bool", bool), ("object", object)):
        if not hasattr(np, name):
            setattr(np, name, kind)
    six = types.ModuleType("torch._six")
    six.PY37, six.string_classes, six.int_classes = True, str, int
    torch._six = sys.modules["torch._six"] = six
    import transformers.modeling_utils as old
    import transformers.pytorch_utils as new

    for name in ("apply_chunking_to_forward", "prune_linear_layer", "find_pruneable_heads_and_indices"):
        if not hasattr(old, name):
            setattr(old, name, getattr(new, name, None))
    sys.meta_path.append(Lender())
    ops = Lent("maskrcnn_benchmark._C")
    ops.nms = nms
    sys.modules["maskrcnn_benchmark._C"] = ops
    import maskrcnn_benchmark

    maskrcnn_benchmark._C = ops
    import maskrcnn_benchmark.layers.deform_conv as layer

    layer.modulated_deform_conv = deform
    import maskrcnn_benchmark.modeling.rpn.inference as inference

    inference.boxlist_ml_nms = nms_by_class


def config(shape, size, most):
    """The repository's configuration, that of configs/pretrain/glip_{A_,}Swin_T_O365.yaml but for the sizes."""
    from maskrcnn_benchmark.config import cfg

    c = cfg.clone()
    c.merge_from_list(
        [
            "MODEL.META_ARCHITECTURE", "GeneralizedVLRCNN", "MODEL.RPN_ONLY", True, "MODEL.RPN_ARCHITECTURE", "VLDYHEAD", "MODEL.DEVICE", "cpu",
            "MODEL.BACKBONE.CONV_BODY", "SWINT-FPN-RETINANET", "MODEL.BACKBONE.OUT_CHANNELS", shape.channels, "MODEL.BACKBONE.FREEZE_CONV_BODY_AT", -1,
            "MODEL.SWINT.EMBED_DIM", shape.embed, "MODEL.SWINT.DEPTHS", shape.depths, "MODEL.SWINT.NUM_HEADS", shape.heads, "MODEL.SWINT.WINDOW_SIZE", shape.window,
            "MODEL.SWINT.OUT_CHANNELS", tuple(shape.embed * 2**i for i in range(4)),
            "MODEL.LANGUAGE_BACKBONE.MODEL_TYPE", "bert-base-uncased", "MODEL.LANGUAGE_BACKBONE.TOKENIZER_TYPE", "bert-base-uncased",
            "MODEL.LANGUAGE_BACKBONE.LANG_DIM", shape.lang, "MODEL.LANGUAGE_BACKBONE.MASK_SPECIAL", False,
            "MODEL.RPN.USE_FPN", True, "MODEL.RPN.ANCHOR_SIZES", (64, 128, 256, 512, 1024), "MODEL.RPN.ANCHOR_STRIDE", (8, 16, 32, 64, 128),
            "MODEL.RPN.ASPECT_RATIOS", (1.0,), "MODEL.RPN.SCALES_PER_OCTAVE", 1,
            "MODEL.DYHEAD.CHANNELS", shape.channels, "MODEL.DYHEAD.NUM_CONVS", shape.rounds, "MODEL.DYHEAD.USE_GN", True, "MODEL.DYHEAD.USE_DYRELU", True,
            "MODEL.DYHEAD.USE_DFCONV", True, "MODEL.DYHEAD.USE_DYFUSE", True, "MODEL.DYHEAD.SCORE_AGG", "MEAN", "MODEL.DYHEAD.LOG_SCALE", 0.0,
            "MODEL.DYHEAD.NUM_CLASSES", shape.classes + 1, "MODEL.GROUP_NORM.NUM_GROUPS", shape.groups, "MODEL.DYHEAD.USE_CHECKPOINT", False,
            "MODEL.DYHEAD.FUSE_CONFIG.JOINT_EMB_SIZE", shape.channels, "MODEL.DYHEAD.FUSE_CONFIG.EARLY_FUSE_ON", shape.fused, "MODEL.DYHEAD.FUSE_CONFIG.TYPE", "MHA-B",
            "MODEL.DYHEAD.FUSE_CONFIG.USE_CLASSIFICATION_LOSS", False, "MODEL.DYHEAD.FUSE_CONFIG.USE_TOKEN_LOSS", False,
            "MODEL.DYHEAD.FUSE_CONFIG.USE_CONTRASTIVE_ALIGN_LOSS", False, "MODEL.DYHEAD.FUSE_CONFIG.USE_DOT_PRODUCT_TOKEN_LOSS", True,
            "MODEL.DYHEAD.FUSE_CONFIG.USE_FUSED_FEATURES_DOT_PRODUCT", shape.fused, "MODEL.DYHEAD.FUSE_CONFIG.USE_LAYER_SCALE", True,
            "MODEL.DYHEAD.FUSE_CONFIG.CLAMP_MIN_FOR_UNDERFLOW", True, "MODEL.DYHEAD.FUSE_CONFIG.CLAMP_MAX_FOR_OVERFLOW", True,
            "MODEL.DYHEAD.FUSE_CONFIG.CLAMP_BERTATTN_MIN_FOR_UNDERFLOW", True, "MODEL.DYHEAD.FUSE_CONFIG.CLAMP_BERTATTN_MAX_FOR_OVERFLOW", True,
            "MODEL.DYHEAD.FUSE_CONFIG.CLAMP_DOT_PRODUCT", True,
            "INPUT.PIXEL_MEAN", [103.53, 116.28, 123.675], "INPUT.PIXEL_STD", [57.375, 57.12, 58.395],
            "INPUT.MIN_SIZE_TEST", size, "INPUT.MAX_SIZE_TEST", most, "DATALOADER.SIZE_DIVISIBILITY", 32, "DATASETS.SEPARATION_TOKENS", ". ",
            "TEST.MDETR_STYLE_AGGREGATE_CLASS_NUM", 100,
        ]
    )  # fmt: skip
    return c


def build(shape, vocab, size, most):
    """The official detector with random weights, and its configuration."""
    import maskrcnn_benchmark.modeling.rpn.vldyhead as vldyhead

    bert = transformers.BertConfig(
        vocab_size=shape.vocab, hidden_size=shape.lang, num_hidden_layers=shape.lang_layers, num_attention_heads=shape.lang_heads,
        intermediate_size=shape.lang_ffn, max_position_embeddings=shape.positions, attn_implementation="eager",
    )  # fmt: skip
    transformers.BertConfig.from_pretrained = classmethod(lambda *a, **k: bert)
    transformers.BertModel.from_pretrained = classmethod(lambda cls, *a, config=None, **k: cls(bert, add_pooling_layer=False))
    tokenizer = transformers.BertTokenizerFast(str(vocab))
    type(tokenizer).batch_encode_plus = type(tokenizer).__call__  # its older name
    transformers.AutoTokenizer.from_pretrained = classmethod(lambda *a, **k: tokenizer)
    sizes = vldyhead.VLFuse.init_configs

    def smaller(self, cfg):
        # The only sizes that the repository writes into its code.
        sizes(self, cfg)
        self.embed_dim, self.n_head = shape.fuse_dim, shape.fuse_heads

    vldyhead.VLFuse.init_configs = smaller
    # What the library's releases of that time did.
    vldyhead.BertEncoderLayer.get_extended_attention_mask = lambda self, mask, *_: (1.0 - mask[:, None, None, :].float()) * -10000.0
    from maskrcnn_benchmark.modeling.detector import build_detection_model

    cfg = config(shape, size, most)
    model = build_detection_model(cfg)
    model.eval()
    vldyhead.VLFuse.init_configs = sizes
    return model, cfg, tokenizer


def prepare(photo, cfg):
    """The evaluation's transforms (data/transforms/build.py), of a PIL photo: [3, h, w]."""
    from maskrcnn_benchmark.data.transforms.build import build_transforms

    return build_transforms(cfg, is_train=False)(photo)


def detect(model, cfg, photo, names):
    """Boxes in photo pixels (x0, y0, x1, y1, both ends inside), scores and labels counted from 1."""
    from maskrcnn_benchmark.engine.inference import create_queries_and_maps
    from maskrcnn_benchmark.structures.image_list import to_image_list

    caption, spans = create_queries_and_maps(list(range(1, len(names) + 1)), list(names), cfg=cfg)
    return caption, spans, run(model, cfg, photo, caption, spans)


def run(model, cfg, photo, caption, spans):
    from maskrcnn_benchmark.structures.image_list import to_image_list

    images = to_image_list([prepare(photo, cfg)], 32)
    with torch.no_grad():
        found = model(images, captions=[caption], positive_map=spans)[0]
    return found.resize(photo.size)
