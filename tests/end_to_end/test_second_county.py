"""A county of another shape (fewer units, no parks, another year, other targets) runs from the files of its folder alone."""

import json
from datetime import date
from typing import Any

import pytest

from deploy.cli.common import EXAMPLE_COUNTY
from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import County, load_county
from services.indicators.evaluation.plan import targets_of, unit_targets_of
from tests.deploy.test_cli import run_kaiye
from tests.support.counties import of_kind

FOLDER = EXAMPLE_COUNTY.parent / "second"
LAST_DAY = date(2024, 12, 31)


@pytest.fixture(scope="module")
def county() -> County:
    return load_county(FOLDER, JUDGED)


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    done = run_kaiye("demo", "--once", "--facts", "2000", "--seed", "1", "--county", FOLDER, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_another_county_without_parks_in_another_year(county: County) -> None:
    example = load_county(EXAMPLE_COUNTY, JUDGED)
    assert of_kind(county, "park") == []
    assert len(county.roster) != len(example.roster)
    assert (county.code, county.plan.year) != (example.code, example.plan.year)


def test_its_board_is_of_its_year_and_judges_each_of_its_targets(county: County, board: dict[str, Any]) -> None:
    assert (board["county"], board["as_of"]) == (county.code, LAST_DAY.isoformat())
    rows = {(row["id"], row["variant"], row["part"]): row for row in board["indicators"]}
    promised = {target.row for target in county.plan.targets}
    documents = {("documents_owed", "default", duty.document) for duty in county.plan.duties if duty.document}
    assert {key for key, row in rows.items() if row["targets"]} == promised | documents
    for row in promised:
        held = [(target.op, target.value, target.clause) for target in targets_of(county.plan, *row, on=LAST_DAY)]
        shown = [(target["op"], float(target["value"]), target["clause"]) for target in rows[row]["targets"]]
        assert shown == [(op, float(value), clause) for op, value, clause in held], row
        assert rows[row]["status"] != "shown"
    assert rows["successful_starts", "default", None]["targets"][0]["value"] == "110"  # raised from 90 on 1 July


def test_no_row_of_it_is_about_parks(board: dict[str, Any]) -> None:
    ids = {row["id"] for row in board["indicators"]}
    assert ids.isdisjoint({"campaign_parks", "created_share_parks", "parks_with_incubator", "incubator_area"})
    assert {"campaign_townships", "created_share_townships", "start_up_park_area", "credit_communities"} <= ids
    assert not [row for row in board["indicators"] if row["id"] == "duties" and row["part"] in ("xcb", "guoshui")]


def test_what_was_simulated_reached_its_figures(board: dict[str, Any]) -> None:
    rows = {(row["id"], row["variant"], row["part"]): row for row in board["indicators"]}
    for id in ("trained", "guided", "jobs_brought", "new_enterprises", "loans"):
        assert int(rows[id, "default", None]["value"]) > 0, id
    townships, villages = (int(rows[f"created_share_{each}", "default", None]["denominator"]) for each in ("townships", "villages"))
    owing = int(rows["duties", "default", None]["denominator"])
    assert owing == 8 + 3 + townships + villages  # eight duties of one department, one of three, one of the townships, one of the villages


def test_its_own_days_decide_what_counts(board: dict[str, Any]) -> None:
    rows = {(row["id"], row["variant"], row["part"]): row for row in board["indicators"]}
    rehearsals, letters, issued = (rows[id, "default", None] for id in ("rehearsals", "letters_signed", "county_plan_issued"))
    assert (rehearsals["window"], rehearsals["value"]) == ({"name": "autumn", "from": "2024-09-01", "to": "2024-11-30"}, "2")
    assert rehearsals["effective_as_of"] == "2024-11-30"
    # Of what is signed all through February only that of the first twenty days is in time; the county's plan is of 9 February.
    assert 0 < int(letters["value"]) < 16
    assert (letters["status"], issued["value"], issued["status"]) == ("missed", "1", "met")


def test_a_target_raised_in_mid_year_is_split_anew_and_the_parts_make_the_whole_before_and_after(county: County) -> None:
    for day, whole in ((date(2024, 6, 30), 90), (date(2024, 7, 1), 110)):
        (target,) = targets_of(county.plan, "successful_starts", on=day)
        parts = [
            part.value for unit in of_kind(county, "township") for part in unit_targets_of(county.plan, unit.code, *target.row, on=day)
        ]
        assert [float(target.value), sum(float(part) for part in parts)] == [whole, whole]
