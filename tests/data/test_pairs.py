"""Pairs, batches and loaders: the same items whatever the batch size, the workers or the start."""

import pickle
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from tests.folders import MARKET_NAMES, MakeMarket, pose, write_images

from reposer.checks import InputError, RunError
from reposer.data import (
    DataConfig,
    EpochSampler,
    PairBatch,
    PairDataset,
    collate,
    open_pairs,
    test_loader,
    train_loader,
)
from reposer.images import write_image
from reposer.poses import write_annotations

TENSORS = ("source", "target", "source_joints", "source_visible", "target_joints", "target_visible")
EPOCH: dict[str, Any] = {"seed": 3, "epoch": 1, "pairs_per_epoch": 22}


@pytest.fixture
def dataset(make_market: MakeMarket) -> PairDataset:
    return PairDataset(open_pairs(make_market(), "train"))


def equal(a: PairBatch, b: PairBatch) -> bool:
    return a.pair_ids == b.pair_ids and all(torch.equal(getattr(a, name), getattr(b, name)) for name in TENSORS)


def test_item(make_market: MakeMarket) -> None:
    index = open_pairs(make_market(), "train")
    item = PairDataset(index)[7]
    source, target = index.pairs[7]
    assert item.pair_id == f"{source}___{target}"
    for name, image, joints, visible in (
        (source, item.source, item.source_joints, item.source_visible),
        (target, item.target, item.target_joints, item.target_visible),
    ):
        assert image.shape == (3, 128, 64)
        assert image.dtype == torch.uint8
        assert image.eq(15 * MARKET_NAMES.index(name)).all()
        assert torch.equal(joints, index.poses[name].joints)
        assert torch.equal(visible, index.poses[name].visible)


@pytest.mark.parametrize("item", [-1, 12])
def test_items_outside(dataset: PairDataset, item: int) -> None:
    with pytest.raises(IndexError, match=f"item {item} of a data set of 12 pairs"):
        dataset[item]


def test_flip(make_market: MakeMarket) -> None:
    root = make_market()
    for name in MARKET_NAMES:
        write_image(root / "train" / name, torch.randint(0, 256, (3, 128, 64), dtype=torch.uint8))
    index = open_pairs(root, "train")
    plain, flipped = PairDataset(index), PairDataset(index, flip=True)
    assert len(flipped) == 24
    a, same, b = plain[5], flipped[5], flipped[17]
    assert torch.equal(a.source, same.source)
    assert torch.equal(a.source_joints, same.source_joints)
    assert b.pair_id == a.pair_id
    assert torch.equal(b.source, a.source.flip(-1))
    assert torch.equal(b.target, a.target.flip(-1))
    for name, joints, visible in zip(
        index.pairs[5], (b.source_joints, b.target_joints), (b.source_visible, b.target_visible), strict=True
    ):
        expected = index.poses[name].flipped(64)
        assert torch.equal(joints, expected.joints)
        assert torch.equal(visible, expected.visible)


def test_flip_mirrors_half_of_the_draws() -> None:
    draws = list(EpochSampler(2_000, 4_000, 0))
    assert sum(draw >= 1_000 for draw in draws) == pytest.approx(2_000, abs=130)  # 4 standard deviations


def test_bad_images(make_market: MakeMarket) -> None:
    root = make_market()
    index = open_pairs(root, "train")
    path = root / "train" / index.pairs[0][0]
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match=f"{path.name}: not a readable image"):
        PairDataset(index)[0]
    write_image(path, torch.zeros(3, 64, 32, dtype=torch.uint8))
    with pytest.raises(InputError) as error:
        PairDataset(index)[0]
    assert str(error.value) == f"{path}: expected an image of 128x64 pixels (height x width), got 64x32"
    path.unlink()
    with pytest.raises(InputError) as error:
        PairDataset(index)[0]
    assert str(error.value) == f"{path}: no such image file"


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_image_in_a_worker_is_one_line(make_market: MakeMarket, workers: int) -> None:
    root = make_market()
    index = open_pairs(root, "train")
    path = root / "train" / index.pairs[0][0]
    path.write_bytes(b"no image")
    with pytest.raises(InputError) as error:
        list(test_loader(PairDataset(index), 4, workers))
    assert str(error.value).startswith(f"{path}: not a readable image")
    assert "\n" not in str(error.value)


def fail(error: type[Exception]) -> NoReturn:
    raise error


class Failing(str):
    """Written by a worker; reading it fails as reading from a worker that is just ending does."""

    def __reduce__(self) -> tuple[Any, ...]:
        return fail, (EOFError if self == "EOF" else ConnectionRefusedError,)


