"""DeepFashion in-shop: 256x176 crops of shop photos with plain backgrounds.

The released pose-transfer layout flattens the nested image names into the folders ``train`` and ``test``,
with ``fasion-resize-annotation-{split}.csv`` and ``fasion-resize-pairs-{split}.csv`` (sic) beside them.
Images may be the 256x176 crops or the 256x256 originals, of which columns 40 to 215 are used. Annotations may
be those of the crop (``resize`` in the name) or of the original: these are moved by 40 px, and joints outside
the crop become missing. With the latter and no pairs CSV, test has exactly the published 8,570 pairs; the
published training list has 101,966.
"""

import re
from pathlib import PurePosixPath

from reposer.checks import InputError
from reposer.data.layout import Layout

_FLAT_NAME = re.compile(r"(fashion.+)_[^_]+$")


def flat_name(path: str) -> str:
    """Return the flattened name of an in-shop image.

    ``WOMEN/Blouses_Shirts/id_00003372/03_3_back.jpg`` becomes
    ``fashionWOMENBlouses_Shirtsid0000337203_3back.jpg``: gender, category and item without its underscore,
    the number of the outfit, then ``_`` and the view. Folders before the gender (``img/``) are ignored.

    Raises:
        InputError: if the path lacks one of these parts.
    """
    parts = PurePosixPath(path.replace("\\", "/")).parts[-4:]
    outfit, _, view = parts[-1].partition("_") if parts else ("", "", "")
    if len(parts) != 4 or not outfit or not view:
        raise InputError(
            f"{path}: not a DeepFashion in-shop path; expected one like WOMEN/Blouses_Shirts/id_00003372/03_3_back.jpg"
        )
    gender, category, item, _ = parts
    return f"fashion{gender}{category}{item.replace('_', '')}{outfit}_{view.replace('_', '')}"


def identity_of(name: str) -> str:
    """Return what two images of one person in one outfit share: the flattened name up to the view.

    ``fashionWOMENBlouses_Shirtsid0000337203_3back.jpg`` gives ``fashionWOMENBlouses_Shirtsid0000337203``.

    Raises:
        InputError: if the name is not a flattened one.
    """
    match = _FLAT_NAME.match(name)
    if match is None:
        raise InputError(
            f"{name}: not a flattened DeepFashion image name; "
            "expected one like fashionWOMENBlouses_Shirtsid0000337203_3back.jpg"
        )
    return match[1]


DEEPFASHION = Layout(
    name="deepfashion",
    title="DeepFashion in-shop (Liu et al., CVPR 2016)",
    size=(256, 176),
    folders=("{split}",),
    annotations=("fasion-resize-annotation-{split}.csv", "fashion-resize-annotation-{split}.csv"),
    pairs=(
        "fasion-resize-pairs-{split}.csv",
        "fashion-resize-pairs-{split}.csv",
        "fasion-pairs-{split}.csv",
        "fashion-pairs-{split}.csv",
    ),
    identity_of=identity_of,
    full_width=256,
    flat_name=flat_name,
    full_annotations=("fasion-annotation-{split}.csv", "fashion-annotation-{split}.csv"),
)
