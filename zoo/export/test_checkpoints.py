"""What the exporters say to checkpoints that are not theirs, or not whole.

    python3 -m unittest discover zoo/export
"""

import pathlib
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import checkpoint
import groupvit
import lseg
import tf_checkpoint
import torch
import vild_net
from checkpoint import CheckpointError

GROUPVIT = {"img_encoder.layers.0.group_token": torch.zeros(1, 8, 4), "text_projector.linear_out.weight": torch.zeros(2, 2, 1), "img_projector.linear_out.weight": torch.zeros(2, 2, 1)}
LSEG = {"net.scratch.head1.weight": torch.zeros(4, 2, 1, 1), "net.pretrained.model.cls_token": torch.zeros(1, 1, 2), "net.clip_pretrained.ln_final.weight": torch.zeros(2)}


class Trap:
    """Code in a checkpoint that would run when it is read as any pickle is."""

    sprung = False

    def __reduce__(self):
        return spring, ()


def spring():
    Trap.sprung = True
    return Trap()


class Checkpoints(unittest.TestCase):
    def saved(self, value):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "checkpoint.pth"
        torch.save(value, path)
        return path

    def refuses(self, words, function, *args):
        with self.assertRaisesRegex(CheckpointError, words):
            function(*args)

    def test_another_familys_checkpoint_is_named(self):
        self.refuses("not a LSeg checkpoint but one of GroupViT", checkpoint.read, self.saved({"model": GROUPVIT}), "LSeg")
        self.refuses("not a GroupViT checkpoint but one of LSeg", checkpoint.read, self.saved({"state_dict": LSEG}), "GroupViT")

    def test_a_converted_checkpoint_is_told_from_the_original(self):
        self.refuses("Hugging Face", checkpoint.read, self.saved({"vision_model.layernorm.weight": torch.zeros(2)}), "GroupViT")

    def test_a_file_without_weights_is_refused(self):
        self.refuses("no state dict", checkpoint.read, self.saved({"epoch": 3}), "GroupViT")
        self.refuses("not a checkpoint that PyTorch can read", checkpoint.read, __file__, "LSeg")

    def test_what_a_trainer_keeps_beside_the_weights_does_not_matter_and_is_not_run(self):
        kept = {"state_dict": LSEG, "callbacks": {Trap: Trap()}, "hyper_parameters": Trap()}
        self.assertEqual(checkpoint.read(self.saved(kept), "LSeg").keys(), LSEG.keys())
        self.assertFalse(Trap.sprung)

    def test_missing_keys_are_named(self):
        self.refuses("img_encoder.pos_embed is missing", groupvit.model_of, GROUPVIT)
        self.refuses("pretrained.model.patch_embed.proj.weight is missing", lseg.models_of, LSEG)

    def test_a_head_that_cannot_be_exported_is_said(self):
        self.refuses("arch_option", lseg.models_of, {**LSEG, "net.scratch.head_block.depthwise.depthwise.weight": torch.zeros(1, 1, 3, 3)})

    def test_a_tensorflow_checkpoint_without_vild_is_refused(self):
        self.refuses("no resnet50", vild_net.build, {"efficientnet/conv2d/kernel": torch.zeros(1).numpy()})
        self.refuses("and .* more are missing", vild_net.build, {"resnet50/conv2d/kernel": torch.zeros(7, 7, 3, 64).numpy()})

    def test_a_file_that_is_no_tensorflow_checkpoint_is_refused(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.refuses("keeps its names", tf_checkpoint.read, folder / "model.ckpt")
        (folder / "model.ckpt.index").write_bytes(b"hello")
        self.refuses("not a TensorFlow checkpoint's", tf_checkpoint.read, folder / "model.ckpt")
        (folder / "model.ckpt.index").write_bytes(b"\xff" * 60 + struct.pack("<Q", tf_checkpoint.MAGIC))
        self.refuses("damaged", tf_checkpoint.read, folder / "model.ckpt.index")


if __name__ == "__main__":
    unittest.main()
