"""The command line from outside: help, bad input, and what works without Paddle."""

from pathlib import Path

import pytest

from conformance import record
from conformance.__main__ import COMMANDS, main
from tests.report.journals import save, showcase
from tests.trial.command_line import SMALL, conformance, one_sentence, python

# --- help

_WATCH = """
import sys
from pathlib import Path
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
    done = python("-c", everything, cwd=tmp_path)
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
@pytest.mark.usefixtures("paddle")
def test_a_selection_that_there_is_not_is_refused(arguments, words, tmp_path, capsys):
    before = _files(save(showcase(), tmp_path))
    assert main(["run", *arguments, "--output", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    one_sentence(printed.err, *words)
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


@pytest.mark.usefixtures("paddle")
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
    one_sentence(capsys.readouterr().err, "--output", str(output))
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
        one_sentence(printed.err, str(path))
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
        one_sentence(capsys.readouterr().err)
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize(
    "text", ["", "relu", "relu-forward-float32-eager-any-cpu", "relu-forward-float32-eager-any-cpu:zz"]
)
def test_what_cannot_be_replayed_is_refused(text, capsys):
    assert main(["replay", text]) == 2
    one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("command", [["run"], ["check", 'F.relu(Tensor([2],"float32"))']])
def test_a_paddle_that_does_not_import_is_told_in_one_sentence(command, tmp_path):
    (tmp_path / "fake" / "paddle").mkdir(parents=True)
    (tmp_path / "fake" / "paddle" / "__init__.py").write_text("raise ImportError('libgomp is missing')\n")
    before = _files(save(showcase(), tmp_path / "conformance-report"))
    done = conformance(*command, cwd=tmp_path, path=str(tmp_path / "fake"))
    assert done.returncode == 2
    one_sentence(done.stderr, "Paddle cannot be imported", "libgomp is missing", "install paddlepaddle")
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
    done = python("-c", _WITHOUT_PADDLE, "run", cwd=tmp_path)
    assert done.returncode == 2
    one_sentence(done.stderr, "Paddle cannot be imported", "pip install")
    assert not list(tmp_path.iterdir())


def test_what_needs_no_paddle_works_without_it(tmp_path):
    one, two = save(showcase(), tmp_path / "one"), save(showcase(2), tmp_path / "two")
    for arguments in (["ops"], ["diff", one, two], ["report", one]):
        done = python("-c", _WITHOUT_PADDLE, *arguments, cwd=tmp_path)
        assert done.returncode in (0, 1), done.stderr
        assert done.stdout
        assert not done.stderr


def test_the_operators_are_listed(capsys):
    assert main(["ops", "--op", "relu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["operator", "family", "layouts", "dtypes", "properties"]
    assert out[1].startswith("relu ")
    assert len(out) == 2
    assert main(["ops", "--op", "rellu"]) == 2
    one_sentence(capsys.readouterr().err, "'rellu'", "relu")
