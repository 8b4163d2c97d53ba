"""Runs the code of tensorflow/tpu's models/official/detection (7dc921f) on a CPU with small random weights, and writes a
TensorFlow checkpoint of them and what is found with them: the reference of vild.py.

    pip install tensorflow-cpu==2.15.1
    python3 zoo/parity/vild_official.py TENSORFLOW_TPU_CHECKOUT PHOTOS_AND_WORDS.npz OUT

Modules are the repository's own, put together as its vild_model.py does. Lent are the sizes of ResNet, which it writes
into its code: every width is a sixteenth. cv2 pastes the masks, as in the repository.
"""

import json
import pathlib
import sys
import tempfile
import types
from unittest.mock import MagicMock

import cv2
import numpy as np
import tensorflow.compat.v1 as tf

# The small network: a sixteenth of ResNet's widths, and so on.
DEPTH, WIDTH = 14, 16
CANVAS, ROIS, DIM = 128, 40, 512
FILTERS, CONVS, DENSE = 12, 2, 24


def lend(repository):
    root = pathlib.Path(repository) / "models" / "official" / "detection"
    sys.path[:0] = [str(root)]
    for name in (
        "utils.object_detection", "utils.object_detection.argmax_matcher", "utils.object_detection.balanced_positive_negative_sampler",
        "utils.object_detection.box_list", "utils.object_detection.faster_rcnn_box_coder", "utils.object_detection.region_similarity_calculator",
        "utils.object_detection.target_assigner", "utils.object_detection.preprocessor",
    ):  # fmt: skip
        sys.modules[name] = MagicMock(name=name)
    import modeling.architecture.resnet as resnet

    conv, group = resnet.nn_ops.conv2d_fixed_padding, resnet.block_group
    small = types.SimpleNamespace(**vars(resnet.nn_ops))
    small.conv2d_fixed_padding = lambda filters, **k: conv(filters=filters // WIDTH, **k)
    resnet.nn_ops = small
    resnet.block_group = lambda filters, **k: group(filters=filters // WIDTH, **k)


def network(pixels, classes, ensemble, folder):
    """The official graph on [1, S, S, 3]: detections and their masks."""
    from dataloader import anchor
    from modeling.architecture import fpn, heads, nn_ops, resnet
    from ops import roi_ops, spatial_transform_ops
    from projects.vild.modeling import vild_head
    from projects.vild.ops import postprocess_ops

    norm = nn_ops.BatchNormActivation()
    levels = {"min_level": 2, "max_level": 6}
    maps = resnet.Resnet(DEPTH, batch_norm_activation=norm)(pixels)
    maps = fpn.Fpn(fpn_feat_dims=FILTERS, batch_norm_activation=norm, **levels)(maps)
    scores, deltas = heads.RpnHead(anchors_per_location=3, num_convs=2, num_filters=FILTERS, batch_norm_activation=norm, cast_to_float32=True, **levels)(maps)
    anchors = anchor.Anchor(2, 6, 1, [1.0, 2.0, 0.5], 8.0, [CANVAS, CANVAS]).multilevel_boxes
    anchors = {k: v[None] for k, v in anchors.items()}
    size = tf.constant([[float(CANVAS), float(CANVAS)]])
    rois, roi_scores = roi_ops.multilevel_propose_rois(deltas, scores, anchors, size, ROIS, ROIS, 0.7, 0.0, 0.0)
    crops = spatial_transform_ops.multilevel_crop_and_resize(maps, rois, output_size=7)
    kind = "double_branch" if ensemble else "vanilla"
    head = vild_head.ViLDFastrcnnHead(
        num_classes=classes + 1, num_convs=CONVS, num_filters=FILTERS, num_fcs=2, fc_dims=DENSE, clip_dim=DIM,
        classifier_weight_path=str(folder / "classifier.npy"), normalize_classifier=True, normalize_visual=True, temperature=100.0,
        visual_feature_distill=kind, batch_norm_activation=norm, class_agnostic_bbox_pred=True,
    )  # fmt: skip
    logits, boxes, _, distilled = head(crops)
    params = types.SimpleNamespace(
        apply_nms=True, use_batched_nms=False, nms_version="v1", max_total_size=300, nms_iou_threshold=0.5, score_threshold=0.0,
        pre_nms_num_boxes=1000, rare_mask_path=str(folder / "base.npy"),
    )  # fmt: skip
    found = postprocess_ops.GenericDetectionGenerator(params, visual_feature_distill=kind)(
        boxes, logits, rois, size[:, None], bbox_per_class=False, distill_class_outputs=distilled
    )
    crops = spatial_transform_ops.multilevel_crop_and_resize(maps, found["detection_boxes"], output_size=14)
    mask = heads.MaskrcnnHead(2, 28, num_convs=CONVS, num_filters=FILTERS, batch_norm_activation=norm, class_agnostic_mask_pred=True)
    found["detection_masks"] = tf.nn.sigmoid(mask(crops, found["detection_classes"]))
    return {**found, "roi_scores": roi_scores}


def randomise(variables, rng):
    """Assigns values under which boxes and classes differ, rounded so that files compress."""
    assign = []
    for v in variables:
        shape = v.shape.as_list()
        if v.name.endswith("class-predict/kernel:0") and "background" not in v.name:
            continue  # the classes' vectors
        value = rng.normal(0, 0.35, shape)
        if v.name.endswith("/kernel:0"):
            value *= 2.5 / np.sqrt(np.prod(shape[:-1]))
        if v.name.endswith("gamma:0"):
            value += 1
        if v.name.endswith("moving_variance:0"):
            value = rng.uniform(0.5, 2, shape)
        if "box-predict" in v.name or "rpn-box" in v.name:
            value *= 3
        if "rpn-class/kernel" in v.name:
            value *= 4
        if "mask_fcn_logits/kernel" in v.name:
            value *= 6
        if "mask_fcn_logits/bias" in v.name:
            value *= 0  # about half of each box is mask
        assign.append(v.assign((value * 128).round() / 128))
    return assign


def prepare(photo):
    """The evaluation's preparation (dataloader/vild_parser.py), [1, S, S, 3], and the scale of both axes."""
    from utils import input_utils

    image = input_utils.normalize_image(tf.constant(photo))
    image, info = input_utils.resize_and_crop_image(image, [CANVAS, CANVAS], [CANVAS, CANVAS], 1.0, 1.0)
    return image[None], info


def names(repository, path):
    """Writes the names and shapes of ViLD-ensemble R50's variables."""
    global DEPTH, WIDTH, FILTERS, CONVS, DENSE
    DEPTH, WIDTH, FILTERS, CONVS, DENSE = 50, 1, 256, 4, 1024
    lend(repository)
    tf.disable_eager_execution()
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        np.save(tmp / "classifier.npy", np.zeros((DIM, 2), np.float32))
        np.save(tmp / "base.npy", np.zeros(3))
        network(tf.placeholder(tf.float32, [1, CANVAS, CANVAS, 3]), 2, True, tmp)
    found = {v.name.removesuffix(":0"): v.shape.as_list() for v in tf.global_variables()}
    pathlib.Path(path).write_text(json.dumps(found))


def main():
    repository, given, out = sys.argv[1:]
    if given == "--names":
        return names(repository, out)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    lend(repository)
    tf.disable_eager_execution()
    from utils import mask_utils

    given = np.load(given)
    np.save(out / "classifier.npy", given["vectors"].T.astype(np.float32))
    np.save(out / "base.npy", np.concatenate([[0], given["base"]]))
    for kind in ("single", "ensemble"):
        options = tf.ConfigProto()
        options.graph_options.rewrite_options.disable_meta_optimizer = True  # it takes minutes, the graph seconds
        with tf.Graph().as_default(), tf.Session(config=options) as session:
            pixels = tf.placeholder(tf.float32, [1, CANVAS, CANVAS, 3])
            found = network(pixels, len(given["vectors"]), kind == "ensemble", out)
            assign = randomise(tf.global_variables(), np.random.default_rng(5))
            session.run(tf.global_variables_initializer())
            session.run(assign)
            tf.train.Saver().save(session, str(out / kind), write_meta_graph=False)
            for name in [n.removeprefix("photo_") for n in given if n.startswith("photo_")]:
                photo = given["photo_" + name]
                canvas, info = session.run(prepare(photo))
                result = {k: v[0] for k, v in session.run(found, {pixels: canvas}).items()}
                n = int(result["num_detections"])
                scale = np.tile(info[2], 2)
                boxes = result["detection_boxes"][:n] / scale
                wide = np.stack([boxes[:, 1], boxes[:, 0], boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]], 1)
                masks = mask_utils.paste_instance_masks(result["detection_masks"][:n], wide, *photo.shape[:2])
                print(kind, name, n, "rois", (result["roi_scores"] > 0).sum(), "scores", result["detection_scores"][:3])
                np.savez(
                    out / f"{kind}-{name}.npz", boxes=boxes, scores=result["detection_scores"][:n], classes=result["detection_classes"][:n] - 1,
                    masks=masks, canvas=canvas,
                )  # fmt: skip


if __name__ == "__main__":
    main()
