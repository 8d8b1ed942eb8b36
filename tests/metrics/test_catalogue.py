"""The catalogue: everything derives from it, so that a new metric is a function and one value."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.metrics.networks import SmallNetwork, noise
from torch import Tensor

from reposer import metrics
from reposer.evaluation import evaluate
from reposer.evaluation.rows import Batch, columns
from reposer.metrics import METRICS, Metric, catalogue, modules
from reposer.protocols import PATN_MARKET, PROTOCOLS, Protocol
from reposer.reporting.comparison import compare, side_by_side
from reposer.values import flat

PAGE = Path(__file__).parents[2] / "docs" / "api" / "metrics.md"


def test_every_metric_of_a_protocol_is_in_it() -> None:
    for protocol in PROTOCOLS.values():
        assert set(protocol.all_metrics) <= METRICS.keys()
    assert all(name == metric.name for name, metric in METRICS.items())
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_what_a_metric_reads_are_settings_of_a_protocol(name: str) -> None:
    known = flat(PROTOCOLS["gfla-market"]).keys()  # with a second SSIM
    for setting in METRICS[name].reads:
        assert any(field == setting or field.startswith(f"{setting}.") for field in known)


def test_what_each_needs() -> None:
    needs_pose = {name for name, metric in METRICS.items() if metric.needs_pose and metric.item is None}
    assert needs_pose == {"mask_l1", "sharpness", "mask_ssim", "part_ssim", "mask_lpips", "mask_is", "pckh"}
    assert [name for name, metric in METRICS.items() if metric.needs_prediction] == ["pckh"]
    assert [name for name, metric in METRICS.items() if metric.reference] == ["fid", "kid"]
    assert {name for name, metric in METRICS.items() if metric.network} == {
        "lpips", "mask_lpips", "ds", "is", "mask_is", "fid", "kid", "pckh",
    }  # fmt: skip
    assert METRICS["pckh"].columns == ("pckh_correct", "pckh_all")
    assert METRICS["l1"].columns == ("l1", None)


class NoNetworks:
    """Stands in for the networks of row metrics."""

    class Network:
        """Some number of an image."""

        def __call__(self, images: Tensor, other: Tensor | None = None) -> Tensor:
            return images.double().mean(dim=(1, 2, 3)) / (1 if other is None else other.double().mean())

    def of(self, metric: Metric) -> Any:
        return self.Network() if metric.network else None


def changed(protocol: Protocol, name: str) -> Protocol:
    """The protocol with nonsense in one field: whoever reads it fails or gives another value."""
    node: Any = protocol
    *outer, last = name.split(".")
    chain = [node]
    for part in outer:
        chain.append(getattr(chain[-1], part))
    value: Any = object()
    for owner, part in zip(reversed(chain), reversed([*outer, last]), strict=True):
        copy = replace(owner)
        object.__setattr__(copy, part, value)
        value = copy
    made: Protocol = value
    return made


def test_a_value_does_not_depend_on_settings_that_its_metric_does_not_read() -> None:
    """Each row metric is measured with nonsense in all fields that it does not read, one by one."""
    generator = torch.Generator().manual_seed(0)
    joints = torch.rand(2, 18, 2, generator=generator) * 24
    batch = Batch(
        noise(2, size=(32, 24)),
        noise(2, size=(32, 24), seed=1),
        joints,
        torch.ones(2, 18).bool(),
        PATN_MARKET.part_ssim,
    )
    protocol = replace(PATN_MARKET, second_ssim=PATN_MARKET.ssim)
    images = {"padded_metrics", "pad_width", "resized_metrics", "resized_size"}
    for metric in METRICS.values():
        if metric.kind != "row":
            continue
        measured = columns(batch, [metric], protocol, NoNetworks())  # type: ignore[arg-type]
        for name in flat(protocol):
            if name not in images and not any(name == own or name.startswith(f"{own}.") for own in metric.reads):
                found = columns(batch, [metric], changed(protocol, name), NoNetworks())  # type: ignore[arg-type]
                assert found == measured, (metric.name, name)


def test_a_value_depends_on_settings_that_its_metric_reads() -> None:
    batch = Batch(noise(2), noise(2, seed=1), torch.zeros(2, 18, 2), torch.ones(2, 18).bool(), PATN_MARKET.part_ssim)
    with pytest.raises(AttributeError):
        columns(batch, [METRICS["ssim"]], changed(PATN_MARKET, "ssim"), NoNetworks())  # type: ignore[arg-type]


# --- a new metric: its function, and one value ---


def worst(generated: Tensor, target: Tensor) -> Tensor:
    """Largest difference of each image (B,) float64."""
    return (generated.double() - target.double()).abs().amax(dim=(1, 2, 3))


WORST = Metric(name="worst", title="worst-pixel", better="lower", function=worst)


@pytest.fixture
def with_worst(monkeypatch: pytest.MonkeyPatch) -> Protocol:
    """The catalogue with another paired metric, and a protocol that names it."""
    monkeypatch.setitem(catalogue._BY_NAME, "worst", WORST)
    return replace(PATN_MARKET, name="mine", metrics=("worst", "l1"), padded_metrics=("worst",), pad_width=100)


def test_a_new_metric_goes_everywhere(with_worst: Protocol, golden: Path, tmp_path: Path) -> None:
    found = evaluate(golden / "results_market", protocol=with_worst)
    score = found.score("worst")
    assert (score.n, score.value > 100) == (8, True)
    assert score.interval[0] <= score.value <= score.interval[1]
    assert score.signature.get("pad") == "100.255"
    assert found.score("l1").signature.get("pad") is None
    assert list(found.table().columns[0].cells) == ["worst-pixel ↓", "L1 ↓"]
    found.save(tmp_path / "scores.json")
    assert type(found).load(tmp_path / "scores.json") == found
    assert [row.heading for row in compare(found, found).differences] == ["worst-pixel ↓", "L1 ↓"]
    assert list(side_by_side({"a": found}).columns[0].cells) == ["worst-pixel ↓", "L1 ↓"]
    made = modules.metric_class(METRICS["worst"])
    assert (made.__name__, made.higher_is_better) == ("WorstPixelMetric", False)
    module = made()
    generated, target = noise(5), noise(5, seed=1)
    for part in (slice(0, 2), slice(2, 5)):
        module.update(generated[part], target[part])
    assert module.compute() == worst(generated, target).mean()


# --- classes and documentation ---


def test_there_is_a_torchmetrics_class_of_every_function() -> None:
    named = [name for name in modules.__all__ if name.endswith("Metric")]
    assert {getattr(modules, name).metric.function for name in named} == {
        metric.function for metric in METRICS.values() if metric.item is None
    }
    for name in named:
        made = getattr(modules, name)
        assert made.higher_is_better == (made.metric.better == "higher")
        assert made.metric.title in made.__doc__
    assert modules.KIDMetric(SmallNetwork(), subsets=3).settings == {"subsets": 3}
    with pytest.raises(ValueError, match="subsetz"):
        modules.KIDMetric(SmallNetwork(), subsetz=3)


def rows_of_the_page() -> list[str]:
    """The table of the documentation, from the catalogue."""
    rows = ["| metric | in tables | better | value | needs | settings |", "|---|---|---|---|---|---|"]
    values = {"row": "mean over images", "ratio": "ratio of sums over images", "set": "of the whole set"}
    for metric in METRICS.values():
        if metric.item is not None and metric.item != "torso":
            continue
        needs = {
            "poses of the targets": metric.needs_pose,
            "poses in the generated images": metric.needs_prediction,
            "real images": metric.reference is not None,
            "a network": metric.network is not None and not metric.needs_prediction,
        }
        cells = [
            f"`{metric.name}`" if metric.item is None else "`part_ssim.PART`",
            metric.title if metric.item is None else "PSSIM of a part",
            metric.better,
            values[metric.kind],
            ", ".join(what for what, needed in needs.items() if needed) or "-",
            ", ".join(f"`{name}`" for name in metric.reads) or "-",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def test_the_documentation_has_the_table() -> None:
    written = PAGE.read_text().split("<!-- table: metrics -->")[1].split("<!-- end -->")[0].strip()
    assert written == "\n".join(rows_of_the_page()), "\n" + "\n".join(rows_of_the_page())


def test_public_names() -> None:
    assert {"METRICS", "Metric", "Signature"} <= set(metrics.__all__)
