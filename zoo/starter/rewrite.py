"""Rewrites of the starter's networks that give the same results for less work.

The exporter writes what PyTorch did, step by step; these functions say the same in operators that ONNX Runtime
runs well on a processor. Sides of the canvas are multiples of 32.

Figures are processor time of version 0's networks on one thread of an EPYC with AVX-512, ONNX Runtime 1.32, canvas 416 x 384. In all: trunk
54.7 to 47.6 ms, regions 41.0 to 25.1, masks 9.1 to 6.5 for 5 boxes and 181 to 126 for 100, pixels 37.4 to 33.0. Where AVX2 stands behind
a figure it is of a processor that has no more.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

STRIDES = {"f4": 4, "p3": 8, "p4": 16, "p5": 32, "p6": 64}  # of the levels that networks read, in pixels of the canvas
RANKED, KEPT, COVERED = 1000, 100, 0.7  # cells that are decoded, boxes that are kept at most, IoU with a better box that drops one


class Operators:
    """Adds nodes to a network: `op.Mul(a, 2.0)` adds a Mul and returns its output's name.

    Inputs are names of tensors, or numbers and lists, which become constants (float32 or int64). `outputs` asks for
    several outputs, `named` names the only one.
    """

    def __init__(self, net, prefix):
        self.net, self.prefix, self.count = net, prefix, 0

    def name(self, kind):
        self.count += 1
        return f"{self.prefix}/{kind}_{self.count}"

    def constant(self, value):
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        tensor = numpy_helper.from_array(array, self.name("constant"))
        self.net.graph.initializer.append(tensor)
        return tensor.name

    def half(self, value):
        """A large constant, stored as float16 as the exporter's are."""
        tensor = numpy_helper.from_array(value.astype(np.float16), self.name("half"))
        self.net.graph.initializer.append(tensor)
        return self.Cast(tensor.name, to=onnx.TensorProto.FLOAT)

    def __getattr__(self, kind):
        def add(*inputs, outputs=1, named=None, **attributes):
            inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
            made = [named] if named else [self.name(kind) for _ in range(outputs)]
            self.net.graph.node.append(helper.make_node(kind, inputs, made, name=self.name("node"), **attributes))
            return made[0] if outputs == 1 else made

        return add


def producers(net):
    """Map each tensor's name to the node that makes it."""
    return {name: node for node in net.graph.node for name in node.output}


def find(net, kind):
    return [n for n in net.graph.node if n.op_type == kind]


def readers(net, name):
    return [n for n in net.graph.node if name in n.input]


def follow(net, node, kind):
    """Return the next node of a kind after this one, past nodes with one reader each."""
    while True:
        (node,) = readers(net, node.output[0])
        if node.op_type == kind:
            return node


def attribute(node, name):
    return next(helper.get_attribute_value(a) for a in node.attribute if a.name == name)


def weight(net, name):
    """Return a weight's values; large ones are stored as float16 behind a Cast."""
    cast = producers(net).get(name)
    stored = cast.input[0] if cast else name
    return numpy_helper.to_array(next(t for t in net.graph.initializer if t.name == stored)).astype(np.float32)


def release(net, name):
    """Free a tensor's name, so that new nodes can make what was called so."""
    for node in net.graph.node:
        node.output[:] = [f"{o}/before" if o == name else o for o in node.output]
    return name


def tidy(net):
    """Keep the nodes and weights that the outputs need, each node after those that it reads."""
    made, done, order = producers(net), set(), []

    def visit(name):
        node = made.get(name)
        if node is None or node.output[0] in done:
            return
        done.add(node.output[0])
        for source in node.input:
            visit(source)
        order.append(node)

    for output in net.graph.output:
        visit(output.name)
    used = {name for node in order for name in node.input}
    kept = onnx.GraphProto(name=net.graph.name, input=net.graph.input, output=net.graph.output, node=order,
                           initializer=[t for t in net.graph.initializer if t.name in used])
    net.graph.CopyFrom(kept)


