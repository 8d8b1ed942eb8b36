"""People import one loss: what only training, pictures or networks need stays out of the process."""

import subprocess
import sys

import pytest

HEAVY = ("torch._dynamo", "lightning", "torchvision", "cv2", "skimage", "scipy", "lpips", "tensorboard", "tyro", "rich")


@pytest.mark.slow
def test_import_is_light() -> None:
    code = f"import sys, reposer.losses; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


START = """
import os, sys
for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS"):
    os.environ.pop(name, None)
import reposer.commands.train, reposer.commands.generate, reposer.quickstart
from reposer.config import HardwareConfig
from reposer.training.world import World, check_devices
check_devices(HardwareConfig(accelerator="cpu"))
World.launch(HardwareConfig(accelerator="cpu"))
"""


@pytest.mark.slow
def test_a_start_on_one_processor_is_light() -> None:
    """Lightning, which finds GPUs and other processes, takes as long to import as torch: it brings these along."""
    names = ("lightning", "torchmetrics", "torchvision", "scipy", "torch._dynamo")
    code = f"{START}print([name for name in {names} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
