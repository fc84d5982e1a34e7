"""The engine against published values and a C++ standard library; the state and the numbers drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.random import Generator, State
from refimpl.random.mersenne import seed_sequence

WORD = 2**64 - 1


def seeded_by_array(key: list[int]) -> State:
    """init_by_array64 of the authors' reference program, for their published outputs."""
    words = [19650218]
    for i in range(1, 312):
        words.append((6364136223846793005 * (words[-1] ^ (words[-1] >> 62)) + i) & WORD)
    i = 1
    for k in range(312):
        words[i] = (words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 62)) * 3935559000370003845)) + key[k % len(key)]
        words[i] = (words[i] + k % len(key)) & WORD
        i = i % 311 + 1
        words[0] = words[311] if i == 1 else words[0]
    for _ in range(311):
        words[i] = ((words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 62)) * 2862933555777941757)) - i) & WORD
        i = i % 311 + 1
        words[0] = words[311] if i == 1 else words[0]
    words[0] = 1 << 63
    return State(np.array(words, np.uint64), 312)


def test_rng_e1_s2_ten_thousandth_word_of_the_default_seed() -> None:
    """[rand.predef] of the C++ standard fixes it for std::mt19937_64."""
    assert Generator.of_operator(5489).words(10000)[-1] == 9981545732273789042


def test_rng_e1_outputs_published_with_the_reference_program() -> None:
    stream = Generator(0)
    stream.state = seeded_by_array([0x12345, 0x23456, 0x34567, 0x45678])
    assert stream.words(10).tolist() == [
        7266447313870364031, 4946485549665804864, 16945909448695747420, 16394063075524226720, 4873882236456199058,
        14877448043947020171, 6740343660852211943, 13857871200353263164, 5249110015610582907, 10205081126064480383,
    ]  # fmt: skip


def test_rng_s1_seed_sequence_of_the_standard_library() -> None:
    """Printed by a C++ program; the first line is also the example of the standard library's documentation."""
    assert seed_sequence([1, 2, 3, 4, 5], 10) == [
        4204997637, 4246533866, 1856049002, 1129615051, 690460811, 1075771511, 46783058, 3904109078, 1534123438,
        1495905678,
    ]  # fmt: skip
    last = {1: 2962759630, 2: 2951761140, 3: 1085489712, 6: 1756361139, 7: 2440809844, 38: 187472544, 39: 3097273263,
            67: 4005927787, 68: 3301739063, 622: 1479068801, 623: 1081626405, 624: 3911043550}  # fmt: skip
    assert {count: seed_sequence([7, 8], count)[-1] for count in last} == last


@pytest.mark.parametrize(
    ("seed", "first", "ten_thousandth"),
    [
        (0, 5761556218444793869, 8055424658763770904),
        (1, 329758917350066995, 13456005987621613471),
        (2024, 17308793208366105155, 11286273127406310559),
        (2**32 - 1, 300077552602022093, 15373564637031126530),
    ],
)
def test_rng_s1_words_after_a_seed(seed: int, first: int, ten_thousandth: int) -> None:
    """Printed by a C++ program that seeds std::mt19937_64 through std::seed_seq{seed}."""
    words = Generator(seed).words(10000)
    assert (words[0], words[-1]) == (first, ten_thousandth)
    assert (Generator(seed + 2**32).words(3) == words[:3]).all()
    assert (Generator(np.int64(seed + 2**40)).words(3) == words[:3]).all()


def test_rng_s2_an_operators_own_seed_has_64_bits() -> None:
    assert Generator.of_operator(0).words(1)[0] == 2947667278772165694
    assert (Generator.of_operator(1).words(2) != Generator.of_operator(1 + 2**32).words(2)).all()


@given(st.lists(st.integers(0, 700) | st.integers(7000, 20000), max_size=8), st.integers(0, 7))
def test_rng_t1_words_do_not_depend_on_how_they_are_asked_for(counts: list[int], kept: int) -> None:
    stream, whole = Generator(3), Generator(3).words(sum(counts) + 5)
    pieces, states = [], []
    for count in counts:
        states.append(stream.state)
        pieces.append(stream.words(count))
    after = stream.state
    assert np.array_equal(np.concatenate([*pieces, stream.words(5)]), whole)
    if states:
        kept %= len(states)
        stream.state = states[kept]
        assert np.array_equal(stream.words(sum(counts[kept:])), whole[sum(counts[:kept]) : -5])
        assert np.array_equal(stream.state.words, after.words)
        assert stream.state.position == after.position


