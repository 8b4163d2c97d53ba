"""Store a network's weights as int8, a scale for each output channel, and compute in float32.

    python3 zoo/starter/shrink.py NETWORKS SMALL        (needs onnx==1.22.0)

Activations stay float: nothing needs calibrating, and a row of a batch never depends on the others. ONNX Runtime folds the Cast and
Mul behind each weight when it loads the network, so that the network runs as fast as one of float32 weights.
Weights stay as they are where they are few (biases, the depthwise and the last convolutions): they hold what int8 would lose, and no room.
"""

import pathlib
import shutil
import sys

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from rewrite import Operators, find, producers, readers, tidy

LARGE = 8192  # weights of fewer values are left alone


def by_channel(values, axis):
    """Round to int8 with a scale for each index of an axis: values are about int8 * scale."""
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = np.maximum(np.abs(values).max(axis=others, keepdims=True), 1e-12) / 127
    return np.round(values / scale).astype(np.int8), scale.astype(np.float32)


def output_axis(node, weight):
    """Return the axis of a weight that numbers the outputs."""
    if node.op_type == "ConvTranspose":
        return 1
    if node.op_type == "Conv":
        return 0
    if node.op_type == "Gemm":
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        return 0 if transposed else 1
    if node.op_type == "MatMul":
        return weight.ndim - 1
    return None


def weights_to_int8(net):
    """Replace the large weights of convolutions and matrix products, stored as float16 or float32, by int8 and scales."""
    op = Operators(net, "int8")
    stored = {t.name: t for t in net.graph.initializer}
    casts = {n.output[0]: n.input[0] for n in find(net, "Cast") if n.input[0] in stored}
    done = {}
    for node in list(net.graph.node):
        if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            continue
        name = node.input[1]
        tensor = stored.get(casts.get(name, name))
        if tensor is None or tensor.data_type not in (TensorProto.FLOAT, TensorProto.FLOAT16):
            continue
        values = numpy_helper.to_array(tensor).astype(np.float32)
        if values.size < LARGE:
            continue
        axis = output_axis(node, values)
        if (name, axis) not in done:
            whole, scale = by_channel(values, axis)
            small = numpy_helper.from_array(whole, op.name("weight"))
            net.graph.initializer.append(small)
            done[name, axis] = op.Mul(op.Cast(small.name, to=TensorProto.FLOAT), op.constant(scale))
        node.input[1] = done[name, axis]
    tidy(net)


def fold_constants(net):
    """Turn Constant nodes into initializers, which `tidy` keeps apart from the work."""
    for node in find(net, "Constant"):
        tensor = numpy_helper.from_array(numpy_helper.to_array(node.attribute[0].t), node.output[0])
        net.graph.initializer.append(tensor)
        net.graph.node.remove(node)


def multiply_in_float(net):
    """Undo dynamic quantisation, keep its int8 weights.

    Dynamic quantisation rounds activations by the range of the whole batch, so that a phrase gets another vector in other
    company (cosine down to 0.94 among long lists). The same int8 weights times float activations have no such effect.
    """
    op = Operators(net, "float")
    made = producers(net)
    stored = {t.name: numpy_helper.to_array(t) for t in net.graph.initializer}
    for product in find(net, "MatMulInteger"):
        if np.any(stored[product.input[3]]):
            raise ValueError(f"{product.name}: weights have a zero point")
        (cast,) = readers(net, product.output[0])
        (scaled,) = readers(net, cast.output[0])
        other = next(i for i in scaled.input if i != cast.output[0])
        scale = next(i for i in made[other].input if i in stored)
        x = made[product.input[0]].input[0]
        weight = op.Mul(op.Cast(product.input[1], to=TensorProto.FLOAT), scale)
        for i, name in enumerate(scaled.output):
            scaled.output[i] = f"{name}/integer"
            op.MatMul(x, weight, named=name)
    tidy(net)


def main(source, target):
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.suffix != ".onnx":
            shutil.copy(path, target)
            continue
        net = onnx.load(path)
        fold_constants(net)
        if find(net, "MatMulInteger"):
            multiply_in_float(net)
        else:
            weights_to_int8(net)
        onnx.checker.check_model(net)
        onnx.save(net, target / path.name)
        print(f"{path.name}: {path.stat().st_size:,} to {(target / path.name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
