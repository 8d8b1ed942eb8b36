"""Pictures of people: the same on every machine, keypoints and parts where they belong, nobody undressed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy._core import _multiarray_umath
from tests.data.people.people import MARKET, snap, somebody
from tests.limbs import LIMBS

from reposer.data.people.light import contact
from reposer.data.people.parts import PARTS
from reposer.data.people.stances import stand
from reposer.data.people.texture import Atlas


def test_same_seed_same_bits_and_other_seed_other_picture():
    first, again, other = snap(1, 2), snap(1, 2), snap(2, 2)
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.faces, again.faces)
    assert np.array_equal(first.joints, again.joints)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("size", [(128, 64), (256, 176), (97, 51)])
def test_any_size(size: tuple[int, int]):
    frame = snap(0, size=size)
    assert frame.image.shape == (*size, 3)
    assert frame.image.dtype == np.uint8
    assert frame.parts.shape == frame.faces.shape == size
    assert 0.05 < (frame.parts > 0).mean() < 0.7


@pytest.mark.parametrize("framing", ["full", "three-quarter", "half", "upper", "headless", "street"])
def test_framings_show_what_they_say(framing: str):
    for seed in range(3):
        frame = snap(seed, framing=framing, heading=0.2)  # type: ignore[arg-type]
        inside = frame.visible | frame.hidden
        full = framing in ("full", "street")
        assert inside[[10, 13]].all() == full
        assert inside[0] == (framing != "headless")
        assert inside[[2, 5]].any()
        assert inside[[8, 11]].any() == (framing != "upper")
        assert not (inside[[9, 12]].any() and framing in ("half", "upper", "headless"))


def test_joints_that_are_visible_lie_on_their_parts():
    right = total = 0
    for seed in range(8):
        frame = snap(seed)
        for joint, names in LIMBS.items():
            if frame.visible[joint]:
                x, y = np.round(frame.joints[joint]).astype(int)
                near = frame.parts[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
                right += bool(np.isin(near, [PARTS[name] for name in names]).any())
                total += 1
    assert total > 40
    assert right > 0.97 * total


def test_faces_are_seen_from_the_front_only():
    for seed in range(3):
        front, back = (snap(seed, heading=heading, stance=stand()) for heading in (0.0, np.pi))  # nobody looks back
        assert front.visible[0]
        assert not back.visible[[0, 14, 15]].any()
        assert front.joints[2, 0] < front.joints[5, 0]  # the right shoulder is on the left
        assert back.joints[2, 0] > back.joints[5, 0]


def test_nobody_is_undressed():
    """Between the chest and the thighs only cloth is seen."""
    for seed in range(8):
        mesh = somebody(seed).mesh
        skin = mesh.layer_names.index("skin")
        for picture in range(2):
            frame = snap(seed, picture, studio=False, framing="street")
            shown = frame.faces[frame.faces >= 0]
            site = mesh.site[:, mesh.faces[:, shown]].mean(1)
            trunk = (np.abs(site[0]) < 0.13) & (site[1] > -0.05) & (site[1] < 0.42)
            assert trunk.any()
            assert not (trunk & (mesh.layers[shown] == skin)).any()


def test_light_from_the_left_lights_the_left():
    from dataclasses import replace

    from reposer.data.people.picture import photograph
    from reposer.data.people.scenes.studio import sample_studio

    scene = sample_studio(np.random.default_rng(0))
    halves = []
    for side in (-1.0, 1.0):
        light = replace(scene.light, towards=(side, 0.3, 0.2), key=(0.9, 0.9, 0.9))
        frame = photograph(
            somebody(0), stand(), heading=0.0, framing="full", scene=replace(scene, light=light), size=MARKET, seed=0
        )
        torso = frame.parts == PARTS["torso"]
        middle = np.flatnonzero(torso.any(0)).mean()
        right = np.arange(MARKET[1]) > middle
        bright = frame.image.mean(2)
        halves.append(bright[torso & right].mean() - bright[torso & ~right].mean())
    assert halves[0] < -10
    assert halves[1] > 10


@pytest.mark.slow(8)
def test_other_processors_make_the_same_pictures():
    """Without the vector instructions that NumPy and OpenCV choose by processor."""
    code = (
        "import hashlib; from tests.data.people.people import snap; h = hashlib.sha256();\n"
        "for seed in range(2):\n"
        "    for studio in (True, False):\n"
        "        f = snap(seed, studio=studio)\n"
        "        for a in (f.image, f.faces, f.joints, f.weights, f.screen): h.update(a.tobytes())\n"
        "from numpy._core._multiarray_umath import __cpu_features__ as features, __cpu_dispatch__ as used\n"
        "print(sum(features[name] for name in used), h.hexdigest())"
    )
    root = Path(__file__).parents[3]
    used = [name for name in _multiarray_umath.__cpu_dispatch__ if _multiarray_umath.__cpu_features__[name]]
    switches = {
        "NPY_DISABLE_CPU_FEATURES": " ".join(used),
        "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FMA3,AVX,SSE4_2",
        "OPENBLAS_CORETYPE": "Prescott",
    }
    features, digests = [], []
    for extra in ({}, switches):
        environment = os.environ | {"PYTHONPATH": f"{root / 'src'}:{root}", "PYTHONWARNINGS": "ignore"} | extra
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=root
        )
        count, digest = done.stdout.split()[-2:]
        features.append(int(count))
        digests.append(digest)
    assert features == [len(used), 0]
    assert digests[0] == digests[1]


def test_contact_shades_what_lies_behind_by_its_own_depth():
    """However coarse the cells: no step where their border is, no rim on what is in front."""
    depth = np.full((32, 24), np.inf, np.float32)
    depth[4:28, 3:12], depth[4:28, 12:21] = 2.94, 3.0
    x, y = np.linspace(3, 20, 137, dtype=np.float32), np.full(137, 15.3, np.float32)
    near, far = (contact(depth, 0.015, x, y, np.full(137, own, np.float32)) for own in (2.94, 3.0))
    assert near.min() > 0.999
    assert far[x < 11.5].max() < 0.7
    assert far[-1] > 0.999
    assert np.diff(far[x > 11]).min() > -1e-3
    assert np.abs(np.diff(far)).max() < 0.04


def test_paint_changes_evenly_between_rows_of_texels():
    """Stripes that are not level in a picture would break into steps otherwise."""
    colour = np.random.default_rng(0).integers(0, 256, (16, 8, 4)).astype(np.uint8)
    atlas = Atlas(colour, np.full_like(colour, 128))
    v = np.linspace(0, 16, 257, dtype=np.float32)
    seen = atlas.colour(np.full(257, 3.5, np.float32), v, 0)
    middles = (np.arange(16) + 0.5)[:, None]
    wanted = np.stack([np.interp(v, middles[:, 0], colour[:, 3, k]) for k in range(4)], axis=-1)
    assert np.abs(seen - wanted).max() <= 1
