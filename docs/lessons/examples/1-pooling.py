import numpy as np
import paddle

import refimpl

x = np.array([[1, 3, 2, 0], [5, 7, 4, 6], [0, 1, 9, 8], [2, 1, 7, 8]], "float32")[None, None]
for pool in ("avg_pool2d", "max_pool2d"):
    ours = getattr(refimpl, pool)(x, kernel_size=2, stride=2)
    theirs = getattr(paddle.nn.functional, pool)(paddle.to_tensor(x), kernel_size=2, stride=2)
    print(pool, "equal" if np.array_equal(ours, theirs.numpy()) else "different")
    print(ours[0, 0])
