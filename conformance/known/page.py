"""docs/divergences.md, made from the register: `python -m conformance.known.page > docs/divergences.md`.

Every smallest example is run for it, so the page can only be made with a Paddle that still diverges in every way that
is registered for its version.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from conformance import confirm, explain, subject
from conformance.errors import UserError
from conformance.judge.within import WITHIN
from conformance.known import register
from conformance.known.register import KINDS, SEVERITIES, Entry
from conformance.record import Failure, Verdict
from conformance.search import PROFILES
from conformance.trial import Rules

HEAD = """\
# Known divergences

What PaddlePaddle {version} (commit `{commit}`) on the CPU does and should not, the most serious first.
Made from [divergences.toml](../conformance/known/divergences.toml) by `python -m conformance.known.page`;
[register.md](register.md) explains the words. Every entry ends with a text that can be posted as an issue; its script
needs numpy and paddle only.

| | divergence | operators | severity | kind | link |
|---|---|---|---|---|---|
"""

ENTRY = """
## {number}. {title}

`{id}` · {severity} · {kind} · Paddle {versions} · {link}

**Cases.** {operators}, {properties}{dtypes}, where `{when}`. {held}

**Right.** {right}

**Paddle.** {paddle}

<details><summary>As an issue</summary>

````markdown
### {title}

{paddle}

**Script**

```python
{script}```

**Expected**

{expected}. {right}

**Actual**

{got}

**Environment**

PaddlePaddle {version} (commit {commit}), CPU
````

</details>
"""


def ordered(entries: Sequence[Entry]) -> list[Entry]:
    """The entries by severity, then by kind, then as the register has them."""
    return sorted(entries, key=lambda e: (SEVERITIES.index(e.severity), KINDS.index(e.kind)))


def example(entry: Entry, device: str) -> Failure:
    """The smallest example of an entry, as it fails now.

    Raises:
        UserError: it does not fail as it is registered.
    """
    found = confirm.run(entry, Rules(PROFILES["quick"], 0), device)
    if found.verdict is not Verdict.KNOWN or found.failure is None:
        raise UserError(f"{explain.message(found)}\nthe page is made from divergences that are there")
    return found.failure


def render(device: str = "cpu") -> str:
    """The page for the installed Paddle."""
    entries = ordered(register.read(paddle=subject.version()))
    version, commit = _paddle()
    rows = "".join(_row(number, entry) for number, entry in enumerate(entries, 1))
    parts = [_entry(number, entry, example(entry, device), version, commit) for number, entry in enumerate(entries, 1)]
    return HEAD.format(version=version, commit=commit) + rows + "".join(parts)


def _paddle() -> tuple[str, str]:
    subject.load()
    from conformance.subject import environment

    return environment.versions()


def _row(number: int, entry: Entry) -> str:
    cells = (
        f"{number}",
        entry.title.replace("|", "\\|"),
        _names(entry.operators),
        entry.severity,
        entry.kind,
        _link(entry),
    )
    return f"| {' | '.join(cells)} |\n"


def _entry(number: int, entry: Entry, failure: Failure, version: str, commit: str) -> str:
    return ENTRY.format(
        number=number, title=entry.title, id=entry.id, severity=entry.severity, kind=entry.kind,
        versions=entry.versions, link=_link(entry), operators=_names(entry.operators),
        properties=", ".join(entry.properties), dtypes="" if "*" in entry.dtypes else f", {_names(entry.dtypes)}",
        when=entry.when.text, held=_held(entry), right=_paragraph(entry.right), paddle=_paragraph(entry.paddle),
        script=failure.script, expected=_expected(failure), got=_got(entry), version=version, commit=commit,
    )  # fmt: skip


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _link(entry: Entry) -> str:
    return f"[thread]({entry.link})" if entry.link.startswith("https://") else entry.link


def _held(entry: Entry) -> str:
    if not entry.within:
        return "They are left out of the trial, but for the example."
    return f"They are held to a wider bound: {WITHIN[entry.within].why}."


def _expected(failure: Failure) -> str:
    where = f"`{failure.expected}`" if failure.expected != "a result" else "A result"
    return f"{where} in {failure.output} at {failure.index}" if failure.index else where


def _got(entry: Entry) -> str:
    where = entry.example.output if entry.example.output not in ("the call", "the process") else ""
    return f"`{entry.example.got}`" + (f" in {where}" if where else "")


def _paragraph(text: str) -> str:
    text = " ".join(text.split())
    return textwrap.fill(text if text[-1] in ".)" else f"{text}.", 118, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    print(render(), end="")
