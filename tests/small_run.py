"""The configuration of a run that takes a second."""

from reposer.config import LoggingConfig, OptimizationConfig, RunConfig
from reposer.data import DataConfig
from reposer.losses import objective_of
from reposer.models import DiscriminatorConfig, PATNConfig

SMALL = RunConfig(
    recipe="small",
    data=DataConfig(workers=0),
    generator=PATNConfig(channels=4, blocks=2),
    discriminators=DiscriminatorConfig(channels=4, blocks=1),
    objective=objective_of(adversarial={"weight": 1, "pool_size": 3}, l1=5, part_ssim=5),
    optimization=OptimizationConfig(
        batch_size=2, pairs_per_epoch=7, constant_epochs=1, decay_epochs=2, warmup_steps=2, ema_decay=0.9
    ),
    logging=LoggingConfig(log_every=1, sample_every=5, checkpoint_every=3, sample_pairs=2),
)
"""12 steps with everything switched on: discriminators, pools, dropout, warm-up, decay, running average."""