def test_rng_t1_a_state_is_a_copy() -> None:
    stream = Generator(4)
    stream.words(10)
    state = stream.state
    expected = stream.words(400)
    stream.state = state
    state.words[:] = 0
    stream.state.words[:] = 0
    assert (stream.words(400) == expected).all()
    assert 0 < stream.state.position <= 312


@pytest.mark.parametrize(
    ("word", "single", "double"),
    [
        (WORD, "0x1.fffffep-1", "0x1.fffffffffffffp-1"),
        (WORD - 2**39, "0x1.fffffep-1", "0x1.ffffffp-1"),
        (WORD - 2**40, "0x1.fffffep-1", "0x1.fffffep-1"),
        (2**63, "0x1p-1", "0x1p-1"),
        (0, "0x0p+0", "0x0p+0"),
        (12345678901234567, "0x1.5ee2a2p-11", "0x1.5ee2a2eb5a5c4p-11"),
    ],
)
def test_rng_u1_a_word_becomes_a_number(word: int, single: str, double: str) -> None:
    """Printed by a C++ program that feeds the word to std::uniform_real_distribution of float and double."""
    state = State(np.full(312, untempered(word), np.uint64), 0)
    for dtype, number in ((np.float32, single), (np.float64, double)):
        stream = Generator(0)
        stream.state = state
        drawn = stream.uniform((2, 3), dtype)
        assert (drawn.shape, drawn.dtype) == ((2, 3), dtype)
        assert (drawn == float.fromhex(number)).all()
        assert stream.state.position == 6


def untempered(word: int) -> int:
    """The raw word that the tempering turns into this one."""
    word ^= word >> 43
    word ^= (word << 37) & 0xFFF7EEE000000000 & WORD
    x = word
    for _ in range(4):
        x = word ^ ((x << 17) & 0x71D67FFFEDA60000)
    word = x
    for _ in range(3):
        x = word ^ ((x >> 29) & 0x5555555555555555)
    return x & WORD


def test_rng_u1_numbers_are_uniform() -> None:
    """The counts of 64 equal bins within six standard deviations, and no correlation of neighbours beyond that."""
    for dtype in (np.float32, np.float64):
        numbers = Generator(5).uniform((200_000,), dtype).astype(float)
        assert numbers.min() >= 0
        assert numbers.max() < 1
        counts = np.histogram(numbers, 64, (0, 1))[0]
        assert abs(counts - 3125).max() <= 6 * np.sqrt(3125)
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) <= 6 / np.sqrt(numbers.size)


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: Generator(1.5), TypeError, "seed"),  # type: ignore[arg-type]
        (lambda: Generator(True), TypeError, "seed"),
        (lambda: Generator(-1), ValueError, "seed"),
        (lambda: Generator.of_operator(2**64), ValueError, "seed"),
        (lambda: Generator.of_operator("1"), TypeError, "seed"),  # type: ignore[arg-type]
        (lambda: Generator(1).words(-1), ValueError, "count"),
        (lambda: Generator(1).uniform((2,), np.float16), ValueError, "dtype"),
        (lambda: setattr(Generator(1), "state", State(np.zeros(311, np.uint64), 0)), ValueError, "words"),
        (lambda: setattr(Generator(1), "state", State(np.zeros(312, np.int64), 0)), ValueError, "words"),
        (lambda: setattr(Generator(1), "state", State(np.zeros(312, np.uint64), 313)), ValueError, "position"),
        (lambda: setattr(Generator(1), "state", State(np.zeros(312, np.uint64), -1)), ValueError, "position"),
    ],
)
def test_rng_a1_arguments_without_meaning(make: Any, error: type[Exception], name: str) -> None:
    with pytest.raises(error, match=name):
        make()
