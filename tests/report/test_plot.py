"""Every error has its dot, at its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.record import Verdict
from conformance.report import plot
from tests.report.journals import large, make_record, showcase

_SHARES = st.floats(0, 1e300, allow_nan=False)


def dots(figure):
    return [dot for row in figure.rows for group in row.dots.values() for dot in group]


@pytest.mark.parametrize("journal", [showcase(), large(5)])
def test_every_record_with_an_error_has_a_dot_and_every_exact_pass_is_counted(journal):
    figure = plot.build(journal.records)
    assert len(dots(figure)) == sum(record.worst_share > 0 for record in journal.records)
    exact = [r for r in journal.records if r.verdict is Verdict.PASS and r.cases and not r.worst_share]
    assert sum(row.exact for row in figure.rows) == len(exact)


@given(shares=st.lists(_SHARES, min_size=1, max_size=8))
def test_dots_keep_their_order_and_stay_inside_the_figure(shares):
    records = [make_record(f"op{n}", worst_share=share, cases=1) for n, share in enumerate(shares)]
    figure = plot.build(records)
    x = {row.operator: dot.x for row in figure.rows for group in row.dots.values() for dot in group}
    places = [x[r.operator] for r in sorted(records, key=lambda r: r.worst_share) if r.worst_share > 0]
    assert places == sorted(places)
    assert all(plot.START <= place <= plot.WIDTH - plot.MARGIN for place in places)
    assert all(0 < dot.y < figure.height for dot in dots(figure))
    assert [row.operator for row in figure.rows][:1] == [f"op{shares.index(max(shares))}"]


def test_the_bound_parts_what_is_inside_from_what_is_not():
    figure = plot.build([make_record(worst_share=0.5), make_record("gelu", worst_share=2.0)])
    outside, inside = (dot.x for dot in dots(figure))
    assert inside < figure.bound < outside


def test_dots_beyond_the_axis_are_marked_on_it():
    assert [label for _, label in plot.build([make_record(worst_share=0.5)]).ticks] == ["0.1", "1", "10"]
    labels = [label for _, label in plot.build([make_record(worst_share=s) for s in (1e-9, 1e9)]).ticks]
    assert (labels[0], labels[-1]) == ("≤ 0.0001", "≥ 1000")


def test_dtypes_have_lanes_of_their_own():
    records = [make_record(dtype=dtype, worst_share=0.5) for dtype in ("float32", "float64", "bfloat16", "float16")]
    figure = plot.build(records)
    assert len({dot.y for dot in dots(figure)}) == 4
    assert figure.lanes == ["bfloat16", "float16", "float32", "float64"]
    by_title = sorted((dot.title, dot.y) for dot in dots(figure))
    assert [y for _, y in by_title] == sorted(y for _, y in by_title)


def test_without_errors_there_is_no_figure():
    assert plot.build([make_record(verdict=Verdict.ABSENT), make_record(cases=0, worst_share=0.0)]) is None
