import numpy as np
import paddle

import refimpl

x = np.arange(1, 13, dtype="float32").reshape(4, 3)
paddle.seed(100)
theirs = paddle.nn.functional.dropout(paddle.to_tensor(x), p=0.5).numpy()
mask = refimpl.random.dropout_mask(refimpl.random.Generator(100), x.shape, p=0.5)
print("equal" if np.array_equal(refimpl.dropout(x, p=0.5, mask=mask), theirs) else "different")
print(theirs)
