"""Arithmetic for a model that cannot count: numbers, + - * / // % **, brackets, and a few functions. Nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from ask.indexer.errors import UsageError

LONGEST = 200
LARGEST = 1e15

_Number = int | float
_BINARY: Mapping[type[ast.operator], Callable[[_Number, _Number], _Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: Mapping[str, Callable[..., _Number]] = {
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
    "sum": lambda *numbers: sum(numbers),
    "sqrt": math.sqrt,
}


def calculate(expression: str) -> str:
    """The value of an expression, written briefly. Raises `UsageError` for anything that is not arithmetic."""
    if len(expression) > LONGEST:
        raise UsageError("the expression is too long")
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, OverflowError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise UsageError(f"{expression!r} cannot be calculated: {error}") from error
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def _value(node: ast.expr) -> _Number:
    """The value of a part of the expression. Only what is listed here exists."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _small(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner)
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
            return _small(_BINARY[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _small(_FUNCTIONS[name](*map(_value, arguments)))
    raise UsageError("only arithmetic can be calculated")


def _power(base: _Number, exponent: _Number) -> _Number:
    """Bounded before it is computed: 9**9**9 would never end."""
    if abs(exponent) > 64 or abs(base) > 1e6:
        raise UsageError("the power is too large")
    power: _Number = base**exponent
    return _small(power)


def _small(number: _Number) -> _Number:
    if isinstance(number, complex) or not abs(number) <= LARGEST:
        raise UsageError("the number is too large")
    return number
