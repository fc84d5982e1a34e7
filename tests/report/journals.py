"""Plausible run files, made up: every verdict, several operators, enough of everything to look at."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import structs

from conformance import record
from conformance.record import Chance, Divergence, End, Environment, Failure, Journal, Record, Run, Scaling, Verdict

ENVIRONMENT = Environment(
    paddle="3.3.1",
    paddle_commit="4c0f6ae3b1d0c47a1c2c9f4f3f0b9d3a5e0f7d21",
    flags={"FLAGS_use_mkldnn": "False", "FLAGS_check_nan_inf": "False", "FLAGS_cudnn_deterministic": "False"},
    numpy="2.4.6",
    hypothesis="6.170.15",
    python="3.11.7",
    platform="Linux x86_64",
    cpu="AMD EPYC 9R14",
    threads=1,
    precision={"float32": "float64", "float64": "longdouble (64-bit significand)"},
)

FAILURE = Failure(
    call='paddle.nn.functional.avg_pool2d(Tensor([1, 1, 2, 3],"float32"), 2, ceil_mode=True)',
    what="value 1 of 2 of out is outside its bound",
    output="out",
    index=[0, 0, 0, 1],
    got="np.float32(1.25)",
    expected="np.float32(2.5)",
    ulp="5.2e+06",
    share="2.6e+06",
    inputs={"x": "np.array([[[[0, 0, 2.5], [0, 0, 2.5]]]], dtype=np.float32)"},
    repeat="python -m conformance replay 'avg_pool2d gradient float32 NHWC 20250611:417'",
    script="import numpy as np\nimport paddle\n\n"
    "x = np.array([[[[0, 0, 2.5], [0, 0, 2.5]]]], dtype=np.float32)\n"
    "out = paddle.nn.functional.avg_pool2d(paddle.to_tensor(x), 2, ceil_mode=True, exclusive=False)\n"
    "print(out.numpy(), '!=', 2.5)",
)

DIVERGENCE = Divergence(
    id="sigmoid-tail-underflow",
    kind="bug",
    title="sigmoid flushes its lower tail to zero",
    right="exp(x) for very negative x, down to the smallest subnormal (mathematics; PyTorch agrees)",
    paddle="0 for every x below -88.38",
    when="any x < -88.37",
    versions=">=3.0,<=3.3.1",
    link="unreported",
)

CHANCE = Chance(
    budget=1e-6,
    alarm=1e-10,
    tests=250,
    draws=4_000_000,
    power={"probability": [0.011, 0.042], "correlation": [0.02, 0.05], "distribution": [0.013, 0.013]},
)

SCALED = Record(
    operator="dropout", property="scaling", dtype="float32", mode="eager", layout="any", device="cpu",
    verdict=Verdict.PASS, cases=1, seconds=0.1,
    scalings=[
        Scaling(setting={"mode": mode, "p": p}, training=training, factor=[factor, factor], mean=[mean, mean + 0.01])
        for p, kept in (("0.2", 0.8), ("0.75", 0.25))
        for mode, training, factor, mean in (
            ("upscale_in_train", True, 1 / kept, 1.003), ("upscale_in_train", False, 1, 1),
            ("downscale_in_infer", True, 1, kept), ("downscale_in_infer", False, kept, kept),
        )
    ],
)  # fmt: skip

_CALL = 'paddle.nn.functional.{}(Tensor([{}, 3, 17, 9],"{}"), {}, ceil_mode=True)'


def make_run(**changes: Any) -> Run:
    """A run header."""
    fields: dict[str, Any] = {
        "started": "2026-06-11T08:30:00Z",
        "seed": 20260611,
        "profile": "standard",
        "selection": {},
        "planned": 1,
        "environment": ENVIRONMENT,
    }
    return Run(**(fields | changes))


def make_record(operator: str = "relu", verdict: Verdict = Verdict.PASS, **changes: Any) -> Record:
    """One record; judged ones have cases and an error, failing ones an example."""
    fields: dict[str, Any] = {
        "operator": operator,
        "property": "forward",
        "dtype": "float32",
        "mode": "eager",
        "layout": "any",
        "device": "cpu",
        "verdict": verdict,
        "reason": "" if verdict is Verdict.PASS else f"because of {verdict}",
    }
    if verdict not in {Verdict.ABSENT, Verdict.NOT_RUN, Verdict.ERROR}:
        fields |= {"cases": 1000, "seconds": 0.2, "worst_ulp": 0.5, "worst_share": 0.3}
    if verdict in record.ALARMING:
        fields["failure"] = FAILURE
    return Record(**(fields | changes))


def make_journal(records: Iterable[Record] = (), complete: bool = True, **changes: Any) -> Journal:
    """A run of these records that planned as many as it has, unless told otherwise."""
    records = list(records)
    end = End(seconds=42.0, exit_code=0) if complete else None
    return Journal(make_run(**({"planned": len(records)} | changes)), records, end)


def save(journal: Journal, folder: Path) -> Path:
    """Write the journal as a run does; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.jsonl").open("w", encoding="utf-8") as file:
        for line in (journal.run, *journal.records, *([journal.end] if journal.end else [])):
            record.write(file, line)
    return folder


