"""What the reports say of random operators is what the records have."""

import pytest
from msgspec import structs

from conformance.record import Chance
from conformance.report import html, randomness, summary
from tests.report.journals import CHANCE, SCALED, make_journal, make_record


def _tested(operator, **changes):
    return make_record(operator, property="statistics", chance=structs.replace(CHANCE, **changes))


def test_the_odds_of_all_tests_add_up():
    total = randomness.odds([_tested("dropout"), make_record("relu"), _tested("rrelu", alarm=3e-10, tests=50)])
    assert total.alarm == pytest.approx(4e-10)
    assert (total.tests, total.draws, total.budget) == (300, 8_000_000, 1e-6)


def test_the_power_is_that_of_the_best_and_the_worst_test():
    worse = {"probability": [0.005, 0.3], "correlation": [0.03, 0.04]}
    total = randomness.odds([_tested("dropout"), _tested("rrelu", power=worse)])
    assert total.power == {"probability": [0.005, 0.3], "correlation": [0.02, 0.05], "distribution": [0.013, 0.013]}


def test_both_reports_tell_the_budget_and_the_power():
    journal = make_journal([_tested("dropout"), _tested("rrelu")])
    for text in (html.render(journal), summary.render(journal)):
        assert "500 statistical tests of 8,000,000 random numbers" in text
        assert "at most 2.0e-10, of 1e-06 that a whole run may have" in text
        assert "a probability that is off by 1.1 % to 4.2 %, a correlation of 2 % to 5 %" in text
        assert "a distribution function that is off by 1.3 %." in text


def test_a_run_without_random_operators_does_not_speak_of_them():
    journal = make_journal([make_record("relu")])
    assert randomness.sentence(journal.records) is None
    assert "andomness" not in summary.render(journal)
    assert "Randomness</span>" not in html.render(journal)
    assert "Two ways to scale</span>" not in html.render(journal)


def test_no_power_at_all_is_told():
    none = Chance(budget=1e-6, alarm=0.0, tests=1, draws=1, power={"probability": [1.0, 1.0]})
    assert randomness.ends(none, "probability") == "100 %"
    assert randomness.ends(none, "correlation") == ""


def test_the_ways_to_scale_stand_side_by_side():
    (table,) = randomness.scalings([make_record("relu"), SCALED])
    assert (table.operator, table.dtype, table.row) == ("dropout", "float32", "p")
    assert table.groups == ["upscale_in_train", "downscale_in_infer"]
    assert list(table.rows) == ["0.2", "0.75"]
    assert [cell.paddle for cell in table.rows["0.75"]] == ["4", "1", "1.003", "1", "1", "0.25", "0.25", "0.25"]
    assert table.rows["0.75"][2].reference == "1.013"
    assert len(table.rows["0.2"]) == 2 * len(randomness.COLUMNS)


def test_the_page_shows_them():
    source = html.render(make_journal([SCALED]))
    assert "<td>1.25 <span class=soft>1.25</span>" in source
    assert source.count("<th scope=colgroup colspan=4>") == 2
