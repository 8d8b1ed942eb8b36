"""Published scores: the numbers, what they may be compared with, and a result's place among them."""

import re
from dataclasses import replace

import pytest

from reposer.evaluation import Evaluation
from reposer.metrics import Score, Signature
from reposer.protocols import PATN_FASHION, PATN_MARKET, PROTOCOLS, Protocol
from reposer.reporting.published import PUBLISHED, comparable, published, rank, with_published

NAMES = {
    "patn-market", "patn-fashion", "gfla-market", "gfla-fashion", "dptn-fashion", "pidm-fashion", "pcdm-fashion",
    "pcdm-fashion-512", "cfld-fashion", "cfld-fashion-512",
}  # fmt: skip


def evaluated(protocol: Protocol, pairs: int, codec: str = "jpeg", **values: float) -> Evaluation:
    scores = tuple(
        Score(name, value, (value, value), pairs, Signature(protocol.name)) for name, value in values.items()
    )
    rows = {f"a{i}.jpg___b{i}.jpg": dict(values) for i in range(pairs)}
    return Evaluation(protocol=protocol, format="strips", codec=codec, scores=scores, per_image=rows)


def value(protocol: str, method: str, metric: str) -> float:
    (row,) = (row for row in published(protocol) if (row.method, row.metric) == (method, metric))
    return row.value


def test_the_table_as_published() -> None:
    # 2 PATN rows on Market, 1 on DeepFashion; SSIM, LPIPS and FID of 13, 7 and 7 methods.
    assert len(PUBLISHED) == 6 + 4 + 4 + 3 * (13 + 7 + 7)
    assert value("patn-market", "PATN", "mask_is") == 3.737
    assert value("patn-market", "PATN + body-part SSIM", "ssim") == 0.3006
    assert value("patn-fashion", "PATN", "pckh") == 0.9705
    assert value("gfla-market", "GFLA", "fid") == 19.751
    assert value("pcdm-fashion", "IMAGPose", "lpips") == 0.1284
    assert value("cfld-fashion-512", "CFLD", "ssim") == 0.7478
    assert published("reposer-1") == ()


def test_every_row_is_whole_and_stands_once() -> None:
    keys = [(row.method, row.family, row.metric) for row in PUBLISHED]
    assert len(set(keys)) == len(keys)
    assert {row.protocol for row in PUBLISHED} == NAMES | {None}
    assert PROTOCOLS.keys() >= NAMES
    for row in PUBLISHED:
        assert row.source
        assert row.protocol is None or ("market" in row.protocol) == (row.data == "Market-1501")
        low, high = {"fid": (5, 30), "is": (1, 5), "mask_is": (1, 5)}.get(row.metric, (0.1, 1))
        assert low < row.value < high
        assert ("[0, 1]" in row.source) == ((row.protocol or "").startswith("pcdm"))


def test_a_result_stands_among_rows_of_its_protocol_alone() -> None:
    found = evaluated(PATN_MARKET, 12_000, ssim=0.29, part_ssim=0.8, pckh=0.9)
    rows = comparable(found)
    assert {row.protocol for row in rows} == {"patn-market"}
    assert {(row.method, row.metric) for row in rows} == {
        ("PATN", "ssim"), ("PATN", "pckh"), ("PATN + body-part SSIM", "ssim"),
    }  # fmt: skip
    table = with_published(found)
    cells = {str(column.header): list(column.cells) for column in table.columns}
    assert cells["method"] == ["PATN", "PATN + body-part SSIM", "this result"]
    assert cells["SSIM ↑"] == ["0.2815", "0.3006", "0.2900\n2 of 3"]
    assert cells["PSSIM ↑"] == ["-", "-", "0.8000"]
    assert cells["PCKh ↑"] == ["0.9491", "-", "0.9000\n2 of 2"]
    assert "PATN: released weights, measured by" in str(table.caption)
    assert "comparable if these are the published pairs of Market-1501" in str(table.caption)
    assert "measured on jpeg" not in str(table.caption)


def test_ranks() -> None:
    rows = [replace(PUBLISHED[0], metric="l1", value=v) for v in (0.1, 0.2)]
    assert [rank("l1", v, rows) for v in (0.05, 0.1, 0.15, 0.3)] == [(1, 3), (1, 3), (2, 3), (3, 3)]
    assert rank("ssim", 0.3, PUBLISHED[:0]) == (1, 1)
    higher = [replace(row, metric="ssim") for row in rows]
    assert [rank("ssim", v, higher) for v in (0.05, 0.15, 0.3)] == [(3, 3), (2, 3), (1, 3)]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (evaluated(PATN_MARKET, 256, ssim=0.6), r"those of patn-market are on 12,000 pairs of Market-1501, .* has 256"),
        (evaluated(replace(PATN_MARKET, name="mine"), 12_000, ssim=0.6), "none was measured under mine"),
        (evaluated(PATN_FASHION, 8570, l1=0.1), "they are ssim, is, ds, pckh"),
        (
            evaluated(replace(PATN_MARKET, pckh_fraction=0.2), 12_000, ssim=0.6),
            "this result's protocol has the name, but not",
        ),
    ],
)
def test_it_is_said_when_nothing_compares(found: Evaluation, message: str) -> None:
    assert comparable(found) == ()
    table = with_published(found)
    assert table.row_count == 1
    assert re.search(f"no published score is comparable: {message}", str(table.caption))


def test_other_files_and_left_out_pairs_are_taken_into_account() -> None:
    found = evaluated(PATN_FASHION, 8_569, codec="png", ssim=0.78)
    assert comparable(found) == ()
    whole = replace(found, skipped={"bad": "unreadable"})
    assert len(comparable(whole)) == 1
    assert "published ones were measured on jpeg files, this on png" in str(with_published(whole).caption)


def test_related_methods_are_counted_and_not_shown() -> None:
    table = with_published(evaluated(PROTOCOLS["gfla-fashion"], 8570, ssim=0.7))
    assert list(table.columns[0].cells) == ["GFLA", "this result"]
    assert "12 more methods of 'GFLA type, 256x176' have other or unknown settings: not shown" in str(table.caption)
