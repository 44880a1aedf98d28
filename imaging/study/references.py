"""References of photos: what a person says is there, in one form whatever file it came in.

A run has references of one kind: hairs (root and tip), points (roots), masks, counts, or readers'
scores.  A photo may have one of several readers' scores; of all other kinds it has one.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import TableError
from .annotations import Drawing, Floats, Mask, Shape, filled
from .annotations_imagej import read_selections
from .annotations_json import read_drawings
from .annotations_tables import Lines, read_table, table_drawings
from .references_numbers import Rating, read_numbers

Kind = Literal["hairs", "points", "mask", "count", "scores"]

#: Suffixes of our own and other programs' masks, taken off the name to find the photo.
_MASK_ENDINGS = ("_hairs", "_pigment", "_mask", "_masks", "-mask", "_label", "_labels")
_DRAWN = {".json", ".geojson", ".roi", ".zip"}
_TABLES = {".csv", ".xlsx", ".tsv", ".txt"}
_MOST_FILES = 100_000


@dataclass(frozen=True, eq=False)
class Reference:
    """What is known of one photo.

    Parameters
    ----------
    kind : str
    size_px : (int, int) or None
        Width and height of the photo, where the file says them.
    ends : ndarray, shape (n, 4)
        Kind ``hairs``: root and tip.
    points : ndarray, shape (n, 2)
        Kind ``points``.
    mask_path : Path or None
        Kind ``mask``: a PNG; anything but 0 is inside.
    areas, masks
        Kind ``mask``: polygons, or pixels.
    ratings : tuple of Rating
        Kinds ``count`` and ``scores``.
    ignored_path : Path or None
        A PNG: what lies where it is not 0 counts on neither side.
    digest : str
        SHA-256 of all that.
    """

    kind: Kind
    size_px: tuple[int, int] | None = None
    ends: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    points: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    mask_path: Path | None = None
    areas: tuple[Shape, ...] = ()
    masks: tuple[tuple[str, Mask], ...] = ()
    ratings: tuple[Rating, ...] = ()
    ignored_path: Path | None = None
    digest: str = ""

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Return the mask of a photo of this (height, width); not for one that is a file."""
        whole = filled(self.areas, shape)
        for _, mask in self.masks:
            if mask.shape == shape:
                whole |= mask
        return whole


@dataclass(frozen=True)
class References:
    """References by photo_id, their kind, and what was noticed on the way."""

    kind: Kind
    by_photo: Mapping[str, Reference]
    notes: tuple[str, ...] = ()


def read_references(
    paths: Sequence[Path],
    photo_ids: Collection[str],
    *,
    not_counted: Collection[str] = (),
    ignored: Path | None = None,
) -> References:
    """Read references and find the photo that each is of.

    Parameters
    ----------
    paths : sequence of Path
        Files or folders.
    photo_ids : collection of str
    not_counted : collection of str
        Labels of what must not be found (debris): left out, so that finding it is a false one.
    ignored : Path, optional
        A folder of masks of what counts on neither side.

    Raises
    ------
    TableError
        A file is broken, kinds are mixed, or no reference belongs to a photo.
    """
    found: list[tuple[str, Reference]] = []
    for path in paths:
        if not path.exists():
            raise TableError(f"{path} does not exist.", remedy="Check the path.")
        read = _of_folder if path.is_dir() else _of_file
        found += list(read(path, not_counted))
    if not found:
        raise TableError(f"{paths[0]} holds no references.", remedy="See dermetry tune --help.")
    kinds = sorted({reference.kind for _, reference in found})
    if len(kinds) > 1:
        raise TableError(
            f"The references are of several kinds: {', '.join(kinds)}.",
            remedy="Name those of one kind.",
        )
    names = _Names(photo_ids)
    placed, strangers = _placed(found, names)
    if not placed:
        shown = ", ".join(repr(name) for name in strangers[:3])
        raise TableError(
            f"No reference belongs to a photo: the references name {shown}, the photos are "
            f"{', '.join(repr(name) for name in sorted(photo_ids)[:3])}.",
            remedy="Name photos as results.csv does, or by their file names.",
        )
    if ignored is not None:
        for photo_id, path in _ignored(ignored, names).items():
            if photo_id in placed:
                placed[photo_id] = replace(placed[photo_id], ignored_path=path)
    notes = []
    if strangers:
        told = told_count(len(strangers), "reference")
        notes.append(f"Of no photo given: {told}, e.g. {strangers[0]!r}.")
    missing = len(set(photo_ids) - set(placed))
    if missing:
        notes.append(f"Left out for want of a reference: {told_count(missing, 'photo')}.")
    whole = {name: replace(r, digest=_digest(r)) for name, r in sorted(placed.items())}
    return References(found[0][1].kind, whole, tuple(notes))


