"""A stand-alone script that shows a divergence: at most 20 lines, needs numpy and paddle only."""

from __future__ import annotations

from conformance import spelling
from conformance.case import Case
from conformance.floats import BFLOAT16

LINES = 20


def write(case: Case, output: str, index: tuple[int, ...], expected: str) -> str:
    """The script for a case that diverges in this output at this index."""
    call = case.call
    if case.cell.mode != "eager":
        return _program(case, output, index, expected)
    lines = ["import numpy as np, paddle", "from numpy import inf, nan"]
    if call.seed is not None:
        lines.append(f"paddle.seed({call.seed})")
    for name, value in call.arrays.items():
        stop = name not in call.differentiable
        lines.append(f"{name} = {spelling.tensor(value, f'stop_gradient={stop}')}")
    lines += _steps(case, output) if case.steps else _single(case, output)
    lines += [
        f'print("got     ", result if result is None else {_shown(case, index, expected)})',
        f'print("expected", {expected!r})',
    ]
    assert len(lines) <= LINES, lines
    return "\n".join(lines) + "\n"


def _program(case: Case, output: str, index: tuple[int, ...], expected: str) -> str:
    """The script for an output of a function in a static program; none for what takes more lines."""
    call, outputs = case.call, case.operator.outputs
    if case.cell.mode != "static" or output not in outputs or call.layer:
        return ""
    seed = [] if call.seed is None else [f"paddle.seed({call.seed})"]
    data = [f'    {n} = paddle.static.data("{n}", {list(a.shape)}, "{a.dtype}")' for n, a in call.arrays.items()]
    feed = ", ".join(f'"{name}": {spelling.array(array)}' for name, array in call.arrays.items())
    lines = [
        "import numpy as np, paddle",
        "from numpy import inf, nan",
        "paddle.enable_static()",
        *seed,
        "program = paddle.static.Program()",
        "with paddle.static.program_guard(program):",
        *data,
        f"    out = {spelling.written(case.operator, call, {name: name for name in call.arrays})}",
        f"results = paddle.static.Executor().run(program, feed={{{feed}}}, fetch_list=out)",
        f'print("got     ", results[{outputs.index(output)}]{list(index) if index else ""})',
        f'print("expected", {expected!r})',
    ]
    return "\n".join(lines) + "\n"


def _shown(case: Case, index: tuple[int, ...], expected: str) -> str:
    """What of the result stands beside the expected text: an element, the shape, or all of it."""
    if not index and expected.startswith("("):
        return "tuple(result.shape)"
    numbers = 'result.astype("float32").numpy()' if case.dtype == BFLOAT16 else "result.numpy()"
    return f"{numbers}[{', '.join(map(str, index))}]" if index else numbers


def _single(case: Case, output: str) -> list[str]:
    call = case.call
    if case.cell.property == "in_place":
        return _in_place(case, output)
    if case.cell.property == "accumulation":
        return _accumulation(case, output)
    if case.cell.property == "double_gradient":
        return _double(case, output)
    names = {name: name for name in call.arrays}
    lines = []
    if call.layer is None:
        lines.append(f"out = {spelling.written(case.operator, call, names)}")
    else:
        lines += _layer(case)
        lines.append(f"out = layer({', '.join(call.inputs)})")
    outputs = case.operator.outputs
    several = len(outputs) > 1 and call.arguments.get("return_mask")
    if case.cell.property == "gradient":  # also where no output came back, but an exception
        name = output.removeprefix("gradient of ")
        place = call.wanted_gradients.index(name) if name in call.wanted_gradients else 0
        own = {a: f"layer.{k}" for k, a in call.layer.state.items()} if call.layer else {}
        by = ", ".join(own.get(name, name) for name in call.wanted_gradients)
        lines.append(f"cotangent = {spelling.tensor(case.extras['cotangent'])}")
        first = "out[0]" if several else "out"
        return [*lines, f"result = paddle.grad({first}, [{by}], [cotangent], allow_unused=True)[{place}]"]
    if output in outputs and several:
        return [*lines, f"result = out[{outputs.index(output)}]"]
    if output in call.updates:
        keys = {a: f"layer.{k}" for k, a in call.layer.state.items()} if call.layer else {}
        return [*lines, f"result = {keys.get(output, output)}"]
    return [*lines, "result = out[0]" if several else "result = out"]


