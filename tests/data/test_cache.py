"""Images kept in memory: the batches are those of the loader, bit for bit, and so are the errors."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.data.test_pairs import EPOCH, equal
from tests.folders import MARKET_NAMES, MakeMarket

from reposer import memory
from reposer.checks import InputError
from reposer.data import PairDataset, cache, open_pairs, train_loader
from reposer.data.cache import CachedPairs, bytes_of, choose_place
from reposer.images import write_image

CPU = torch.device("cpu")


@pytest.fixture
def noisy(make_market: MakeMarket) -> Path:
    """A data set whose images are of noise, so that no two of them, and no mirrored one, are equal."""
    root = make_market()
    random = torch.Generator().manual_seed(0)
    for path in sorted((root / "train").glob("*.jpg")):
        write_image(path, torch.randint(0, 256, (3, 128, 64), generator=random, dtype=torch.uint8))
    return root


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_batches_are_those_of_the_loader(noisy: Path, flip: bool, ranks: int) -> None:
    """Of every process, from every batch on at which a run can be resumed, in three epochs."""
    dataset = PairDataset(open_pairs(noisy, "train"), flip=flip)
    kept = CachedPairs.filled(dataset, CPU, workers=0)
    for epoch in range(3):
        for rank in range(ranks):
            for start in range(6):
                drawing: dict[str, Any] = {
                    "seed": 3,
                    "pairs_per_epoch": 23,
                    "epoch": epoch,
                    "rank": rank,
                    "processes": ranks,
                }
                loader = train_loader(dataset, **drawing, batch_size=4, workers=0, start_batch=start)
                expected, found = list(loader), list(kept.batches(loader.batch_sampler))  # type: ignore[arg-type]
                assert len(found) == len(expected) == 6 - start
                assert all(map(equal, found, expected))


@pytest.mark.gpu
@pytest.mark.parametrize("flip", [False, True])
def test_batches_in_the_memory_of_a_gpu(noisy: Path, flip: bool) -> None:
    """Equal to the loader's, and put together without waiting for the GPU."""
    dataset = PairDataset(open_pairs(noisy, "train"), flip=flip)
    kept = CachedPairs.filled(dataset, torch.device("cuda"), workers=0)
    assert choose_place("auto", dataset, torch.device("cuda")) == "device"
    loader = train_loader(dataset, seed=3, epoch=0, pairs_per_epoch=23, batch_size=4, workers=0)
    expected = list(loader)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = list(kept.batches(loader.batch_sampler))  # type: ignore[arg-type]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert all(batch.source.is_cuda for batch in found)
    assert all(equal(a.to("cpu"), b) for a, b in zip(found, expected, strict=True))


def test_filling_by_processes(noisy: Path) -> None:
    dataset = PairDataset(open_pairs(noisy, "train"))
    told: list[tuple[int, int]] = []
    alone = CachedPairs.filled(dataset, CPU, workers=0, progress=lambda *done: told.append(done))
    assert alone.images.equal(CachedPairs.filled(dataset, CPU, workers=2).images)
    assert told[-1] == (dataset.images, dataset.images)
    assert alone.images.nbytes == bytes_of(dataset)


def test_nothing_is_read_twice(noisy: Path) -> None:
    """The files may go once they are in memory."""
    dataset = PairDataset(open_pairs(noisy, "train"))
    kept, before = CachedPairs.filled(dataset, CPU, workers=0), dataset[5]
    for path in (noisy / "train").glob("*.jpg"):
        path.unlink()
    assert kept.batch([5]).target[0].equal(before.target)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("fault", ["missing", "damaged", "of another size"])
def test_bad_images(make_market: MakeMarket, workers: int, fault: str) -> None:
    """The same line as from the loader."""
    root = make_market()
    dataset = PairDataset(open_pairs(root, "train"))
    path = root / "train" / MARKET_NAMES[7]
    if fault == "missing":
        path.unlink()
    elif fault == "damaged":
        path.write_bytes(path.read_bytes()[:50])
    else:
        write_image(path, torch.zeros(3, 64, 64, dtype=torch.uint8))
    with pytest.raises(InputError) as of_loader:
        list(train_loader(dataset, **EPOCH, batch_size=4, workers=workers))
    with pytest.raises(InputError) as of_cache:
        CachedPairs.filled(dataset, CPU, workers=workers)
    assert str(of_cache.value) == str(of_loader.value)
    assert str(path) in str(of_cache.value)


def test_first_pairs(noisy: Path) -> None:
    dataset = PairDataset(open_pairs(noisy, "train"), flip=True)
    part = dataset.first(3)
    assert (len(part), part.images) == (6, 3)
    assert part[1].source.equal(dataset[1].source)
    assert part[4].target_joints.equal(dataset[len(dataset) // 2 + 1].target_joints)


@pytest.mark.parametrize(
    ("setting", "share", "place"),
    [
        ("auto", 4, "memory"),
        ("auto", 3.9, "none"),
        ("memory", 1, "memory"),
        ("device", 1, "memory"),
        ("none", 9, "none"),
    ],
)
def test_place(
    make_market: MakeMarket, monkeypatch: pytest.MonkeyPatch, setting: cache.Cache, share: float, place: str
) -> None:
    dataset = PairDataset(open_pairs(make_market(), "train"))
    monkeypatch.setattr(cache, "free_bytes", lambda: int(share * bytes_of(dataset)))
    assert choose_place(setting, dataset, CPU) == place
    if setting == "auto":
        assert choose_place(setting, dataset, CPU, processes=2) == "none"
        assert choose_place(setting, dataset, CPU, draws=2) == "none"  # fewer images than there are
    if place == setting == "memory":
        with pytest.raises(InputError, match=r"--data.cache memory: the images take .* MB, .* are free there"):
            choose_place(setting, dataset, CPU, processes=2)


def test_free_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A control group counts, wherever it is in its tree."""
    files = {
        "/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 8000 kB\n",
        "/proc/self/cgroup": "4:cpu:/a\n3:pids,memory:/job/step\n",
        "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "5000000\n",
        "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "1000000\n",
    }
    monkeypatch.setattr(memory, "_text", lambda path: files.get(str(path), ""))
    assert memory.free_bytes() == 4_000_000
    files["/proc/self/cgroup"] = "0::/job\n"
    assert memory.free_bytes() == 8_192_000
    files |= {"/sys/fs/cgroup/memory.max": "max", "/sys/fs/cgroup/job/memory.max": "300"}
    files["/sys/fs/cgroup/job/memory.current"] = "400"
    assert memory.free_bytes() == 0
    files["/sys/fs/cgroup/job/memory.stat"] = "anon 100\ninactive_file 250\nactive_file 50\n"
    assert memory.free_bytes() == 150  # files that were read are given back
