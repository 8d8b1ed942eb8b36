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