def _double(case: Case, output: str) -> list[str]:
    """The lines that differentiate a function twice."""
    names = {name: name for name in case.call.arrays}
    x, (cotangent, along) = next(iter(names)), case.extras.values()
    return [
        f"out = {spelling.written(case.operator, case.call, names)}",
        f"cotangent = {spelling.tensor(cotangent, 'stop_gradient=False')}",
        f"slope = paddle.grad(out, [{x}], [cotangent], create_graph=True)[0]",
        f"along = {spelling.tensor(along)}",
        f"by_x, by_cotangent = paddle.grad(slope, [{x}, cotangent], [along], allow_unused=True)",
        f"result = {'by_x' if output.endswith(' by x') else 'by_cotangent'}",
    ]


def _accumulation(case: Case, output: str) -> list[str]:
    """The lines of the backward passes up to the one after which the gradient is wrong (all, if none came back)."""
    names, layer = {name: name for name in case.call.arrays}, case.call.layer
    lines = _layer(case) if layer else []
    apply = f"layer({', '.join(case.call.inputs)})" if layer else spelling.written(case.operator, case.call, names)
    apply += "[0]" if case.call.arguments.get("return_mask") else ""
    name, _, when = output.removeprefix("gradient of ").partition(" after ")
    own = {argument: f"layer.{key}" for key, argument in layer.state.items()} if layer else {}
    place = own.get(name, name if when else case.call.wanted_gradients[0])
    one, two = (spelling.tensor(case.extras[key]) for key in ("cotangent", "second cotangent"))
    lines += [f"out = {apply}", f"out.backward({one}, retain_graph=True)"]
    if when != "one pass":
        lines.append(f"out.backward({two})")
    if when not in ("one pass", "two passes"):
        again = [] if case.call.seed is None else [f"paddle.seed({case.call.seed})"]
        lines += [f"{place}.clear_gradient()", *again, f"{apply}.backward({two})"]
    return [*lines, f"result = {place}.grad"]


def _in_place(case: Case, output: str) -> list[str]:
    """The lines that write over a copy, or over the tensor itself, where that should be refused."""
    names = {name: name for name in case.call.arrays}
    x = next(iter(names))
    if output.startswith("a leaf"):
        return [f"result = {spelling.written(case.operator, case.call, names)}"]
    lines = [f"copy = paddle.assign({x})", f"out = {spelling.written(case.operator, case.call, {**names, x: 'copy'})}"]
    if output.startswith("gradient"):
        lines.append(f"cotangent = {spelling.tensor(case.extras['cotangent'])}")
        return [*lines, f"result = paddle.grad(out, [{output.removeprefix('gradient of ')}], [cotangent])[0]"]
    return [*lines, "result = paddle.to_tensor(out is copy)" if output == "the object" else "result = out"]


def _layer(case: Case) -> list[str]:
    """The lines that make the layer and set its state."""
    form = case.call.layer
    assert form is not None
    lines = [f"layer = paddle.nn.{form.name}({spelling._options(form.options)})"]
    if form.state:
        if case.cell.dtype != "float32":
            lines.append(f'layer.to(dtype="{case.cell.dtype}")')
        pairs = ", ".join(f'"{key}": {argument}' for key, argument in form.state.items())
        lines.append(f"layer.set_state_dict({{{pairs}}})")
    if not case.call.arguments.get("training", True):
        lines.append("layer.eval()")
    return lines


def _steps(case: Case, output: str) -> list[str]:
    """The lines that apply a layer step by step, up to the step that diverges (all, if none came back)."""
    form = case.call.layer
    assert form is not None
    name, _, last = output.partition(" after step ")
    lines = _layer(case)
    for step, training in enumerate(case.steps[: int(last) if last else None], 1):
        lines.append(f"x = {spelling.tensor(case.extras[f'x of step {step}'])}")
        lines.append(f"layer.{'train' if training else 'eval'}(); out = layer(x)")
    keys = {a: k for k, a in form.state.items()}
    return [*lines, f"result = layer.{keys[name]}" if name in keys else "result = out"]
