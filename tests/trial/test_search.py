"""The search finds what fails, shrinks it to the least example, and remembers it until it is mended."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase

from conformance.draw.tape import HEAD, TRACK, TRACKS, Tape
from conformance.search import BATCH, PROFILES, examples, saved, search, shrink

KEY = b"a cell"


class Seen:
    """A predicate that notes the tapes it is asked about."""

    def __init__(self, holds=lambda tape: False):
        self.holds, self.tapes = holds, []

    def __call__(self, tape):
        self.tapes.append(tape)
        return self.holds(tape.rewound())


def _one_by_one(holds):
    """How a batch is judged: tape by tape, until one fails."""
    return lambda tapes: next(filter(holds, tapes), None)


def _drawn(batches, seed):
    seen = Seen()
    assert search(batches, seed, _one_by_one(seen)) is None
    return seen.tapes


def _length(tape):
    return len(tape.head) + sum(map(len, tape.tracks))


@pytest.fixture
def database():
    return InMemoryExampleDatabase()


def test_every_batch_is_judged_in_full():
    for batches in (1, 2, 8):
        assert len(_drawn(batches, 0)) == batches * BATCH


def test_the_same_seed_draws_the_same_tapes():
    first = _drawn(4, 5)
    _drawn(4, 6)
    assert _drawn(4, 5) == first
    assert _drawn(8, 5)[: len(first)] == first
    other = _drawn(4, 6)
    assert not {str(tape) for tape in other} & {str(tape) for tape in first}


def test_tapes_that_are_alike_differ_in_region_and_values_alone():
    seen = Seen()
    search(3, 5, _one_by_one(seen), 8, 4)
    for first in range(0, len(seen.tapes), 4):
        alike = seen.tapes[first : first + 4]
        assert len({tape.head[1:] for tape in alike}) == 1
    assert len({tape.tracks for tape in seen.tapes}) == 24
    assert len({tape.head[1:] for tape in seen.tapes}) == 6


def test_no_tape_is_drawn_twice():
    tapes = _drawn(16, 1)
    assert len({str(tape) for tape in tapes}) == len(tapes)


def test_every_byte_takes_every_value_alike_often():
    tapes = _drawn(64, 2)
    columns = np.array([list(tape.head + b"".join(tape.tracks)) for tape in tapes]).T
    assert columns.shape[0] == HEAD + TRACKS * TRACK
    for column in columns:
        counts = Counter(column.tolist())
        assert len(counts) > 250
        assert max(n for byte, n in counts.items() if byte) < 5 * len(tapes) / 256


@pytest.mark.parametrize("planted", range(0, 256, 37))
def test_a_condition_of_one_in_256_is_found(planted):
    """The odds against it are e**-8 with the quick profile."""
    judge = _one_by_one(lambda tape: tape.integers(5, 0, 255)[4] == planted)
    found = search(PROFILES["quick"].batches * 4, planted, judge)
    assert found is not None
    assert found.integers(5, 0, 255)[4] == planted, "read from the front"


def test_the_search_ends_at_the_first_tape_that_fails():
    seen = Seen(lambda tape: tape.integer(0, 15) == 3)
    found = search(8, 3, _one_by_one(seen))
    failing = [tape.rewound().integer(0, 15) == 3 for tape in seen.tapes]
    assert failing.index(True) == len(failing) - 1
    assert found == seen.tapes[-1]


def test_a_tape_that_fails_once_only_is_found():
    """A kernel that reads memory it does not own fails at times; that is no error of the search."""
    times = iter(range(10**6))
    seen = Seen(lambda tape: next(times) == 100)
    assert search(8, 0, _one_by_one(seen)) == seen.tapes[100]


def test_an_exception_of_the_predicate_is_not_swallowed(database):
    def broken(tape):
        raise LookupError("the trial is at fault")

    with pytest.raises(LookupError):
        search(1, 0, _one_by_one(broken))
    with pytest.raises(LookupError):
        shrink(database, KEY, Tape(b"\1"), broken, _length)


_LONG = Tape(b"\xf7" * HEAD, (b"\x5c\xe9\x0b\x09" * 4,) * TRACKS)


@pytest.mark.parametrize(
    ("holds", "least"),
    [
        (lambda tape: True, Tape(b"", ())),
        (lambda tape: tape.integer(0, 255) >= 17, Tape(b"\x11", ())),
        (lambda tape: tape.integers(3, 0, 255)[2] >= 4, Tape(b"\0\0\4", ())),
        (lambda tape: tape.flag() and tape.flag(), Tape(b"\1\1", ())),
        (lambda tape: (tape.codes(0, len(tape.tracks[0]), 0) > 20).any(), Tape(b"", (b"\x15",))),
        (lambda tape: (tape.codes(1, 4, 0) == 9).any(), Tape(b"", (b"", b"\x09"))),
        (lambda tape: tape.codes(2, 5, 0)[4] > 5, Tape(b"", (b"", b"", b"\1"))),  # the track goes round
        (lambda tape: tape.integer(1, 9) > 4 and tape.codes(0, 1, 0)[0] > 2, Tape(b"\4", (b"\3",))),
        (lambda tape: min(tape.integers(4, 0, 255)) > 239, Tape(b"\xf0" * 4, ())),  # too rare to be drawn afresh
        (lambda tape: len(tape.tracks[3]) > 4, Tape(b"", (b"", b"", b"", bytes(5)))),
    ],
)
def test_the_least_example_is_reached(database, holds, least):
    """Shorter first, then smaller bytes."""
    assert holds(_LONG.rewound())
    found = shrink(database, KEY, _LONG, lambda tape: holds(tape.rewound()), _length)
    assert str(found) == str(least)


def test_what_is_simplest_may_lie_beside_what_was_found(database):
    """Between the two nothing fails; walking downhill alone could stay at 200."""

    def fails(tape):
        return tape.integer(0, 255) in (*range(3, 20), 200)

    least = shrink(database, KEY, Tape(bytes([200])), fails, lambda tape: tape.rewound().integer(0, 255))
    assert least.head == b"\3"
    assert saved(database, KEY, fails) is not None


@pytest.fixture
def _as_in_a_run():
    """The profile that holds outside of this project's tests, where Hypothesis draws by chance."""
    before = settings.get_current_profile_name()
    settings.load_profile("default")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("_as_in_a_run")
