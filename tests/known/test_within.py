"""The rows of within.py let go what their entry is about, and hold the elements beside it to what they were held to."""

from dataclasses import replace

import numpy as np
import pytest

from conformance import bind, line
from conformance.call import Answer
from conformance.checks import PROPERTIES
from tests.trial.stand_ins import Honest

NAN, INF = "nan", "inf"
TWO = 'Tensor([2],"float32"), Tensor([2],"float32")'
STATISTICS = {"running_mean": [0.0, 0.0], "running_var": [1.0, 1.0]}
CHANNELS = f'batch_norm(Tensor([2, 2],"float32"), {TWO}'

PLANTS = [
    # row, call, values, property, output, index, what is let go there, index, what is not
    ("relu-nan", 'relu(Tensor([2],"float32"))', {"x": [NAN, 1.0]}, "forward", "out", 0, 0.0, 1, 0.0),
    ("sigmoid-tail", 'sigmoid(Tensor([2],"float32"))', {"x": [-89.0, -88.0]}, "forward", "out", 0, 0.0, 1, 0.0),
    ("sigmoid-derivative", 'sigmoid(Tensor([2],"float32"))', {"x": [17.0, -17.0], "cotangent": [1.0, 1.0]}, "gradient",
     "x", 0, 0.0, 1, 0.0),
    ("dropout-dropped", 'dropout(Tensor([2],"float32"), 1.0, 0)', {"x": [INF, 1.0]}, "forward",
     "out", 0, np.nan, 1, np.nan),
    ("dropout-scale", 'dropout(Tensor([2],"float64"), 0.1, training=False, mode="downscale_in_infer")',
     {"x": [1.0, 1.0]}, "forward", "out", 0, 0.9 + 3e-8, 1, 0.9 + 3e-7),
    ("avg-pool-overflow", 'avg_pool2d(Tensor([1, 1, 2, 2],"float32"), [1, 2])', {"x": [[[[3e38, 3e38], [1.0, 3.0]]]]},
     "forward", "out", (0, 0, 0, 0), np.inf, (0, 0, 1, 0), np.inf),
    ("avg-pool-divisor", 'avg_pool2d(Tensor([1, 1, 1, 3],"float32"), [1, 2], padding=[0, 1], divisor_override=1)',
     {"x": [[[[1.0, 2.0, 3.0]]]]}, "forward", "out", (0, 0, 0, 0), 2.0, (0, 0, 0, 1), 5.01),
    ("avg-pool-behind", 'avg_pool2d(Tensor([1, 1, 1, 3],"float32"), [1, 2], padding=[0, 0, 0, 1], exclusive=False)',
     {"x": [[[[1.0, 2.0, 3.0]]]]}, "forward", "out", (0, 0, 0, 1), 3.0, (0, 0, 0, 0), 1.51),
    ("avg-pool-gradient-single", 'avg_pool2d(Tensor([1, 1, 1, 3],"float64"), [1, 3])',
     {"x": [[[[1.0, 2.0, 3.0]]]], "cotangent": [[[[1.0]]]]}, "gradient", "x", (0, 0, 0, 0), np.float32(1 / 3),
     (0, 0, 0, 1), 1 / 3 + 1e-7),
    ("avg-pool-static-divisor", 'avg_pool2d(Tensor([1, 1, 2, 1],"float64"), 1, divisor_override=3)',
     {"x": [[[[1.0], [1.0]]]]}, "forward", "out", (0, 0, 0, 0), np.float32(1 / 3), (0, 0, 1, 0), 1 / 3 + 1e-7),
    ("leaky-at-zero", 'leaky_relu(Tensor([2],"float32"))', {"x": [0.0, 1.0], "cotangent": [1.0, 1.0]}, "gradient", "x",
     0, 0.01, 1, 0.01),
    ("max-pool-nan", 'max_pool2d(Tensor([1, 1, 2, 2],"float32"), [1, 2])', {"x": [[[[NAN, 1.0], [1.0, 3.0]]]]},
     "forward", "out", (0, 0, 0, 0), 1.0, (0, 0, 1, 0), 1.0),
    ("max-pool-lowest", 'max_pool2d(Tensor([1, 1, 2, 1],"float64"), 1)', {"x": [[[[-1e39], [-1e38]]]]}, "forward",
     "out", (0, 0, 0, 0), np.finfo(np.float32).min, (0, 0, 1, 0), np.finfo(np.float32).min),
    ("unpool-overwritten", 'max_unpool1d(Tensor([1, 1, 2],"float32"), Tensor([1, 1, 2],"int32"), 2, 1)',
     {"x": [[[1.0, 2.0]]], "indices": [[[1, 1]]], "cotangent": [[[1.0, 2.0, 3.0]]]}, "gradient", "x", (0, 0, 0), 2.0,
     (0, 0, 1), 0.0),
    ("lp-pool-range", 'lp_pool1d(Tensor([1, 1, 2],"float32"), 2, 1)', {"x": [[[1e20, 3.0]]]}, "forward", "out",
     (0, 0, 0), np.inf, (0, 0, 1), np.inf),
    ("lp-pool-single", 'lp_pool1d(Tensor([1, 1, 2],"float64"), 2, 1)', {"x": [[[0.1, 3.0]]]}, "forward", "out",
     (0, 0, 0), np.float32(0.1), (0, 0, 1), 3.00001),
    ("lp-pool-zero", 'lp_pool1d(Tensor([1, 1, 2],"float32"), 2, 1)', {"x": [[[0.0, 3.0]]],
     "cotangent": [[[1.0, 1.0]]]}, "gradient", "x", (0, 0, 0), np.nan, (0, 0, 1), np.nan),
    ("batch-norm-overflow", f'{CHANNELS}, training=True, data_format="NC")',
     {"x": [[1e20, 1.0], [-1e20, 3.0]], **STATISTICS}, "forward", "out", (0, 0), np.nan, (0, 1), 0.0),
    ("batch-norm-eval-updates", f'{CHANNELS}, use_global_stats=False, data_format="NC")',
     {"x": [[1.0, 1.0], [3.0, 3.0]], **STATISTICS}, "forward", "running_mean", 0, 0.2, 1, 0.3),
    ("batch-norm-infinite-cotangent", f'{CHANNELS}, training=True, data_format="NC")',
     {"x": [[1.0, 1.0], [3.0, 3.0]], "cotangent": [[INF, 1.0], [1.0, 1.0]], **STATISTICS}, "gradient", "x", (0, 0), 7.0,
     (0, 1), 7.0),
]  # fmt: skip


