"""``dir(reposer)`` shows what ``import reposer`` offers."""

import reposer


def test_dir_shows_the_public_names() -> None:
    assert dir(reposer) == sorted(reposer.__all__)
    for name in dir(reposer):
        assert getattr(reposer, name) is not None
