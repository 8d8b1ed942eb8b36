"""Skeletons and conversion between them: published orders, exact round trips, masks, flips, one's own skeleton."""

import doctest
import re
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reposer.losses import PartSSIMLoss
from reposer.poses import (
    COCO_17,
    HALPE_26,
    MPII_16,
    OPENPOSE_18,
    OPENPOSE_25,
    SKELETONS,
    Part,
    Pose,
    Skeleton,
    convert_joints,
    convert_pose,
    draw_pose,
    flip_joints,
    limb_masks,
)
from reposer.poses import skeleton as skeleton_module
from reposer.poses.conversion import origins

SIZE = (48, 32)
quick = settings(max_examples=10, deadline=None, derandomize=True)
each_skeleton = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
each_pair = pytest.mark.parametrize(
    ("source", "target"),
    [(a, b) for a in SKELETONS.values() for b in SKELETONS.values() if a is not b],
    ids=lambda value: value.name,
)

# As the authors spell them: OpenPose's and AlphaPose's output documentation, COCO's keypoints.
PUBLISHED = {
    "openpose-18": """Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle
        REye LEye REar LEar""",
    "openpose-25": """Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee
        LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel""",
    "coco-17": """Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee
        LAnkle RAnkle""",
    "mpii-16": """RAnkle RKnee RHip LHip LKnee LAnkle Pelvis Thorax UpperNeck HeadTop RWrist RElbow RShoulder
        LShoulder LElbow LWrist""",
    "halpe-26": """Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee
        LAnkle RAnkle HeadTop Neck MidHip LBigToe RBigToe LSmallToe RSmallToe LHeel RHeel""",
    "mediapipe-33": """Nose LEyeInner LEye LEyeOuter REyeInner REye REyeOuter LEar REar LMouth RMouth LShoulder
        RShoulder LElbow RElbow LWrist RWrist LPinky RPinky LIndex RIndex LThumb RThumb LHip RHip LKnee RKnee LAnkle
        RAnkle LHeel RHeel LFootIndex RFootIndex""",
}
FACE = """RFace0 RFace1 RFace2 RFace3 RFace4 RFace5 RFace6 RFace7 Face8 LFace7 LFace6 LFace5 LFace4 LFace3 LFace2 LFace1
    LFace0 RFace17 RFace18 RFace19 RFace20 RFace21 LFace21 LFace20 LFace19 LFace18 LFace17 Face27 Face28 Face29 Face30
    RFace31 RFace32 Face33 LFace32 LFace31 RFace36 RFace37 RFace38 RFace39 RFace40 RFace41 LFace39 LFace38 LFace37
    LFace36 LFace41 LFace40 RFace48 RFace49 RFace50 Face51 LFace50 LFace49 LFace48 LFace59 LFace58 Face57 RFace58
    RFace59 RFace60 RFace61 Face62 LFace61 LFace60 LFace67 Face66 RFace67"""
HANDS = " ".join(f"{side}Hand{i}" for side in "LR" for i in range(21))
FEET = "LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel"
PUBLISHED["coco-wholebody-133"] = f"{PUBLISHED['coco-17']} {FEET} {FACE} {HANDS}"
PUBLISHED["halpe-136"] = f"{PUBLISHED['halpe-26']} {FACE} {HANDS}"


def spelled_out(published: str) -> str:
    side = {"L": "left ", "R": "right "}.get(published[0] if published[1].isupper() else "", "")
    return side + " ".join(re.findall(r"[A-Z][a-z]+|\d+", published)).lower()


