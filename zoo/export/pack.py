"""Writes packs: graphs by role, weights in fewer bits, the manifest."""

import gzip
import hashlib
import json
import pathlib
import warnings

import numpy as np
import onnx
import torch
from checkpoint import CheckpointError
from onnx import TensorProto, helper, numpy_helper

OPSET = 19  # the first with DeformConv


def export(part, args, path, inputs, outputs, dynamic=None):
    """Traces a module into an ONNX file."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            part, args, path, input_names=inputs, output_names=outputs, dynamic_axes=dynamic or {},
            opset_version=OPSET, dynamo=False, do_constant_folding=True,
        )  # fmt: skip
    name_outputs(path, outputs)
    onnx.checker.check_model(path)
    return pathlib.Path(path)


def export_text(part, out):
    """Exports a text side, from rows of token ids to rows of vectors, as text.onnx."""
    ids = torch.ones(2, 5, dtype=torch.long)
    return export(part.eval(), (ids,), out / "text.onnx", ["input_ids"], ["text_embeds"], {"input_ids": {0: "n", 1: "t"}, "text_embeds": {0: "n"}})


def name_outputs(path, names):
    """Gives outputs the names that constant folding took from them."""
    model = onnx.load(path)
    for output, name in zip(model.graph.output, names):
        if output.name != name:
            model.graph.node.append(helper.make_node("Identity", [output.name], [name]))
            output.name = name
    onnx.save(model, path)


def store(path, weights, leave=()):
    """Keeps a graph's weights as "int8" or "fp16", or as they are."""
    if weights == "int8":
        store_int8(path, leave)
    elif weights == "fp16":
        store_fp16(path)


def store_fp16(path):
    """Keeps large weights as fp16 and widens them when the graph is loaded: half the file, fp32 arithmetic."""
    model = onnx.load(path)
    g, casts = model.graph, []
    for i, w in enumerate(g.initializer):
        values = numpy_helper.to_array(w)
        if w.data_type != TensorProto.FLOAT or values.size < 1024 or np.abs(values).max() > 65000:
            continue
        name = w.name
        g.initializer[i].CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".fp16"))
        casts.append(helper.make_node("Cast", [name + ".fp16"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(g.node)
    del g.node[:]
    g.node.extend(nodes)
    onnx.save(model, path)


def store_int8(path, leave=()):
    """Dynamic int8 for the products with a weight, never for convolutions. Nodes whose names hold one of leave stay."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    nodes = [n.name for n in onnx.load(path, load_external_data=False).graph.node]
    spared = [n for n in nodes if any(word in n for word in leave)]
    quantize_dynamic(path, path, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=spared)


def merges(path, size):
    """Reads a list of byte pairs and checks that it makes the checkpoint's vocabulary."""
    data = pathlib.Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    lines = data.decode().split("\n")
    wanted = size - 2 * 256 - 2
    if "#version" not in lines[0] or len(lines) - 1 < wanted:
        raise CheckpointError(f"{path} has {len(lines) - 1} byte pairs, but the checkpoint knows {wanted}: it is another model's")
    return ("\n".join(lines[: wanted + 1]) + "\n").encode()


def add(path, data):
    """Writes a file that is no graph."""
    path.write_bytes(data)
    return path


def entry(role, path):
    data = pathlib.Path(path).read_bytes()
    return {"role": role, "name": pathlib.Path(path).name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def write(out, manifest, files, licence):
    """Writes pack.json and LICENCE.txt beside the files, a dictionary by role. The manifest's memory_mb is what sessions need
    beside the files."""
    out = pathlib.Path(out)
    (out / "LICENCE.txt").write_text(licence)
    whole = {"schema": 1, "version": "1.0.0", **manifest, "files": [entry(role, path) for role, path in files.items()]}
    whole["memory_mb"] += sum(f["bytes"] for f in whole["files"]) // 2**20
    (out / "pack.json").write_text(json.dumps(whole, indent=2) + "\n")
