"""The running average of a network's weights, which is what training saves, and the mean of several trainings.

    python zoo/starter/average.py OUT v2.pt=0.35 v5.pt=0.65

Trainings of which one began where the other ended lie close enough for their mean to be a network too, and often a better one
(model soups, Wortsman et al. 2022).
"""

import sys

import torch


def halved(weights):
    """Return weights in half precision, on the processor."""
    return {k: v.half().cpu() if v.is_floating_point() else v.cpu() for k, v in weights.items()}


class Average:
    """Follows a network's weights: young averages follow fast, old ones keep `keep` of themselves a step. Counters are copied."""

    def __init__(self, net, keep, but=()):
        self.keep = keep
        self.state = {k: v.detach().clone() for k, v in net.state_dict().items() if not k.startswith(tuple(but))}
        self.floats = [k for k, v in self.state.items() if v.is_floating_point()]

    @torch.no_grad()
    def follow(self, net, step):
        now = net.state_dict()
        torch._foreach_lerp_([self.state[k] for k in self.floats], [now[k] for k in self.floats], 1 - min(self.keep, (1 + step) / (10 + step)))
        for k in self.state.keys() - set(self.floats):
            self.state[k].copy_(now[k])

    def half(self):
        return halved(self.state)


def mean(shares):
    """Return the checkpoint of the weighted mean of others' weights, in half precision, which says what the last one says of its network.
    `shares` maps paths to how much each one counts."""
    total, out = sum(shares.values()), {}
    for path, share in shares.items():
        saved = torch.load(path, map_location="cpu")
        for k, v in saved["model"].items():
            out[k] = out.get(k, 0) + v.float() * (share / total) if v.is_floating_point() else v
    return {k: v for k, v in saved.items() if k in ("fusion", "config")} | {"model": halved(out)}


if __name__ == "__main__":
    given = [a.rpartition("=") for a in sys.argv[2:]]
    torch.save(mean({path: float(share) for path, _, share in given}), sys.argv[1])
