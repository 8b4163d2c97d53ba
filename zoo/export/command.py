"""What the exporters' command lines share."""

import argparse
import pathlib
import shutil
import sys

from checkpoint import CheckpointError


def arguments(doc, title, merges=True):
    """The arguments that every family takes; merges asks for CLIP's list of byte pairs."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    if merges:
        p.add_argument("--merges", required=True, help="CLIP's list of byte pairs, gzipped or not")
    p.add_argument("-o", "--out", required=True, help="the pack's folder")
    p.add_argument("--id", help="the pack's id, otherwise the folder's name")
    p.add_argument("--title", default=title)
    p.add_argument("--fp16", action="store_const", const="fp16", dest="weights", default="fp32")
    p.add_argument("--int8", action="store_const", const="int8", dest="weights")
    return p


def run(family, parser, export):
    """Hands the arguments, with id and source filled in, to export, and leaves nothing behind when that fails."""
    a = parser.parse_args()
    a.id, a.source = a.id or pathlib.Path(a.out).name, pathlib.Path(a.checkpoint).name
    fresh = not pathlib.Path(a.out).exists()
    try:
        export(a)
    except (CheckpointError, OSError, UnicodeDecodeError) as e:
        if fresh:
            shutil.rmtree(a.out, ignore_errors=True)
        sys.exit(f"zoo export {family}: {e}")
