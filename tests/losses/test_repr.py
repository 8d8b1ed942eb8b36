"""Losses print as what they compute: their settings and value range."""

import pytest

from reposer.losses import LOSSES, PartSSIMLoss, SSIMLoss
from reposer.poses import COCO_17


def test_settings_that_were_changed_are_shown() -> None:
    assert repr(SSIMLoss(window_size=7, sigma=0.8, value_range=(0, 1))) == (
        "SSIMLoss(window='gaussian', window_size=7, sigma=0.8, data_range='full', sample_covariance=False, "
        "value_range=(0, 1))"
    )


@pytest.mark.parametrize("name", [name for name, entry in LOSSES.items() if not {"features"} & entry.needs])
def test_every_setting_is_shown(name: str) -> None:
    if name == "lpips":
        pytest.skip("needs a network")
    loss = LOSSES[name].module()
    for setting, value in vars(loss.settings).items():
        assert f"{setting}={value!r}" in repr(loss)
    assert "missing_parts='exclude'" in repr(PartSSIMLoss(missing_parts="exclude"))


def test_a_loss_of_joints_shows_its_skeleton() -> None:
    assert "skeleton=coco-17" in repr(PartSSIMLoss(skeleton=COCO_17))