def test_shrinking_is_deterministic(tmp_path):
    def fails(tape):
        return sum(tape.integers(6, 0, 50)) > 111 and tape.codes(0, 4, 0).sum() % 7 == 3

    start = search(50, 4, _one_by_one(lambda tape: fails(tape.rewound())))
    shrunk = [
        shrink(examples(str(tmp_path / name)), KEY, start, lambda tape: fails(tape.rewound()), _length)
        for name in "abcd"
    ]
    assert len({str(tape) for tape in shrunk}) == 1


def test_a_tape_that_fails_at_times_can_be_shrunk(database):
    times = iter(range(10**6))
    start = Tape(b"\7\7\7")
    assert shrink(database, KEY, start, lambda tape: next(times) % 5 == 0, _length) is not None


def test_a_tape_that_does_not_fail_again_is_kept_as_it_is(database):
    assert shrink(database, KEY, Tape(b"\7\7\7"), lambda tape: False, _length) == Tape(b"\7\7\7")


def test_a_saved_example_is_judged_before_anything_is_drawn(tmp_path):
    database = examples(str(tmp_path))

    def fails(tape):
        return tape.integer(0, 255) > 100

    least = shrink(database, KEY, Tape(b"\xff" * HEAD, (b"\xff" * TRACK,)), lambda t: fails(t.rewound()), _length)
    seen = Seen(fails)
    found = saved(examples(str(tmp_path)), KEY, seen)  # another run
    assert found == least
    assert found.integer(0, 255) > 100
    assert len(seen.tapes) < 20
    assert str(least) in {str(tape) for tape in seen.tapes}


def test_an_example_is_saved_for_its_key_alone(database):
    shrink(database, KEY, Tape(b"\1"), lambda tape: True, _length)
    assert saved(database, b"another cell", lambda tape: True) is None
    assert saved(database, KEY, lambda tape: True) is not None


def test_without_saved_examples_nothing_is_judged(database):
    seen = Seen(lambda tape: True)
    assert saved(database, KEY, seen) is None
    assert not seen.tapes


def test_no_stale_example_survives_a_fix(tmp_path):
    database = examples(str(tmp_path))
    for byte in (90, 200):
        shrink(database, KEY, Tape(bytes([byte, 3])), lambda tape: tape.rewound().integer(0, 255) > 60, _length)
    assert list(database.fetch(KEY))
    mended = Seen()
    assert saved(database, KEY, mended) is None
    assert len(mended.tapes) < 20, "nothing new is drawn"
    assert not list(database.fetch(KEY))


def test_an_example_of_another_version_is_no_error(database):
    """What the database holds may be of any age."""
    for value in (b"", b"nonsense", b"\xff" * 40):
        database.save(KEY, value)
    assert saved(database, KEY, lambda tape: tape.integer(0, 255) > 255) is None


def test_the_profiles_grow():
    quick, standard, deep = (PROFILES[name] for name in ("quick", "standard", "deep"))
    assert quick.batches < standard.batches < deep.batches
    assert quick.seconds < standard.seconds < deep.seconds
