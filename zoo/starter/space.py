"""The 256 dimensions that words and regions meet in, and the way there from the teacher's vectors.

    python zoo/starter/space.py --teacher HALF --strings strings.tsv.gz --out space.npz

Vectors of names and of nouns (common ones thrice) are centred; their 256 first principal axes are kept, each divided by the fourth
root of its variance. That is half of the way to whitening: nothing common to all names is left to spend the room on, and yet the
likenesses that matter stay the largest. The file holds `mu` [384] and `A` [384, 256]; a vector v becomes (v - mu) A, of unit length.

All starters share one such file, made once: heads of photos and text encoders fit each other only within one space.
"""

import argparse
import gzip

import numpy as np
from teacher import Teacher


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("teacher", "strings", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--nouns", type=int, default=9000, help="nouns drawn beside the common ones")
    args = parser.parse_args()
    with gzip.open(args.strings, "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    names = [r[4] for r in rows if r[0] == "name"]
    common = [r[4] for r in rows if r[0] in ("noun", "synonym") and int(r[1]) > 1]
    nouns = [r[4] for r in rows if r[0] in ("noun", "synonym")]
    drawn = [nouns[i] for i in np.random.default_rng(0).choice(len(nouns), min(args.nouns, len(nouns)), replace=False)]
    teacher = Teacher(args.teacher)
    vectors = np.concatenate([teacher(s).numpy() for s in (common, names)] * 3 + [teacher(drawn).numpy()])
    mu = vectors.mean(0)
    _, sizes, axes = np.linalg.svd(vectors - mu, full_matrices=False)
    variance = sizes ** 2 / len(vectors)
    np.savez(args.out, mu=mu.astype(np.float32), A=(axes[:256].T * variance[:256] ** -0.25).astype(np.float32))
    print(f"{len(vectors)} vectors, {variance[:256].sum() / variance.sum():.1%} of the variance kept")


if __name__ == "__main__":
    main()