@pytest.mark.parametrize("error", ["EOF", "refused"])
def test_a_worker_that_dies_while_it_hands_over_a_batch(
    dataset: PairDataset, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    """Its connection ends a moment before torch can know that it died."""
    item = replace(dataset[0], pair_id=Failing(error))
    monkeypatch.setattr(PairDataset, "__getitem__", lambda *_: item)
    handler = signal.getsignal(signal.SIGCHLD)
    try:
        with pytest.raises(RunError, match=r"^a process that reads images died.*--data.workers"):
            list(test_loader(dataset, 4, 1))
    finally:
        signal.signal(signal.SIGCHLD, handler)


def test_batch(dataset: PairDataset) -> None:
    batch = collate([dataset[i] for i in range(3)])
    assert len(batch) == 3
    assert batch.source.shape == batch.target.shape == (3, 3, 128, 64)
    assert batch.source_joints.shape == batch.target_joints.shape == (3, 18, 2)
    assert batch.source_visible.shape == batch.target_visible.shape == (3, 18)
    assert batch.pair_ids == tuple(dataset[i].pair_id for i in range(3))
    on_meta = batch.to("meta", non_blocking=True)
    assert on_meta.pair_ids == batch.pair_ids
    assert all(getattr(on_meta, name).is_meta for name in TENSORS)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_pinned_memory(dataset: PairDataset) -> None:
    plain = list(test_loader(dataset, 5, 0))
    for workers in (0, 2):
        for batch, expected in zip(test_loader(dataset, 5, workers, pin_memory=True), plain, strict=True):
            assert isinstance(batch, PairBatch)
            assert all(getattr(batch, name).is_pinned() for name in TENSORS)
            assert equal(batch.to("cuda", non_blocking=True).to("cpu"), expected)


def test_pin_memory_keeps_everything_but_the_place(dataset: PairDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a CUDA device: the batch pins each of its tensors."""
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(tensor) or tensor.clone())
    batch = collate([dataset[0]])
    assert equal(batch.pin_memory(), batch)
    assert len(pinned) == len(TENSORS)


def test_test_loader_keeps_order_and_rest(dataset: PairDataset) -> None:
    batches = list(test_loader(dataset, 5, 1))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    ids = [pair_id for batch in batches for pair_id in batch.pair_ids]
    assert ids == [dataset[i].pair_id for i in range(12)]


def test_training_items_do_not_depend_on_batch_size_or_workers(dataset: PairDataset) -> None:
    expected = collate([dataset[i] for i in EpochSampler(len(dataset), 22, 3, epoch=1)])
    for batch_size, workers in ((1, 0), (4, 1), (5, 2), (22, 0), (30, 0)):
        loader = train_loader(dataset, **EPOCH, batch_size=batch_size, workers=workers)
        batches = list(loader)
        sizes = [min(batch_size, 22 - i) for i in range(0, 22, batch_size)]
        assert [len(batch) for batch in batches] == sizes
        assert len(loader) == len(sizes)
        joined = {name: torch.cat([getattr(batch, name) for batch in batches]) for name in TENSORS}
        ids = tuple(pair_id for batch in batches for pair_id in batch.pair_ids)
        assert equal(PairBatch(**joined, pair_ids=ids), expected)


def test_resume_at_any_batch(dataset: PairDataset) -> None:
    whole = list(train_loader(dataset, **EPOCH, batch_size=4, workers=0))
    for start in range(6):
        rest = list(train_loader(dataset, **EPOCH, batch_size=4, workers=0, start_batch=start))
        assert len(rest) == 6 - start
        assert all(equal(a, b) for a, b in zip(rest, whole[start:], strict=True))


@pytest.mark.parametrize("start", [-1, 6])
def test_start_outside_the_epoch(dataset: PairDataset, start: int) -> None:
    with pytest.raises(ValueError, match=f"start_batch must be from 0 to 5, the last of the epoch, got {start}"):
        train_loader(dataset, **EPOCH, batch_size=4, workers=0, start_batch=start)


def test_loaders_leave_the_global_random_state_alone(dataset: PairDataset) -> None:
    before = torch.get_rng_state()
    list(train_loader(dataset, **EPOCH, batch_size=8, workers=1))
    list(test_loader(dataset, 4, 0))
    assert torch.equal(torch.get_rng_state(), before)


def test_sampler() -> None:
    sampler = EpochSampler(1_000, 400, 7)
    first = list(sampler)
    assert len(sampler) == 400
    assert first == list(sampler)
    assert all(0 <= i < 1_000 for i in first)
    assert len(set(first)) < 400  # with replacement
    assert list(EpochSampler(1_000, 400, 8)) != first
    sampler.set_epoch(1)
    second = list(sampler)
    assert second != first
    assert list(EpochSampler(1_000, 400, 7, epoch=1, start=123)) == second[123:]
    assert list(EpochSampler(1_000, 10, 7)) == first[:10]


def test_sampler_draws_the_same_items_for_ever() -> None:
    """Pinned: a change of these numbers changes every seeded run."""
    assert list(EpochSampler(263_632, 4, 0)) == [106638, 113986, 136318, 157686]


def test_sampler_is_uniform() -> None:
    counts = torch.bincount(torch.tensor(list(EpochSampler(10, 4_000, 1))), minlength=10)
    assert counts.min() > 400 - 4 * 19  # 4 standard deviations
    assert counts.max() < 400 + 4 * 19


@pytest.mark.parametrize(("options", "message"), [
    ({"pairs": 0}, "pairs must be 1 or more, got 0"), ({"seed": -1}, "seed must be 0 or more, got -1"),
    ({"epoch": -1}, "epoch must be 0 or more, got -1"), ({"start": -2}, "start must be 0 or more, got -2"),
])  # fmt: skip
def test_sampler_arguments(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EpochSampler(**{"pairs": 5, "pairs_per_epoch": 5, "seed": 0, **options})


def test_dataset_is_cheap_to_send_to_a_worker(dataset: PairDataset) -> None:
    again = pickle.loads(pickle.dumps(dataset))
    assert equal(collate([again[3]]), collate([dataset[3]]))
    assert len(pickle.dumps(dataset)) < 10_000


def test_config() -> None:
    assert DataConfig().workers == 2
    with pytest.raises(InputError, match="workers must be 0 or more processes, got -1"):
        DataConfig(workers=-1)
    with pytest.raises(InputError, match=r"unknown layout 'markt'; did you mean 'market'\?"):
        DataConfig(layout="markt")  # type: ignore[arg-type]


def test_unknown_split_and_layout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown split 'trian'; did you mean 'train'\?"):
        open_pairs(tmp_path, "trian")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"unknown layout 'fashion'; did you mean 'deepfashion'\?"):
        open_pairs(tmp_path, "train", "fashion")  # type: ignore[arg-type]


LOOKED_FOR = (
    "looked for market-annotation-train.csv or fasion-resize-annotation-train.csv or "
    "fashion-resize-annotation-train.csv or fasion-annotation-train.csv or fashion-annotation-train.csv or "
    "photos.csv or folders of people with keypoints.csv, .json, .npy or a folder keypoints"
)


@pytest.mark.parametrize(("entries", "found"), [
    (None, "no such folder"), ([], "an empty folder"), (["b", "a"], "a, b"),
    (list("abcdefghij"), "a, b, c, d, e, f, g, h and 2 more"),
])  # fmt: skip
def test_no_data_set(tmp_path: Path, entries: list[str] | None, found: str) -> None:
    root = tmp_path / "data"
    if entries is not None:
        root.mkdir()
        for entry in entries:
            (root / entry).touch()
    with pytest.raises(InputError) as error:
        open_pairs(root, "train")
    assert str(error.value) == f"{root}: no data set: {LOOKED_FOR}; found {found}"


def test_a_download_without_annotations_is_told_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "bounding_box_train").mkdir()
    with pytest.raises(InputError, match=r"found bounding_box_train; annotations are released with PATN, github.com"):
        open_pairs(tmp_path, "train")


def test_a_file_is_no_data_set(tmp_path: Path) -> None:
    file = tmp_path / "data.zip"
    file.touch()
    with pytest.raises(InputError, match="found a file, not a folder"):
        open_pairs(file, "train")


def test_two_data_sets_in_one_folder(make_market: MakeMarket) -> None:
    root = make_market()
    (root / "fashion-annotation-train.csv").touch()
    with pytest.raises(InputError) as error:
        open_pairs(root, "train")
    assert str(error.value) == (
        f"{root}: holds annotations of more than one data set; choose the layout: market or deepfashion"
    )
    assert open_pairs(root, "train", "market").layout == "market"


def test_train_and_test_side_by_side(make_market: MakeMarket, tmp_path: Path) -> None:
    make_market()
    write_images(tmp_path / "test", MARKET_NAMES[6:9], (128, 64))
    write_annotations(tmp_path / "market-annotation-test.csv", {name: pose(0, (128, 64)) for name in MARKET_NAMES[6:9]})
    assert len(open_pairs(tmp_path, "train").pairs) == 12
    assert len(open_pairs(tmp_path, "test").pairs) == 6
