"""What `dermetry agree` leaves in its folder: tables, plots, page, and where they came from."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from ..photo.reading import LEDGER_NAME
from ..records import columns_of, row_of
from ..records.agreement import AGREEMENT_TABLES, AgreementRow, SizeRow
from .agreement_files import RatingTable
from .agreement_page import RaterLine, render_agreement
from .agreement_pictures import Picture
from .run_record import current_versions
from .tables import cells_of
from .writing import make_folder, whole_file, write_bytes

PAGE_NAME = "agreement.html"
RECORD_NAME = "agree.toml"


@dataclass(frozen=True)
class AgreementFiles:
    """What is written: tables by name, the page's parts, and the options in force."""

    title: str
    tables: Mapping[str, Sequence[object]]
    notes: Sequence[str]
    raters: Sequence[RaterLine]
    pictures: Sequence[Picture]
    options: Mapping[str, Any]


def write_agreement(out_dir: Path, files: AgreementFiles) -> list[Path]:
    """Write everything and return the paths.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    make_folder(out_dir)
    paths = []
    for name, rows in files.tables.items():
        path = out_dir / f"{name}.csv"
        _write_table(path, AGREEMENT_TABLES[name], rows)
        paths.append(path)
    for picture in files.pictures:
        path = out_dir / "plots" / picture.name
        write_bytes(path, picture.png)
    page = render_agreement(
        title=files.title,
        raters=files.raters,
        notes=files.notes,
        rows=[r for r in files.tables["agreement"] if isinstance(r, AgreementRow)],
        sizes=[r for r in files.tables.get("sample_size", ()) if isinstance(r, SizeRow)],
        pictures=files.pictures,
    )
    write_bytes(out_dir / PAGE_NAME, page.encode())
    document = {
        "options": files.options,
        "raters": [
            {"name": r.name, "kind": r.kind, "origin": r.origin, "sha256": r.digest}
            for r in files.raters
        ],
        "notes": list(files.notes),
        "versions": current_versions(),
    }
    write_bytes(out_dir / RECORD_NAME, tomli_w.dumps(document).encode())
    return [*paths, out_dir / PAGE_NAME, out_dir / RECORD_NAME]


def json_rows(rows: Iterable[object]) -> Iterator[dict[str, object]]:
    """Yield what ``--json`` prints: rows with null for NaN."""
    for row in rows:
        yield {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row_of(row).items()
        }


def rater_lines(tables: Sequence[RatingTable], machines: Sequence[bool]) -> list[RaterLine]:
    """Return who the raters are, and the SHA-256 of what they were read from."""
    digests: dict[str, str] = {}
    lines = []
    for table, is_machine in zip(tables, machines, strict=True):
        if table.origin not in digests:
            digests[table.origin] = source_digest(Path(table.origin))
        lines.append(
            RaterLine(
                name=table.name,
                kind="machine" if is_machine else "reader",
                origin=Path(table.origin).name,
                digest=digests[table.origin],
            )
        )
    return lines


def source_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the ledger of a scored folder."""
    source = path / LEDGER_NAME if path.is_dir() else path
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write_table(path: Path, record: type, rows: Iterable[object]) -> None:
    columns = [column.name for column in columns_of(record)]
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cells_of(row_of(row), columns) for row in rows)
        text.detach()
