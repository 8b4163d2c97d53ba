"""The running average of a network's weights, which is what training saves."""

import torch


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
        """Return the weights in half precision, on the processor."""
        return {k: v.half().cpu() if v.is_floating_point() else v.cpu() for k, v in self.state.items()}
