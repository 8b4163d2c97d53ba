"""Write the trained network as ONNX, a file for each role.

    python zoo/starter/export.py v1.pt NETWORKS        (needs torch==2.11.0, torchvision==0.26.0, timm==1.0.31, onnx==1.22.0)

Sides of the canvas are multiples of 32. Weights are float32; bundle.py rewrites the networks and stores them as int8.
"""

import json
import math
import pathlib
import sys

import torch
from net import CANONICAL, POOLED, STRIDES, Net, centres, decode
from rewrite import COVERED, KEPT
from rewrite import STRIDES as STRIDE_OF
from torch import nn
from torch.nn import functional as F
from torchvision.ops import nms, roi_align


LEVELS = list(STRIDE_OF)


class Part(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.n = net


class Trunk(Part):
    def forward(self, x):
        levels, c5 = self.n.features(x)
        return *levels, c5


def pool(levels, boxes, side):
    """Features of boxes from the level that each one's size asks for; all levels computed, one kept: rewrite.py pools once."""
    rows = torch.cat([torch.zeros_like(boxes[:, :1]), boxes], 1)
    size = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).clamp(min=1e-6).sqrt()
    first = int(math.log2(STRIDES[0]))
    level = torch.floor(CANONICAL[1] + torch.log2(size / CANONICAL[0]) + 1e-6).clamp(first, first + POOLED - 1)
    return sum(roi_align(f, rows, side, 1 / s, 2) * (level == i).float()[:, None, None, None]
               for i, (f, s) in enumerate(zip(levels[:POOLED], STRIDES), first))


class Regions(Part):
    """Boxes with vectors. What leads from cells to `rois` is replaced by rewrite.py; it only has to be right here."""

    def forward(self, *levels):
        limit = torch.stack([torch.as_tensor(levels[0].shape[i]) * STRIDES[0] for i in (-1, -2)]).float().repeat(2)
        chances, reach = self.n.rpn(levels)
        chances, reach, cells = chances[0].sigmoid(), reach[0], centres(levels)
        boxes = torch.cat([cells[:, :2] - reach[:, :2], cells[:, :2] + reach[:, 2:]], -1)
        boxes = torch.minimum(boxes.clamp(min=0), limit)
        best = nms(boxes, chances, COVERED)[:KEPT]
        rois, scores = boxes[best], chances[best]
        x = self.n.fc(pool(levels, rois, 7))
        refined = torch.minimum(decode(rois, self.n.box(x)).clamp(min=0), limit)
        return rois, scores, refined, F.normalize(self.n.emb(x), dim=1), self.n.iou(x)[:, 0].sigmoid()


class Masks(Part):
    def forward(self, f4, p3, p4, p5, boxes):
        return self.n.msk(pool([f4, p3, p4, p5], boxes, 14))[:, 0].sigmoid()


class Pixels(Part):
    def forward(self, f4, p3, p5):
        return F.normalize(self.n.pixels([f4, p3, None, p5]), dim=1)


class Match(Part):
    def forward(self, pixels, text):
        return self.n.temperatures()[1] * F.conv2d(pixels, text[:, :, None, None]) + self.n.bias[1]


class Naming(Part):
    """The vector of a whole canvas: the mean of the wide map."""

    def forward(self, c5):
        return F.normalize(self.n.nam(self.n.wide(c5).mean((2, 3))), dim=1)


def sides(name):
    return {name: {2: f"{name}_h", 3: f"{name}_w"}}


def main(checkpoint, target):
    target.mkdir(parents=True, exist_ok=True)
    state = torch.load(checkpoint, map_location="cpu")["model"]
    net = Net()
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    net.eval()

    def export(part, name, values, inputs, outputs, **axes):
        axes |= {k: v for i in inputs if i in (*LEVELS, "c5", "pixel_values", "pixel_embeds") for k, v in sides(i).items()}
        torch.onnx.export(part(net).eval(), values, target / f"{name}.onnx", input_names=inputs, output_names=outputs, dynamic_axes=axes,
                          opset_version=17, dynamo=False)

    with torch.no_grad():
        *levels, c5 = Trunk(net)(torch.randn(1, 3, 416, 416))
        f4, p3, p4, p5, p6 = levels
        boxes = torch.tensor([[10.0, 10, 100, 100], [50, 60, 300, 320]])
        many = {"boxes": {0: "n"}}
        export(Trunk, "trunk", (torch.randn(1, 3, 416, 416),), ["pixel_values"], [*LEVELS, "c5"],
               **{k: v for i in (*LEVELS, "c5") for k, v in sides(i).items()})
        export(Regions, "regions", tuple(levels), LEVELS, ["rois", "roi_scores", "boxes", "region_embeds", "box_quality"])
        export(Masks, "masks", (f4, p3, p4, p5, boxes), [*LEVELS[:4], "boxes"], ["mask_probs"], mask_probs={0: "n"}, **many)
        export(Pixels, "pixels", (f4, p3, p5), ["f4", "p3", "p5"], ["pixel_embeds"], **sides("pixel_embeds"))
        export(Match, "match", (torch.randn(1, 256, 104, 104), torch.randn(3, 256)), ["pixel_embeds", "text_embeds"], ["logits"],
               text_embeds={0: "T"}, logits={1: "T", 2: "h", 3: "w"})
        export(Naming, "naming", (c5,), ["c5"], ["image_embeds"])
        figures = {"tau": net.temperatures().tolist(), "bias": net.bias.tolist(), "size": 416}
    (target / "scoring.json").write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
