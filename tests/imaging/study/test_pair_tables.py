"""The follow-up's tables, from a ledger whose comparisons are made up."""

from __future__ import annotations

import math
from pathlib import Path

from imaging.records import HairMatch, PairRow
from imaging.records.outcome import Provenance
from imaging.study.comparing import Compared, PairOutcome, PairProvenance
from imaging.study.packing import pack_rows
from imaging.study.pair_tables import followup_rows
from imaging.study.run_record import RunRecord
from imaging.study.store import open_for_writing
from imaging.study.store_pairs import FollowupRequest, begin_comparison, record_pair

RUN = RunRecord(
    wing="hair",
    settings={},
    origins={},
    settings_digest="s",
    weights_digest="",
    algorithm_version="1",
    manifest_columns=("visit_role",),
    photos=1,
)
SETTINGS = {"followup.early_days": 180.0, "followup.survival_error_share": 0.02}


def visit(name: str, days: float, seen: dict[tuple[str, int], bool], *, grafts: int) -> PairOutcome:
    """A comparison with the photo after surgery, which shows these grafts and units."""
    nan = math.nan
    matches = [
        HairMatch("m0", name, kind, k, 0, "kept" if is_seen else "not_seen", "", nan, nan, nan, nan)
        for (kind, k), is_seen in seen.items()
    ]
    photos = [Provenance(photo_id, "", "", "", "", "1") for photo_id in ("m0", name)]
    return PairOutcome(
        PairProvenance(*photos, plan_digest="", settings_digest="", algorithm_version="1"),
        PairRow("s1", "", "", "", "", "", "", "m0", name, days, "m0", name),
        1.0,
        Compared({"grafts": grafts}, (), {"matches": pack_rows(matches)}),
    )


def living(folder: Path, *visits: PairOutcome) -> list[float]:
    folder.mkdir(exist_ok=True)
    names = ("m0", *(one.row.visit_followup for one in visits))
    with open_for_writing(folder, "hair") as ledger:
        ledger.begin_run(RUN, done=[], manifest={"m0": {"visit_role": "postop"}})
        begin_comparison(ledger, FollowupRequest(len(visits), names, (), SETTINGS))
        for k, outcome in enumerate(visits):
            record_pair(ledger, outcome, position=k)
        rows = followup_rows(ledger, "hair")
        return [float(str(row.get("living_units_percent", math.nan))) for row in rows]


def test_living_grafts_are_told_alike_by_visits_that_show_unequal_fields(tmp_path: Path) -> None:
    """Units 1 to 10 are residents; of 30 grafts 15 live; month 12 shows half of the field."""
    lives = {("unit", k): k <= 25 for k in range(1, 41)}
    half = {("unit", k): lives["unit", k] for k in range(1, 41) if k % 2}
    m9 = visit("m9", 273.0, lives, grafts=30)
    m12 = visit("m12", 365.0, half, grafts=15)
    # Of 20 shared units 13 live; 5 are residents.
    assert living(tmp_path, m9, m12) == [100 * 8 / 15, 100 * 8 / 15]


def test_numbers_of_grafts_are_never_matched_with_those_of_units(tmp_path: Path) -> None:
    """The field of month 12 shows no graft of the map, but units of other follicles."""
    mapped = {("graft", k): True for k in range(1, 6)}
    m9 = visit("m9", 273.0, mapped, grafts=5)
    m12 = visit("m12", 365.0, {("unit", k): False for k in range(1, 13)}, grafts=0)
    m18 = visit("m18", 540.0, mapped, grafts=5)
    assert all(map(math.isnan, living(tmp_path / "two", m9, m12)))
    first, second, third = living(tmp_path / "three", m9, m12, m18)
    assert (first, third) == (100.0, 100.0)
    assert math.isnan(second)
