"""The rasterizer against the definition."""

import numpy as np

from reposer.data.people.raster import rasterize

SIZE = (40, 30)


def triangles(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-6, 44, (3, count, 2))
    corners[1:] = corners[0] + rng.normal(0, 7, (2, count, 2))
    depth = rng.uniform(1, 5, (3, count, 1))
    screen = np.concatenate([corners, depth], axis=2).reshape(-1, 3).T.astype(np.float32)
    return np.ascontiguousarray(screen), np.arange(3 * count).reshape(3, count)


def slowly(screen: np.ndarray, faces: np.ndarray, both: bool) -> tuple[np.ndarray, np.ndarray]:
    """Nearest face and depth of each pixel, one triangle after another in float64."""
    depth, nearest = np.full(SIZE, np.inf), np.full(SIZE, -1)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] + 0.5
    for face in range(faces.shape[1]):
        (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = screen[:, faces[:, face]].T.astype(np.float64)
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area > 0 and not both:
            continue
        b = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
        c = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
        z = z0 + b * (z1 - z0) + c * (z2 - z0)
        closer = (b >= 0) & (c >= 0) & (b + c <= 1) & (z < depth)
        depth[closer], nearest[closer] = z[closer], face
    return nearest, depth


def test_the_nearest_face_wins_everywhere():
    for seed in range(5):
        for both in (False, True):
            screen, faces = triangles(seed, 40)
            found = rasterize(screen, faces, SIZE, two_sided=np.full(40, both))
            nearest, depth = slowly(screen, faces, both)
            same = found.image(found.faces, -1) == nearest
            assert (~same).sum() <= 2  # float32 on the very edge
            assert np.allclose(found.depth_image()[same], depth[same], atol=1e-3)


def test_interpolation_is_linear():
    screen, faces = triangles(0, 40)
    found = rasterize(screen, faces, SIZE)
    row, column = found.pixels // SIZE[1], found.pixels % SIZE[1]
    x, y, depth = found.interpolate(screen)
    assert np.allclose(x, column + 0.5, atol=2e-3)
    assert np.allclose(y, row + 0.5, atol=2e-3)
    assert np.allclose(depth, found.depth, atol=2e-3)


def test_no_pixel_stays_empty_between_triangles():
    """A square cut into many thin triangles that share edges."""
    rng = np.random.default_rng(0)
    n = 12
    y, x = np.mgrid[0 : n + 1, 0 : n + 1].astype(np.float64)
    x[:, 1:-1] += rng.uniform(-0.45, 0.45, (n + 1, n - 1))
    y[1:-1] += rng.uniform(-0.45, 0.45, (n - 1, n + 1))
    screen = np.stack([x.ravel() * 30 / n, y.ravel() * 40 / n, np.ones((n + 1) ** 2)]).astype(np.float32)
    index = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    faces = np.concatenate([np.stack([a, c, b]), np.stack([b, c, d])], axis=1)
    found = rasterize(screen, faces, SIZE, two_sided=np.ones(faces.shape[1], bool))
    assert len(found.pixels) == SIZE[0] * SIZE[1]


def test_what_is_cut_away_does_not_hide():
    screen = np.array([[2, 25, 5, 2, 25, 5], [3, 8, 35, 3, 8, 35], [1, 1, 1, 2, 2, 2]], np.float32)
    faces = np.array([[0, 3], [1, 4], [2, 5]])  # one behind the other
    both = np.ones(2, bool)
    whole = rasterize(screen, faces, SIZE, two_sided=both)
    assert set(whole.faces) == {0}
    half = rasterize(
        screen, faces, SIZE, two_sided=both, cut=np.array([True, False]), keep=lambda face, weights: weights[0] > 0.5
    )
    assert set(half.faces) == {0, 1}
    assert (half.weights[0][half.faces == 0] > 0.5).all()
    assert len(half.pixels) == len(whole.pixels)
