"""Evaluation: a folder of results to scores, under a stated protocol."""

from reposer.evaluation.measuring import BASELINES, Baseline
from reposer.evaluation.outcome import Evaluation, comparison_table
from reposer.evaluation.run import evaluate

__all__ = ["BASELINES", "Baseline", "Evaluation", "comparison_table", "evaluate"]
