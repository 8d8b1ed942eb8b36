"""What to try next, in plain sentences: rules over the log of a run, its scores and the sharpness of its pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from reposer.config import RunConfig
from reposer.evaluation import Evaluation
from reposer.metrics import METRICS
from reposer.training.watch import DiscriminatorWatch

_BLURRED = 0.7
"""Sharpness below which pictures look blurred; of the generator that ships with the package it is 0.80."""
_WEAK = 0.05
"""Share of the strongest term's pull at the pictures below which a term hardly takes part."""
_FALLS, _RISES, _WORSE = 0.02, 0.1, 0.01
"""Shares of a value that count as a change: of a loss from quarter to quarter, of a loss over its least, of a score."""


@dataclass(frozen=True)
class Facts:
    """What the rules look at."""

    config: RunConfig
    rows: Sequence[Mapping[str, Any]]
    """Of metrics.jsonl."""
    evaluations: Mapping[str, Evaluation]
    """By name; the first one is the generator's, others are baselines. Empty: none was made."""
    sharpness: float | None = None
    """Of the generated pictures, as a share of the targets'; None: not known."""

    def curve(self, name: str) -> list[tuple[int, float]]:
        """Value over step, where the log has it."""
        return [(row["step"], float(row[name])) for row in self.rows if name in row]

    def settled(self, name: str) -> list[float]:
        """Values since the discriminators joined in, before which the loss is another."""
        joined = self.config.optimization.adversarial_start_step
        return [value for step, value in self.curve(name) if step > joined]


def advice(facts: Facts) -> list[str]:
    """Sentences that say what stands out in a run and what to try; never none."""
    return [sentence for rule in RULES for sentence in rule(facts)] or [
        "Nothing stands out in the curves and scores. Look at the worst pairs: what they share (a pose, a piece of "
        "clothing, the framing) is what more data or another objective has to mend."
    ]


def _skipped_steps(facts: Facts) -> Iterator[str]:
    skipped = facts.rows[-1].get("skipped", 0) if facts.rows else 0
    if skipped:
        half = facts.config.optimization.learning_rate / 2
        yield (
            f"{skipped} steps were skipped because a loss or gradient was not finite: train with "
            f"--optimization.learning-rate {half:g}, or with --hardware.precision 32-true."
        )


def _discriminators(facts: Facts) -> Iterator[str]:
    watch = DiscriminatorWatch()
    for row in facts.rows:
        yield from (f"From step {row['step']} on {warning}." for warning in watch.add(row))


def _loss_that_rises(facts: Facts) -> Iterator[str]:
    values = facts.settled("total")
    if len(values) < 8:
        return
    tenth = max(2, len(values) // 10)
    least = min(mean(values[i : i + tenth]) for i in range(len(values) - tenth + 1))
    if mean(values[-tenth:]) > (1 + _RISES) * least > 0:
        yield (
            "The total loss has risen again after its lowest point: lower --optimization.learning-rate, or end the run "
            "where it was lowest."
        )


def _unseen_pairs(facts: Facts) -> Iterator[str]:
    name = facts.config.logging.best_by
    points, sign = facts.curve(f"validation/{name}"), 1 if METRICS[name].better == "higher" else -1
    longer = f"train longer (--optimization.constant-epochs {2 * facts.config.optimization.constant_epochs})"
    if len(points) > 2:
        (step, best), (last_step, last) = max(points, key=lambda point: sign * point[1]), points[-1]
        before = [value for at, value in points if at <= 0.75 * last_step][-1:]
        if sign * (best - last) > _WORSE * abs(best):
            yield (
                f"On unseen pairs {METRICS[name].title} was best at step {step} ({best:.4f}; {last:.4f} at the end): "
                "use checkpoints/generator-best.safetensors, and train on more people before training longer."
            )
        elif before and sign * (last - before[0]) > _WORSE * abs(last):
            yield f"{METRICS[name].title} of unseen pairs still improved in the last quarter of the run: {longer}."
        return
    values = [value for _, value in facts.curve("total")]
    quarter = len(values) // 4
    if quarter and mean(values[-quarter:]) < (1 - _FALLS) * mean(values[-2 * quarter : -quarter]):
        yield f"The total loss still fell in the last quarter of the run: {longer}."


def _baselines(facts: Facts) -> Iterator[str]:
    if not facts.evaluations:
        return
    name, (_, own), *others = facts.config.logging.best_by, *facts.evaluations.items()
    scores = {score.name: score.value for score in own.scores}
    for baseline, evaluation in others:
        theirs = {score.name: score.value for score in evaluation.scores}
        if name in scores and name in theirs:
            lead = scores[name] - theirs[name]
            if (lead if METRICS[name].better == "higher" else -lead) <= 0:
                yield (
                    f"In {METRICS[name].title} it does not beat {baseline} ({scores[name]:.4f} against "
                    f"{theirs[name]:.4f}): it has not yet learned more than that; train longer before comparing losses."
                )


def _blur(facts: Facts) -> Iterator[str]:
    if facts.sharpness is None or facts.sharpness >= _BLURRED:
        return
    objective = facts.config.objective
    has = [name for name in ("adversarial", "perceptual") if objective.weights[name]]
    what = f"raise the weight of {has[0]}" if has else "add what rewards detail, --objective.adversarial.weight 5"
    yield (
        f"The pictures are blurred: {facts.sharpness:.2f} of the sharpness of the targets. Losses that average over "
        f"pixels do this, and SSIM and L1 do not mind; {what}, or train longer."
    )


def _weak_terms(facts: Facts) -> Iterator[str]:
    prefix = "gradient_norm/image/"
    names = dict.fromkeys(name for row in facts.rows for name in row if name.startswith(prefix))
    pulls = {}
    for name in names:
        values = [value for _, value in facts.curve(name)]
        pulls[name.removeprefix(prefix)] = mean(values[-max(1, len(values) // 4) :])
    strongest = max(pulls, key=pulls.__getitem__, default=None)
    for name, pull in pulls.items():
        if strongest is not None and pull < _WEAK * pulls[strongest]:
            yield (
                f"The term {name} pulls at the pictures with {pull / pulls[strongest]:.1%} of the strength of "
                f"{strongest}: raise --objective.{name.replace('_', '-')}.weight, or leave it out and save its time."
            )


RULES: tuple[Callable[[Facts], Iterator[str]], ...] = (
    _skipped_steps,
    _discriminators,
    _loss_that_rises,
    _unseen_pairs,
    _baselines,
    _blur,
    _weak_terms,
)
"""In the order in which their sentences are told: what spoils a run comes before what would improve it."""
