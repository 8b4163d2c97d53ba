"""Write the trained head for captions as ONNX, beside the networks of its trunk.

    python zoo/starter/export_glip.py glip.pt NETWORKS        (needs torch==2.11.0, timm==1.0.31, onnx==1.22.0)

Weights are float32; bundle.py rewrites the network and stores them as int8.
"""

import pathlib
import sys

import torch
from glip import LEVELS, STATES, Exported, Head
from net import WIDTH


def main(checkpoint, target):
    saved = torch.load(checkpoint, map_location="cpu")
    head = Head(saved["fusion"])
    head.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in saved["model"].items()})
    levels = [torch.randn(1, WIDTH, 52 // 2**i + (i == 3), 52 // 2**i + (i == 3)) for i in range(len(LEVELS))]
    axes = {p: {2: f"{p}_h", 3: f"{p}_w"} for p in LEVELS} | {"lang_hidden": {1: "T"}, "attention_mask": {1: "T"}}
    axes |= {"token_logits": {1: "A", 2: "T"}, "bbox_deltas": {1: "A"}, "centerness": {1: "A"}}
    with torch.no_grad():
        torch.onnx.export(Exported(head).eval(), (*levels, torch.randn(1, 9, STATES), torch.ones(1, 9, dtype=torch.long)), target / "head.onnx",
                          input_names=[*LEVELS, "lang_hidden", "attention_mask"], output_names=["token_logits", "bbox_deltas", "centerness"],
                          dynamic_axes=axes, opset_version=17, dynamo=False)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
