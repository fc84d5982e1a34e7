"""Values for the arrays of a call, as people give them: in a file, or as nested lists."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.errors import UserError
from conformance.floats import is_floating

Array = NDArray[Any]


def read(path: Path) -> dict[str, Any]:
    """The arrays of a file, by argument: `.npz`, or `.json` with an object of nested lists.

    Raises:
        UserError: no such file, or not one of these.
    """
    readers = {".npz": _npz, ".json": _json}
    if path.suffix not in readers:
        raise UserError(f"--values is {str(path)!r}; allowed: a file that ends in {' or '.join(readers)}")
    try:
        return readers[path.suffix](path)
    except OSError as error:
        raise UserError(f"cannot read --values {str(path)!r}: {error.strerror or error}") from None
    except (ValueError, EOFError, KeyError, RecursionError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"--values {str(path)!r} is not a {path.suffix} file of arrays: {error}") from None


def _npz(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it holds one array without a name")
        return {name: archive[name] for name in archive.files}


def _json(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_text("utf-8"))
    if not isinstance(values, dict):
        raise ValueError("it holds no object that says which array is which")
    return values


def array(name: str, value: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A given value as the array of an argument.

    An array must have the dtype; numbers of nested lists are rounded to it. In lists "nan", "inf" and "-inf" may stand
    for what JSON cannot write.

    Raises:
        UserError: the shape, the dtype or an element does not fit.
    """
    if isinstance(value, np.ndarray):
        if value.dtype != dtype:
            raise UserError(f"the values of {name} have dtype {value.dtype}; allowed: {dtype}")
        return _of_shape(name, value, shape)
    cells = _of_shape(name, np.array(value, dtype=object), shape)
    return np.array([_number(name, cell, dtype) for cell in cells.flat], dtype).reshape(shape)


def _of_shape(name: str, cells: Array, shape: tuple[int, ...]) -> Array:
    if cells.shape != shape and not (cells.size == 0 == math.prod(shape)):
        raise UserError(f"the values of {name} have shape {list(cells.shape)}; allowed: {list(shape)}")
    return cells.reshape(shape)


def _number(name: str, cell: Any, dtype: np.dtype[Any]) -> Any:
    allowed = 'numbers, "nan", "inf", "-inf"' if is_floating(dtype) else "whole numbers"
    limits: Mapping[Any, float] = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    if isinstance(cell, str) and cell in limits and is_floating(dtype):
        return limits[cell]
    if isinstance(cell, bool) or not isinstance(cell, (int, float) if is_floating(dtype) else int):
        raise UserError(f"the values of {name} hold {cell!r}; allowed: {allowed}, in the shape of the array")
    with np.errstate(over="ignore"):
        if not _holds(dtype, cell):
            raise UserError(f"the values of {name} hold {cell!r}, which {dtype} cannot hold")
    return cell


def _holds(dtype: np.dtype[Any], number: float) -> bool:
    """Whether a finite number stays finite in the dtype, and a whole one in range."""
    try:
        return bool(np.isfinite(dtype.type(number))) or not math.isfinite(number)
    except OverflowError:
        return False
