"""Several processes train as one: the same weights, the same log, for any number of them."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.processes import both_reductions, run, server, together

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data.batch import shares
from reposer.data.sampling import EpochSampler, EveryNthBatch, ShareOfBatches
from reposer.locks import lock
from reposer.models import generator_files, read_network
from reposer.training.run_folder import read_log


def precise(tiny: RunConfig, norm: str) -> RunConfig:
    """6 steps in float64 with dropout, pools, an odd last batch and validation."""
    return replace(
        tiny,
        generator=replace(tiny.generator, norm=norm),
        discriminators=replace(tiny.discriminators, norm=norm),
        optimization=replace(tiny.optimization, batch_size=3, pairs_per_epoch=5),
        logging=replace(tiny.logging, validate_every=2, validation_pairs=20),
        hardware=replace(tiny.hardware, precision="64-true", accelerator="cpu"),
    )


@pytest.mark.slow(30)
@pytest.mark.parametrize("norm", [pytest.param("instance", marks=pytest.mark.nightly), "batch"])
def test_two_processes_equal_one(tiny: RunConfig, market: Path, tmp_path: Path, norm: str) -> None:
    config = precise(tiny, norm)
    alone = server().Process(target=run, args=(config, market, tmp_path / "one"))
    alone.start()
    two = replace(config, hardware=replace(config.hardware, devices=2))
    together(2, tmp_path / "two", run, two, market, tmp_path / "two" / "run")
    alone.join()
    one, other = (
        read_network(generator_files(path / "checkpoints")[-1])[0]
        for path in (tmp_path / "one", tmp_path / "two" / "run")
    )
    for name, tensor in one.items():
        np.testing.assert_allclose(other[name], tensor, atol=1e-9, rtol=0, err_msg=name)
    for row, same in zip(read_log(tmp_path / "one"), read_log(tmp_path / "two" / "run"), strict=True):
        for name, value in row.items():
            if name != "images_per_second":
                assert same[name] == pytest.approx(value, rel=1e-5), name
    validated = [row["validation/ssim"] for row in read_log(tmp_path / "two" / "run") if "validation/ssim" in row]
    assert len(validated) == 3
    sheets = [sorted((path / "samples").iterdir()) for path in (tmp_path / "one", tmp_path / "two" / "run")]
    assert [a.read_bytes() for a in sheets[0]] == [b.read_bytes() for b in sheets[1]]


def refused(config: RunConfig, data: Path, out: Path) -> None:
    with pytest.raises(InputError, match="in use by the first"):
        run(config, data, out)


@pytest.mark.slow
def test_run_in_use_is_refused_in_every_process(tiny: RunConfig, market: Path, tmp_path: Path) -> None:
    config = replace(tiny, hardware=replace(tiny.hardware, accelerator="cpu", devices=2))
    with lock(tmp_path / "run", "the first"):
        together(2, tmp_path, refused, config, market, tmp_path / "run", timeout=60)


def ways_of_reduction(tiny: RunConfig, norm: str, **hardware: Any) -> list[RunConfig]:
    """Whole batches and parts of them; discriminators that see real and generated images apart and together."""
    config = replace(precise(tiny, norm), optimization=replace(tiny.optimization, batch_size=4, pairs_per_epoch=100))
    config = replace(config, hardware=replace(config.hardware, devices=2, **hardware))
    parts = replace(config.optimization, gradient_accumulation_steps=2)
    late = replace(config.optimization, adversarial_start_step=1)
    together = replace(config.hardware, share_forward=False, gradient_checkpointing=True)
    return [
        config,
        replace(config, optimization=parts, hardware=replace(together, share_forward=True)),
        replace(config, optimization=late, hardware=together),
    ]


@pytest.mark.nightly
def test_ddp_equals_our_own_sums(tiny: RunConfig, market: Path, tmp_path: Path) -> None:
    """On the processor, where PyTorch has no batch norm over processes: instance norm."""
    together(2, tmp_path, both_reductions, ways_of_reduction(tiny, "instance"), market)


@pytest.mark.slow
def test_torchrun(small: RunConfig, market: Path, tmp_path: Path) -> None:
    """The command line, started the way that the documentation tells."""
    options = (
        "--data.workers 0 --generator.channels 4 --generator.blocks 1 --optimization.pairs-per-epoch 4 "
        "--optimization.batch-size 2 --optimization.constant-epochs 1 --optimization.decay-epochs 0 "
        "--hardware.devices 2 --hardware.accelerator cpu"
    )
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "reposer",
         "train", "mannequin-tiny", "--data", str(market), "--out", str(tmp_path / "run"), *options.split()],
        capture_output=True, text=True, env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_log(tmp_path / "run")[-1]["step"] == 2
    assert done.stdout.count("generator-0000002.safetensors") == 1


def test_shares() -> None:
    assert shares(7, 3) == [slice(0, 3), slice(3, 5), slice(5, 7)]
    assert shares(2, 3) == [slice(0, 1), slice(1, 2)]
    assert shares(0, 3) == []


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_shares_of_batches_are_the_batches(processes: int) -> None:
    items = EpochSampler(100, 23, 5)
    whole = list(items)
    of_each = [list(ShareOfBatches(items, 5, rank=rank, processes=processes)) for rank in range(processes)]
    assert [len(share) for share in of_each] == [5] * processes
    assert [i for batch in zip(*of_each, strict=True) for share in batch for i in share] == whole


def test_every_process_needs_a_pair() -> None:
    with pytest.raises(InputError, match="4 processes cannot share a batch of 3 pairs"):
        ShareOfBatches(EpochSampler(100, 23, 5), 5, rank=0, processes=4)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_dealt_batches_are_the_same_for_any_number_of_processes(processes: int) -> None:
    dealt = [list(EveryNthBatch(11, 4, rank=rank, processes=processes)) for rank in range(processes)]
    in_order = [dealt[i % processes][i // processes] for i in range(3)]
    assert in_order == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert len(EveryNthBatch(11, 4, rank=processes - 1, processes=processes)) == len(dealt[-1])
