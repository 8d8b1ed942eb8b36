"""Readers of keypoints: one for each format, and the folder of a file for each image."""

from __future__ import annotations

import struct
from pathlib import Path
from random import Random

from tests.attacks.mutations import mutate_bytes, mutate_json, mutate_table
from tests.attacks.reader import Mutation, Reader
from tests.poses.keypoint_files import SAMPLES, SIZE, sample

from reposer.poses import Pose
from reposer.poses.keypoints import read_keypoints
from reposer.poses.keypoints.picture import FARTHEST

_HEADERS = (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 17, 2), }",
    "{'descr': '<f8', 'fortran_order': True, 'shape': (-1, 17, 2), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (17, 2), }",
    "{'descr': [('a', '<f8', (9999, 9999))], 'fortran_order': False, 'shape': (17, 2), }",
    "{'descr': '<f8', 'fortran_order': 7, 'shape': (17, 2.0), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 17, 2), }",
    "__import__('os').system('touch /tmp/owned')",
    "[" * 5000,
    "\0",
)
_ATTACKED = {
    "csv": "csv",
    "openpose": "openpose-25",
    "controlnet": "controlnet-shares",
    "coco": "coco",
    "coco-results": "coco-results",
    "alphapose": "alphapose-26",
    "mmpose": "mmpose-video",
    "easy-vitpose": "easy-vitpose",
    "mediapipe": "mediapipe-by-name",
    "npy": "npy-1x25x3",
}
"""The sample of each format."""
_MUTATIONS: dict[str, tuple[Mutation, ...]] = {"csv": (mutate_table,)}


def mutate_array(random: Random, content: bytes) -> bytes:
    """Another header, or numbers that are not finite or far away."""
    if random.random() < 0.4:
        header = random.choice(_HEADERS).encode() + b"\n"
        return content[:6] + b"\x01\0" + struct.pack("<H", len(header)) + header + content[128:]
    changed = bytearray(content)
    for _ in range(random.choice((1, 5, 75))):
        number = random.choice((float("nan"), float("inf"), -1.0, 0.0, 1e300, -1e9, 5e-324, random.random()))
        struct.pack_into("<d", changed, 128 + 8 * random.randrange((len(content) - 128) // 8), number)
    return bytes(changed) if random.random() < 0.9 else mutate_bytes(random, bytes(changed))


def read(path: Path) -> dict[str, Pose]:
    """Read keypoints of images of the samples' size."""
    return read_keypoints(path, size=SIZE)


def check(poses: dict[str, Pose], valid: dict[str, Pose], content: bytes) -> None:
    """Whatever is accepted is a pose of an image, within it and with a joint at least."""
    assert poses, "accepted no pose"
    for name, pose in poses.items():
        assert name == Path(name).name.strip() != "", f"accepted a name {name!r}"
        assert name.isprintable() or "\u00a0" in name, f"accepted a name {name!r}"
        assert pose.joints.shape == (18, 2)
        assert pose.visible.any(), "accepted a pose without joints"
        seen = pose.joints[pose.visible]
        assert seen.isfinite().all()
        assert (seen >= 0).all(), "accepted a joint outside"
        assert (seen <= FARTHEST).all(), "accepted a joint far away"
        assert (seen[:, 0] < SIZE[1]).all(), "accepted a joint outside"
        assert (seen[:, 1] < SIZE[0]).all(), "accepted a joint outside"


READERS = (
    *(
        Reader(
            name=f"keypoints-{kind}",
            make=lambda folder, name=name: sample(folder, name),
            read=read,
            mutations=(mutate_array,) if kind == "npy" else _MUTATIONS.get(kind, (mutate_json,)),
            check=check,
        )
        for kind, name in _ATTACKED.items()
    ),
    Reader(
        name="keypoints-of-a-folder",
        make=lambda folder: sample(folder / "keypoints", "openpose-18"),
        read=lambda path: read(path.parent),
        mutations=(mutate_json,),
        check=check,
    ),
)
assert set(_ATTACKED) == {kind for kind, _, _ in SAMPLES.values()}