def fold_same_padding(net):
    """Put TensorFlow's "same" padding of the stride-2 convolutions into their own pads.

    The exporter computes it from each input's size. All those inputs have even sides, where it is always k-2 in all,
    the smaller half first. The five Pad nodes made ONNX Runtime leave its blocked layout and enter it again:
    54.7 to 47.9 ms, and the network loads in half the time.
    """
    made = producers(net)
    for conv in find(net, "Conv"):
        pad = made.get(conv.input[0])
        if pad is None or pad.op_type != "Pad":
            continue
        if attribute(conv, "strides") != [2, 2] or attribute(conv, "pads") != [0, 0, 0, 0]:
            raise ValueError(f"{conv.name}: a padding of another kind")
        total = [k - 2 for k in attribute(conv, "kernel_shape")]
        before = [t // 2 for t in total]
        pads = next(a for a in conv.attribute if a.name == "pads")
        pads.ints[:] = before + [t - b for t, b in zip(total, before)]
        conv.input[0] = pad.input[0]


def merge_pointwise(net):
    """Merge 1 x 1 convolutions that follow each other with nothing between, where one costs less than two.

    The backbone's last projection (1248 to 352 channels) and the pyramid's first (352 to 112) are such a pair: 1.35
    to 0.39 ms, 2 % of the trunk, 5 % at 640 x 480. The product is stored as float32, so that it is not rounded again; it
    takes less room than the two did.
    """
    op = Operators(net, "merged")
    outputs = {o.name for o in net.graph.output}
    for first in find(net, "Conv"):
        after = readers(net, first.output[0])
        if first.output[0] in outputs or len(after) != 1 or not all(n.op_type == "Conv" and is_pointwise(n) for n in (first, *after)):
            continue
        (second,) = after
        w1, w2 = (weight(net, n.input[1])[:, :, 0, 0].astype(np.float64) for n in (first, second))
        if w1.shape[1] * w2.shape[0] >= w1.size + w2.size:
            continue
        bias = w2 @ weight(net, first.input[2]) + weight(net, second.input[2])
        second.input[:] = [first.input[0], op.constant((w2 @ w1)[:, :, None, None]), op.constant(bias)]


def is_pointwise(conv):
    return attribute(conv, "kernel_shape") == [1, 1] and attribute(conv, "strides") == [1, 1] and attribute(conv, "group") == 1


def rank_then_decode(net):
    """Rank the region network's cells first, decode the best RANKED, and keep those that no better one covers, KEPT at most.

    The exporter decodes every cell, by way of coordinate grids of each level. The most that are kept is an input with a default:
    what a region costs behind this (0.2 ms, AVX2, one thread) is most of the network's time, and moving pictures do with fewer.
    NonMaxSuppression, which stops when it has enough, takes 0.3 ms where tables of all pairs' overlaps took 1.6.
    """
    op = Operators(net, "proposals")
    levels = [i.name for i in net.graph.input]
    objectness = [n.output[0] for n in find(net, "Conv") if n.input[1] == "n.rpn.obj.weight"]
    reach = [follow(net, n, "Mul").output[0] for n in find(net, "Conv") if n.input[1] == "n.rpn.reg.weight"]
    objectness = [op.Reshape(o, [-1]) for o in objectness]
    chances = op.Sigmoid(op.Concat(*objectness, axis=0))
    ranked = op.Min([RANKED], op.Shape(chances))
    chance, cell = op.TopK(chances, ranked, outputs=2)

    counts = op.Concat(*[op.Shape(o) for o in objectness], axis=0)
    widths = op.Concat(*[op.Shape(p, start=3) for p in levels], axis=0)
    ends = op.CumSum(counts, 0)
    past = op.Cast(op.GreaterOrEqual(op.Unsqueeze(cell, [1]), ends), to=onnx.TensorProto.INT64)
    level = op.ReduceSum(past, [1], keepdims=0)
    place = op.Sub(cell, op.Gather(op.Sub(ends, counts), level))
    width, stride = op.Gather(widths, level), op.Gather([float(STRIDES[p]) for p in levels], level)
    x, y = op.Unsqueeze(op.Mod(place, width), [0]), op.Unsqueeze(op.Div(place, width), [0])
    xyxy = op.Cast(op.Concat(x, y, x, y, axis=0), to=onnx.TensorProto.FLOAT)
    centre = op.Mul(op.Add(xyxy, 0.5), stride)

    reach = op.Gather(op.Concat(*[op.Reshape(r, [4, -1]) for r in reach], axis=1), cell, axis=1)
    reach = op.Mul(op.Mul(op.Softplus(reach), stride), [[-1.0], [-1.0], [1.0], [1.0]])
    whwh = op.Gather(op.Mul(op.Shape(levels[0], start=2), STRIDES[levels[0]]), [[1], [0], [1], [0]])
    boxes = op.Min(op.Relu(op.Add(centre, reach)), op.Cast(whwh, to=onnx.TensorProto.FLOAT))

    corners = op.Transpose(boxes)
    net.graph.input.append(helper.make_tensor_value_info("most", onnx.TensorProto.INT64, [1]))
    net.graph.initializer.append(numpy_helper.from_array(np.array([KEPT], np.int64), "most"))
    # It wants y before x, but overlaps are the same with both exchanged.
    chosen = op.NonMaxSuppression(op.Unsqueeze(corners, [0]), op.Unsqueeze(chance, [0, 1]), "most", COVERED)
    best = op.Reshape(op.Slice(chosen, [2], [3], [1]), [-1])
    op.Gather(chance, best, named=release(net, "roi_scores"))
    op.Gather(corners, best, named=release(net, "rois"))
    for output in net.graph.output:
        output.type.tensor_type.shape.dim[0].dim_param = "n"


def narrow(op, w, b):
    """Return a 3 x 3 convolution of few outputs as a function of its input: 1 x 1 convolutions to nine taps each, which a
    depthwise convolution shifts and a 1 x 1 convolution adds up.

    The blocked layout fills few channels up to 8 or 16, which nine times as many use better: for 5 outputs of 80 x 80 cells 1.1 ms
    instead of 2.5 (AVX2, one thread), and 2.3 where a 3 x 3 convolution adds taps.
    """
    o, c = w.shape[:2]
    each = op.half(w.reshape(o, c, 9).transpose(0, 2, 1).reshape(9 * o, c, 1, 1))
    shift = op.constant(np.tile(np.eye(9, dtype=np.float32), (o, 1)).reshape(9 * o, 1, 3, 3))
    total, b = op.constant(np.repeat(np.eye(o), 9, axis=1).reshape(o, 9 * o, 1, 1)), op.constant(b)
    return lambda x: op.Conv(op.Conv(op.Conv(x, each), shift, group=9 * o, pads=[1, 1, 1, 1]), total, b)


def narrow_regions(net):
    """Compute the region network's narrow heads, which read the same maps, at once."""
    op = Operators(net, "taps")
    heads = [[n for n in find(net, "Conv") if n.input[1] == f"n.rpn.{name}.weight"] for name in ("obj", "reg")]
    w, b = (np.concatenate([weight(net, head[0].input[i]) for head in heads]) for i in (1, 2))
    both = narrow(op, w, b)
    for obj, reg in zip(*heads, strict=True):
        chance, reach = op.Split(both(obj.input[0]), [1, len(w) - 1], axis=1, outputs=2)
        for node, new in ((obj, chance), (reg, reach)):
            op.Identity(new, named=release(net, node.output[0]))


def narrow_boxes(net):
    """The same of the captions' head, where both are one convolution already."""
    op = Operators(net, "taps")
    convs = [n for n in find(net, "Conv") if attribute(n, "kernel_shape") == [3, 3] and attribute(n, "group") == 1]
    (w,) = {n.input[1] for n in convs}
    both = narrow(op, weight(net, w), weight(net, convs[0].input[2]))
    for conv in convs:
        op.Identity(both(conv.input[0]), named=release(net, conv.output[0]))


def pool_once(net, boxes, later):
    """Pool each box on its own level only, most of them by matrix products.

    The exporter pools all boxes on each of four levels and keeps one result of four. Here the boxes are sorted by
    level, and the tensor `later`, a row for each box, is put back into their order: it lies well behind the
    pooling, where rows are short. Regions: 36.3 to 25.1 ms; masks: 9.1 to 6.7 for 5 boxes, 173 to 126 for 100.
    """
    op = Operators(net, "pool")
    level_of = find(net, "Equal")[0].input[0]  # 2 to 5 for each box
    aligns = find(net, "RoiAlign")
    kept = readers(net, aligns[-1].output[0])[0]
    pooled = readers(net, kept.output[0])[0].output[0]
    users = readers(net, later)
    order, parts = [], []
    for align in aligns:
        scale = attribute(align, "spatial_scale")
        here = op.Reshape(op.NonZero(op.Equal(level_of, -np.log2(scale))), [-1])
        own = op.Gather(boxes, here)
        order.append(here)
        if scale < 1 / STRIDES["f4"]:
            parts.append(pool_by_products(op, align.input[0], op.Mul(own, scale), attribute(align, "output_height")))
            continue
        pool = op.RoiAlign(align.input[0], own, op.Sub(here, here))
        net.graph.node[-1].attribute.extend(align.attribute)
        parts.append(op.Transpose(pool, perm=[0, 2, 3, 1]))
    order = op.Concat(*order, axis=0)
    op.Transpose(op.Concat(*parts, axis=0), perm=[0, 3, 1, 2], named=release(net, pooled))
    _, back = op.TopK(order, op.Shape(order), largest=0, outputs=2)
    ordered = op.Gather(later, back)
    for node in users:
        node.input[:] = [ordered if i == later else i for i in node.input]


def pool_by_products(op, level, boxes, side):
    """Pool boxes [n, 4], in cells of a level [1, C, H, W], to [n, side, side, C] as RoiAlign does with 2 x 2 samples a bin.

    What bilinear samples weigh is a product of what their row weighs and what their column weighs, so pooling is two matrix
    products, all boxes' rows first. RoiAlign is not vectorised: 0.085 to 0.16 ms a box, 0.01 to 0.04 so (AVX2, one thread, 320 px);
    on the finest level, with its long rows, it is as fast.
    """
    low, high = op.Split(boxes, axis=1, outputs=2)
    low, extent = (op.Unsqueeze(t, [2, 3]) for t in (low, op.Max(op.Sub(high, low), 1.0)))
    # Both samples of a bin: first ones of all bins, then second ones.
    samples = (np.arange(side) + np.array([[0.25], [0.75]])).reshape(2 * side, 1) / side
    at = op.Add(low, op.Mul(extent, samples))
    sides = op.Gather(op.Shape(level), [3, 2])
    last = op.Sub(op.Reshape(op.Cast(sides, to=onnx.TensorProto.FLOAT), [2, 1, 1]), 1.0)
    cells = op.Cast(op.Range(op.constant(np.int64(0)), op.ReduceMax(sides, keepdims=0), op.constant(np.int64(1))), to=onnx.TensorProto.FLOAT)
    shares = op.Relu(op.Sub(1.0, op.Abs(op.Sub(op.Min(op.Relu(at), last), cells))))
    middle = op.Mul(last, 0.5)
    inside = op.Cast(op.LessOrEqual(op.Abs(op.Sub(at, middle)), op.Add(middle, 1.0)), to=onnx.TensorProto.FLOAT)
    first, second = op.Split(op.Mul(shares, op.Mul(inside, 0.5)), axis=2, outputs=2)
    across, down = op.Split(op.Add(first, second), axis=1, outputs=2)
    width, height = op.Split(sides, axis=0, outputs=2)
    across, down = (op.Slice(t, [0], end, [3]) for t, end in ((across, width), (down, height)))
    channels = op.Shape(level, start=1, end=2)
    rows = op.MatMul(op.Reshape(down, op.Concat([-1], height, axis=0)), op.Flatten(op.Squeeze(op.Transpose(level, perm=[0, 2, 3, 1]), [0]), axis=1))
    return op.MatMul(across, op.Reshape(rows, op.Concat([-1, side], width, channels, axis=0)))


def pool_regions_once(net):
    """Pool once; the heads, which read one row a box, get their rows in order."""
    head = next(n for n in find(net, "Gemm") if n.input[1] == "n.box.weight")
    pool_once(net, "rois", head.input[0])


def pool_masks_once(net):
    """Pool once; the finished masks are put in order."""
    (probabilities,) = find(net, "Sigmoid")
    pool_once(net, "boxes", probabilities.input[0])


def double_by_depth(net):
    """Double the masks' side in channels, and lay the four quarters out only when one channel is left of each.

    A transposed convolution of size and stride 2 is four 1 x 1 convolutions; what follows, an activation and
    a 1 x 1 convolution to one channel, can work on each. 9.6 to 9.1 ms for 5 boxes.
    """
    op = Operators(net, "double")
    (up,) = find(net, "ConvTranspose")
    (clip,) = readers(net, up.output[0])
    (last,) = readers(net, clip.output[0])
    w = weight(net, up.input[1]).transpose(2, 3, 1, 0)
    b = weight(net, up.input[2])
    one = weight(net, last.input[1])
    wide, channels = 4 * w.shape[2], w.shape[2]
    ends = np.zeros((4, wide, 1, 1), np.float32)
    for i in range(4):
        ends[i, i * channels:(i + 1) * channels] = one[0]
    quarters = op.Conv(up.input[0], op.half(w.reshape(wide, -1, 1, 1)), op.constant(np.tile(b, 4)))
    quarters = op.Clip(quarters, *clip.input[1:])
    quarters = op.Conv(quarters, op.constant(ends), op.constant(np.tile(weight(net, last.input[2]), 4)))
    op.DepthToSpace(quarters, blocksize=2, named=release(net, last.output[0]))


def fix_scales(net):
    """Bring coarser levels to the side of f4 by constant factors, not by a size computed from shapes.

    With constant whole factors ONNX Runtime resizes in its blocked layout: 37.4 to 34.2 ms.
    """
    op = Operators(net, "resize")
    for node, factor in zip(find(net, "Resize"), (2.0, 4.0, 8.0), strict=False):
        node.input[:] = [node.input[0], "", op.constant([1.0, 1.0, factor, factor])]


def double_sides(net):
    """Double a pyramid's levels by a constant factor, too."""
    op = Operators(net, "double")
    for node in find(net, "Resize"):
        node.input[:] = [node.input[0], "", op.constant([1.0, 1.0, 2.0, 2.0])]


def divide_by_length(net):
    """Make pixel vectors unit length with a matrix product and a broadcast division.

    ReduceL2 over channels is slow in ONNX Runtime, ReduceSum too; a product with a row of ones is fast. The exporter
    copies each length to all channels before it divides. 34.2 to 33.0 ms.
    """
    op = Operators(net, "unit")
    (norm,) = find(net, "ReduceL2")
    floor = follow(net, norm, "Clip")
    div = follow(net, floor, "Div")
    x = norm.input[0]
    (channels,) = weight(net, producers(net)[x].input[1]).shape[:1]
    flat = op.Reshape(x, [1, channels, -1])
    length = op.Max(op.Sqrt(op.MatMul(np.ones((1, 1, channels)), op.Mul(flat, flat))), floor.input[1])
    # The vectors keep their shape: a Reshape at the end would copy all of them.
    length = op.Reshape(length, op.Concat([1, 1], op.Shape(x, start=2), axis=0))
    op.Div(x, length, named=release(net, div.output[0]))


def turned(w, b):
    """Return a product of fewer numbers than w x + b, and how to turn texts to it: w x + b = turn (narrow x + offset).

    w is [many, few], b [many]; turn [many, few + 1] has orthogonal columns of unit length, so that vectors of x keep their
    lengths and their products with turned ones. The last number is the same everywhere: how far b leaves what w reaches.
    """
    turn, size, rows = np.linalg.svd(w.astype(np.float64), full_matrices=False)
    narrow = size[:, None] * rows
    left = b - turn @ (turn.T @ b)
    length = np.linalg.norm(left)
    turn = np.concatenate([turn, left[:, None] / max(length, 1e-12)], axis=1)
    return np.concatenate([narrow, np.zeros_like(narrow[:1])]), np.append(turn[:, :-1].T @ b, length), turn


def narrow_embeds(pixels, match):
    """Give pixels vectors of as many numbers as the layer before has, and turn words to them where both are compared.

    256 numbers made of 128 hold no more than 129 do: lengths and products are those of before. The widest convolution of all, what
    makes its result unit length, and the product with words are half the work: 41 to 31 ms, and 2.2 to 1.2 (AVX2, one thread).
    """
    op = Operators(match, "turn")
    last = find(pixels, "Conv")[-1]
    narrow, offset, turn = turned(weight(pixels, last.input[1])[:, :, 0, 0], weight(pixels, last.input[2]))
    op_pixels = Operators(pixels, "narrow")
    last.input[1:] = [op_pixels.constant(narrow[:, :, None, None]), op_pixels.constant(offset)]
    (text,) = readers(match, "text_embeds")
    text.input[0] = op.MatMul("text_embeds", op.half(turn))
    tidy(match)
    for net, ports in ((pixels, pixels.graph.output), (match, match.graph.input)):
        shape = next(port for port in ports if port.name == "pixel_embeds").type.tensor_type.shape
        shape.dim[1].dim_value = len(narrow)


def add_context_as_bias(net):
    """Put what is added to all pixels alike before the last 1 x 1 convolution into that one's bias.

    In the blocked layout an addition of one vector to all pixels is slow. Canvas 416: 4 ms of 47 (AVX2, one thread), and the
    convolution's result need not be brought out of the blocked layout, for 1.3 more.
    """
    op = Operators(net, "context")
    (context,) = [readers(net, n.output[0])[0] for n in find(net, "GlobalAveragePool")]
    (add,) = readers(net, context.output[0])
    (conv,) = readers(net, add.output[0])
    (pixels,) = (i for i in add.input if i != context.output[0])
    bias = op.Reshape(op.Conv(context.output[0], *conv.input[1:]), [-1])
    conv.input[:] = [pixels, conv.input[1], bias]


def add_context_to_rows(net):
    """Add one vector to all places with a row for each channel, not in the blocked layout, where that is slow."""
    op = Operators(net, "context")
    (context,) = [readers(net, n.output[0])[0] for n in find(net, "GlobalAveragePool")]
    (add,) = readers(net, context.output[0])
    (places,) = (i for i in add.input if i != context.output[0])
    rows = op.Add(op.Reshape(places, [0, 0, -1]), op.Reshape(context.output[0], [0, 0, -1]))
    op.Reshape(rows, op.Shape(places), named=release(net, add.output[0]))


def clip_in_blocks(net):
    """Let sums that are clipped before a depthwise convolution stay in the blocked layout, which knows no Clip of its own.

    A depthwise convolution by one, which is fused with the Clip, costs less than the way out and in: 0.5 ms instead of 1.7 for
    128 channels of 104 x 104 (AVX2, one thread).
    """
    op = Operators(net, "blocks")
    made, ones = producers(net), {}
    for clip in find(net, "Clip"):
        source, after = made.get(clip.input[0]), readers(net, clip.output[0])
        if source is None or source.op_type != "Add" or not any(n.op_type == "Conv" and attribute(n, "group") > 1 for n in after):
            continue
        depthwise = next(n for n in after if n.op_type == "Conv" and attribute(n, "group") > 1)
        channels = attribute(depthwise, "group")
        if channels not in ones:
            ones[channels] = op.constant(np.ones((channels, 1, 1, 1)))
        clip.input[0] = op.Conv(clip.input[0], ones[channels], group=channels)


def narrow_names(net):
    """Compare the captions' names with cells in as many numbers as cells have, 112 and not 192, as narrow_embeds does for pixels, and
    divide what comes out by their lengths, not the names: 28.4 to 26.4 ms.
    """
    op, made = Operators(net, "names"), producers(net)
    product = made[made[made["token_logits"].input[0]].input[1]]
    shift = made[made[made[product.input[0]].input[0]].input[0]]
    (b, of) = shift.input
    x, w = made[of].input
    narrow, offset, turn = turned(weight(net, w).T, weight(net, b))
    y = op.Add(op.MatMul(x, op.half(narrow.T)), op.constant(offset))
    length = op.Max(op.Sqrt(op.MatMul(op.Mul(y, y), np.ones((len(narrow), 1)))), 1e-12)
    likeness = op.MatMul(y, op.MatMul(op.half(turn.T), product.input[1]))
    op.Div(likeness, length, named=release(net, product.output[0]))


def claim_at_once(net):
    """Put the last convolution of the map that groups claim into their keys, of which there are few: 1.1 ms of 30."""
    op, made = Operators(net, "claim"), producers(net)
    (conv,) = (n for n in find(net, "Conv") if n.input[1] == "head.edge.1.weight")
    (rows,) = (n for n in readers(net, conv.output[0]) if n.op_type == "Reshape")
    (claims,) = readers(net, rows.output[0])
    w, b = weight(net, conv.input[1])[:, :, 0, 0], weight(net, conv.input[2])
    keys = claims.input[0]
    op.Add(op.MatMul(op.MatMul(keys, w), rows.output[0]), op.MatMul(keys, b[:, None]), named=release(net, claims.output[0]))
    for node in readers(net, conv.output[0]):
        node.input[:] = [conv.input[0] if i == conv.output[0] else i for i in node.input]


def value_after_gathering(net):
    """Project what tokens gathered of the rows, not all rows before: 0.6 ms of 30."""
    op, made = Operators(net, "gathered"), producers(net)
    for held in [n for n in find(net, "MatMul") if "/gather" in n.name and n.input[1] in made and made[n.input[1]].op_type == "Add"]:
        b, of = made[held.input[1]].input
        rows, w = made[of].input
        (total,) = (n for n in readers(net, held.input[0]) if n.op_type == "ReduceSum")
        gathered = op.MatMul(op.MatMul(held.input[0], rows), w)
        op.Add(gathered, op.Mul(op.Unsqueeze(total.output[0], [2]), b), named=release(net, held.output[0]))


def divide_without_copies(net):
    """Divide vectors by their lengths without copying each length to all of a vector's numbers first."""
    made = producers(net)
    for div in find(net, "Div"):
        expand = made.get(div.input[1])
        if expand is not None and expand.op_type == "Expand":
            div.input[1] = expand.input[0]


def read_at_once(net):
    """Read weights that several nodes share without the Identity that the exporter puts between, behind which shrink.py does not look."""
    behind = {n.output[0]: n.input[0] for n in find(net, "Identity")}
    for node in net.graph.node:
        node.input[:] = [behind.get(i, i) for i in node.input]


RAW = "raw_text_embeds"


def offer_raw_embeds(net):
    """Make the text encoder's vectors before text.py draws them to names an output, too, and say whether it draws any.

    What tells boxes and masks of like names apart is worth drawing for. Whole pictures are named among many more, which drawing
    brings together.
    """
    drawing = [n for n in find(net, "MatMul") if any(r.op_type == "ReduceMax" for r in readers(net, n.output[0]))]
    if not drawing:
        return False
    Operators(net, "raw").Identity(drawing[0].input[0], named=RAW)
    (drawn,) = (o for o in net.graph.output if o.name == "text_embeds")
    raw = net.graph.output.add()
    raw.CopyFrom(drawn)
    raw.name = RAW
    return True


REWRITES = {
    "trunk": [fold_same_padding, double_sides, merge_pointwise],
    "regions": [rank_then_decode, narrow_regions, pool_regions_once],
    "masks": [double_by_depth, pool_masks_once],
    "pixels": [fix_scales, divide_by_length, add_context_as_bias, clip_in_blocks],
    "head": [double_sides, read_at_once, narrow_boxes, narrow_names, divide_without_copies],
    "groups": [add_context_to_rows, claim_at_once, value_after_gathering, clip_in_blocks, divide_without_copies],
}


def lighten(role, net):
    """Apply all rewrites of a role to its network."""
    for rewrite in REWRITES.get(role, []):
        rewrite(net)
    tidy(net)
    onnx.checker.check_model(net, full_check=True)
