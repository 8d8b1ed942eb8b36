"""Reposer: pose-guided person image generation with first-class losses and evaluation protocols.

The names below are imported when first used, so that ``import reposer`` stays instant.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Generator": "reposer.generator",
    "load_generator": "reposer.generator",
    "transfer": "reposer.photos.transfer",
    "evaluate": "reposer.evaluation",
    "InputWarning": "reposer.checks",
}

_MODULES = ("data", "images", "losses", "metrics", "models", "poses", "protocols", "similarity")

__all__ = ["__version__", *_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"reposer.{name}")
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'reposer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("reposer")
    except PackageNotFoundError:  # imported from a source tree that was never installed
        return "0+unknown"
