"""A tape: zero is the simplest choice, what is missing reads as zero, and what is written is read back."""

import numpy as np
import pytest
from hypothesis import example, find, given
from hypothesis import strategies as st

from conformance.draw.tape import HEAD, SIZE, TRACK, TRACKS, Tape

_TAPES = st.builds(Tape, st.binary(max_size=HEAD), st.lists(st.binary(max_size=TRACK), max_size=TRACKS).map(tuple))
_RANGES = st.tuples(st.integers(-5, 5), st.integers(0, 255)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def _choices(tape):
    """One of every kind of choice, in a fixed order."""
    return tape.integer(3, 9), tape.one_of("a", "b", "c"), tape.flag(), tape.integers(3, -2, 2)


def _all_codes(tape, size=70, salt=7):
    return [tape.codes(array, size, salt).tolist() for array in range(2 * TRACKS)]


@pytest.mark.parametrize("tape", [Tape(b""), Tape(bytes(HEAD), (bytes(TRACK),) * TRACKS), Tape.cut(b"")])
def test_zero_and_missing_bytes_are_the_simplest_choices(tape):
    assert _choices(tape) == (3, "a", False, [-2, -2, -2])
    assert not np.any(_all_codes(tape))


@given(_TAPES)
def test_trailing_zeros_of_the_head_change_nothing(tape):
    longer = Tape(tape.head + bytes(5), tape.tracks)
    assert _choices(longer) == _choices(tape)


@given(st.binary(max_size=HEAD), _RANGES)
def test_a_choice_is_one_of_the_allowed(head, limits):
    low, high = limits
    tape = Tape(head)
    assert all(low <= tape.integer(low, high) <= high for _ in range(HEAD + 2))


def test_every_choice_can_be_made():
    for low, high in [(0, 1), (1, 7), (0, 255), (-3, 3)]:
        made = {Tape(bytes([byte])).integer(low, high) for byte in range(256)}
        assert made == set(range(low, high + 1))
    assert {Tape(bytes([byte])).one_of(*"abc") for byte in range(256)} == set("abc")


@given(_TAPES)
@example(Tape(b"", (b"", b"\1")))
@example(Tape(b"\0", (b"\0",)))
def test_what_is_written_is_read_back(tape):
    again = Tape.parse(str(tape))
    assert str(again) == str(tape)
    assert again.head == tape.head
    assert _all_codes(again) == _all_codes(tape)


@pytest.mark.parametrize("text", ["x", "0", "00.0", "00,11", "00.é", "-1"])
def test_what_is_no_tape_is_refused(text):
    with pytest.raises(ValueError, match="is not a tape"):
        Tape.parse(text)


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_a_tape_is_cut_from_all_its_bytes(data):
    tape = Tape.cut(data)
    assert tape.head + b"".join(tape.tracks) == data
    assert len(tape.tracks) == TRACKS


@given(_TAPES)
def test_a_rewound_tape_is_read_from_the_front_again(tape):
    first = _choices(tape)
    assert _choices(tape.rewound()) == first
    assert _choices(tape.rewound()) == first


@given(st.binary(min_size=1, max_size=TRACK), st.integers(0, 255), st.integers(0, 200))
def test_codes_keep_zeros_and_differ_where_the_track_does(track, salt, size):
    codes = Tape(b"", (track,)).codes(0, size, salt)
    expected = np.resize(np.frombuffer(track, np.uint8), size)
    assert codes.dtype == np.uint32
    assert np.array_equal(codes == 0, expected == 0)
    first = codes[: len(track)]
    assert np.array_equal(first % 256, expected[: len(track)])
    assert np.array_equal(first // 256, np.where(first, salt, 0))


@given(st.binary(min_size=1, max_size=TRACK), st.integers(0, 255))
def test_codes_of_a_shorter_array_begin_those_of_a_longer_one(track, salt):
    """Else an element less would be another case, and shrinking would lose its way."""
    tape = Tape(b"", (track,) * TRACKS)
    for array in (0, TRACKS - 1, TRACKS):
        longest = tape.codes(array, 100, salt)
        assert all(np.array_equal(tape.codes(array, size, salt), longest[:size]) for size in (0, 1, 16, 17, 99))


@pytest.mark.parametrize("divisor", [4, 7, 8, 16, 256])
def test_long_arrays_do_not_repeat_with_the_period_of_the_track(divisor):
    """Also not modulo small numbers: regions choose by a code's low bits."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        track = rng.integers(1, 256, TRACK, np.uint8).tobytes()
        rounds = Tape(b"", (track,)).codes(0, 8 * TRACK, 0).reshape(8, TRACK) % divisor
        repeated = np.mean([np.mean(a == b) for i, a in enumerate(rounds) for b in rounds[:i]])
        assert repeated < 1 / divisor + 0.2, f"{repeated:.0%} of the elements are what they were rounds before"


def test_every_array_has_codes_of_its_own():
    rng = np.random.default_rng(1)
    for _ in range(50):
        tape = Tape(b"", tuple(rng.bytes(TRACK) for _ in range(TRACKS)))
        rows = _all_codes(tape, TRACK)
        assert len({tuple(row) for row in rows}) == 2 * TRACKS


def test_the_simplest_tape_with_a_property_is_found():
    """Bytes of a tape shrink on their own: the head to the least choice, the track to the fewest elements."""
    tapes = st.builds(Tape, st.binary(max_size=HEAD), st.tuples(st.binary(max_size=TRACK)))

    def has_it(tape):
        return tape.rewound().integer(1, 9) >= 4 and tape.codes(0, len(tape.tracks[0]), 0).max(initial=0) > 5

    smallest = find(tapes, has_it)
    assert (smallest.head, smallest.tracks) == (b"\3", (b"\6",))
