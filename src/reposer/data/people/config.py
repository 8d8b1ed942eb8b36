"""What a data set of synthetic people is to hold."""

from dataclasses import dataclass
from typing import Annotated, Literal

from reposer.bounds import Seed, at_least, between
from reposer.checks import InputError
from reposer.data.layouts import RELEASED
from reposer.data.synthetic import MOST_IDENTITIES, SyntheticLayout
from reposer.values import Checked

SceneKind = Literal["studio", "street"]
_SCENES: dict[SyntheticLayout, SceneKind] = {"market": "street", "deepfashion": "studio"}
Side = Annotated[int, between(16, 1024)]


@dataclass(frozen=True, kw_only=True)
class PeopleConfig(Checked):
    """What to make: how many people and pictures, where they are taken, what is known about them, and the layout."""

    identities: Annotated[int, at_least(2)] = 200
    """People, train and test together."""
    images_per_identity: Annotated[int, at_least(2, 9999)] = 8
    """Pictures of each person."""
    test_identities: int | None = None
    """People of the test split, none of whom is in train; None: an eighth of all, at least 1, of cross pairs 2."""
    test_pairs: Annotated[int, at_least(1)] = 256
    """Test pairs, drawn from all that there are; at most all of them."""
    scene: Literal["auto", "studio", "street", "mixed"] = "auto"
    """Where: before white to grey walls, framed from headless to full; or whole people outdoors, by surveillance
    cameras; mixed: half of the people here, half there; auto: as in the data set whose layout it is."""
    layout: SyntheticLayout = "market"
    """Names of files as in Market-1501 or DeepFashion."""
    size: tuple[Side, Side] | None = None
    """Height and width of the pictures in pixels; None: that of the layout, 128 64 or 256 176."""
    pairs: Literal["same", "cross"] = "same"
    """same: two pictures of a person; cross: the second shows the person in the pose and before the camera of somebody
    else's picture, so that there is a truth for poses of others. Half of each person's pictures are of this kind."""
    truth: Literal["none", "parts", "surface"] = "surface"
    """What is written of each pixel: nothing, the body part (PNG), or also the point of the person's surface (npz),
    from which flow and visibility between any two pictures of a person follow."""
    keypoint_noise: Annotated[float, between(0, 4)] = 0.0
    """Errors of a pose estimator in the annotations: 0: none, 1: as a real one's; the exact keypoints stand beside."""
    occluded_joints: Literal["report", "drop"] = "report"
    """Joints of limbs behind something: report them, as pose estimators mostly do, or drop them as missing."""
    seed: Seed = 0
    """Determines everything."""
    workers: Annotated[int, at_least(0)] = 0
    """Processes; 0: one per core. At most four per core are started. The result does not depend on it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        most, least = MOST_IDENTITIES[self.layout], self.least_in_split
        if self.identities > most:
            raise InputError(f"identities must be at most {most} for layout {self.layout!r}, got {self.identities}")
        if self.identities < 2 * least:
            raise InputError(f"identities must be at least {2 * least} for cross pairs, 2 in each split")
        if self.test_identities is not None and not least <= self.test_identities <= self.identities - least:
            raise InputError(
                f"test_identities must be from {least} to {self.identities - least}, got {self.test_identities}"
            )

    @property
    def least_in_split(self) -> int:
        """How many people a split needs: for poses of others, another one."""
        return 2 if self.pairs == "cross" else 1

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width of the pictures in pixels."""
        return self.size or RELEASED[self.layout].size

    @property
    def own_pictures(self) -> int:
        """How many of a person's pictures show them in a pose of their own; the others come after these."""
        return self.images_per_identity if self.pairs == "same" else (self.images_per_identity + 1) // 2

    @property
    def people(self) -> dict[str, range]:
        """Identities of each split; those of test come first, so that train can grow without changing it."""
        asked, least = self.test_identities, self.least_in_split
        tested = asked if asked is not None else max(least, self.identities // 8)
        return {"train": range(tested + 1, self.identities + 1), "test": range(1, tested + 1)}

    def scene_kinds(self) -> tuple[SceneKind, ...]:
        """The kinds of places, of which each person has one."""
        if self.scene == "mixed":
            return ("studio", "street")
        return (_SCENES[self.layout] if self.scene == "auto" else self.scene,)
