"""The 64-bit Mersenne Twister of the C++ standard library and the two ways Paddle seeds it.

Sources: Nishimura, "Tables of 64-bit Mersenne Twisters" (ACM TOMACS, 2000), for the recurrence; ISO C++ 17,
[rand.eng.mers] and [rand.util.seedseq], for the seeding.
"""

from __future__ import annotations

from collections.abc import Sequence

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
_CHUNK = 1 << 14  # words tempered at a time, so that they stay in the cache


def continued(state: Words, blocks: int) -> Words:
    """The state followed by the next `blocks` states; x[k+312] = x[k+156] ^ twist(x[k], x[k+1])."""  # RNG-E1
    if not blocks:
        return state.copy()
    rounds = -(-blocks * SIZE // _REACH)
    x = np.empty(SIZE + rounds * _REACH, np.uint64)
    x[:SIZE] = state

    def every_round(first: int, count: int) -> Words:
        return np.ndarray((rounds, count), x.dtype, x, first * x.itemsize, (_REACH * x.itemsize, x.itemsize))

    y, odd = np.empty((2, _REACH), np.uint64)
    y_near, y_far, far = y[:_NEAR], y[_NEAR:], _REACH - _NEAR
    rows = (
        *(every_round(0, _REACH), every_round(1, _REACH)),
        *(every_round(_MIDDLE, _NEAR), every_round(SIZE, _NEAR)),
        *(every_round(_MIDDLE + _NEAR, far), every_round(SIZE + _NEAR, far)),
    )
    for here, after, near_here, near_there, far_here, far_there in zip(*rows, strict=True):
        np.bitwise_xor(here, after, y)
        np.bitwise_and(y, _UPPER, y)
        np.bitwise_xor(y, after, y)  # the upper bits of x[k] and the lower ones of x[k+1]
        np.bitwise_and(y, _ONE, odd)
        np.multiply(odd, _TWIST, odd)
        np.right_shift(y, _ONE, y)
        np.bitwise_xor(y, odd, y)
        np.bitwise_xor(near_here, y_near, near_there)
        np.bitwise_xor(far_here, y_far, far_there)  # made of words that are new themselves
    return x[: SIZE + blocks * SIZE]


def temper(words: Words) -> None:
    """Turns raw words, in place, into the words that the engine gives out."""  # RNG-E1
    for start in range(0, words.size, _CHUNK):
        x = words[start : start + _CHUNK]
        x ^= (x >> np.uint64(29)) & np.uint64(0x5555555555555555)
        x ^= (x << np.uint64(17)) & np.uint64(0x71D67FFFEDA60000)
        x ^= (x << np.uint64(37)) & np.uint64(0xFFF7EEE000000000)
        x ^= x >> np.uint64(43)


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
