"""The words of the reports: a symbol for every verdict, and the page's labels in Chinese."""

from conformance.record import Verdict

SEVERITY = (
    Verdict.CRASH,
    Verdict.TIMEOUT,
    Verdict.FAIL,
    Verdict.CHANGED,
    Verdict.ERROR,
    Verdict.FIXED,
    Verdict.KNOWN,
    Verdict.NOT_RUN,
    Verdict.ABSENT,
    Verdict.PASS,
)
"""Every verdict, the one that needs attention most first."""

SYMBOL = {
    Verdict.CRASH: "†",
    Verdict.TIMEOUT: "∞",
    Verdict.FAIL: "✗",
    Verdict.CHANGED: "≠",
    Verdict.ERROR: "!",
    Verdict.FIXED: "★",
    Verdict.KNOWN: "≈",
    Verdict.NOT_RUN: "–",
    Verdict.ABSENT: "∅",
    Verdict.PASS: "✓",
}
"""Told apart without colour, in fonts that every system has."""

MEANING = {
    Verdict.CRASH: ("Paddle killed the process that asked it", "Paddle 使调用它的进程崩溃"),
    Verdict.TIMEOUT: ("Paddle did not answer in time", "Paddle 未在限定时间内返回"),
    Verdict.FAIL: ("a divergence that the register does not know", "登记册中没有的偏差"),
    Verdict.CHANGED: ("a known divergence that now diverges in another way", "已知偏差，但表现与登记不同"),
    Verdict.ERROR: ("the trial itself failed; says nothing about Paddle", "测试自身出错，与 Paddle 无关"),
    Verdict.FIXED: ("a known divergence that is gone", "已知偏差已消失"),
    Verdict.KNOWN: ("a known divergence, seen again exactly as registered", "已知偏差，表现与登记完全一致"),
    Verdict.NOT_RUN: ("nothing was judged, for the reason given", "未判定，原因另附"),
    Verdict.ABSENT: (
        "this Paddle has no such operator, kernel or gradient",
        "该 Paddle 没有此算子、内核或梯度",
    ),
    Verdict.PASS: ("every case was inside its bound", "所有用例均在误差界内"),
}
"""What each verdict says, in English and in Chinese."""

CELLS = (
    "Every cell holds all modes, layouts and devices of one operator, property and dtype, and shows the "
    "worst verdict with its share of the records. Follow a cell to its records."
)
DOTS = (
    "One dot is one record: its largest error as a share of what was allowed, on a logarithmic axis; at 1 "
    "the bound is used up. On the left the number of records without any error. In an operator's row each "
    "dtype has a lane of its own:"
)
EVERY_RECORD = "Each record of the run, with the regions of values and the arguments that were exercised."

DRIFT = (
    "Inside its bound, and further off than was ever recorded on this platform. It fails no run; a kernel that lost "
    "accuracy looks like this."
)
SCALING = (
    "What ones become, with Paddle's number before the reference's: the factor of what is not dropped, and the mean. "
    "upscale_in_train keeps the mean in training, and evaluation changes nothing; downscale_in_infer keeps in "
    "evaluation the mean that training has left."
)

CHINESE = {
    "pass": "通过",
    "fail": "失败",
    "known": "已知",
    "fixed": "已修复",
    "changed": "已变化",
    "crash": "崩溃",
    "timeout": "超时",
    "absent": "不存在",
    "not-run": "未运行",
    "error": "测试出错",
    "bug": "缺陷",
    "documentation": "文档",
    "choice": "取舍",
    "forward": "前向",
    "gradient": "梯度",
    "state": "状态",
    "Paddle conformance report": "Paddle 一致性报告",
    "Drift": "精度退化",
    DRIFT: "误差仍在界内，但超过此平台以往的记录。不影响运行结论；内核精度下降时会出现这种情况。",
    "drift": "变化",
    "worst call": "误差最大的调用",
    "Randomness": "随机性",
    "Two ways to scale": "两种缩放方式",
    SCALING: "输入全为 1 时的结果，先 Paddle 后参考实现：未被丢弃元素的倍数，以及均值。"
    "upscale_in_train 在训练时保持均值，推理时不作改变；downscale_in_infer 在推理时保持训练所留下的均值。",
    "stream": "随机流",
    "statistics": "统计",
    "scaling": "缩放",
    "errors": "报错",
    "aliases": "别名",
    "integers": "整数",
    "complex": "复数",
    "tests": "检验数",
    "random numbers": "随机数",
    "probability": "概率",
    "correlation": "相关",
    "distribution": "分布",
    "factor in training": "训练倍数",
    "factor in evaluation": "推理倍数",
    "mean in training": "训练均值",
    "mean in evaluation": "推理均值",
    "Needs attention": "需要关注",
    "Its example stands under what needs attention.": "示例见“需要关注”。",
    "Operators": "算子",
    "Known divergences": "已知偏差",
    "Errors against their bounds": "误差与误差界",
    "Records": "逐条记录",
    "Not judged": "未判定",
    "Environment": "运行环境",
    CELLS: "每格汇总一个算子、性质与数据类型下的全部模式、布局和设备，显示其中最严重的结论及其所占记录数"
    "。点击可查看对应记录。",
    DOTS: "每个点是一条记录：最大误差占允许误差的比例（对数轴），到 1 即用尽误差界。左侧为没有任何误"
    "差的记录数。同一算子的一行中，各数据类型各占一道，自上而下：",
    EVERY_RECORD: "本次运行的每条记录，以及所覆盖的取值区域和参数。",
    "operator": "算子",
    "property": "性质",
    "dtype": "数据类型",
    "mode": "执行模式",
    "layout": "布局",
    "device": "设备",
    "verdict": "结论",
    "cases": "用例数",
    "set aside": "已排除",
    "worst ULP": "最大 ULP",
    "worst share": "最大占比",
    "seconds": "秒",
    "worst call, or reason": "误差最大的调用，或原因",
    "records": "条记录",
    "exercised": "覆盖情况",
    "regions of values": "取值区域",
    "values (cases)": "取值（用例数）",
    "call": "调用",
    "output": "输出",
    "index": "下标",
    "got": "实际",
    "expected": "应为",
    "off by": "误差",
    "share of what is allowed": "占允许误差的比例",
    "inputs": "输入",
    "repeat": "复现命令",
    "script": "独立脚本",
    "reason": "原因",
    "right": "正确行为",
    "Paddle does": "Paddle 的行为",
    "when": "适用情形",
    "versions": "版本",
    "report": "链接",
    "copy": "复制",
    "exact": "无误差",
    "the bound": "误差界",
    "share of the allowed error": "占允许误差的比例",
    "Paddle": "Paddle",
    "commit": "提交",
    "seed": "随机种子",
    "profile": "配置档",
    "selection": "筛选条件",
    "started": "开始时间",
    "duration": "耗时",
    "threads": "线程数",
    "reference precision": "参考实现精度",
    "flags": "FLAGS",
    "to repeat this run": "重复本次运行",
    "top": "返回顶部",
}
"""The page's own labels. Data (operators, calls, reasons) stays as it was recorded."""
