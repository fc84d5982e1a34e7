"""The small language in which the register says which cases an entry is about.

An expression of Python's form over the arguments of the call, without statements, attributes or imports:
`any(x < -88) and dtype == "float32"`. docs/register.md lists the names. Arrays compare and compute element by element.
It is parsed and walked here; nothing is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "all": np.all,
    "any": np.any,
    "isarray": lambda value: isinstance(value, np.ndarray),
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "isint": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "isstr": lambda value: isinstance(value, str),
    "len": len,
    "max": np.max,
    "min": np.min,
    "ndim": np.ndim,
    "shape": np.shape,
    "signbit": np.signbit,
    "size": np.size,
    "sum": np.sum,
}
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.USub: operator.neg,
    ast.Invert: np.logical_not,  # also of True, whose bits inverted are -2
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


class Predicate:
    """A parsed expression.

    Raises:
        ValueError: not an expression of this language; the text says where.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise ValueError(f"cannot read the predicate {text[:80]!r}: {getattr(error, 'msg', error)}") from None
        for node in ast.walk(self._tree):
            if not isinstance(node, _ALLOWED):
                raise ValueError(f"the predicate {text!r} may not contain {type(node).__name__}")
            if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float, str, type(None))):
                raise ValueError(f"the predicate {text!r} may not contain {node.value!r}")
            if isinstance(node, ast.Call) and (not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS):
                raise ValueError(f"the predicate {text!r} may only call {', '.join(_FUNCTIONS)}")
        called = {id(n.func) for n in ast.walk(self._tree) if isinstance(n, ast.Call)}
        self.names = frozenset(n.id for n in ast.walk(self._tree) if isinstance(n, ast.Name) and id(n) not in called)

    def __call__(self, names: Mapping[str, Any]) -> bool:
        """Whether a case with these names is one of those meant."""
        with np.errstate(all="ignore"):
            return bool(_value(self._tree, names))


_ALLOWED = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call, ast.Name, ast.Load, ast.Constant,
    ast.List, ast.Tuple, ast.Subscript, *_OPERATORS,
)  # fmt: skip


def _value(node: ast.AST, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(e, names) for e in elements]
        case ast.Subscript(value=value, slice=index):
            return _value(value, names)[_value(index, names)]
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(v, names) for v in values)
        case ast.BoolOp(values=values):
            return any(_value(v, names) for v in values)
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _FUNCTIONS[function](*(_value(a, names) for a in arguments))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compared(_value(left, names), ops, [_value(c, names) for c in comparators])
    raise AssertionError(ast.dump(node))


def _compared(left: Any, ops: list[ast.cmpop], rights: list[Any]) -> Any:
    """A chain a < b < c, element by element."""
    result: Any = True
    for op, right in zip(ops, rights, strict=True):
        result = result & _OPERATORS[type(op)](left, right)
        left = right
    return result
