"""What the scripts here share: running pycocotools and reading its numbers."""

import contextlib
import copy
import io
import time

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = ["AP", "AP50", "AP75", "APSmall", "APMedium", "APLarge",
         "AR1", "AR10", "AR100", "ARSmall", "ARMedium", "ARLarge"]


def mean(x):
    x = x[x > -1]
    return float(np.mean(x)) if len(x) else -1.0


def per_class(e, k):
    """The twelve numbers of one class, as summarize() takes them of all."""
    p, r = e.eval["precision"][:, :, k], e.eval["recall"][:, k]
    values = [p[:, :, 0, 2], p[0, :, 0, 2], p[5, :, 0, 2], p[:, :, 1, 2], p[:, :, 2, 2], p[:, :, 3, 2],
              r[:, 0, 0], r[:, 0, 1], r[:, 0, 2], r[:, 1, 2], r[:, 2, 2], r[:, 3, 2]]
    return dict(zip(NAMES, map(mean, values)))


def evaluate(truth, predictions, kind):
    """Returns overall numbers, per class numbers, and the seconds of evaluate and accumulate alone."""
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = copy.deepcopy(truth)
        gt.createIndex()
        dt = gt.loadRes(copy.deepcopy(predictions))
        e = COCOeval(gt, dt, kind)
        start = time.perf_counter()
        e.evaluate()
        e.accumulate()
        seconds = time.perf_counter() - start
        e.summarize()
    overall = dict(zip(NAMES, map(float, e.stats)))
    return overall, [per_class(e, k) for k in range(len(e.params.catIds))], seconds
