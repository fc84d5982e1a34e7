"""What is checked: one module a property, generic over the declarations."""

from types import ModuleType

from conformance.checks import (
    accumulation,
    aliases,
    complex_numbers,
    double_gradient,
    errors,
    forward,
    gradient,
    in_place,
    integers,
    laws,
    memory,
    scaling,
    state,
    statistics,
    stream,
)

PROPERTIES: dict[str, ModuleType] = {
    "forward": forward,
    "gradient": gradient,
    "accumulation": accumulation,
    "double_gradient": double_gradient,
    "in_place": in_place,
    "memory": memory,
    "laws": laws,
    "state": state,
    "stream": stream,
    "statistics": statistics,
    "scaling": scaling,
    "errors": errors,
    "aliases": aliases,
    "integers": integers,
    "complex": complex_numbers,
}
"""Every property: a module with its `PACE` and the functions `applies(operator)`, `prepare(case)`, `names(case)` and
`judge(case, subject)`. Those with the most cases have the last in two halves, `ask(case, subject)` and
`weigh(case, answer)`, so that Paddle can be asked all cases of a batch in a row. Those of what an operator may
lack have `absent(case, subject)` and `unjudged(case, subject)`: why its simplest case is absent, or not judged."""
