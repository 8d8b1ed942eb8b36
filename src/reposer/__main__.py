"""``python -m reposer``."""

from reposer.cli import main

if __name__ == "__main__":
    main()