class Planted(Honest):
    """The reference, but for one element."""

    def __init__(self, output, index, value):
        self.place = output, index, value

    def forward(self, call):
        return self._planted(super().forward(call))

    def gradient(self, call, cotangent):
        return self._planted(super().gradient(call, cotangent))

    def _planted(self, answer):
        output, index, value = self.place
        arrays = {name: array.copy() for name, array in answer.arrays.items()}
        arrays[output][index] = value
        return Answer(arrays)


def _fails(row, call, values, prop, *place, within=True):
    with np.errstate(all="ignore"):
        cases = bind.cases(
            line.parse(f"paddle.nn.functional.{call}"), bind.Values(given=values), "eager", "cpu", (prop,)
        )
        PROPERTIES[prop].prepare(cases[0])
        case = replace(cases[0], within=(row,) if within else ())
        return PROPERTIES[prop].judge(case, Planted(*place)).fails


@pytest.mark.parametrize(
    ("row", "call", "values", "prop", "output", "here", "known", "there", "new"), PLANTS, ids=[p[0] for p in PLANTS]
)
def test_a_row_lets_its_elements_go_and_no_others(row, call, values, prop, output, here, known, there, new):
    assert _fails(row, call, values, prop, output, here, known, within=False)
    assert not _fails(row, call, values, prop, output, here, known)
    assert _fails(row, call, values, prop, output, there, new)
