"""Renew the generated tables of README.md: `python scripts/update_readme.py`.

Columns, flags, failures and manifest columns are declared once in code; the README repeats them
for people, between markers.  A test compares the two.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from environment import ROOT
from imaging.errors import PhotoError
from imaging.records import (
    FACE_PAIR_TABLES,
    FLAGS,
    HAIR_PAIR_TABLES,
    HAIR_TABLES,
    AttritionRow,
    DetectableChange,
    FaceComparison,
    HairComparison,
    HairScore,
    LivingGrafts,
    PairRow,
    columns_of,
)
from imaging.records.agreement import AGREEMENT_TABLES
from imaging.records.face import FACE_TABLES, FaceScore
from imaging.records.outcome import FailureRow, PhotoRow
from imaging.records.visit import VisitRow
from imaging.study.manifest_columns import KNOWN_COLUMNS
from imaging.study.tuning_tables import TUNING_TABLES
from imaging.study.visits import POOLERS

README = ROOT / "README.md"


def main() -> int:
    """Rewrite the generated parts; return 0."""
    text = README.read_text(encoding="utf-8")
    README.write_text(renewed(text), encoding="utf-8")
    return 0


def renewed(text: str) -> str:
    """Return the README with every generated part as the code declares it.

    Raises
    ------
    KeyError
        A marker names a part that nothing generates.
    """
    parts = generated_parts()

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]}\n\n{parts[match[2]]}\n\n{match[3]}"

    pattern = r"(<!-- begin (\S+) -->).*?(<!-- end -->)"
    return re.sub(pattern, replaced, text, flags=re.DOTALL)


def generated_parts() -> dict[str, str]:
    """Return the Markdown of every generated part, by name."""
    columns = "\n\n".join(f"**{title}**\n\n{_columns(record)}" for title, record in _tables())
    return {
        "columns": columns,
        "flags": _table(
            ("flag", "what it means", "what to do"),
            ((f"`{flag.name}`", flag.meaning, flag.remedy) for flag in FLAGS.values()),
        ),
        "failures": _table(
            ("code", "what to do"),
            ((f"`{kind.code}`", kind.default_remedy) for kind in PhotoError.__subclasses__()),
        ),
        "manifest": _table(
            ("column", "what it says"),
            ((f"`{column.name}`", column.meaning) for column in KNOWN_COLUMNS.values()),
        ),
    }


def _tables() -> Iterator[tuple[str, type]]:
    yield "`results.csv`, every photo", PhotoRow
    yield "`results.csv`, hair", HairScore
    for name, record in HAIR_TABLES.items():
        yield f"`{name}.csv`, hair (after `photo_id`)", record
    yield "`results.csv`, face", FaceScore
    for name, record in FACE_TABLES.items():
        yield f"`{name}.csv`, face (after `photo_id`)", record
    yield "`visits.csv`, every visit", VisitRow
    for wing, pooler in POOLERS.items():
        # A wing that pools into its own score has the columns of results.csv, listed above.
        if pooler.record not in (HairScore, FaceScore):
            yield f"`visits.csv`, {wing}", pooler.record
    yield "`followup.csv`, every pair (`flags` is its last column)", PairRow
    yield "`followup.csv`, hair", HairComparison
    yield "`followup.csv`, hair, behind those", LivingGrafts
    yield "`followup.csv`, face", FaceComparison
    yield "`followup.csv`, face, behind those", DetectableChange
    for tables in (HAIR_PAIR_TABLES, FACE_PAIR_TABLES):
        for name, record in tables.items():
            yield f"`{name}.csv`", record
    yield "`attrition.csv`", AttritionRow
    yield "`failures.csv`", FailureRow
    for name, record in AGREEMENT_TABLES.items():
        yield f"`{name}.csv` of `dermetry agree`", record
    for name, record in TUNING_TABLES.items():
        yield f"`{name}.csv` of `dermetry tune`", record


def _columns(record: type) -> str:
    return _table(
        ("column", "unit", "meaning"),
        ((f"`{c.name}`", c.unit, c.meaning) for c in columns_of(record)),
    )


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [_line(heads), _line(("---",) * len(heads))]
    return "\n".join(lines + [_line(row) for row in rows])


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
