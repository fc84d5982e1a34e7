"""The command line from outside: help, bad input, runs, interruptions, shards, and the same verdicts from pytest."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest

from conformance import record, run, subject
from conformance.__main__ import COMMANDS, main
from conformance.cell import Cell
from conformance.errors import UserError
from conformance.known.register import read as read_register
from conformance.plan import Selection, cells
from conformance.record import Verdict
from tests.report.journals import save, showcase

ROOT = Path(__file__).parents[2]
SMALL = ["--op", "relu", "--dtype", "float32", "--profile", "quick", "--seed", "7"]


@pytest.fixture
def _paddle():
    try:
        subject.load()
    except UserError as absent:
        pytest.skip(str(absent))


def _python(*arguments, cwd, **options):
    """Python in a folder of its own, where the examples that it keeps disturb nobody."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([options.pop("path", ""), str(ROOT)]).strip(os.pathsep)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )


def _conformance(*arguments, cwd, **options):
    return _python("-m", "conformance", *arguments, cwd=cwd, **options)


def _one_sentence(text, *words):
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1, text
    assert all(word in text for word in words), text


# --- help

_WATCH = """
import sys
from conformance.__main__ import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0
heavy = {{"paddle", "numpy", "hypothesis", "jinja2", "msgspec", "pytest"}} & set(sys.modules)
assert not heavy, heavy
"""


