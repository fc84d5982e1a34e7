"""The reports appear beside the run file, whole or not at all."""

import pytest

from conformance.record import Unreadable
from conformance.report import html, junit, summary
from conformance.report.write import Unwritable, write_all, write_journal
from tests.report.journals import save, showcase


def contents(folder):
    return {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}


def test_all_reports_are_written_and_rewritten(tmp_path):
    for journal in (showcase(complete=False), showcase()):
        paths = write_all(save(journal, tmp_path))
        found = contents(tmp_path)
        assert {path.name for path in paths} == found.keys() - {"run.jsonl"}
        found.pop("run.jsonl")
        assert found == {
            "report.html": html.render(journal),
            "junit.xml": junit.render(journal),
            "summary.md": summary.render(journal),
        }


def test_a_report_can_be_read_by_everyone_the_folder_lets_in(tmp_path):
    for path in write_all(save(showcase(), tmp_path)):
        assert path.stat().st_mode == (tmp_path / "run.jsonl").stat().st_mode


@pytest.mark.parametrize("data", [None, b"", b"{}\n{}\n", b"lunch"])
def test_a_run_file_that_cannot_be_read_leaves_the_reports_alone(tmp_path, data):
    write_all(save(showcase(), tmp_path))
    (tmp_path / "run.jsonl").unlink()
    before = contents(tmp_path)
    if data is not None:
        (tmp_path / "run.jsonl").write_bytes(data)
    with pytest.raises(Unreadable):
        write_all(tmp_path)
    (tmp_path / "run.jsonl").unlink(missing_ok=True)
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    for folder in (tmp_path / "missing", save(showcase(), tmp_path) / "run.jsonl"):
        with pytest.raises(Unwritable, match=f"cannot write the reports to {folder}: "):
            write_journal(showcase(), folder)


def test_a_failed_write_leaves_no_half_reports(tmp_path, monkeypatch):
    write_all(save(showcase(), tmp_path))
    before = contents(tmp_path)

    def full(path, *args, **kwargs):
        if "summary" in path.name:
            raise OSError(28, "No space left on device")
        return path.write_bytes(b"half") and 4

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(Unwritable, match="No space left on device"):
        write_all(tmp_path)
    assert contents(tmp_path) == before
