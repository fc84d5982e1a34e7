import numpy as np
import paddle

import refimpl

x = np.array([-2, -0.5, 0, 0.5, 2], "float32")
for name in ("sigmoid", "relu"):
    t = paddle.to_tensor(x, stop_gradient=False)
    y = getattr(paddle.nn.functional, name)(t)
    y.sum().backward()
    print(name, " Paddle ", y.numpy().round(4), "derivative", t.grad.numpy().round(4))
    (slope,) = getattr(refimpl, name + "_vjp")(np.ones_like(x), x)
    print(name, " refimpl", getattr(refimpl, name)(x).round(4), "derivative", slope.round(4))
