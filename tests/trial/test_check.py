"""The check command: from a written call to a verdict."""

import io
import json
import resource
import shlex
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from conformance import bind, single
from conformance.__main__ import main
from conformance.bind import Values
from conformance.known import register
from conformance.known.predicate import Predicate
from conformance.line import parse
from conformance.ops import OPERATORS
from tests.trial import stand_ins

RELU = 'F.relu(Tensor([2, 3],"float32"))'
POOL = 'paddle.nn.functional.avg_pool2d(Tensor([2, 3, 8, 8],"float32"), 2, ceil_mode=True)'
NORM = 'F.batch_norm(Tensor([4, 3],"float32"), Tensor([3],"float32"), Tensor([3],"float32"), training=True)'
READ = register.read


@pytest.fixture
def judged(monkeypatch, capsys):
    """Runs the command with a stand-in for Paddle; returns (exit code, standard output, standard error)."""

    def run(*arguments, stand_in=None, entries=()):
        if stand_in is not None:
            stand_ins.install(monkeypatch, stand_in)
            monkeypatch.setattr(register, "read", lambda paddle: list(entries))
        code = main(["check", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def _case():
    return bind.cases(parse(RELU), Values(), "eager", "cpu")[0]


def _entry(when="size(x) > 1", **changes):
    """The first entry of the register, turned into another one."""
    about = {"operators": ("relu",), "properties": ("forward",), "within": ""}
    text = {"id": "twice", "title": "relu is doubled", "when": Predicate(when)}
    return structs.replace(READ()[0], **(about | text | changes))


def test_a_call_that_is_right_passes_with_its_worst_error(judged):
    code, out, _ = judged(POOL, stand_in=stand_ins.Honest())
    lines = out.splitlines()
    assert code == 0
    assert [line.split("  (worst error ")[0] for line in lines] == [
        "PASS  avg_pool2d forward float32 eager NCHW cpu",
        "PASS  avg_pool2d gradient float32 eager NCHW cpu",
    ]
    assert all("ULP" in line and "times what is allowed" in line for line in lines)


def test_a_divergence_is_told_with_all_that_belongs_to_it(judged):
    code, out, _ = judged(RELU, "--seed", "4", "--region", "offset", stand_in=stand_ins.Doubling())
    assert code == 1
    assert out.startswith("FAIL  relu forward float32 eager any cpu\n")
    for words in ("call ", "what ", "got ", "expected ", "error ", "x  ", "script:", "import numpy as np, paddle"):
        assert words in out
    assert f"python -m conformance check '{RELU}' --region offset --seed 4\n" in out


def test_what_a_message_says_repeats_it(judged, tmp_path):
    path = tmp_path / "some values.json"
    path.write_text(json.dumps({"x": [[1, 2, 3], [4, 5, 6]]}))
    _, out, _ = judged(RELU, "--values", str(path), stand_in=stand_ins.Doubling())
    command = next(line.split("repeat", 1)[1] for line in out.splitlines() if line.startswith("  repeat"))
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "conformance", "check"]
    _, again, _ = judged(*words[4:], stand_in=stand_ins.Doubling())
    assert again == out


@pytest.mark.parametrize(
    ("stand_in", "code", "verdict", "words"),
    [
        (stand_ins.Dying(), 1, "CRASH", "Paddle's process killed by SIGSEGV"),
        (stand_ins.Raising(), 1, "FAIL", "RuntimeError: no kernel for this"),
        (stand_ins.Absent(), 0, "ABSENT", "the installed Paddle has no"),
        (stand_ins.Broken(), 2, "ERROR", "a mistake of ours"),
    ],
)
def test_other_ends_have_their_own_verdict(judged, stand_in, code, verdict, words):
    found, out, _ = judged(RELU, stand_in=stand_in)
    assert found == code
    assert out.startswith(f"{verdict}  relu forward")
    assert words in out


def test_a_call_that_hangs_is_ended(judged, monkeypatch):
    monkeypatch.setattr("conformance.single.SECONDS", 0.2)
    code, out, _ = judged(RELU, stand_in=stand_ins.Hanging())
    assert code == 1
    assert out.count("TIMEOUT  relu") == 2


def test_a_registered_divergence_is_known_and_nothing_else_is(judged):
    code, out, _ = judged(RELU, stand_in=stand_ins.Doubling(), entries=[_entry(properties=("forward", "gradient"))])
    assert code == 0
    assert out.count("KNOWN  relu") == 2
    assert out.count("registered as twice: relu is doubled") == 2
    code, out, _ = judged(RELU, stand_in=stand_ins.Doubling(), entries=[_entry()])
    assert code == 1
    assert "FAIL  relu gradient" in out


def test_an_entry_about_other_cases_excuses_nothing(judged):
    code, out, _ = judged(RELU, stand_in=stand_ins.Doubling(), entries=[_entry(when="size(x) > 6")])
    assert (code, out.count("FAIL"), "registered" in out) == (1, 2, False)


def test_known_divergences_can_be_let_fail(judged):
    entry = _entry(properties=("forward", "gradient"))
    code, out, _ = judged(RELU, "--ignore-known", stand_in=stand_ins.Doubling(), entries=[entry])
    assert (code, out.count("FAIL")) == (1, 2)


def test_a_registered_divergence_has_its_own_bound(judged):
    entry = _entry(operators=("dropout",), within="dropout-scale", when="True")
    code, out, _ = judged('F.dropout(Tensor([9],"float64"), 0.3)', stand_in=stand_ins.Doubling(), entries=[entry])
    assert code == 1
    assert "worse than is registered as twice" in out


def test_a_case_of_an_entry_that_is_right_passes(judged):
    code, out, _ = judged(RELU, stand_in=stand_ins.Honest(), entries=[_entry()])
    assert (code, out.count("PASS")) == (0, 2)


def test_a_large_case_is_told_by_its_shapes(judged):
    code, out, _ = judged('F.relu(Tensor([4000],"float32"))', stand_in=stand_ins.Doubling())
    assert code == 1
    assert "float32 of shape [4000], too large to print" in out
    assert len(out) < 2000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give one call, or --file"),
        ([RELU, "--file", "x"], "give one call, or --file"),
        (["--file", "x", "--values", "y"], "--values belongs to one call"),
        ([RELU, "--region", "nowhere"], "--region is 'nowhere'; allowed: ordinary, "),
        ([RELU, "--mode", "psychic"], "--mode is 'psychic'; allowed: eager"),
        ([RELU, "--seed", "-1"], "--seed is -1; allowed: 0 to 4294967295"),
        (["F.relu("], "column 8"),
        (["--file", "/no/such/file"], "cannot read --file '/no/such/file': No such file"),
        ([RELU, "--values", "/no/such/file.json"], "cannot read --values '/no/such/file.json': No such file"),
        ([RELU, "--values", "values.txt"], "--values is 'values.txt'; allowed: a file that ends in .npz or .json"),
        (["F.avg_pool2d(Tensor([1, 1, 2, 2],\"float32\"), 0)"], "has no meaning here: kernel_size is 0"),
        (['paddle.nn.AvgPool2D(2, data_format="X")(Tensor([1, 1, 2, 2],"float32"))'], "data_format is 'X'; allowed"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_exit_2(judged, arguments, words):
    code, out, err = judged(*arguments, stand_in=stand_ins.Honest())
    assert code == 2
    assert out == ""
    assert err.startswith("conformance: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_careless_size_is_refused_before_the_machine_runs_out(judged):
    text = 'F.avg_pool2d(Tensor([1, 1, 4, 4],"float32"), 2, padding=1000000000)'
    code, _, err = judged(text, stand_in=stand_ins.Honest())
    assert (code, "is too large here: the reference needs more than 3 GiB" in err) == (2, True)


@pytest.mark.parametrize(("own", "during"), [(2 * single.MEMORY, single.MEMORY), (single.MEMORY - 4096,) * 2])
def test_the_limit_of_memory_lasts_as_long_as_the_reference(monkeypatch, own, during):
    seen, before = [], resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr("refimpl.relu", lambda x: seen.append(resource.getrlimit(resource.RLIMIT_DATA)[0]))
    case = replace(_case(), operator=replace(OPERATORS["relu"], outputs=()))
    resource.setrlimit(resource.RLIMIT_DATA, (own, before[1]))
    try:
        single.meaning(case)
        after = resource.getrlimit(resource.RLIMIT_DATA)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
    assert (seen, after) == ([during], (own, before[1]))


def test_a_fault_of_the_reference_is_told_as_ours(judged, monkeypatch):
    def broken(x):
        raise ValueError("cannot reshape array")

    monkeypatch.setattr("refimpl.relu", broken)
    code, _, err = judged(RELU, stand_in=stand_ins.Honest())
    assert code == 2
    assert "the reference of paddle.nn.functional.relu is at fault: ValueError: cannot reshape array" in err


def test_an_unknown_device_is_named(judged):
    code, out, err = judged(RELU, "--device", "abacus")
    assert (code, out) == (2, "")
    assert "the device is 'abacus'; this Paddle has: cpu" in err


# Files


@pytest.mark.parametrize("name", ["values.npz", "values.json"])
def test_values_are_read_from_a_file(judged, tmp_path, name):
    path = tmp_path / name
    x = [[1.0, -2.0, 0.1], [4.0, np.inf, 6.0]]
    if path.suffix == ".npz":
        np.savez(path, x=np.array(x, "float32"))
    else:
        path.write_text(json.dumps({"x": x}))
    _, out, _ = judged(RELU, "--values", str(path), stand_in=stand_ins.Doubling())
    assert 'np.array([[1. , -2. , 0.1], [4. , inf, 6. ]], "float32")' in " ".join(out.split())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"{"),
        ("a.json", b"[1, 2]"),
        ("a.json", b"\xff\xfe"),
        ("a.json", b"[" * 100_000),
        ("a.npz", b"not an archive"),
        ("a.npz", b""),
        ("a.npz", b"PK\x03\x04"),
        ("a.npz", b"\x93NUMPY\x01\x00"),
    ],
)
def test_a_broken_file_of_values_is_named(judged, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    code, _, err = judged(RELU, "--values", str(path), stand_in=stand_ins.Honest())
    assert code == 2
    assert str(path) in err
    assert err.count("\n") == 1


def test_a_lone_or_pickled_array_is_refused(judged, tmp_path):
    lone, pickled = tmp_path / "lone.npz", tmp_path / "pickled.npz"
    with lone.open("wb") as file:
        np.save(file, np.zeros(3))
    np.savez(pickled, x=np.array([{}], dtype=object))
    for path in (lone, pickled):
        code, _, err = judged(RELU, "--values", str(path), stand_in=stand_ins.Honest())
        assert (code, str(path) in err) == (2, True)


def test_every_call_of_a_file_is_judged(judged, tmp_path):
    path = tmp_path / "calls.txt"
    path.write_text(f"# recorded\n\n{RELU}\n  {POOL}\n")
    code, out, err = judged("--file", str(path), stand_in=stand_ins.Honest())
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line.startswith("line")] == [f"line 3: {RELU}", f"line 4: {POOL}"]
    assert out.endswith("2 calls: 4 pass\n")


