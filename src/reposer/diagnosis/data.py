"""A data set, looked at: what is wrong with it, what it can do, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from reposer.checks import InputError, some
from reposer.data import MANNEQUINS, PEOPLE, SPLITS, Description, Layout, Lists, Split, has_split
from reposer.data.layout import DISTRACTORS, image_folder, image_size
from reposer.data.layouts import AnyLayout, find_layout, layouts_of
from reposer.data.photos import OpenedPhotos, PhotoLayout
from reposer.diagnosis.finding import Diagnosis, Finding, error, note, warning
from reposer.diagnosis.overlay import skeletons
from reposer.diagnosis.split import SplitFacts, images, keypoints, pairs
from reposer.images import SUFFIXES, write_image
from reposer.preparing import PUBLISHED, differences
from reposer.processes import check_processes
from reposer.protocols import PROTOCOLS
from reposer.recipes import RECIPES, recipe

_MADE = {MANNEQUINS["name"]: ("mannequin",), PEOPLE["name"]: ("people", "mannequin")}
"""First words of the recipes for each data set that this package makes, the best first."""


def diagnose_data(
    root: Path, *, out: Path | None = None, workers: int = 0, progress: Callable[[int, int], None] | None = None
) -> Diagnosis:
    """Look at every file of a data set.

    All images of the lists are decoded. Keypoints: more than 30 % missing in the images of pairs is an error, more than
    5 % a warning, and so are images without any; pairs must have images and poses of one person; no person may be in
    both splits.

    Args:
        root: folder of the data set.
        out: PNG to write, photos with their skeletons; None: ``NAME-doctor.png`` beside the folder.
        workers: processes; 0: one per core.
        progress: called with the number of images done and of all images.

    Raises:
        InputError: if the folder holds no data set, or ``out`` cannot be the name of a picture.
    """
    check_processes("workers", workers, least=0)
    if out is not None and (out.suffix.lower() not in SUFFIXES or out.is_dir() or not out.parent.is_dir()):
        raise InputError(f"{out}: --out needs the name of a picture ({', '.join(SUFFIXES)}) in a folder that exists")
    layouts = layouts_of(root)
    if not layouts:
        find_layout(root, "train")  # which says what was looked for
    findings: list[Finding] = []
    splits: list[SplitFacts] = []
    if len(layouts) > 1:
        names = " and ".join(layout.name for layout in layouts)
        findings.append(warning(f"{root} holds lists of {names}; other commands need their layout's name"))
    for layout in layouts:
        opened, wrong = _open(layout, root)
        findings += wrong
        splits += opened
    total, done = sum(len(facts.present) for facts in splits), 0
    for facts in splits:
        findings += [*_summary(facts), *keypoints(facts), *pairs(facts)]

        def told(count: int, before: int = done) -> None:
            if progress is not None:
                progress(before + count, total)

        findings += images(facts, workers=workers, progress=told)
        done += len(facts.present)
    findings += _both_splits(splits)
    findings += _picture(root, splits, out)
    failed = any(finding.level == "error" for finding in findings)
    findings += [] if failed else [finding for layout in layouts for finding in _uses(layout, splits)]
    return Diagnosis(tuple(findings), _next(root, layouts, splits, failed))


def _picture(root: Path, splits: Sequence[SplitFacts], out: Path | None) -> Iterator[Finding]:
    sheet = skeletons([facts for facts in splits if facts.layout is splits[0].layout])
    if sheet is None:
        return
    path = out or root.resolve().parent / f"{root.resolve().name}-doctor.png"
    try:
        write_image(path, sheet)
    except OSError as failed:
        yield warning(
            f"{path}: the picture of skeletons cannot be written ({failed.strerror}); name another with --out"
        )
    else:
        yield note(f"look at {path}: do the skeletons fit the people?")


def _open(layout: AnyLayout, root: Path) -> tuple[list[SplitFacts], list[Finding]]:
    """Read the lists of both splits, and look which images are there."""
    opened, findings = [], []
    for split in SPLITS:
        if not has_split(root, split, layout.name):
            what = "nothing to train with" if split == "train" else "no validation, nothing to generate and evaluate"
            findings.append(warning(f"{layout.name}: no annotations of the {split} split: {what}"))
            continue
        try:
            facts = _photos(layout, root, split) if isinstance(layout, PhotoLayout) else _listed(layout, root, split)
            facts.people  # noqa: B018  # refuses names that tell no identity
        except InputError as refused:
            findings.append(error(str(refused)))
            continue
        if facts.images is None and isinstance(layout, Layout):
            names = " or ".join(layout.folder_names(split))
            findings.append(
                error(
                    f"{root}: no images of the {split} split of {layout.name}: looked for a folder {names} with images"
                )
            )
        opened.append(facts)
    return opened, findings


def _listed(layout: Layout, root: Path, split: Split) -> SplitFacts:
    folder, files = image_folder(layout, root, split) if _has_images(layout, root, split) else (None, set())
    lists = Lists.find(layout, root, split)
    return SplitFacts(layout, root, split, image_size(layout, root), lists, folder, frozenset(files))


def _photos(layout: PhotoLayout, root: Path, split: Split) -> SplitFacts:
    found = OpenedPhotos.read(layout, root, split)
    lists = Lists(found.poses, found.pairs, found.sources[0], None)
    return SplitFacts(layout, root, split, found.size, lists, root, frozenset(found.framed), found)


def _has_images(layout: Layout, root: Path, split: str) -> bool:
    try:
        image_folder(layout, root, split)  # type: ignore[arg-type]
    except InputError:
        return False
    return True


def _summary(facts: SplitFacts) -> Iterator[Finding]:
    height, width = facts.size
    yield note(
        f"{facts.layout.name}, {facts.split}: {len(facts.lists.poses):,} annotated images, "
        f"{len(facts.present):,} of them there, {height}x{width}; {len(facts.lists.pairs):,} pairs "
        f"of {len(facts.people):,} people"
    )
    told = Description.read(facts.root)
    if facts.photos is None and (told is None or told.name == facts.layout.title):
        published = PUBLISHED[facts.layout.name][facts.split]
        lists = facts.lists
        counts = {"annotated images": len(lists.poses), "pairs": len(lists.pairs)}
        yield from (note(f"{facts.split}: {line}") for line in differences(published, counts))


def _both_splits(splits: Sequence[SplitFacts]) -> Iterator[Finding]:
    for layout in dict.fromkeys(facts.layout for facts in splits):
        people = [facts.people.difference(DISTRACTORS) for facts in splits if facts.layout is layout]
        both = sorted(frozenset.intersection(*people)) if len(people) > 1 else []
        if both:
            yield error(
                f"{len(both):,} people are in both splits, so that scores say nothing about people "
                f"who were never seen: {some(both, 10)}; remove them from one"
            )


def _recipes(layout: AnyLayout, facts: SplitFacts) -> list[str]:
    """Names of the recipes for these data, the best of this size first; else those of the layout's size."""
    told = Description.read(facts.root)
    made, all_made = _MADE.get(told.name, ()) if told is not None else (), set().union(*_MADE.values())
    first = {name: name.partition("-")[0] for name in RECIPES}
    fitting = [name for kind in made for name in RECIPES if first[name] == kind]
    fitting = fitting if made else [name for name in RECIPES if first[name] not in all_made]
    sizes = {name: recipe(name).size for name in fitting}
    return [name for name in fitting if sizes[name] in (facts.size, layout.size)]


