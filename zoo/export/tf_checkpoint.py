"""Reads TensorFlow checkpoints without TensorFlow.

A checkpoint is NAME.index, a table of names, and NAME.data-*-of-*, the values (tensorflow/core/util/tensor_bundle). The
table is LevelDB's (table_format.md): blocks of entries whose names leave out what they share with the one before. A
SavedModel keeps the same pair under variables/.
"""

import pathlib
import struct

import numpy as np

from checkpoint import CheckpointError

MAGIC = 0xDB4775248B80FB57
TYPES = {1: np.float32, 2: np.float64, 3: np.int32, 9: np.int64}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def block(data, handle):
    """The entries of a block, (name, value) in order."""
    offset, at = varint(handle, 0)
    size, _ = varint(handle, at)
    if data[offset + size] != 0:
        raise CheckpointError("the checkpoint's index is compressed, which TensorFlow does not do")
    body = data[offset : offset + size]
    end = size - 4 - 4 * struct.unpack_from("<I", body, size - 4)[0]
    name, at = b"", 0
    while at < end:
        shared, at = varint(body, at)
        rest, at = varint(body, at)
        length, at = varint(body, at)
        name = name[:shared] + body[at : at + rest]
        at += rest
        yield name, body[at : at + length]
        at += length


def fields(message):
    """The fields of a protocol buffer, (number, value)."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(message, at)
        elif kind == 2:
            size, at = varint(message, at)
            value, at = message[at : at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = message[at : at + size], at + size
        else:
            raise CheckpointError("the checkpoint's index is damaged")
        yield key >> 3, value


def shape(message):
    return [dict(fields(dim)).get(1, 0) for number, dim in fields(message) if number == 2]


def read(path):
    """Returns all variables of a checkpoint, given its prefix, its .index file or a SavedModel's folder."""
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / "variables" / "variables"
    prefix = str(path).removesuffix(".index")
    try:
        index = pathlib.Path(prefix + ".index").read_bytes()
    except OSError as e:
        raise CheckpointError(f"{prefix}.index: {e.strerror}: this is where a TensorFlow checkpoint keeps its names") from e
    if len(index) < 48 or struct.unpack_from("<Q", index, len(index) - 8)[0] != MAGIC:
        raise CheckpointError(f"{prefix}.index is not a TensorFlow checkpoint's")
    try:
        return dict(variables(prefix, index))
    except (IndexError, struct.error, ValueError) as e:
        raise CheckpointError(f"the checkpoint {prefix} is damaged: {e}") from e


def variables(prefix, index):
    footer = index[-48:]
    _, at = varint(footer, 0)
    _, at = varint(footer, at)
    shards, count = {}, 1
    for _, handle in block(index, footer[at:]):
        for name, value in block(index, handle):
            entry = dict(fields(value))
            if not name:
                count = entry.get(1, 1)
                continue
            kind = TYPES.get(entry.get(1))
            if kind is None:
                continue  # strings and the like, which hold no weights
            n = entry.get(3, 0)
            if n not in shards:
                shards[n] = np.memmap(f"{prefix}.data-{n:05d}-of-{count:05d}", np.uint8, "r")
            start = entry.get(4, 0)
            values = shards[n][start : start + entry.get(5, 0)]
            yield name.decode(), np.frombuffer(values.tobytes(), kind).reshape(shape(entry.get(2, b"")))
