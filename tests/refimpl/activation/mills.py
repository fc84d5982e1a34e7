"""Where the coefficients in refimpl/activation/_normal.py come from; run as a module, it prints them.

They interpolate f(r) = (u + K) Phi(-u) e^(u^2/2), u = K r / (1 - r), by a polynomial in r - 1/2, at the Chebyshev nodes
of the r from 0 to that of the largest u at which e^(-u^2/2) is not 0 in the dtype. Interpolation at these nodes comes
within a small factor of the best polynomial; the degree is the least with an error below half a unit in the last place.
"""

from __future__ import annotations

from typing import Any

import mpmath

from refimpl.activation import _normal

SHIFT = mpmath.mpf(_normal.SHIFT)
# dtype -> the number of coefficients, and of their digits
SIZES = {"float32": (10, 10), "float64": (22, 18), "longdouble": (28, 22)}


def target(r: Any) -> Any:
    """f(r), to the working precision."""
    u = SHIFT * r / (1 - r)
    return (u + SHIFT) * mpmath.erfc(u / mpmath.sqrt(2)) / 2 * mpmath.exp(u * u / 2)


def nodes(count: int, end: Any) -> list[Any]:
    """The Chebyshev nodes of [0, end]."""
    return [end / 2 * (1 + mpmath.cos(mpmath.pi * (2 * j + 1) / (2 * count))) for j in range(count)]


def end(kind: str) -> Any:
    """The largest r."""
    limit = mpmath.mpf(_normal.LIMITS[kind])
    return limit / (limit + SHIFT)


def coefficients(kind: str) -> tuple[str, ...]:
    """The interpolating polynomial's coefficients, lowest first, as decimal text."""
    count, digits = SIZES[kind]
    with mpmath.workdps(60):
        places = nodes(count, end(kind))
        powers = mpmath.matrix([[(r - mpmath.mpf(1) / 2) ** i for i in range(count)] for r in places])
        solution = mpmath.lu_solve(powers, mpmath.matrix([target(r) for r in places]))
        return tuple(mpmath.nstr(c, digits, min_fixed=0, max_fixed=0) for c in solution)


def worst_error(kind: str, samples: int = 400) -> Any:
    """The largest relative error of the polynomial as it stands in the table."""
    with mpmath.workdps(60):
        table = [mpmath.mpf(text) for text in _normal.COEFFICIENTS[kind]]

        def polynomial(q: Any) -> Any:
            return mpmath.fsum(coefficient * q**i for i, coefficient in enumerate(table))

        half = mpmath.mpf(1) / 2
        return max(abs(polynomial(r - half) / target(r) - 1) for r in nodes(samples, end(kind)))


if __name__ == "__main__":
    for kind in SIZES:
        print(f'    "{kind}": (', *(f'        "{text}",' for text in coefficients(kind)), "    ),", sep="\n")
