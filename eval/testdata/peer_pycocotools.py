"""Times pycocotools, and checks our numbers against it.

    python peer_pycocotools.py                           the generated set that BenchmarkEvaluate measures
    python peer_pycocotools.py TRUTH PREDICTIONS [segm]  COCO files

It prints one JSON object: the twelve numbers and the seconds that evaluate() and accumulate() took.
"""

import json
import sys

import generated
import peer

if len(sys.argv) > 2:
    with open(sys.argv[1]) as f:
        truth = json.load(f)
    truth.setdefault("info", {})
    with open(sys.argv[2]) as f:
        predictions = json.load(f)
else:
    truth, predictions = generated.generate()
overall, _, seconds = peer.evaluate(truth, predictions, sys.argv[3] if len(sys.argv) > 3 else "bbox")
print(json.dumps({"photos": len(truth["images"]), "boxes": len(truth["annotations"]),
                  "predictions": len(predictions), **overall, "seconds": round(seconds, 3)}))