def test_help_imports_nothing_heavy(tmp_path):
    everything = "\n".join(_WATCH.format(arguments=[*command, "--help"]) for command in ([], *([c] for c in COMMANDS)))
    done = _python("-c", everything, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for command in COMMANDS:
        assert f"python -m conformance {command} " in done.stdout


def test_the_help_says_what_exit_codes_mean(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "Exit codes: 0" in text
    assert all(f" {command} " in text for command in COMMANDS)


def test_every_command_is_there():
    assert {"run", "ops", "check", "replay", "diff", "report"} <= set(COMMANDS)


# --- bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--op", "rellu"], ["--op", "'rellu'", "relu", "avg_pool2d"]),
        (["--op", "relu,nothing*"], ["--op", "'nothing*'"]),
        (["--dtype", "float31"], ["--dtype", "'float31'", "float32", "float64"]),
        (["--mode", "lazy"], ["--mode", "'lazy'", "eager"]),
        (["--shard", "5/4"], ["--shard", "'5/4'", "1 <= i <= n"]),
        (["--shard", "0/4"], ["--shard", "'0/4'"]),
        (["--shard", "one"], ["--shard", "'one'"]),
        (["--shard", "1/0"], ["--shard", "'1/0'"]),
        (["--shard", "1/"], ["--shard", "'1/'"]),
        (["--device", "abacus"], ["'abacus'", "cpu"]),
    ],
)
@pytest.mark.usefixtures("_paddle")
def test_a_selection_that_there_is_not_is_refused(arguments, words, tmp_path, capsys):
    before = _files(save(showcase(), tmp_path))
    assert main(["run", *arguments, "--output", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    _one_sentence(printed.err, *words)
    assert not printed.out
    assert _files(tmp_path) == before, "an earlier run is lost"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--profile", "gentle"], ["--profile", "'gentle'", "quick", "standard", "deep"]),
        (["run", "--seed", "x"], ["--seed", "'x'"]),
        (["run", "--jobs", "0"], ["--jobs", "'0'"]),
        (["run", "--jobs", "-1"], ["--jobs", "'-1'"]),
        (["runn"], ["'runn'", "run", "diff"]),
        ([], ["COMMAND"]),
        (["run", "surplus"], ["surplus"]),
        (["diff", "only-one"], ["NEW"]),
    ],
)
def test_words_that_there_are_not_are_refused(arguments, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert all(word in last for word in words), last


def _files(folder):
    """All that a folder holds, to see that nothing was overwritten."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.usefixtures("_paddle")
@pytest.mark.parametrize("place", ["a file", "below a file", "a folder in the place of run.jsonl", "no such device"])
def test_a_folder_that_cannot_be_written_is_refused(place, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("precious")
    (tmp_path / "taken" / "run.jsonl").mkdir(parents=True)
    output = {
        "a file": file, "below a file": file / "report", "a folder in the place of run.jsonl": tmp_path / "taken",
        "no such device": Path("/proc/nowhere/report"),
    }[place]  # fmt: skip
    assert main(["run", *SMALL, "--jobs", "1", "--output", str(output)]) == 2
    _one_sentence(capsys.readouterr().err, "--output", str(output))
    assert file.read_text() == "precious"


_HEADER = b'{"type":"run","format":1}\n'


def _broken(folder, kind):
    """A run file that is broken in one way."""
    path = save(showcase(), folder) / "run.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        {
            "empty": b"",
            "no header": b"".join(lines[1:]),
            "another format": lines[0].replace(b'"format":1', b'"format":99') + b"".join(lines[1:]),
            "a line broken in the middle": b"".join([*lines[:2], lines[2][:40] + b"\n", *lines[3:]]),
            "two runs": b"".join(lines + lines),
            "bytes that are no text": b"\xff\xfe\x00" * 50,
            "other JSON": b'{"a": 1}\n' * 3,
            "a number": b"3\n",
            "a page": b"<html></html>\n",
        }[kind]
    )
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "empty", "no header", "another format", "a line broken in the middle", "two runs", "bytes that are no text",
        "other JSON", "a number", "a page", "missing", "a folder without a run",
    ],
)  # fmt: skip
def test_a_run_file_that_cannot_be_read_is_refused(kind, tmp_path, capsys):
    good = save(showcase(), tmp_path / "good")
    if kind in ("missing", "a folder without a run"):
        path = tmp_path / "bad" / "run.jsonl" if kind == "missing" else tmp_path
    else:
        (tmp_path / "bad").mkdir()
        path = _broken(tmp_path / "bad", kind)
    before = _files(tmp_path)
    for arguments in (["diff", path, good], ["diff", good, path], ["report", path], ["replay", path]):
        if arguments == ["replay", path] and kind == "missing":
            continue  # then it is taken for CELL:TAPE
        assert main([str(argument) for argument in arguments]) == 2, arguments
        printed = capsys.readouterr()
        _one_sentence(printed.err, str(path))
        assert not printed.out
    assert _files(tmp_path) == before


def test_a_run_that_was_cut_off_is_told_as_interrupted(tmp_path, capsys):
    path = save(showcase(), tmp_path / "cut") / "run.jsonl"
    path.write_bytes(path.read_bytes()[:-60])
    assert not record.read(path).complete
    assert main(["report", str(path)]) == 0
    assert "interrupted" in capsys.readouterr().out.lower()


def test_reports_that_cannot_be_joined_are_refused(tmp_path, capsys):
    one, two = save(showcase(), tmp_path / "one"), save(showcase(2), tmp_path / "two")
    for arguments in (["report", one, two], ["report", one, one, "--output", tmp_path / "both"]):
        assert main([str(argument) for argument in arguments]) == 2
        _one_sentence(capsys.readouterr().err)
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize(
    "text", ["", "relu", "relu-forward-float32-eager-any-cpu", "relu-forward-float32-eager-any-cpu:zz"]
)
def test_what_cannot_be_replayed_is_refused(text, capsys):
    assert main(["replay", text]) == 2
    _one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("command", [["run"], ["check", 'F.relu(Tensor([2],"float32"))']])
def test_a_paddle_that_does_not_import_is_told_in_one_sentence(command, tmp_path):
    (tmp_path / "fake" / "paddle").mkdir(parents=True)
    (tmp_path / "fake" / "paddle" / "__init__.py").write_text("raise ImportError('libgomp is missing')\n")
    before = _files(save(showcase(), tmp_path / "conformance-report"))
    done = _conformance(*command, cwd=tmp_path, path=str(tmp_path / "fake"))
    assert done.returncode == 2
    _one_sentence(done.stderr, "Paddle cannot be imported", "libgomp is missing", "install paddlepaddle")
    assert _files(tmp_path / "conformance-report") == before


_WITHOUT_PADDLE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "paddle":
            raise ModuleNotFoundError("No module named 'paddle'", name="paddle")
sys.meta_path.insert(0, Absent())
from conformance.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_no_paddle_at_all_is_told_in_one_sentence(tmp_path):
    done = _python("-c", _WITHOUT_PADDLE, "run", cwd=tmp_path)
    assert done.returncode == 2
    _one_sentence(done.stderr, "Paddle cannot be imported", "pip install")
    assert not list(tmp_path.iterdir())


def test_what_needs_no_paddle_works_without_it(tmp_path):
    one, two = save(showcase(), tmp_path / "one"), save(showcase(2), tmp_path / "two")
    for arguments in (["ops"], ["diff", one, two], ["report", one]):
        done = _python("-c", _WITHOUT_PADDLE, *arguments, cwd=tmp_path)
        assert done.returncode in (0, 1), done.stderr
        assert done.stdout
        assert not done.stderr


# --- runs


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A small run of the installed Paddle: the process, and the folder of its reports."""
    folder = tmp_path_factory.mktemp("first")
    done = _conformance("run", *SMALL, "--jobs", "1", cwd=folder)
    if "Paddle cannot be imported" in done.stderr:
        pytest.skip(done.stderr)
    return done, folder / "conformance-report"


def _verdicts(folder):
    return {r.key: r.verdict for r in record.read(folder / "run.jsonl").records}


def test_a_run_writes_its_records_and_reports(first):
    done, folder = first
    assert {"run.jsonl", "report.html", "junit.xml", "summary.md"} <= {path.name for path in folder.iterdir()}
    journal = record.read(folder / "run.jsonl")
    assert journal.complete
    assert len(journal.records) == journal.run.planned
    assert {r.operator for r in journal.records} == {"relu"}
    assert {r.dtype for r in journal.records} == {"float32"}
    assert (journal.run.seed, journal.run.profile, journal.run.selection) == (
        7, "quick", {"op": "relu", "dtype": "float32"}
    )  # fmt: skip
    assert journal.end.exit_code == done.returncode == run.exit_code({r.verdict for r in journal.records})
    assert len(ElementTree.parse(folder / "junit.xml").findall(".//testcase")) >= len(journal.records)
    assert "Traceback" not in done.stderr


def test_a_run_prints_its_seed_and_where_its_report_is(first):
    done, folder = first
    lines = done.stdout.splitlines()
    assert "seed 7" in lines[0]
    assert "quick" in lines[0]
    assert lines[-1].endswith(f"{folder.name}/report.html")
    planned = record.read(folder / "run.jsonl").run.planned
    assert f"{planned}/{planned}" in done.stderr, "progress stays readable in a log"
    assert "\r" not in done.stderr


def _comparable(folder):
    records = record.read(folder / "run.jsonl").records
    return sorted(msgspec.json.encode(msgspec.structs.replace(r, seconds=0.0)) for r in records)


def test_the_same_seed_gives_the_same_records_with_any_number_of_jobs(first, tmp_path):
    done = _conformance("run", *SMALL, "--jobs", "2", "--output", "again", cwd=tmp_path)
    assert done.returncode == first[0].returncode
    assert _comparable(tmp_path / "again") == _comparable(first[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_pytest_gives_the_same_verdicts(first, tmp_path):
    report = tmp_path / "junit.xml"
    done = _python(
        "-m", "pytest", ROOT / "conformance", *SMALL, "-n", "2", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
        "-c", ROOT / "pyproject.toml", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("name").partition("[")[2].rstrip("]")
        found[name] = next(p.get("value") for p in case.iter("property") if p.get("name") == "verdict")
    expected = {}
    for r in record.read(first[1] / "run.jsonl").records:
        cell = Cell(r.operator, r.property, r.dtype, r.mode, r.layout, r.device)
        expected[f"known-{r.divergence.id}" if r.divergence else str(cell)] = r.verdict.value
    assert found == expected


@pytest.mark.usefixtures("_paddle")
def test_an_interrupted_run_keeps_what_it_had(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "run", "--profile", "deep", "--op", "relu,sigmoid", "--jobs", "2"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    path = tmp_path / "conformance-report" / "run.jsonl"
    try:
        _until(lambda: path.exists() and path.read_bytes().count(b"\n") > 2, 60)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        out, err = process.communicate(timeout=60)
        with pytest.raises(ProcessLookupError):  # nobody of its session is left
            os.killpg(process.pid, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert "interrupted" in err
    journal = record.read(path)
    assert not journal.complete
    assert len(journal.records) >= 2
    assert {"report.html", "summary.md", "junit.xml"} <= {file.name for file in path.parent.iterdir()}


def _until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


# --- plan


def test_shards_are_a_partition():
    everything = cells(Selection())
    assert len(set(everything)) == len(everything) > 20
    for count in (1, 2, 3, 7):
        shards = [cells(Selection(shard=f"{i}/{count}")) for i in range(1, count + 1)]
        assert sorted(cell for shard in shards for cell in shard) == sorted(everything)
        assert all(len(shard) < 2.5 * len(everything) / count for shard in shards)
        parts = [Selection(shard=f"{i}/{count}") for i in range(1, count + 1)]
        for entry in read_register():
            assert sum(part.has(everything[0], entry.id) for part in parts) == 1


def test_a_selection_narrows():
    assert {cell.operator for cell in cells(Selection(op="avg_pool*,relu"))} >= {"avg_pool2d", "relu"}
    assert "sigmoid" not in {cell.operator for cell in cells(Selection(op="avg_pool*,relu"))}
    assert {cell.dtype for cell in cells(Selection(dtype="float64"))} == {"float64"}
    assert {cell.mode for cell in cells(Selection(mode="eager"))} == {"eager"}
    assert {cell.device for cell in cells(Selection(device="gpu:0"))} == {"gpu:0"}


def test_a_cell_is_read_back_from_its_name():
    for cell in cells(Selection()):
        assert Cell.parse(str(cell)) == cell
    for text in ("", "relu", "a-b-c-d-e", "a--c-d-e-f"):
        with pytest.raises(ValueError, match="is not a cell"):
            Cell.parse(text)


def test_exit_codes():
    def code(*verdicts):
        return run.exit_code(set(verdicts))

    assert code() == code(Verdict.PASS, Verdict.KNOWN, Verdict.ABSENT, Verdict.NOT_RUN, Verdict.FIXED) == 0
    for alarming in (Verdict.FAIL, Verdict.CRASH, Verdict.TIMEOUT, Verdict.CHANGED):
        assert code(Verdict.PASS, alarming) == code(Verdict.ERROR, alarming) == 1
    assert code(Verdict.PASS, Verdict.ERROR) == 2


def test_the_operators_are_listed(capsys):
    assert main(["ops", "--op", "relu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["operator", "family", "layouts", "dtypes", "properties"]
    assert out[1].startswith("relu ")
    assert len(out) == 2
    assert main(["ops", "--op", "rellu"]) == 2
    _one_sentence(capsys.readouterr().err, "'rellu'", "relu")


def test_the_records_are_plain_json(first):
    for text in (first[1] / "run.jsonl").read_text("utf-8").splitlines():
        assert isinstance(json.loads(text), dict)
