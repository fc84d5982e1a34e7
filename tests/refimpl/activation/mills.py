"""Where the coefficients in refimpl/activation/_normal.py come from; run as a module, it prints them.

They interpolate f(r) = (u + K) Phi(-u) e^(u^2/2), u = K r / (1 - r), by a polynomial in r - 1/2, at the Chebyshev nodes
of the r from 0 to that of the largest u at which e^(-u^2/2) is not 0 in the dtype. Interpolation at these nodes comes
within a small factor of the best polynomial; the degree is the least with an error below half a unit in the last place.
Those of the near tail are found alike, for u up to NEAR and in powers of r less another centre.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import mpmath

from refimpl.activation import _normal


class Table(NamedTuple):
    """One table: how many coefficients of how many digits, the largest u, K, the centre, and what it says."""

    count: int
    digits: int
    limit: float
    shift: int
    centre: float
    texts: tuple[str, ...]

    @property
    def end(self) -> Any:
        """The largest r."""
        return mpmath.mpf(self.limit) / (mpmath.mpf(self.limit) + self.shift)

    def target(self, r: Any) -> Any:
        """f(r), to the working precision."""
        u = self.shift * r / (1 - r)
        return (u + self.shift) * mpmath.erfc(u / mpmath.sqrt(2)) / 2 * mpmath.exp(u * u / 2)

    def nodes(self, count: int) -> list[Any]:
        """The Chebyshev nodes of [0, end]."""
        return [self.end / 2 * (1 + mpmath.cos(mpmath.pi * (2 * j + 1) / (2 * count))) for j in range(count)]


def _whole(kind: str, count: int, digits: int) -> Table:
    return Table(count, digits, _normal.LIMITS[kind], _normal.SHIFT, 0.5, _normal.COEFFICIENTS[kind])


def _near(kind: str, count: int, digits: int) -> Table:
    return Table(count, digits, _normal.NEAR, *_normal.NEAR_TABLES[kind][1:])


TABLES = {
    "float32": _whole("float32", 10, 10),
    "float64": _whole("float64", 22, 18),
    "longdouble": _whole("longdouble", 28, 22),
    "near, float32": _near("float32", 7, 10),
    "near, float64": _near("float64", 13, 18),
}


def coefficients(table: Table) -> tuple[str, ...]:
    """The interpolating polynomial's coefficients, lowest first, as decimal text."""
    with mpmath.workdps(60):
        places = table.nodes(table.count)
        powers = mpmath.matrix([[(r - table.centre) ** i for i in range(table.count)] for r in places])
        solution = mpmath.lu_solve(powers, mpmath.matrix([table.target(r) for r in places]))
        return tuple(mpmath.nstr(c, table.digits, min_fixed=0, max_fixed=0) for c in solution)


def worst_error(table: Table, samples: int = 400) -> Any:
    """The largest relative error of the polynomial as it stands in the table."""
    with mpmath.workdps(60):
        numbers = [mpmath.mpf(text) for text in table.texts]

        def polynomial(q: Any) -> Any:
            return mpmath.fsum(coefficient * q**i for i, coefficient in enumerate(numbers))

        return max(abs(polynomial(r - table.centre) / table.target(r) - 1) for r in table.nodes(samples))


if __name__ == "__main__":
    for name, table in TABLES.items():
        print(f'    "{name}": (', *(f'        "{text}",' for text in coefficients(table)), "    ),", sep="\n")
