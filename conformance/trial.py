"""The trial of one cell: search, shrink, and one record of what came out."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from conformance import case as cases
from conformance import explain, search, subject
from conformance.black_box import BlackBox, black_box
from conformance.call import Step
from conformance.case import Case
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.checks.judgement import Judgement
from conformance.draw.tape import Tape
from conformance.isolation import Outcome, isolated
from conformance.judge.compare import Comparison
from conformance.judging import ask, judge_case, judgeable, weigh
from conformance.known.accuracy import Shares
from conformance.known.register import Entry
from conformance.ops import OPERATORS
from conformance.record import Record, Verdict
from conformance.subject import MODES
from conformance.tally import Tally
from refimpl.random import Generator

PEEK = (Step("seed", seed=2024), Step("peek"))
FIRST = Generator(2024).uniform((1,))
"""The first random number after a seed, by which the generator is known or not."""

CRASHES = 5
"""How many crashing cases a cell may have before the rest of it is given up."""


@dataclass(frozen=True)
class Rules:
    """What holds for a whole run."""

    profile: search.Profile
    seed: int
    register: tuple[Entry, ...] = ()
    ignore_known: bool = False
    database: str = str(Path(".hypothesis") / "examples")
    recorded: Shares = field(default_factory=dict)


class Trial:
    """One cell under the rules of a run; everything happens in this process."""

    def __init__(
        self, cell: Cell, rules: Rules, box: BlackBox | None = None, lost: Collection[str] = frozenset()
    ) -> None:
        self.cell, self.rules = cell, rules
        self.box = box or BlackBox()
        self.lost = lost  # the tapes of cases that end the process, which are left out
        self.operator = OPERATORS[cell.operator]
        self.property = PROPERTIES[cell.property]
        self.subject = subject.create(cell.mode, cell.device)
        known = () if rules.ignore_known else rules.register
        called = OPERATORS if self.property.PACE.several else [cell.operator]
        views = self.property.PACE.seen or (cell.property,)
        seen = [replace(cell, operator=name, property=view) for name in called for view in views]
        self.entries = [entry for entry in known if any(entry.concerns(one) for one in seen)]
        self.tally = Tally()
        self.failure: tuple[Case, Judgement] | None = None  # the last that was counted

    def judge(self, tape: Tape) -> tuple[Case, Judgement | None]:
        """The case of a tape, and its judgement; None if the register knows the case and sets no bound for it."""
        self.box.write(tape)
        case = self.case(tape)
        return case, judge_case(case, self.subject, self.entries)

    def case(self, tape: Tape) -> Case:
        """The case of a tape, with all that the property draws for it."""
        case = cases.draw(self.cell, self.operator, tape.rewound())
        self.property.prepare(case)
        return case

    def size(self, tape: Tape) -> int:
        """How much there is to read in a tape's case."""
        case = cases.draw(self.cell, self.operator, tape.rewound())
        return sum(array.size for array in case.call.arrays.values())

    def first_failing(self, tapes: Iterable[Tape]) -> Tape | None:
        """The first tape whose case diverges; counts those before it.

        Each step is taken for all cases before the next one: going to and fro between drawing, Paddle and the
        reference costs a third more, because the processor keeps the code of none of them at hand.
        """
        cases = [self.case(tape) for tape in tapes if not self.lost or str(tape) not in self.lost]
        judged = [judgeable(case, self.entries) for case in cases]
        answers = [self._answer(case) if yes else None for case, yes in zip(cases, judged, strict=True)]
        for case, yes, answer in zip(cases, judged, answers, strict=True):
            if answer is self.subject:  # who is asked only now
                self._note(case)
            if self._fails(case, weigh(case, answer) if yes else None):
                return case.tape
        return None

    def _answer(self, case: Case) -> Any:
        self._note(case)
        return ask(case, self.subject)

    def _note(self, case: Case) -> None:
        assert case.tape is not None
        self.box.write(case.tape)

    def fails(self, tape: Tape) -> bool:
        """Whether a tape's case diverges; counts it."""
        return self.first_failing([tape]) is not None

    def _fails(self, case: Case, judgement: Judgement | None) -> bool:
        if judgement is None:
            self.tally.excluded += 1
            return False
        self.tally.add(case, judgement)
        if judgement.fails:
            self.failure = case, judgement
        return judgement.fails

    def _shown(self, tape: Tape) -> tuple[Case, Judgement, str]:
        """A failing case, its judgement, and a warning where it does not fail again: then it is as it was found."""
        case, judgement = self.judge(tape)
        if judgement is not None and judgement.fails:
            return case, judgement, ""
        assert self.failure is not None
        return *self.failure, "; the same case does not fail every time"

    def record(self, verdict: Verdict, tape: Tape | None = None, reason: str = "", seconds: float = 0.0) -> Record:
        """The cell's record; with a tape, it is the failing example."""
        failure = None
        if tape is not None:
            case, judgement, warning = self._shown(tape)
            failure = explain.failure(case, judgement)
            reason = reason or failure.what + warning
        t, worst = self.tally, self.tally.worst
        return Record(
            operator=self.cell.operator, property=self.cell.property, dtype=self.cell.dtype, mode=self.cell.mode,
            layout=self.cell.layout, device=self.cell.device, verdict=verdict, reason=reason, cases=t.cases,
            excluded=t.excluded, seconds=round(seconds, 3),
            worst_ulp=worst.ulp, worst_share=worst.share, worst_call=worst.call,
            regions=dict(t.regions), arguments={n: dict(c) for n, c in t.arguments.items()}, failure=failure,
            chance=t.chance, scalings=list(t.scalings),
        )  # fmt: skip


