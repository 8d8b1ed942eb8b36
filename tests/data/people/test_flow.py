"""Truth on disk, and flow between two pictures of a person."""

from pathlib import Path

import cv2
import numpy as np
import torch
from tests.data.people.people import MARKET, snap, somebody

from reposer.correspondence import carried
from reposer.data.people.flow import SurfaceBatch, stack_truth, true_flow
from reposer.data.people.person import Person
from reposer.data.people.picture import Frame
from reposer.data.people.raster import rasterize
from reposer.data.people.truth import (
    picture_truth,
    read_picture,
    read_surface,
    surface_truth,
    write_picture,
    write_surface,
)

FINER = 16


def both(seed: int) -> tuple[Frame, Frame]:
    return snap(seed, 0, heading=-0.3), snap(seed, 1, heading=0.5)


def batch(seed: int, frame: Frame) -> SurfaceBatch:
    return stack_truth([surface_truth(somebody(seed))], [picture_truth(frame)])


def sites_at(person: Person, frame: Frame, places: np.ndarray) -> np.ndarray:
    """What a picture shows at places (2, h, w) between its pixels: (3, h, w), by drawing it again many times finer."""
    mesh = person.mesh
    screen = frame.screen.copy()
    screen[:2] = (screen[:2] + 0.5) * FINER
    size = frame.parts.shape[0] * FINER, frame.parts.shape[1] * FINER

    def keep(faces: np.ndarray, weights: np.ndarray) -> np.ndarray:
        u, v = (mesh.uv[:, mesh.faces[:, faces]] * weights).sum(1)
        return mesh.atlas.alpha(u, v, 0) >= 128

    found = rasterize(screen, mesh.faces, size, two_sided=mesh.two_sided, cut=mesh.cut, keep=keep)
    image = np.full((3, size[0] * size[1]), np.nan, np.float32)
    image[:, found.pixels] = found.interpolate(mesh.site)
    x, y = ((places + 0.5) * FINER).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < size[1]) & (y < size[0])
    shown = image.reshape(3, *size)[:, np.where(inside, y, 0), np.where(inside, x, 0)]
    return np.where(inside, shown, np.nan)


def plain(person: Person, frame: Frame) -> np.ndarray:
    """Pixels around which layer and depth are all of one piece."""
    mesh = person.mesh
    shown = frame.faces >= 0
    layer = np.where(shown, mesh.layers[frame.faces].astype(np.uint8) + 1, 0).astype(np.uint8)
    depth = np.where(shown, frame.screen[2][mesh.faces[:, frame.faces]].mean(0), 99).astype(np.float32)
    square = np.ones((3, 3), np.uint8)
    even = [cv2.dilate(image, square) - cv2.erode(image, square) for image in (layer, depth)]
    return shown & (even[0] == 0) & (even[1] < 0.06)


def test_flow_lands_on_the_same_surface_point():
    errors, everywhere = [], []
    for seed in range(4):
        person, (source, target) = somebody(seed), both(seed)
        flow, seen = (values[0].numpy() for values in true_flow(batch(seed, source), batch(seed, target)))
        x, y = np.clip(np.round(flow).astype(int), 0, np.array(MARKET[::-1])[:, None, None] - 1)
        away = plain(person, target) & plain(person, source)[y, x]
        grid = np.stack(np.meshgrid(np.arange(MARKET[1]), np.arange(MARKET[0]))).astype(np.float32)
        apart = np.linalg.norm(sites_at(person, target, grid) - sites_at(person, source, flow), axis=0)
        apart = np.nan_to_num(apart, nan=1.0)  # nothing at all
        errors.append(apart[seen & away])
        everywhere.append(apart[seen])
        assert seen.sum() > 0.3 * (target.faces >= 0).sum()
    error = np.concatenate(errors)
    assert len(error) > 1500
    assert np.median(error) < 0.001
    assert np.percentile(error, 99) < 0.02
    assert np.median(np.concatenate(everywhere)) < 0.001


def test_a_picture_flows_onto_itself():
    frame = snap(0)
    own = batch(0, frame)
    flow, seen = true_flow(own, own)
    grid = torch.stack(torch.meshgrid(torch.arange(MARKET[1]), torch.arange(MARKET[0]), indexing="xy")).float()
    off = (flow[0] - grid).norm(dim=0)[own.covered[0]]
    assert off.median() < 0.05
    assert off.quantile(0.95) < 0.1
    assert seen[0][own.covered[0]].float().mean() > 0.97
    image = torch.as_tensor(frame.image).permute(2, 0, 1)[None].float()
    assert (carried(image, flow) - image).abs()[0, :, seen[0]].mean() < 2


def test_what_the_source_does_not_show_is_not_seen():
    front, back = snap(0, 0, heading=0.0), snap(0, 1, heading=np.pi)
    _, seen = true_flow(batch(0, front), batch(0, back))
    assert seen.sum() < 0.35 * (back.faces >= 0).sum()


def test_batches_give_what_single_pairs_give():
    seeds = (0, 1)
    singles = [true_flow(batch(seed, both(seed)[0]), batch(seed, both(seed)[1])) for seed in seeds]
    surfaces = [surface_truth(somebody(seed)) for seed in seeds]
    joint = [stack_truth(surfaces, [picture_truth(both(seed)[k]) for seed in seeds]) for k in (0, 1)]
    flow, seen = true_flow(*joint)
    assert torch.equal(seen, torch.cat([single[1] for single in singles]))
    assert torch.allclose(flow, torch.cat([single[0] for single in singles]), atol=1e-4)


def test_truth_comes_back_from_disk(tmp_path: Path):
    surface, picture = surface_truth(somebody(0)), picture_truth(snap(0))
    write_surface(tmp_path / "surface.npz", surface)
    write_picture(tmp_path / "picture.npz", picture)
    again, back = read_surface(tmp_path / "surface.npz"), read_picture(tmp_path / "picture.npz", surface)
    assert again.layer_names == surface.layer_names
    for name in ("faces", "sites", "parts", "layers"):
        assert np.array_equal(getattr(again, name), getattr(surface, name))
    for name in ("faces", "weights", "places", "depths"):
        assert np.array_equal(getattr(back, name), getattr(picture, name))
    assert (tmp_path / "picture.npz").stat().st_size < 60_000