_FAMILIES = {
    "avg_pool2d max_pool2d": ("NCHW", "NHWC"),
    "relu sigmoid gelu silu softmax tanhshrink hardswish elu mish": ("any",),
    "batch_norm": ("NCHW", "NHWC"),
    "dropout": ("any",),
}
_REGIONS = ("ordinary", "tail", "subnormal", "kink", "nan first", "inf inner")


def showcase(seed: int = 1, complete: bool = True) -> Journal:
    """Something like a standard run of some operators, with everything that can happen."""
    rng = random.Random(seed)
    records = []
    for names, layouts in _FAMILIES.items():
        for name in names.split():
            records += _ordinary(rng, name, layouts)
    records[-1] = structs.replace(records[-1], chance=CHANCE, scalings=SCALED.scalings)
    records += [_event(*event) for event in _EVENTS]
    return make_journal(records, complete, planned=len(records) + (0 if complete else 40), selection={"op": "*"})


def large(operators: int, seed: int = 1) -> Journal:
    """Sixteen records for each of so many operators."""
    rng = random.Random(seed)
    records = []
    for number in range(operators):
        for mode in ("eager", "static"):
            records += _ordinary(rng, f"operator_{number}", ("NCHW", "NHWC"), mode)
    return make_journal(records)


def _ordinary(rng: random.Random, name: str, layouts: tuple[str, ...], mode: str = "eager") -> list[Record]:
    return [
        make_record(name, property=prop, dtype=dtype, layout=layout, mode=mode, **_measured(rng, name, dtype))
        for prop in ("forward", "gradient")
        for dtype in ("float32", "float64")
        for layout in layouts
    ]


def _measured(rng: random.Random, name: str, dtype: str) -> dict[str, Any]:
    ulp = rng.choice([0.0, rng.lognormvariate(-0.5, 0.7)])
    return {
        "cases": rng.randrange(2000, 9000),
        "excluded": rng.choice([0, 0, 0, 117]),
        "seconds": rng.uniform(0.1, 0.9),
        "worst_ulp": ulp,
        "worst_share": min(0.97, ulp / rng.uniform(2, 30)),
        "worst_call": _CALL.format(name, rng.randrange(1, 9), dtype, rng.randrange(2, 5)),
        "regions": {region: rng.randrange(100, 900) for region in _REGIONS},
        "arguments": {
            "ceil_mode": {"True": 612, "False": 2210},
            "stride": {str(n): rng.randrange(20, 700) for n in range(1, 5)},
        },
    }


_NO_KERNEL = "this Paddle has no kernel for bfloat16 on cpu"
_EVENTS: list[tuple[str, Verdict, str, dict[str, Any]]] = [
    ("avg_pool2d", Verdict.FAIL, "31 of 4,210 cases are outside their bounds", {"worst_share": 2.6e6}),
    ("max_pool2d", Verdict.CRASH, "SIGSEGV in a forked child, 3 of 3 times", {"property": "errors"}),
    ("softmax", Verdict.TIMEOUT, "no answer within 10 s, 3 of 3 times", {"property": "errors"}),
    (
        "sigmoid",
        Verdict.KNOWN,
        "seen again exactly as registered",
        {"failure": FAILURE, "worst_share": 210.0},
    ),
    ("relu", Verdict.CHANGED, "the gradient is now 1", {"worst_share": 40.0}),
    ("gelu", Verdict.FIXED, "no longer diverges", {"worst_share": 0.2}),
    ("gelu", Verdict.ABSENT, _NO_KERNEL, {"dtype": "bfloat16"}),
    ("softmax", Verdict.ABSENT, _NO_KERNEL, {"dtype": "bfloat16"}),
    ("sync_batch_norm", Verdict.NOT_RUN, "not run on this device: no CPU kernel", {"layout": "NCHW"}),
    ("dropout", Verdict.ERROR, "ValueError in the generator: empty range", {"dtype": "float16"}),
]
_TITLES = {
    "sigmoid": "sigmoid flushes its lower tail to zero",
    "relu": "the gradient of relu at NaN is zero",
    "gelu": "gelu loses its negative tail",
}


def _event(operator: str, verdict: Verdict, reason: str, fields: dict[str, Any]) -> Record:
    if verdict in {Verdict.KNOWN, Verdict.CHANGED, Verdict.FIXED}:
        entry = structs.replace(DIVERGENCE, id=f"{operator}-tail", title=_TITLES[operator])
        fields = {"property": "known", "divergence": entry, "cases": 1, **fields}
    return make_record(operator, verdict, **{"reason": reason, "mode": "static", **fields})