def _uses(layout: AnyLayout, splits: Sequence[SplitFacts]) -> Iterator[Finding]:
    """What can be trained and evaluated with the data."""
    for facts in splits:
        if facts.layout is not layout:
            continue
        if facts.split == "train":
            yield note(f"can be trained with: {', '.join(_recipes(layout, facts))}")
            continue
        count = len(facts.lists.pairs)
        fitting = [p for p in PROTOCOLS.values() if facts.size in (p.size, *p.other_sizes)]
        named = [p for p in fitting if p.data != "any" and layout.title.startswith(p.data)]
        same = [p.name for p in named if p.published_pairs in (count, None)]
        other = [p.name for p in fitting if p.data == "any"]
        if same:
            yield note(f"can be scored with the {count:,} pairs of {', '.join(same)}")
        yield note(f"can be scored under: {', '.join(dict.fromkeys((*(p.name for p in named), *other)))}")


def _next(root: Path, layouts: Sequence[AnyLayout], splits: Sequence[SplitFacts], failed: bool) -> str:
    folder = quote(str(root))
    if failed or not splits:
        return f"mend the errors, then: reposer doctor {folder}"
    facts = next((facts for facts in splits if facts.split == "train"), splits[0])
    several = len(layouts) > 1
    if facts.split == "test":
        layout = f" --layout {facts.layout.name}" if several else ""
        return f"reposer generate RUN --data {folder}{layout} --out results (RUN: a run folder of 'reposer train')"
    name = _recipes(facts.layout, facts)[0]
    layout = f" --data.layout {facts.layout.name}" if several else ""
    size = "" if recipe(name).size == facts.size else f" --size {facts.size[0]} {facts.size[1]}"
    return f"reposer train {name} --data {folder}{layout}{size} --out run"
