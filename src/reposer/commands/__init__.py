"""The sub-commands of ``reposer``, one file each: parse, call, print."""

from collections.abc import Mapping


def listing(entries: Mapping[str, str | None]) -> list[str]:
    """Lines of names and what they are, aligned, for help texts."""
    width = max(map(len, entries))
    return [f"  {name:{width}}  {what}" for name, what in entries.items()]
