"""The golden strips of the released reference code: evaluated, copied, cut into single images."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from reposer.evaluation import Evaluation, evaluate
from reposer.images import read_image, write_image
from reposer.protocols import PATN_MARKET
from reposer.results import find_results

WIDTH = {"market": 64, "fashion": 176}
ONLY_L1 = replace(PATN_MARKET, metrics=("l1",))


def on_golden(golden: Path, tag: str, results: Path | None = None, **options: Any) -> Evaluation:
    options = {
        "annotations": golden / f"{tag}-annotation-test.csv",
        "predicted_keypoints": golden / f"{tag}-predicted-keypoints.csv",
    } | options
    return evaluate(results or golden / f"results_{tag}", protocol=f"patn-{tag}", **options)


def singles(golden: Path, tag: str, out: Path, name: str = "{source}___{target}_vis.png") -> tuple[Path, Path]:
    """Cut strips into single images and a folder of real images."""
    results, real = out / "results", out / "real"
    results.mkdir(parents=True)
    real.mkdir()
    for pair, result in find_results(golden / f"results_{tag}").items():
        source, target = pair.split("___")
        panels = read_image(result.file).split(WIDTH[tag], dim=-1)
        stems = {"source": source, "target": target, "a": source[:-4], "b": target[:-4]}
        write_image(results / name.format(**stems), panels[4])
        write_image((real / target).with_suffix(".png"), panels[2])
    return results, real


def market_strips(golden: Path, out: Path) -> Path:
    return Path(shutil.copytree(golden / "results_market", out / "strips"))
