"""The sub-commands of ``reposer``, one file each: parse, call, print."""
