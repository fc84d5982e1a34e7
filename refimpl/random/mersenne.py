"""The 64-bit Mersenne Twister of the C++ standard library and the two ways Paddle seeds it.

Sources: Nishimura, "Tables of 64-bit Mersenne Twisters" (ACM TOMACS, 2000), for the recurrence; ISO C++ 17,
[rand.eng.mers] and [rand.util.seedseq], for the seeding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

SIZE = 312
_MIDDLE = 156
_REACH = SIZE - 1  # words that can be made at once: each needs the one that follows 312 places before it
_NEAR = SIZE - _MIDDLE - 1  # so many of them need words that were there before
# Whole rows of constants, since NumPy takes longer over a scalar.
_ONE = np.full(_REACH, 1, np.uint64)
_UPPER = np.full(_REACH, 0xFFFFFFFF80000000, np.uint64)
_TWIST = np.full(_REACH, 0xB5026F5AA96619E9, np.uint64)
_ROUNDS = 24  # whose words stay in the cache, while they are tempered and used


def continued(state: Words, count: int) -> Iterator[tuple[int, Words]]:
    """The state, and at least `count` words that follow it: x[k+312] = x[k+156] ^ twist(x[k], x[k+1]).

    They come in stretches, each with the place of its first word, that begin with the 312 words before the new ones. A
    stretch is good until the next is asked for.
    """  # RNG-E1
    if not count:
        yield 0, state
        return
    rounds = min(_ROUNDS, -(-count // _REACH))
    x = np.empty(SIZE + rounds * _REACH, np.uint64)
    x[:SIZE] = state
    views = _views(x, rounds)
    for start in range(0, count, rounds * _REACH):
        if start:
            x[:SIZE] = x[-SIZE:].copy()
        _extend(views)
        yield start, x


def _views(x: Words, rounds: int) -> list[tuple[Words, ...]]:
    """What every round reads and writes: x[k] and x[k+1], then x[k+156] and x[k+312] twice, since from the 156th word
    on it reads what it has written itself."""
    near = (_MIDDLE, _NEAR), (SIZE, _NEAR)
    far = (_MIDDLE + _NEAR, _REACH - _NEAR), (SIZE + _NEAR, _REACH - _NEAR)
    places = (0, _REACH), (1, _REACH), *near, *far
    return [tuple(x[k + first : k + first + n] for first, n in places) for k in range(0, rounds * _REACH, _REACH)]


def _extend(views: list[tuple[Words, ...]]) -> None:
    y, odd = np.empty((2, _REACH), np.uint64)
    y_near, y_far = y[:_NEAR], y[_NEAR:]
    for here, after, near_here, near_there, far_here, far_there in views:
        np.bitwise_xor(here, after, y)
        np.bitwise_and(y, _UPPER, y)
        np.bitwise_xor(y, after, y)  # the upper bits of x[k] and the lower ones of x[k+1]
        np.bitwise_and(y, _ONE, odd)
        np.multiply(odd, _TWIST, odd)
        np.right_shift(y, _ONE, y)
        np.bitwise_xor(y, odd, y)
        np.bitwise_xor(near_here, y_near, near_there)
        np.bitwise_xor(far_here, y_far, far_there)


def tempered(words: Words) -> Words:
    """The words that the engine gives out for raw words."""  # RNG-E1
    x = words >> np.uint64(29)
    x &= np.uint64(0x5555555555555555)
    x ^= words
    for shift, mask in ((17, 0x71D67FFFEDA60000), (37, 0xFFF7EEE000000000)):
        moved = x << np.uint64(shift)
        moved &= np.uint64(mask)
        x ^= moved
    x ^= np.right_shift(x, np.uint64(43), out=moved)
    return x


def seeded_by_word(seed: int) -> Words:
    """The state of `std::mt19937_64(seed)`."""  # RNG-S2
    words = [seed % 2**64]
    for i in range(1, SIZE):
        words.append((6364136223846793005 * (words[-1] ^ (words[-1] >> 62)) + i) % 2**64)
    return np.array(words, np.uint64)


def seeded_by_sequence(seeds: Sequence[int]) -> Words:
    """The state of `std::mt19937_64` seeded through `std::seed_seq` with these 32-bit numbers."""  # RNG-S1
    halves = np.array(seed_sequence(seeds, 2 * SIZE), np.uint64)
    state: Words = halves[0::2] | (halves[1::2] << np.uint64(32))
    return state


def seed_sequence(seeds: Sequence[int], count: int) -> list[int]:
    """`count` 32-bit words as `std::seed_seq(seeds).generate` fills them in."""
    words = [0x8B8B8B8B] * count
    spread = next((t for low, t in ((623, 11), (68, 7), (39, 5), (7, 3)) if count >= low), (count - 1) // 2)
    near = (count - spread) // 2
    far = near + spread
    mixing = max(len(seeds) + 1, count)
    for k in range(mixing + count):
        i, j, m = k % count, (k + near) % count, (k + far) % count
        if k < mixing:
            first = 1664525 * _folded(words[i] ^ words[j] ^ words[i - 1]) % 2**32
            added = len(seeds) if k == 0 else i + (seeds[k - 1] if k <= len(seeds) else 0)
            second = (first + added) % 2**32
            words[j] = (words[j] + first) % 2**32
            words[m] = (words[m] + second) % 2**32
        else:
            first = 1566083941 * _folded((words[i] + words[j] + words[i - 1]) % 2**32) % 2**32
            second = (first - i) % 2**32
            words[j] ^= first
            words[m] ^= second
        words[i] = second
    return words


def _folded(word: int) -> int:
    return word ^ (word >> 27)
