"""Evaluation: a folder of results to scores, under a stated protocol."""

from reposer.evaluation.evaluation import Evaluation
from reposer.evaluation.options import BASELINES, Baseline, EvaluationOptions
from reposer.evaluation.run import evaluate

__all__ = ["BASELINES", "Baseline", "Evaluation", "EvaluationOptions", "evaluate"]
