"""Market-1501: 128x64 photos of pedestrians from six cameras.

The download has the folders ``bounding_box_train`` and ``bounding_box_test``; the released pose-transfer
layout calls them ``train`` and ``test``, with ``market-annotation-{split}.csv`` and
``market-pairs-{split}.csv`` beside them. Both work. The ``query`` folder is not used: it has no annotations,
and no published pair names it. With the released annotations and no pairs CSV, train has the published 263,632
pairs, and test 257,198, of which the published 12,000 are a part: only the published CSV gives comparable scores.
"""

import re

from reposer.checks import InputError
from reposer.data.layout import Layout

_NAME = re.compile(r"(-1|\d+)_")


def identity_of(name: str) -> str:
    """Return the identity in a name such as ``0002_c1s1_000451_03.jpg`` (identity_camera/sequence_frame_box).

    -1 and 0000 are distractors.

    Raises:
        InputError: if the name has no identity.
    """
    match = _NAME.match(name)
    if match is None:
        raise InputError(f"{name}: not a Market-1501 image name; expected one like 0002_c1s1_000451_03.jpg")
    return match[1]


MARKET = Layout(
    name="market",
    title="Market-1501 (Zheng et al., ICCV 2015)",
    size=(128, 64),
    folders=("{split}", "bounding_box_{split}"),
    annotations=("market-annotation-{split}.csv",),
    pairs=("market-pairs-{split}.csv",),
    identity_of=identity_of,
)