def _of_folder(folder: Path, not_counted: Collection[str]) -> Iterable[tuple[str, Reference]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(files) > _MOST_FILES:
        raise TableError(f"{folder} holds over {_MOST_FILES} files.")
    drawn = [p for p in files if p.suffix.lower() in _DRAWN | _TABLES]
    masks = [p for p in files if p.suffix.lower() == ".png"]
    # What was drawn comes first: drawing programs keep copies of the photos beside it.
    if drawn and not any(_is_mask_name(path) for path in masks):
        for path in drawn:
            for name, reference in _of_file(path, not_counted):
                yield _below(folder, path, name), reference
        return
    for path in masks:
        yield path.relative_to(folder).as_posix(), Reference("mask", mask_path=path)


def _of_file(path: Path, not_counted: Collection[str]) -> Iterable[tuple[str, Reference]]:
    suffix = path.suffix.lower()
    if suffix == ".png":
        return [(path.name, Reference("mask", mask_path=path))]
    if suffix in (".json", ".geojson"):
        return _of_drawings(read_drawings(path), not_counted)
    if suffix in (".roi", ".zip"):
        return _of_drawings([read_selections(path)], not_counted)
    if suffix in _TABLES:
        table = read_table(path)
        drawings = table_drawings(table)
        return _of_numbers(table) if drawings is None else _of_drawings(drawings, not_counted)
    raise TableError(
        f"{path} is of no kind that can be read.",
        remedy="Give PNG masks, CSV or XLSX tables, COCO, LabelMe or GeoJSON, or ImageJ .roi.",
    )


def _of_numbers(table: Lines) -> list[tuple[str, Reference]]:
    kind, by_photo = read_numbers(table)
    return [(name, Reference(kind, ratings=tuple(r))) for name, r in by_photo.items()]


def _of_drawings(
    drawings: Sequence[Drawing], not_counted: Collection[str]
) -> list[tuple[str, Reference]]:
    found = []
    for drawing in drawings:
        kept = _without(drawing, not_counted)
        kind = _kind_of(drawing)
        ends = [(*shape.points[0], *shape.points[-1]) for shape in kept.lines]
        points = [shape.points[0] for shape in kept.points]
        reference = Reference(
            kind,
            size_px=drawing.size_px,
            ends=np.asarray(ends, np.float64).reshape(-1, 4),
            points=np.asarray(points, np.float64).reshape(-1, 2),
            areas=kept.areas if kind == "mask" else (),
            masks=kept.masks,
        )
        found.append((drawing.photo, reference))
    # An image on which nothing was drawn says so in the others' kind: nothing is there.
    kinds = {r.kind for (_, r), d in zip(found, drawings, strict=True) if not _is_empty(d)}
    only = kinds.pop() if len(kinds) == 1 else None
    return [
        (name, replace(r, kind=only) if only and _is_empty(d) else r)
        for (name, r), d in zip(found, drawings, strict=True)
    ]


def _kind_of(drawing: Drawing) -> Kind:
    """Lines are hairs whatever else was drawn; then come points, then areas."""
    if drawing.lines:
        return "hairs"
    return "points" if drawing.points else "mask"


def _is_empty(drawing: Drawing) -> bool:
    return not (drawing.lines or drawing.points or drawing.areas or drawing.masks)


def _without(drawing: Drawing, labels: Collection[str]) -> Drawing:
    left_out = {label.casefold() for label in labels}

    def kept(shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return tuple(shape for shape in shapes if shape.label.casefold() not in left_out)

    return replace(
        drawing,
        lines=kept(drawing.lines),
        points=kept(drawing.points),
        areas=kept(drawing.areas),
        masks=tuple(m for m in drawing.masks if m[0].casefold() not in left_out),
    )


# --- Which photo a reference is of ---------------------------------------------------------------


class _Names:
    """Finds a photo by its id, its file name, or that without suffix, where only one has it."""

    def __init__(self, photo_ids: Collection[str]) -> None:
        self._by_name: dict[str, set[str]] = {}
        for photo_id in photo_ids:
            path = PurePosixPath(photo_id)
            for name in {photo_id, str(path.with_suffix("")), path.name, path.stem}:
                self._by_name.setdefault(_folded(name), set()).add(photo_id)

    def find(self, name: str) -> str | None:
        """Return the photo of this name; None when there is none, or more than one."""
        path = PurePosixPath(name)
        for candidate in (name, str(path.with_suffix("")), path.name, path.stem):
            for short in (candidate, *_without_endings(candidate)):
                photos = self._by_name.get(_folded(short), set())
                if len(photos) == 1:
                    return next(iter(photos))
        return None


def _folded(name: str) -> str:
    """Return a name without case, its accents composed: some systems write them apart."""
    return unicodedata.normalize("NFC", name).casefold()


def _without_endings(name: str) -> list[str]:
    return [name[: -len(end)] for end in _MASK_ENDINGS if name.lower().endswith(end)]


def _is_mask_name(path: Path) -> bool:
    return bool(_without_endings(path.stem))


def _below(folder: Path, path: Path, name: str) -> str:
    """Name a drawing by its file's place in the folder, where the file says no more itself."""
    if name == path.with_suffix("").name:
        return path.relative_to(folder).with_suffix("").as_posix()
    return name


def _placed(
    found: Sequence[tuple[str, Reference]], names: _Names
) -> tuple[dict[str, Reference], list[str]]:
    placed: dict[str, Reference] = {}
    strangers = []
    for name, reference in found:
        photo_id = names.find(name)
        if photo_id is None:
            strangers.append(name)
        elif photo_id not in placed:
            placed[photo_id] = reference
        elif reference.kind in ("count", "scores"):
            both = (*placed[photo_id].ratings, *reference.ratings)
            placed[photo_id] = replace(placed[photo_id], kind="scores", ratings=both)
        else:
            raise TableError(
                f"Two references are of the photo {photo_id!r}, one of them named {name!r}.",
                remedy="Leave one of them out.",
            )
    return placed, strangers


def _ignored(folder: Path, names: _Names) -> dict[str, Path]:
    if not folder.is_dir():
        raise TableError(f"{folder} is no folder of PNG masks.", remedy="Name a folder.")
    placed = {}
    for path in sorted(folder.rglob("*.png")):
        photo_id = names.find(path.relative_to(folder).as_posix())
        if photo_id is not None:
            placed[photo_id] = path
    if not placed:
        raise TableError(f"No PNG in {folder} is named like a photo.", remedy="Rename them.")
    return placed


def _digest(reference: Reference) -> str:
    total = hashlib.sha256(reference.kind.encode())

    def add(values: NDArray[np.generic]) -> None:
        total.update(np.ascontiguousarray(values).tobytes())

    add(reference.ends)
    add(reference.points)
    for area in reference.areas:
        add(area.points)
        for hole in area.holes:
            # Its own word, so that a hole is not the area that it would be by itself.
            total.update(b"hole")
            add(hole)
    for _, mask in reference.masks:
        add(mask)
    for rating in sorted(reference.ratings):
        total.update(repr(rating).encode())
    for path in (reference.mask_path, reference.ignored_path):
        if path is not None:
            total.update(path.read_bytes())
    return total.hexdigest()


def told_count(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural but for one."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
