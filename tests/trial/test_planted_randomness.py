"""Faults of random operators are caught where the generator is known, and as well where it is not."""

import os

import pytest

from conformance import search, trial
from conformance.call import Answer
from conformance.cell import Cell
from conformance.known import register
from conformance.ops import OPERATORS
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial import planted_randomness as planted
from tests.trial.planted_randomness import Random, Unknown
from tests.trial.stand_ins import install

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

STANDARD, QUICK = Profile("standard", 16, 60), Profile("quick", 4, 60)
KNOWN = tuple(entry for entry in register.read(paddle="3.3.1") if entry.id == "dropout1d-batch")
"""What the references draw as Paddle does, though it is not as it should be."""

FAULTS = [
    (planted.OffByTwoPercent, "dropout", "forward"),
    (planted.OffByTwoPercent, "alpha_dropout", "forward"),
    (planted.OneMaskForTheBatch, "dropout", "forward"),
    (planted.OneMaskForTheBatch, "dropout2d", "stream"),
    (planted.MaskReused, "dropout", "stream"),
    (planted.MaskReused, "feature_alpha_dropout", "stream"),
    (planted.AnotherMaskBehind, "dropout", "gradient"),
    (planted.AnotherMaskBehind, "alpha_dropout", "gradient"),
    (planted.ScaledByP, "dropout", "forward"),
    (planted.ModesSwapped, "dropout", "forward"),
    (planted.EvaluationScaled, "dropout2d", "forward"),
    (planted.ElementsInPlaceOfChannels, "dropout2d", "forward"),
    (planted.DrawsInEvaluation, "dropout", "stream"),
    (planted.DrawsInEvaluation, "alpha_dropout", "stream"),
]


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Judge a property of an operator of float32 with a subject in Paddle's place."""

    def judge(subject, name, prop, profile=STANDARD):
        install(monkeypatch, subject)
        monkeypatch.setattr(search, "shrink", lambda database, key, tape, *rest: tape)  # test_planted.py has that
        cell = Cell(name, prop, "float32", "eager", OPERATORS[name].layouts[0], "cpu")
        return trial.run(cell, trial.Rules(profile, 0, KNOWN, database=str(tmp_path)))

    return judge


@pytest.mark.parametrize(("fault", "name", "prop"), FAULTS, ids=lambda v: getattr(v, "__name__", v))
def test_a_fault_is_caught_where_the_generator_is_known(judged, fault, name, prop):
    record = judged(fault(), name, prop)
    assert record.verdict is Verdict.FAIL, record.reason


@pytest.mark.parametrize(("fault", "name"), dict.fromkeys(f[:2] for f in FAULTS))
def test_a_fault_is_caught_where_the_generator_is_not_known(judged, fault, name):
    record = judged(fault(Unknown), name, "statistics")
    assert record.verdict is Verdict.FAIL, record.reason


@pytest.mark.parametrize("name", [name for name, operator in OPERATORS.items() if operator.sample])
def test_without_a_fault_the_statistics_find_nothing(judged, name):
    record = judged(Random(Unknown), name, "statistics", QUICK)
    assert record.verdict is Verdict.PASS, record.reason
    assert 0 < record.chance.alarm < record.chance.budget


@pytest.mark.parametrize("prop", ["forward", "gradient", "stream"])
def test_nothing_is_predicted_of_a_generator_that_is_not_known(judged, prop):
    record = judged(Random(Unknown), "dropout", prop)
    assert record.verdict is Verdict.NOT_RUN
    assert "its statistics are judged" in record.reason


def test_both_ways_to_scale_are_measured(judged):
    record = judged(Random(Unknown), "dropout", "scaling")
    assert record.verdict is Verdict.PASS, record.reason
    found = {(s.setting["mode"], s.setting["p"], s.training): s for s in record.scalings}
    assert len(found) == len(record.scalings) == 20
    for p in (0.1, 0.25, 0.5, 0.75, 0.9):
        for mode, training, factor, mean in [
            ("upscale_in_train", True, 1 / (1 - p), 1),
            ("upscale_in_train", False, 1, 1),
            ("downscale_in_infer", True, 1, 1 - p),
            ("downscale_in_infer", False, 1 - p, 1 - p),
        ]:
            seen = found[mode, str(p), training]
            assert seen.factor == pytest.approx([factor, factor], rel=1e-6)
            assert seen.mean == pytest.approx([mean, mean], rel=0.1)


def test_a_swapped_way_to_scale_is_caught_where_it_is_measured(judged):
    record = judged(planted.ModesSwapped(Unknown), "dropout", "scaling")
    assert record.verdict is Verdict.FAIL
    assert [s.factor for s in record.scalings if s.factor[0] != pytest.approx(s.factor[1], rel=1e-3)]


class WithoutState(Random):
    """A device whose generator cannot be looked at."""

    def script(self, steps):
        answers = iter(super().script([step for step in steps if step.kind != "peek"]))
        return [Answer({}, NotImplementedError()) if step.kind == "peek" else next(answers) for step in steps]


def test_statistics_need_not_look_at_the_generator(judged):
    assert judged(WithoutState(), "dropout", "forward").verdict is Verdict.NOT_RUN
    record = judged(WithoutState(), "dropout", "statistics", QUICK)
    assert record.verdict is Verdict.PASS, record.reason
