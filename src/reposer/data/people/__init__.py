"""Photo-like synthetic people with exact correspondences.

``Looks`` is all that a person is; ``make_person`` builds and paints them once, ``photograph`` draws a picture and
its truth. Nothing is painted per picture.

Arrays have their components first: points (3, V), uv (2, V), faces (3, F), weights (3, N). Lengths are metres, y is
up; the average body at rest, the template, faces +z with its left at +x and the origin near the hips: soles at
-0.82, waist 0.2, shoulders 0.5, chin 0.63, eyes 0.73, top 0.85. A *site* is a place on the template: what depends
on where something is on the body (hems, necklines, hairlines, brows) is a function of sites, and so stays put in
every pose and on every body.

Garments hang from shells of the body suit or the skirt (``Garment.shell``), are cut by the sign of
``Garment.cover`` at sites, and are painted on flat panels in metres (``Garment.paint``), so that a pattern meets at
the seams.

Pictures are the same bits on every machine: no BLAS on large arrays, no exp, sin, cos or power of float32 arrays,
no OpenCV filters of floats; float64 ones are fine where the result is then rounded to few bits. All that is random
is drawn in functions called ``sample_...``, or from a seed that a dataclass holds.
"""

from reposer.correspondence import PART_NAMES
from reposer.data.people.config import PeopleConfig
from reposer.data.people.dataset import PeopleSummary, make_people
from reposer.data.people.flow import SurfaceBatch, stack_truth, true_flow
from reposer.data.people.folder import TruthFolder
from reposer.data.people.truth import PictureTruth, SurfaceTruth, read_picture, read_surface

__all__ = [
    "PART_NAMES",
    "PeopleConfig",
    "PeopleSummary",
    "PictureTruth",
    "SurfaceBatch",
    "SurfaceTruth",
    "TruthFolder",
    "make_people",
    "read_picture",
    "read_surface",
    "stack_truth",
    "true_flow",
]
