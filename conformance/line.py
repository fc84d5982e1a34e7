"""A call as people write it: one line of text, read by hand, so that nothing in it is ever executed.

    line      = name "(" arguments ")" [ [ ".eval()" | ".train()" ] "(" arguments ")" ]
    arguments = [ argument { "," argument } [ "," ] ]
    argument  = [ word "=" ] value
    value     = "Tensor(" shape "," string ")" | number | string | constant | Python's lists and tuples
              | "list[" values "]" | ( "tuple" | "slice" | "complex" | "float" ) "(" values ")"
              | ( "Dtype" | "VarType" | "type" | "Place" ) "(" bare name ")"
    shape     = list or tuple of whole numbers | "paddle.Size(" list ")"
    constant  = None | True | False | Ellipsis | [sign] ( nan | inf ), bare or behind "math." or "np."

So write Paddle's tracer and PaddleAPITest, and so does the trial when it prints a call. With two pairs of
parentheses the first holds the options of a layer, the second what it is applied to. Strings have no escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from conformance.errors import UserError

DEPTH = 32
"""How deep lists may be nested."""

DIGITS = 64
"""The longest number that is read; no argument needs more, and Python refuses thousands."""


class Unreadable(UserError):
    """The text is not a call; the message names the column, what stands there and what is allowed."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of a line, which has no values."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Named:
    """A bare name in its wrapper: Dtype(float32), VarType(FP32), type(float), Place(gpu:0)."""

    kind: str
    name: str


@dataclass(frozen=True)
class Line:
    """A call that was read. Those of a layer have the constructor's arguments, and `applied` for the call."""

    api: str  # as written: "paddle.nn.functional.avg_pool2d", "F.relu", "paddle.nn.AvgPool2D"
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    applied: Applied | None = None


@dataclass(frozen=True)
class Applied:
    """The call of a layer: its arguments, and the layer's mode."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    training: bool = True


def parse(text: str) -> Line:
    """The call that a text stands for.

    Raises:
        Unreadable: the text is not in the grammar above.
    """
    return _Reader(text).line()


class _Token(NamedTuple):
    kind: str  # "number", "string", "name", "mark", "end"
    text: str
    at: int


_TOKEN = re.compile(
    r"""(?P<blank> \s+ )
      | (?P<number> [+-]? (?: [0-9]+ \.? [0-9]* | \.[0-9]+ ) (?: [eE] [+-]? [0-9]+ )? )
      | (?P<string> "[^"]*" | '[^']*' )
      | (?P<name> [+-]? [A-Za-z_] [A-Za-z0-9_]* (?: \. [A-Za-z_] [A-Za-z0-9_]* )* )
      | (?P<mark> [][(),=.:] )""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Any] = {"None": None, "True": True, "False": False, "Ellipsis": ...} | {
    f"{sign}{module}{name}": float(f"{sign}{name}")
    for sign in ("", "+", "-")
    for module in ("", "math.", "np.", "numpy.", "paddle.")
    for name in ("inf", "nan")
}
_VALUE = "a number, a string, a list, a tuple, a Tensor, None, True, False, nan or math.inf"


def _refusal(at: int, found: str, allowed: str) -> Unreadable:
    return Unreadable(f"cannot read the call at column {at + 1}: there is {found}; allowed: {allowed}")


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None and text[at] in "\"'":
            raise _refusal(at, f"a {text[at]} that is never closed", "a string between two of them")
        if match is None:
            raise _refusal(at, repr(text[at]), "names, numbers, strings and the signs ( ) [ ] , = . :")
        if match.lastgroup != "blank":
            tokens.append(_Token(str(match.lastgroup), match.group(), at))
        at = match.end()
    return [*tokens, _Token("end", "", len(text))]


