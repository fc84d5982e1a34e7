"""The small language in which the register says which cases an entry is about.

An expression of Python's form over the arguments of the call, without statements, attributes or imports:
`any(x < -88) and dtype == "float32"`. docs/register.md lists the names. Arrays compare and compute element by element.
It is parsed here and made into closures; no text is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Evaluate = Callable[[Mapping[str, Any]], Any]

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "all": lambda value: value.all() if isinstance(value, np.ndarray) else np.all(value),  # half the time of np.all
    "any": lambda value: value.any() if isinstance(value, np.ndarray) else np.any(value),
    "isarray": lambda value: isinstance(value, np.ndarray),
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "isint": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "isnumber": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
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
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise ValueError(f"cannot read the predicate {text[:80]!r}: {getattr(error, 'msg', error)}") from None
        for node in ast.walk(tree):
            if not isinstance(node, _ALLOWED):
                raise ValueError(f"the predicate {text!r} may not contain {type(node).__name__}")
            if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float, str, type(None))):
                raise ValueError(f"the predicate {text!r} may not contain {node.value!r}")
            if isinstance(node, ast.Call) and (not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS):
                raise ValueError(f"the predicate {text!r} may only call {', '.join(_FUNCTIONS)}")
        called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        self.names = frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called)
        self._value = _compiled(tree)

    def __reduce__(self) -> tuple[type[Predicate], tuple[str]]:
        """What another process makes it from: closures do not travel."""
        return Predicate, (self.text,)

    def __call__(self, names: Mapping[str, Any]) -> bool:
        """Whether a case with these names is one of those meant."""
        with np.errstate(all="ignore"):
            return bool(self._value(names))


_ALLOWED = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call, ast.Name, ast.Load, ast.Constant,
    ast.List, ast.Tuple, ast.Subscript, *_OPERATORS,
)  # fmt: skip


def _compiled(node: ast.AST) -> Evaluate:
    """A function from names to the value of an expression: walking the tree anew for every case takes twice as long."""
    match node:
        case ast.Constant(value=value):
            return lambda names: value
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            parts = [_compiled(e) for e in elements]
            return lambda names: [part(names) for part in parts]
        case ast.Subscript(value=value, slice=index):
            whole, place = _compiled(value), _compiled(index)
            return lambda names: whole(names)[place(names)]
        case ast.BoolOp(op=op, values=values):
            parts, quantifier = [_compiled(v) for v in values], all if isinstance(op, ast.And) else any
            return lambda names: quantifier(part(names) for part in parts)
        case ast.UnaryOp(op=op, operand=operand):
            return _applied(_OPERATORS[type(op)], [operand])
        case ast.BinOp(left=left, op=op, right=right):
            return _applied(_OPERATORS[type(op)], [left, right])
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _applied(_FUNCTIONS[function], arguments)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _chain([_OPERATORS[type(op)] for op in ops], [_compiled(c) for c in (left, *comparators)])
    raise AssertionError(ast.dump(node))


def _applied(function: Callable[..., Any], operands: Sequence[ast.AST]) -> Evaluate:
    parts = [_compiled(operand) for operand in operands]
    if len(parts) == 1:
        return lambda names: function(parts[0](names))
    return lambda names: function(*[part(names) for part in parts])


def _chain(comparisons: Sequence[Callable[..., Any]], operands: Sequence[Evaluate]) -> Evaluate:
    """A chain a < b < c, element by element."""

    def evaluate(names: Mapping[str, Any]) -> Any:
        values = [operand(names) for operand in operands]
        result: Any = True
        for compare, left, right in zip(comparisons, values, values[1:], strict=False):
            result = result & compare(left, right)
        return result

    if len(comparisons) == 1:
        return lambda names: comparisons[0](operands[0](names), operands[1](names))
    return evaluate