def poses(skeleton: Skeleton, seed: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    """Draw poses on the pixels of an image, any joints missing."""
    random = torch.Generator().manual_seed(seed)
    joints = torch.rand(batch, len(skeleton.joints), 2, generator=random) * torch.tensor([SIZE[1], SIZE[0]])
    visible = torch.rand(batch, len(skeleton.joints), generator=random) < 0.8
    return joints.floor() * visible[..., None], visible


seeds = st.integers(0, 2**31)


@each_skeleton
def test_published_order(skeleton: Skeleton) -> None:
    assert list(skeleton.joints) == [spelled_out(joint) for joint in PUBLISHED[skeleton.name].split()]


@each_skeleton
def test_pairs_and_parts_bear_the_right_names(skeleton: Skeleton) -> None:
    names = skeleton.joints
    sided = {name for name in names if name.split()[0] in ("left", "right")}
    assert {names[i] for pair in skeleton.left_right for i in pair} == sided
    assert all(names[a].split()[1:] == names[b].split()[1:] for a, b in skeleton.left_right)
    assert [part.name for part in skeleton.parts] == [part.name for part in OPENPOSE_18.parts]
    ends = {part.name: [[names[i] for i in end] for end in (part.start, part.end)] for part in skeleton.parts}
    assert ends["left lower arm"] == [["left elbow"], ["left wrist"]]
    assert ends["right upper leg"] == [["right hip"], ["right knee"]]
    assert ends["torso"] == [["right shoulder", "left shoulder"], ["right hip", "left hip"]]


@each_skeleton
def test_limbs_join_all_joints_to_one_figure(skeleton: Skeleton) -> None:
    figure = {0}
    for _ in skeleton.joints:
        figure |= {joint for limb in skeleton.limbs if figure & {*limb} for joint in limb}
    assert figure == set(range(len(skeleton.joints)))
    switch = skeleton.flip_order
    limbs = {frozenset(limb) for limb in skeleton.limbs}
    assert {frozenset(switch[joint] for joint in limb) for limb in limbs} == limbs


def test_heads() -> None:
    heads = {
        name: tuple([skeleton.joints[i] for i in end] for end in (skeleton.parts[0].start, skeleton.parts[0].end))
        for name, skeleton in SKELETONS.items()
    }
    to_neck = (["nose"], ["neck"])
    assert heads == {
        "openpose-18": to_neck,
        "openpose-25": to_neck,
        "coco-17": (["nose"], ["right shoulder", "left shoulder"]),
        "mpii-16": (["upper neck", "head top"], ["thorax"]),
        "halpe-26": to_neck,
        "mediapipe-33": (["nose"], ["right shoulder", "left shoulder"]),
        "coco-wholebody-133": (["nose"], ["right shoulder", "left shoulder"]),
        "halpe-136": to_neck,
    }


@each_pair
@quick
@given(seed=seeds)
def test_round_trip(source: Skeleton, target: Skeleton, seed: int) -> None:
    """What both skeletons have comes back bit for bit; what the other lacks does not come back."""
    joints, visible = poses(source, seed)
    back, seen = convert_joints(*convert_joints(joints, visible, source, target), target, source)
    same_place = {"thorax": "neck", "pelvis": "mid hip"}
    common = {same_place.get(name, name) for name in target.joints}
    for i, name in enumerate(source.joints):
        if same_place.get(name, name) in common:
            assert torch.equal(back[:, i], joints[:, i])
            assert torch.equal(seen[:, i], visible[:, i])
        elif name not in ("neck", "thorax", "mid hip", "pelvis"):
            assert not seen[:, i].any()
    assert back[~seen].eq(0).all()


@pytest.mark.parametrize("via", [OPENPOSE_18, OPENPOSE_25, HALPE_26], ids=lambda value: value.name)
@quick
@given(seed=seeds)
def test_nothing_of_coco_is_lost_in_a_richer_skeleton(via: Skeleton, seed: int) -> None:
    joints, visible = poses(COCO_17, seed)
    back, seen = convert_joints(*convert_joints(joints, visible, COCO_17, via), via, COCO_17)
    assert torch.equal(back, joints)
    assert torch.equal(seen, visible)


@pytest.mark.parametrize("target", [OPENPOSE_18, OPENPOSE_25, MPII_16, HALPE_26], ids=lambda value: value.name)
@quick
@given(seed=seeds)
def test_derived_joints(target: Skeleton, seed: int) -> None:
    """They are the middle of the shoulders or hips, and visible where both of these are."""
    joints, visible = poses(COCO_17, seed)
    converted, seen = convert_joints(joints, visible, COCO_17, target)
    for name, (left, right) in {"neck": (5, 6), "thorax": (5, 6), "mid hip": (11, 12), "pelvis": (11, 12)}.items():
        if name in target.joints:
            i = target.joints.index(name)
            both = visible[:, left] & visible[:, right]
            assert torch.equal(seen[:, i], both)
            assert torch.equal(converted[both, i], (joints[both, left] + joints[both, right]) / 2)


def test_what_follows_from_nothing_is_missing() -> None:
    joints, visible = torch.ones(1, 17, 2), torch.ones(1, 17, dtype=torch.bool)
    _, seen = convert_joints(joints, visible, COCO_17, MPII_16)
    assert [MPII_16.joints[i] for i in (~seen[0]).nonzero().flatten()] == ["upper neck", "head top"]


def test_upper_neck_is_no_neck() -> None:
    visible = torch.ones(1, 16, dtype=torch.bool)
    joints = torch.zeros(1, 16, 2)
    joints[0, MPII_16.joints.index("thorax")] = torch.tensor([10.0, 20.0])
    joints[0, MPII_16.joints.index("upper neck")] = torch.tensor([11.0, 12.0])
    converted, _ = convert_joints(joints, visible, MPII_16, OPENPOSE_18)
    assert converted[0, 1].tolist() == [10.0, 20.0]


@each_pair
@quick
@given(seed=seeds)
def test_flip_then_convert_is_convert_then_flip(source: Skeleton, target: Skeleton, seed: int) -> None:
    pose = poses(source, seed)
    one, seen = convert_joints(*flip_joints(*pose, SIZE[1], skeleton=source), source, target)
    other, also_seen = flip_joints(*convert_joints(*pose, source, target), SIZE[1], skeleton=target)
    assert torch.equal(one, other)
    assert torch.equal(seen, also_seen)


@each_skeleton
@quick
@given(seed=seeds)
def test_flip_twice_is_nothing(skeleton: Skeleton, seed: int) -> None:
    joints, visible = poses(skeleton, seed)
    flipped = flip_joints(joints, visible, SIZE[1], skeleton=skeleton)
    back, seen = flip_joints(*flipped, SIZE[1], skeleton=skeleton)
    assert torch.equal(back, joints)
    assert torch.equal(seen, visible)


@each_skeleton
@quick
@given(seed=seeds)
def test_masks_of_converted_joints(skeleton: Skeleton, seed: int) -> None:
    """Arms, legs and torso have the same ends everywhere; so has the head, but in MPII, if the neck is the middle."""
    joints, visible = neck_in_the_middle(*poses(OPENPOSE_18, seed))
    expected = limb_masks(joints, visible, SIZE)
    masks = limb_masks(*convert_joints(joints, visible, OPENPOSE_18, skeleton), SIZE, skeleton=skeleton)
    first = 1 if skeleton is MPII_16 else 0
    assert torch.equal(masks[:, first:], expected[:, first:])


def neck_in_the_middle(joints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    return convert_joints(*convert_joints(joints, visible, OPENPOSE_18, COCO_17), COCO_17, OPENPOSE_18)


def test_mpii_head_mask_covers_the_head() -> None:
    joints, visible = torch.zeros(1, 16, 2), torch.zeros(1, 16, dtype=torch.bool)
    for i, y in ((7, 30.0), (8, 24.0), (9, 8.0)):
        joints[0, i], visible[0, i] = torch.tensor([16.0, y]), True
    masks = limb_masks(joints, visible, SIZE, skeleton=MPII_16)
    assert masks[0, 0, 16:31, 16].min() > 0.5
    assert masks[0, 1:].eq(0).all()


def test_loss_in_another_skeleton() -> None:
    joints, visible = neck_in_the_middle(*poses(OPENPOSE_18, seed=0))
    images = torch.rand(2, 2, 3, *SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1
    expected = PartSSIMLoss()(*images, joints, visible)
    loss = PartSSIMLoss(skeleton=COCO_17)(*images, *convert_joints(joints, visible, OPENPOSE_18, COCO_17))
    assert loss == expected
    with pytest.raises(ValueError, match=r"'openpose-18' must have shape \(B, 18, 2\), got \(2, 17, 2\); name your"):
        PartSSIMLoss()(*images, *convert_joints(joints, visible, OPENPOSE_18, COCO_17))


@each_skeleton
def test_drawing(skeleton: Skeleton) -> None:
    joints, _ = poses(skeleton, seed=0)
    count = len(skeleton.joints)
    drawn = draw_pose(Pose(joints[0], torch.ones(count, dtype=torch.bool)), SIZE, skeleton=skeleton)
    assert drawn.shape == (3, *SIZE)
    assert drawn.any()
    assert not draw_pose(Pose(joints[0], torch.zeros(count, dtype=torch.bool)), SIZE, skeleton=skeleton).any()
    with pytest.raises(ValueError, match=rf"'{skeleton.name}' must have shape \(B, {count}, 2\), got \(1, 5, 2\)"):
        draw_pose(Pose(torch.zeros(5, 2), torch.zeros(5, dtype=torch.bool)), SIZE, skeleton=skeleton)


def test_one_pose_and_whole_pixels() -> None:
    joints, visible = poses(COCO_17, seed=0, batch=1)
    pose = convert_pose(Pose(joints[0].long(), visible[0]), COCO_17, OPENPOSE_18)
    expected = convert_joints(joints, visible, COCO_17, OPENPOSE_18)
    assert torch.equal(pose.joints, expected[0][0])
    assert torch.equal(pose.visible, expected[1][0])
    empty, seen = convert_joints(joints[:0].double(), visible[:0], COCO_17, HALPE_26)
    assert (empty.shape, empty.dtype, seen.shape) == ((0, 26, 2), torch.float64, (0, 26))


def test_conversion_is_differentiable_and_ignores_what_missing_joints_hold() -> None:
    joints, visible = torch.ones(1, 17, 2), torch.ones(1, 17, dtype=torch.bool)
    joints[0, 5], visible[0, 5] = torch.nan, False
    joints.requires_grad_()
    converted, seen = convert_joints(joints, visible, COCO_17, OPENPOSE_18)
    assert not seen[0, 1]
    assert converted.isfinite().all()
    converted.sum().backward()
    assert joints.grad is not None
    assert torch.equal(joints.grad[0, :, 0], visible[0].float())


def test_conversion_needs_the_joints_of_its_source() -> None:
    with pytest.raises(ValueError, match=r"'coco-17' must have shape \(B, 17, 2\), got \(1, 18, 2\)"):
        convert_joints(torch.zeros(1, 18, 2), torch.zeros(1, 18, dtype=torch.bool), COCO_17, OPENPOSE_18)


def test_skeletons_are_read_only() -> None:
    with pytest.raises(TypeError):
        SKELETONS["mine"] = COCO_17  # type: ignore[index]


def test_skeleton_of_ones_own() -> None:
    result = doctest.testmod(skeleton_module)
    assert result.attempted > 0
    assert result.failed == 0


def test_origins() -> None:
    assert origins("neck", ("left shoulder", "neck", "right shoulder")) == (1,)
    assert origins("neck", ("left shoulder", "right shoulder")) == (1, 0)
    assert origins("neck", ("left shoulder",)) == ()
    assert origins("tail", ("tail",)) == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": ("a", "b", "a")}, "skeleton 'mine': joint name 'a' stands twice"),
        ({"limbs": ((0, 3),)}, r"skeleton 'mine': limb \(0, 3\) names joint 3, there are 0 to 2"),
        ({"left_right": ((-1, 0),)}, r"skeleton 'mine': pair \(-1, 0\) names joint -1, there are 0 to 2"),
        ({"left_right": ((0, 1), (1, 2))}, "skeleton 'mine': joint of left_right 1 stands twice"),
        ({"left_right": ((0, 0),)}, "skeleton 'mine': joint of left_right 0 stands twice"),
        ({"parts": (Part("p", (0,), (7,), 9.0),)}, "skeleton 'mine': part 'p' names joint 7, there are 0 to 2"),
        ({"parts": (Part("p", (0,), (1,), 9.0),) * 2}, "skeleton 'mine': part name 'p' stands twice"),
        ({"parts": (Part("p", (0,), (), 9.0),)}, "skeleton 'mine': a part needs two ends and a positive width, got"),
        ({"parts": (Part("p", (0,), (1,), 0.0),)}, "skeleton 'mine': a part needs two ends and a positive width, got"),
    ],
)
def test_what_is_wrong_with_a_skeleton(change: dict[str, object], message: str) -> None:
    mine = Skeleton("mine", ("a", "b", "c"), limbs=((0, 1),), left_right=((1, 2),), parts=())
    with pytest.raises(ValueError, match=message):
        replace(mine, **change)  # type: ignore[arg-type]