class _Reader:
    """Recursive descent over the tokens of one line."""

    def __init__(self, text: str) -> None:
        self._tokens, self._next, self._depth = _tokens(text), 0, 0

    def line(self) -> Line:
        """The whole text: a call, and nothing behind it."""
        api = self._take("name", "the name of a function or layer, such as paddle.nn.functional.relu").text
        self._mark("(")
        line = Line(api, *self._arguments())
        training = self._training()
        if training is not None or self._at("("):
            self._mark("(")
            line = Line(line.api, line.args, line.kwargs, Applied(*self._arguments(), training is not False))
        if self._token.kind != "end":
            raise self._found("the end of the line")
        return line

    def _training(self) -> bool | None:
        """What `.train()` or `.eval()` behind a layer says; None without either."""
        if not self._skip("."):
            return None
        if self._token.text not in ("train", "eval"):
            raise self._found("eval() or train()")
        training = self._take("name", "").text == "train"
        self._mark("(")
        self._mark(")")
        return training

    def _arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments up to the closing parenthesis, positional ones first."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        while not self._skip(")"):
            token = self._token
            if token.kind == "name" and self._tokens[self._next + 1].text == "=":
                self._next += 2
                if token.text in kwargs or not token.text.isidentifier():
                    raise _refusal(token.at, repr(token.text), "the name of an argument, each once")
                kwargs[token.text] = self._value()
            elif kwargs:
                raise self._found("name=value, once there was one")
            else:
                args.append(self._value())
            self._comma(")")
        return tuple(args), kwargs

    def _value(self) -> Any:
        token = self._token
        self._depth += 1
        if self._depth > DEPTH:
            raise self._found(f"lists nested at most {DEPTH} deep")
        self._next += 1
        value = self._read(token)
        self._depth -= 1
        return value

    def _read(self, token: _Token) -> Any:
        """The value that starts with this token, which is taken."""
        if token.kind == "number":
            return _number(token)
        if token.kind == "string":
            return token.text[1:-1]
        if token.text == "[":
            return self._values("]")[0]
        if token.text == "(":
            values, comma = self._values(")")
            return tuple(values) if comma or not values else values[0]
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if token.text in _WRAPPERS:
            self._mark("[" if token.text == "list" else "(")
            return _WRAPPERS[token.text](self, token)
        self._next -= 1
        raise self._found(_VALUE)

    def _values(self, close: str) -> tuple[list[Any], bool]:
        """The values up to the closing sign, and whether there was a comma."""
        values, comma = [], False
        while not self._skip(close):
            values.append(self._value())
            comma |= self._comma(close)
        return values, comma

    def _tensor(self, token: _Token) -> TensorSpec:
        """`Tensor([2, 3],"float32")`"""
        start = self._token.at
        shape = self._value()
        if not isinstance(shape, (list, tuple)) or not all(type(n) is int and n >= 0 for n in shape):
            raise _refusal(start, "no shape", "a list of whole numbers of at least 0, such as [2, 3]")
        self._mark(",")
        dtype = self._take("string", 'a dtype between quotes, such as "float32"').text[1:-1]
        self._skip(",")
        self._mark(")")
        return TensorSpec(tuple(shape), dtype)

    def _named(self, token: _Token) -> Named:
        """`Dtype(float32)`, `Place(gpu:0)`"""
        name = self._take("name", f"a bare name, such as {_NAMED[token.text]}").text
        if token.text == "Place" and self._skip(":"):
            name += ":" + self._take("number", "the number of the device").text
        self._mark(")")
        return Named(token.text, name)

    def _made(self, token: _Token) -> Any:
        """`tuple(2,3,)`, `slice(0,None,2)`, `complex(1.0,-2.0)`, `float("inf")`, `paddle.Size([2, 3])`"""
        make, example = _MAKERS[token.text]
        values = self._values(")")[0]
        try:
            return make(*values)
        except (TypeError, ValueError, OverflowError):
            raise _refusal(token.at, f"a {token.text} that makes no sense", f"such as {example}") from None

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _at(self, mark: str) -> bool:
        return self._token.kind == "mark" and self._token.text == mark

    def _skip(self, mark: str) -> bool:
        """Take this sign, if it stands here."""
        found = self._at(mark)
        self._next += found
        return found

    def _mark(self, mark: str) -> None:
        if not self._skip(mark):
            raise self._found(repr(mark))

    def _comma(self, close: str) -> bool:
        """Take the comma behind a value; without one the list must end here."""
        if self._skip(","):
            return True
        if not self._at(close):
            raise self._found(f"',' or '{close}'")
        return False

    def _take(self, kind: str, allowed: str) -> _Token:
        token = self._token
        if token.kind != kind:
            raise self._found(allowed)
        self._next += 1
        return token

    def _found(self, allowed: str) -> Unreadable:
        """The refusal of what stands here."""
        token = self._token
        return _refusal(token.at, repr(token.text[:40]) if token.text else "the end of the line", allowed)


def _slice(*parts: int | None) -> slice:
    if not all(part is None or type(part) is int for part in parts):
        raise TypeError
    return slice(*parts)


_MAKERS: dict[str, tuple[Callable[..., Any], str]] = {
    "tuple": (lambda *values: values, "tuple(2,3,)"),
    "slice": (_slice, "slice(0,None,2)"),
    "complex": (complex, "complex(1.0,2.0)"),
    "float": (float, 'float("inf")'),
    "paddle.Size": (list, "paddle.Size([2, 3])"),
}
_NAMED = {"Dtype": "Dtype(float32)", "VarType": "VarType(FP32)", "type": "type(float)", "Place": "Place(gpu:0)"}
_WRAPPERS: dict[str, Callable[[_Reader, _Token], Any]] = {
    "Tensor": _Reader._tensor,
    "list": lambda reader, token: reader._values("]")[0],
    **dict.fromkeys(_MAKERS, _Reader._made),
    **dict.fromkeys(_NAMED, _Reader._named),
}


def _number(token: _Token) -> int | float:
    if len(token.text) > DIGITS:
        raise _refusal(token.at, f"a number of {len(token.text)} signs", f"numbers of at most {DIGITS}")
    return float(token.text) if set(token.text) & set(".eE") else int(token.text)
