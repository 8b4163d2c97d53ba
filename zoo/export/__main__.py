"""Makes packs of official checkpoints.

    python3 zoo/export FAMILY CHECKPOINT -o PACK ...
    python3 zoo/export FAMILY --help

A family is a module of this folder with a main(). What they need stands in requirements.txt beside it.
"""

import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
FAMILIES = {
    "clip": "CLIP (openai/CLIP): names photos and regions",
    "slip": "SLIP (facebookresearch/SLIP): the same",
    "lseg": "LSeg (isl-org/lang-seg): a class for every pixel",
    "groupvit": "GroupViT (NVlabs/GroupViT): a class for every pixel",
    "vild": "ViLD (tensorflow/tpu): boxes and masks",
    "glip": "GLIP (microsoft/GLIP): boxes, and the phrases of a sentence",
}


def main():
    family = sys.argv[1] if len(sys.argv) > 1 else ""
    there = [f for f in FAMILIES if (HERE / f"{f}.py").exists()]
    if family not in there:
        lines = [__doc__.strip(), "", *(f"  {f:9} {FAMILIES[f]}" for f in there)]
        asked = family in ("", "-h", "--help", "help")
        print("\n".join(lines), file=sys.stdout if asked else sys.stderr)
        sys.exit(0 if asked else f'\nzoo export: there is no family "{family}"')
    sys.argv = [f"zoo export {family}", *sys.argv[2:]]
    importlib.import_module(family).main()


if __name__ == "__main__":
    main()
