"""Writes a naming head on the starters' trunk for tests: the mean of each level's channels, the first 256 of them.

    python3 zoo/parity/naming.py name/clip/testdata/naming.onnx
"""

import sys

import onnx
from onnx import TensorProto, helper

LEVELS = ["p3", "p4", "p5", "p6"]
DIM = 256

nodes = [helper.make_node("GlobalAveragePool", [n], [f"{n}_mean"]) for n in LEVELS]
nodes += [
    helper.make_node("Concat", [f"{n}_mean" for n in LEVELS], ["all"], axis=1),
    helper.make_node("Flatten", ["all"], ["flat"]),
    helper.make_node("Slice", ["flat", "from", "to", "axis"], ["image_embeds"]),
]
graph = helper.make_graph(
    nodes,
    "naming",
    [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, "c", f"h{n}", f"w{n}"]) for n in LEVELS],
    [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, [1, DIM])],
    [helper.make_tensor(n, TensorProto.INT64, [1], [v]) for n, v in (("from", 0), ("to", DIM), ("axis", 1))],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
