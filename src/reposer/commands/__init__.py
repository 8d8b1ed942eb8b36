"""The sub-commands of ``reposer``, one file each: parse, call, print."""

from collections.abc import Mapping


def listing(entries: Mapping[str, str | None]) -> str:
    """Names and the first line of what they are, aligned, for help texts."""
    width = max(map(len, entries))
    return "\n".join(f"  {name:{width}}  {str(what).splitlines()[0]}" for name, what in entries.items())