def run(cell: Cell, rules: Rules) -> Record:
    """The record of a cell, judged in a child process; a crash costs one case, and the cell goes on without it."""
    subject.load()  # before the first fork, or every child would import Paddle anew
    search.warm_up()
    subject.warm(cell.mode)
    crashed: list[tuple[Tape, Outcome]] = []
    with black_box() as box:
        while len(crashed) < CRASHES:
            lost = [str(tape) for tape, _ in crashed]
            outcome = isolated(partial(_judge_cell, cell, rules, box, lost), rules.profile.seconds)
            if outcome.traceback:
                return Trial(cell, rules).record(Verdict.ERROR, reason=outcome.traceback)
            if not outcome.died:
                return _with_crash(cell, rules, outcome.result, crashed) if crashed else outcome.result
            crashed.append((box.read(), outcome))
    return _with_crash(cell, rules, Trial(cell, rules).record(Verdict.CRASH), crashed)


def _with_crash(cell: Cell, rules: Rules, record: Record, crashed: list[tuple[Tape, Outcome]]) -> Record:
    """The record of a cell in which Paddle died, with the smallest case that kills it."""
    trial, (tape, outcome) = Trial(cell, rules), crashed[0]

    def dies(candidate: Tape) -> bool:
        return bool(isolated(partial(_judge_alone, cell, rules, candidate), rules.profile.seconds).died)

    alone = outcome.timeout or dies(tape)
    if alone and not outcome.timeout:  # every attempt to shrink a hang would cost the whole time limit
        tape = search.shrink(search.examples(rules.database), f"{cell}!".encode(), tape, dies)
    case = trial.case(tape)
    reason = f"Paddle's process {outcome.died}" + ("" if alone else ", but not when this case runs alone")
    if len(crashed) >= CRASHES:
        reason += f"; the cell was given up after {CRASHES} such cases"
    if record.failure is not None:
        reason += f"; another case fails: {record.reason} ({record.failure.repeat})"
    died = Judgement("the process", Comparison(reason, (), outcome.died, "a result", math.inf, math.inf))
    verdict = Verdict.TIMEOUT if outcome.timeout else Verdict.CRASH
    return msgspec.structs.replace(record, verdict=verdict, reason=reason, failure=explain.failure(case, died))


def _judge_alone(cell: Cell, rules: Rules, tape: Tape) -> None:
    Trial(cell, rules).judge(tape)