def test_a_bad_line_is_told_by_its_number_and_stops_nothing(judged, tmp_path):
    path = tmp_path / "calls.txt"
    path.write_text(f"F.relu(\n{RELU}\nF.abs(2)\n")
    code, out, err = judged("--file", str(path), stand_in=stand_ins.Doubling())
    assert code == 2
    assert [line.split(":")[0] for line in err.splitlines()] == ["line 1", "line 3"]
    assert out.endswith("3 calls: 2 fail; 2 not judged\n")


def test_a_failing_line_is_exit_1(judged, tmp_path):
    path = tmp_path / "calls.txt"
    path.write_text(f"{RELU}\n")
    assert judged("--file", str(path), stand_in=stand_ins.Doubling())[0] == 1


def test_a_dash_reads_standard_input(judged, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{RELU}\n".encode())))
    code, out, _ = judged("--file", "-", stand_in=stand_ins.Honest())
    assert (code, "1 calls: 2 pass" in out) == (0, True)


def test_a_file_that_is_not_text_is_refused(judged, tmp_path):
    path = tmp_path / "calls.txt"
    path.write_bytes(b"F.relu\xff")
    code, _, err = judged("--file", str(path), stand_in=stand_ins.Honest())
    assert (code, "not text in UTF-8" in err) == (2, True)


# With Paddle itself


@pytest.mark.parametrize(
    "text", [POOL, 'paddle.nn.AvgPool2D(kernel_size=2)(Tensor([1, 1, 2, 2],"float32"))', NORM, RELU]
)
def test_paddle_is_judged(judged, text):
    code, out, _ = judged(text)
    assert code == 0, out


def test_the_commands_import_nothing_heavy_before_they_run():
    heavy = "{'numpy', 'paddle', 'hypothesis', 'refimpl', 'msgspec'}"
    script = f"import sys, conformance.check, conformance.replay; print(sorted({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
