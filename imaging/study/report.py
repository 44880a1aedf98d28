"""The HTML report of one output folder, rebuilt from its ledger alone.

The page stands by itself: style, script and figures are in it, nothing is loaded from a network,
and its content security policy forbids it to try.  Pictures are not embedded, because a thousand
overlays would make a page of half a gigabyte: each photo has a thumbnail of some 20 kB in
``thumbnails/``, loaded when it comes into view, that opens the overlay in ``overlays/``.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from .. import __version__
from ..records import HAIR_TABLES, HairScore, columns_of
from ..records.face import FACE_TABLES, FaceScore
from ..records.outcome import PhotoRow
from ..settings import all_declarations
from .locking import lock_remarks
from .pair_tables import attrition_rows, followup_rows
from .presentation import Contents, SettingLine, blind_labels, count_photos, page_context
from .run_record import RunRecord
from .store import Ledger, open_for_reading
from .store_pairs import last_request
from .tables import failure_rows, result_rows, visit_rows
from .thumbnails import make_picture
from .visits import POOLERS
from .wings import WingName
from .writing import write_bytes

#: What a wing's columns in ``results.csv`` are declared by, and its further tables.
RECORDS: dict[WingName, tuple[type, dict[str, type]]] = {
    "hair": (HairScore, HAIR_TABLES),
    "face": (FaceScore, FACE_TABLES),
}

REPORT_NAME = "report.html"
TEMPLATES = Path(__file__).parent / "templates"


def write_report(out_dir: Path, *, blind: bool = False) -> Path:
    """Write the report of an output folder and return its path.

    Parameters
    ----------
    out_dir : Path
        What was given as ``--out``.
    blind : bool
        Keep subject, visit, arm and dates out.  Photos are then named by their own bytes, because
        their paths may tell as well.

    Raises
    ------
    LedgerError
        The folder holds no healthy ledger.
    OutputError
        The folder cannot be written.
    """
    with open_for_reading(out_dir) as ledger:
        page = render_page(read_contents(ledger, out_dir, blind=blind))
    path = out_dir / REPORT_NAME
    write_bytes(path, page.encode())
    return path


def read_contents(ledger: Ledger, out_dir: Path, *, blind: bool) -> Contents:
    """Return what the ledger says of its last run; thumbnails that are missing are made."""
    run = ledger.last_run()
    results = list(result_rows(ledger))
    failures = list(failure_rows(ledger))
    score_type, tables = RECORDS[run.wing]
    columns = (*columns_of(PhotoRow), *columns_of(score_type))
    measured = {column.name for column in columns}
    labels = blind_labels(results, failures) if blind else {}
    pairs = list(followup_rows(ledger, run.wing)) if last_request(ledger) else []
    return Contents(
        wing=run.wing,
        results=results,
        tables={name: ledger.table_rows(name) for name in tables},
        failures=failures,
        settings=_setting_lines(run, blind=blind),
        facts=_facts(run, blind=blind),
        visits=list(visit_rows(ledger, run.wing)) if run.wing in POOLERS else (),
        remarks=[
            *_remarks(run, ended=count_photos(results, failures)),
            *lock_remarks(ledger.runs(), blind=blind),
        ],
        columns=columns,
        manifest_columns=[name for name in run.manifest_columns if name not in measured],
        pictures={
            photo_id: make_picture(out_dir, photo_id, code=labels.get(photo_id, ""))
            for photo_id in (str(row["photo_id"]) for row in results)
        },
        labels=labels,
        pairs=pairs,
        attrition=list(attrition_rows(ledger)) if run.wing == "hair" and pairs else (),
        pair_pictures={
            photo_id: make_picture(
                out_dir,
                photo_id,
                code=f"pair-{labels[photo_id]}" if photo_id in labels else "",
                kind="comparisons",
            )
            for photo_id in (str(row["followup_id"]) for row in pairs)
        },
        cutoff_um=float(run.settings.get("hair.terminal_cutoff_um", math.nan)),
        is_blind=blind,
    )


def render_page(contents: Contents) -> str:
    """Return the report as HTML.

    Every text from outside (file names, manifest, messages) is escaped by the template engine;
    only the figures, the style and the script, which are ours, are not.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    environment.filters["breakable"] = _breakable
    style = _own_text("report.css")
    script = _own_text("report.js")
    count = count_photos(contents.results, contents.failures)
    return environment.get_template("report.html.jinja").render(
        page_context(contents),
        title=f"{contents.wing.capitalize()}: {count} photo{'' if count == 1 else 's'}",
        version=__version__,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(style, script),
    )


def _setting_lines(run: RunRecord, *, blind: bool) -> list[SettingLine]:
    declared = all_declarations()
    lines = []
    for name, value in run.settings.items():
        declaration = declared.get(name)  # None: a setting of another version of the program
        origin = run.origins.get(name, "default")
        if blind and origin not in {"default", "--set"}:
            # The name of a settings file may tell the arm or the visit.
            origin = "settings file"
        lines.append(
            SettingLine(
                name=name,
                value=f"{value:g}" if isinstance(value, float) else str(value),
                unit=declaration.unit if declaration else "",
                origin=origin,
                reason=declaration.reason if declaration else "",
            )
        )
    return lines


def _facts(run: RunRecord, *, blind: bool) -> list[tuple[str, str]]:
    facts = [(name, version) for name, version in run.versions.items()]
    calibration = run.settings.get(f"{run.wing}.calibration_data")
    if calibration:
        what = "Darkness and homogeneity" if run.wing == "face" else "Diameters"
        facts.append((f"{what} calibrated by", str(calibration)))
    if not blind:
        facts += [("Run started (UTC)", run.started_at), ("Run ended (UTC)", run.finished_at)]
        facts.append(("Manifest", run.manifest_name))
    return [(name, text) for name, text in facts if text]


def _remarks(run: RunRecord, *, ended: int) -> list[str]:
    if run.state == "complete":
        return []
    return [
        f"The run is not complete: {ended} of {run.photos} photos are done. "
        "The same command goes on where it stopped."
    ]


def _shown(value: float, decimals: int) -> Markup:
    """Return a number as text; a dash that says "cannot tell" for NaN."""
    if not math.isfinite(value):
        return Markup('<span class="unknown" title="cannot tell; see the flags">–</span>')
    return Markup("{}").format(f"{value:.{decimals}f}")


def _breakable(name: str) -> Markup:
    """Return a file name that a narrow column breaks behind a separator, not within a word."""
    parts = re.split(r"(?<=[/_.-])", name)
    return Markup("<wbr>").join(parts)


def _own_text(name: str) -> str:
    # Universal newlines: the browser hashes what it parsed, and a parser knows only \n.
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a content security policy: this style, this script, pictures beside the page."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self' file:; "
        f"style-src '{source_hash(style)}'; script-src '{source_hash(script)}'"
    )


def source_hash(text: str) -> str:
    """Return what a content security policy calls a script or a style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
