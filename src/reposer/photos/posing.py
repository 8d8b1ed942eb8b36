"""Poses from whatever they are given as: a name, a file of keypoints, a photo, a pose."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from torch import Tensor

from reposer.checks import InputError, check_choice, some, suggestion
from reposer.decoding import is_image
from reposer.images import read_photo
from reposer.poses import NAMED_POSES, OPENPOSE_18, Pose
from reposer.poses.estimators import DEFAULT, ESTIMATORS, Estimator, EstimatorWeights, chosen_person, load_estimator
from reposer.poses.keypoints import KeypointOptions, read_image_poses
from reposer.poses.proportions import statures
from reposer.poses.retargeting import within

_FARTHEST = 2**24
"""Pixels: where float32 ends to tell neighbours apart."""


@dataclass(frozen=True)
class Poser:
    """Finds poses in photos, and reads those that are given."""

    estimator: str | Estimator = DEFAULT
    """An estimator of poses, or the name of one, which is loaded when a photo is to be looked at."""
    weights: EstimatorWeights = None
    """Where its weights come from; see :func:`reposer.poses.estimators.load_estimator`."""
    device: str = "cpu"
    notes: list[str] = field(default_factory=list, compare=False)
    """What is worth telling of what was found, filled meanwhile."""

    def __post_init__(self) -> None:
        if isinstance(self.estimator, str):
            check_choice("estimator", self.estimator, ESTIMATORS)

    @cached_property
    def _loaded(self) -> Estimator:
        if not isinstance(self.estimator, str):
            return self.estimator
        return load_estimator(self.estimator, weights=self.weights, device=self.device)

    def wanted(self, pose: Pose | str | Path) -> Pose | str:
        """Return a target pose, or the name of one.

        Args:
            pose: itself; one of ``NAMED_POSES``; a file of keypoints of one image, in any known format; or a photo,
                whose person is estimated.

        Raises:
            InputError: if there is no such thing, or nobody in it.
        """
        if isinstance(pose, Pose):
            return checked("the pose", pose)
        if str(pose) in NAMED_POSES:
            return str(pose)
        path = Path(pose)
        if not exists(path):
            raise InputError(f"{pose}: {_neither(str(pose))}")
        if path.is_dir() or not is_image(path):
            return read_pose(path)
        return self.found_in(read_photo(path), path, remedy="give a file of keypoints")

    def in_photo(self, photo: Tensor, pose: Pose | str | Path | None, where: object, person: int | None) -> Pose:
        """Return the pose of the person in a photo.

        Args:
            photo: (3, H, W) uint8, as it is shown.
            pose: itself; a file of keypoints, of that photo or of several, then of the one that is called so; None: it
                is estimated.
            where: the photo's file, or what errors call it.
            person: which of several people, from 1; None: the largest and most central.

        Raises:
            InputError: if there is nobody, or the pose is not of this photo.
        """
        size = photo.shape[-2], photo.shape[-1]
        if pose is None:
            return self.found_in(photo, where, person=person, remedy="give their pose with --source-pose FILE")
        if isinstance(pose, Pose):
            return of_photo(checked("source_pose", pose), size, where)
        return of_photo(read_pose(Path(pose), size=size, image=where, person=person), size, pose)

    def found_in(self, photo: Tensor, where: object, *, person: int | None = None, remedy: str) -> Pose:
        """Estimate the pose of a person in a photo (3, H, W) uint8.

        Raises:
            InputError: if nobody is found, or the estimator is not to be had; it says ``remedy`` then.
        """
        try:
            estimator = self._loaded
        except InputError as error:
            raise InputError(
                f"{where}: the pose of its person cannot be estimated; {remedy}, or the estimator's weights with "
                f"--weights FILE: {error}"
            ) from None
        people = estimator([photo])[0]
        found = chosen_person(people, (photo.shape[-2], photo.shape[-1]), estimator, person=person)
        count = sum(each.score >= estimator.score_threshold for each in people)
        if found is None:
            who = f"no person {person} among the {count} found" if person is not None and count else "nobody is found"
            raise InputError(f"{where}: {who} by the pose estimator; take another photo, or {remedy}")
        if count > 1 and person is None:
            self.notes.append(f"{where}: {count} people are found; the largest and most central is taken")
        return found[1]


def read_pose(
    path: str | Path, *, size: tuple[int, int] | None = None, image: object = None, person: int | None = None
) -> Pose:
    """Read one pose from a file of keypoints; of several images, that of the ``image`` with its name.

    Args:
        path: a file of keypoints in any known format.
        size: (H, W) of the image in pixels, for files that have shares of it and do not tell.
        image: name or path of the image.
        person: which of several people, from 1; None: the largest and most central.

    Raises:
        InputError: if there is none, or several and none of that name.
    """
    try:
        found = read_image_poses(Path(path), KeypointOptions(size=size, person=person, nobody="keep"))
    except InputError as error:
        more = "; 'reposer poses convert' has these options, and writes a CSV" if "(--s" in str(error) else ""
        raise InputError(f"{error}{more}") from None
    name = "" if image is None else Path(str(image)).name
    fitting = [each for each in found if name in (each.image.name, Path(each.image.name).stem)] or found
    fitting = fitting if len(fitting) == 1 else [each for each in found if each.image.name == name]
    if len(fitting) != 1:
        names = some(each.image.name for each in found)
        called = f", or one called {name}" if image is not None else ""
        raise InputError(f"{path}: poses of {len(found):,} images ({names}); expected that of one{called}")
    return checked(str(path), fitting[0].pose)


def exists(path: Path) -> bool:
    """Whether there is something of that name; False for one that none can have."""
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):  # too long, or with a null byte
        return False


def checked(name: str, pose: Pose) -> Pose:
    """Check that a pose has the joints that generators read, one of them visible, and all that are in some place."""
    if len(pose.visible) != len(OPENPOSE_18.joints):
        raise InputError(
            f"{name} has {len(pose.visible)} joints, the generator reads those of {OPENPOSE_18.name}; "
            "reposer.poses.convert_pose converts"
        )
    if not pose.visible.any():
        raise InputError(f"{name} has no visible joint; expected the pose of a person")
    if not (pose.joints[pose.visible].abs() <= _FARTHEST).all():  # NaN too
        raise InputError(f"{name} has a visible joint that is nowhere (NaN, or more than {_FARTHEST:,} pixels away)")
    return pose


def checked_limbs(name: str, pose: Pose) -> Pose:
    """Check that something of a pose tells how large the person is, so that it can be fitted to somebody else."""
    if not statures(pose.joints[None], pose.visible[None]) > 0:
        raise InputError(
            f"{name} has {int(pose.visible.sum())} of {len(pose.visible)} joints and no limb with both ends: nothing "
            "tells how to fit it to the person; give another pose, or one in pixels of the photo with retarget off"
        )
    return pose


def of_photo(pose: Pose, size: tuple[int, int], where: object) -> Pose:
    """Check that most of a pose's joints lie in the photo of ``size`` (H, W) that it is said to be of, none far off."""
    count = int(pose.visible.sum())
    outside = count - int(within(pose.joints[None], pose.visible[None], size)[1].sum())
    farthest = (pose.joints[pose.visible] - pose.joints.new_tensor(size[::-1]) / 2).abs().max()
    if 2 * outside > count or farthest > 2 * max(size):
        raise InputError(
            f"{where}: {outside} of {count} joints lie outside of the photo, which has {size[0]}x{size[1]} pixels "
            "(height x width) as it is shown; expected a pose in its pixels"
        )
    return pose


def _neither(name: str) -> str:
    if Path(name).suffix or "/" in name:
        return "no such file; expected a photo, a file of keypoints, or the name of a pose"
    return (
        f"no such pose nor file{suggestion(name, NAMED_POSES)} (poses with names: {', '.join(NAMED_POSES)}; or a photo "
        "or a file of keypoints)"
    )