def _judge_cell(cell: Cell, rules: Rules, box: BlackBox, lost: Sequence[str]) -> Record:
    started = time.monotonic()
    trial = Trial(cell, rules, box, set(lost))
    if reason := _absent(trial) or _said(trial, "absent"):
        return trial.record(Verdict.ABSENT, reason=reason)
    if reason := _kernel_absent(trial):
        if not trial.operator.dtypes:
            return trial.record(Verdict.NOT_RUN, reason=f"not run on this device: {reason}")
        return trial.record(Verdict.ABSENT, reason=reason)
    if reason := _unpredictable(trial) or _said(trial, "unjudged"):
        return trial.record(Verdict.NOT_RUN, reason=reason)
    database, key = search.examples(rules.database), str(cell).encode()
    pace, seed = trial.property.PACE.in_mode(cell.mode), _seed(cell, rules.seed)
    tape = search.saved(database, key, trial.fails)
    batches = pace.batches(rules.profile.batches, trial.operator.slower)
    tape = tape or search.search(batches, seed, trial.first_failing, pace.batch, pace.alike)
    if tape is None and pace.optional and not trial.tally.cases:
        return trial.record(Verdict.ABSENT, reason=f"the installed Paddle has no {cell.property} of {cell.operator}")
    if tape is None:
        return trial.record(Verdict.PASS, seconds=time.monotonic() - started)
    if not pace.shrinks:
        return trial.record(Verdict.FAIL, tape, seconds=time.monotonic() - started)
    assert trial.failure is not None
    kind = trial.failure[1].kind
    size = trial.size if MODES[cell.mode].profile == "quick" else None  # every attempt would build a program
    tape = search.shrink(database, key, tape, lambda t: _same(trial, t, kind), size)
    return trial.record(Verdict.FAIL, tape, seconds=time.monotonic() - started)


def _same(trial: Trial, tape: Tape, kind: tuple[str, str]) -> bool:
    """Whether a simpler tape fails in the same way."""
    found = trial.judge(tape)[1]
    return found is not None and found.fails and found.kind == kind


def _absent(trial: Trial) -> str:
    layer = trial.operator.layer
    wanted = layer and (layer.names.get(trial.cell.layout) or layer.names["any"])
    if trial.subject.has(trial.operator.api, wanted):
        return ""
    return f"the installed Paddle has no {trial.operator.api}" + (f" or no paddle.nn.{wanted}" if wanted else "")


def _said(trial: Trial, question: str) -> str:
    """What a property that has this question to the installed operator is told by the simplest case."""
    if not hasattr(trial.property, question):
        return ""
    trial.box.write(Tape(b""))
    reason: str = getattr(trial.property, question)(trial.case(Tape(b"")), trial.subject)
    return reason


def _kernel_absent(trial: Trial) -> str:
    """Why the dtype cannot be judged, where an operator need not have it: the simplest case says so."""
    if trial.cell.dtype in trial.operator.dtypes:
        return ""
    simplest = Tape(b"")
    trial.box.write(simplest)
    call = cases.draw(trial.cell, trial.operator, simplest).call
    lacks = trial.subject.forward(call).lacks
    if not lacks and trial.judge(simplest)[1] is None:
        lacks = f"{trial.cell.property} of {trial.operator.name}"
    where = f"in {trial.cell.dtype} on {trial.cell.device}"
    return f"the installed Paddle has no kernel for {lacks} {where}" if lacks else ""


def _unpredictable(trial: Trial) -> str:
    """Why nothing can be predicted of a random operator; empty if it can, or need not be."""
    device = trial.cell.device
    if trial.operator.noise is None or not trial.property.PACE.predicts:
        return ""
    if MODES[trial.cell.mode].evaluates:
        draws = "training" not in trial.operator.signature.parameters
        return f"{trial.operator.name} draws in evaluation too, from a generator of the program" if draws else ""
    if device in trial.operator.exact_devices and trial.subject.script(PEEK)[-1].arrays.get("next") == FIRST:
        return ""
    return f"what {trial.operator.name} draws on {device} is not known beforehand; its statistics are judged"


def _seed(cell: Cell, seed: int) -> int:
    """Every cell has its own stream of tapes, whatever else is selected."""
    return zlib.crc32(f"{seed}:{cell}".encode())
