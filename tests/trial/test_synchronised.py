"""An operator that is a layer alone, and that not every device has: SyncBatchNorm."""

import msgspec
import pytest

from conformance import subject, trial
from conformance.__main__ import main
from conformance.errors import UserError
from conformance.known import register
from conformance.plan import Selection, cells
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial import stand_ins

RULES = trial.Rules(Profile("tiny", 4, 60), 3)
CELLS = cells(Selection(op="sync_batch_norm", profile="quick"))


@pytest.fixture
def paddle():
    try:
        return subject.load()
    except UserError as absent:
        pytest.skip(str(absent))


def _verdicts(rules):
    return {trial.run(cell, rules).verdict for cell in CELLS}


def test_where_it_has_no_kernel_it_is_not_run(paddle):
    records = [trial.run(cell, RULES) for cell in CELLS]
    assert len(records) == 8
    assert {record.verdict for record in records} == {Verdict.NOT_RUN}
    assert all(record.reason.startswith("not run on this device: ") for record in records)


def test_where_it_has_a_kernel_it_is_judged_as_batch_norm(monkeypatch, tmp_path):
    rules = trial.Rules(RULES.profile, 3, database=str(tmp_path))
    stand_ins.install(monkeypatch, stand_ins.Honest())
    assert _verdicts(rules) == {Verdict.PASS}
    stand_ins.install(monkeypatch, stand_ins.Doubling())
    assert _verdicts(rules) == {Verdict.FAIL}


def test_it_is_called_as_its_layer(monkeypatch, tmp_path, paddle):
    """Paddle's layer of images in its place: whatever diverges does so as it is known of batch_norm."""
    known = [entry for entry in register.read() if "batch_norm" in entry.operators]
    entries = tuple(msgspec.structs.replace(entry, operators=("sync_batch_norm",)) for entry in known)
    rules = trial.Rules(RULES.profile, 3, entries, database=str(tmp_path))
    layer = paddle.nn.BatchNorm2D
    monkeypatch.setattr(paddle.nn, "SyncBatchNorm", layer)
    assert _verdicts(rules) == {Verdict.PASS}
    monkeypatch.setattr(paddle.nn, "SyncBatchNorm", lambda n, data_format, **options: layer(n, **options))
    assert Verdict.FAIL in _verdicts(rules)


def test_a_written_call_says_so_too(paddle, capsys):
    assert main(["check", 'paddle.nn.SyncBatchNorm(2)(Tensor([2, 2, 1, 1],"float32"))']) == 0
    assert "ABSENT  sync_batch_norm forward float32 eager NCHW cpu\n" in capsys.readouterr().out
