"""Writes models that are not of the agreed form, or are hostile: odd/*.onnx. See make-sklearn.py."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ODD = Path(__file__).parent / "odd"
FLOAT, DOUBLE, INT64, STRING = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT64,
    TensorProto.STRING,
)


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, numbers, kind):
    return numpy_helper.from_array(np.array(numbers, kind), name)


ROW, SCORE = value("x", ["n", 6]), value("y", ["n", 1])
ONE = constant("one", [1], np.int64)
SUM = helper.make_node("ReduceSum", ["x", "one"], ["y"], keepdims=1)


def save(name, nodes, inputs, outputs, constants=(), opset=18, domain=None):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    (ODD / f"{name}.onnx").write_bytes(model.SerializeToString())


def external(name):
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[6, 1], data_location=TensorProto.EXTERNAL)
    for key, text in {"location": name, "offset": "0", "length": "24"}.items():
        tensor.external_data.add(key=key, value=text)
    return tensor


def main():
    ODD.mkdir(exist_ok=True)
    save("sum", [SUM], [ROW], [SCORE], [ONE])
    save("any-shape", [SUM], [value("x", None)], [value("y", None)], [ONE])
    save("double", [SUM], [value("x", ["n", 6], DOUBLE)], [value("y", ["n", 1], DOUBLE)], [ONE])
    save("five-features", [SUM], [value("x", ["n", 5])], [SCORE], [ONE])
    save("cube", [SUM], [value("x", ["n", 6, 1])], [value("y", ["n", 1, 1])], [ONE])
    save("int64", [SUM], [value("x", ["n", 6], INT64)], [value("y", ["n", 1], INT64)], [ONE])
    save("string", [helper.make_node("Identity", ["x"], ["y"])], [value("x", ["n", 6], STRING)], [value("y", ["n", 6], STRING)])
    both = helper.make_node("Add", ["x", "z"], ["y"])
    save("two-inputs", [both], [ROW, value("z", ["n", 6])], [value("y", ["n", 6])])
    twice = [SUM, helper.make_node("Identity", ["y"], ["again"])]
    save("two-scores", twice, [ROW], [SCORE, value("again", ["n", 1])], [ONE])
    parts = helper.make_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=2)
    save("three-columns", [parts], [ROW], [value("a", ["n", 3]), value("b", ["n", 3])])
    save("one-feature", [helper.make_node("Abs", ["x"], ["y"])], [value("x", ["n", 1])], [value("y", ["n", 1])])
    zero = constant("zero", [0], np.int64)
    whole = helper.make_node("ReduceSum", ["x", "zero"], ["y"], keepdims=1)
    save("one-row-for-all", [whole], [ROW], [value("y", ["m", 6])], [zero])
    # As a batch normalisation that was exported while it trained: a row's score is that of its neighbours.
    centred = [
        helper.make_node("ReduceMean", ["x", "zero"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["c"]),
        helper.make_node("Add", ["x", "c"], ["d"]),
        helper.make_node("ReduceSum", ["d", "one"], ["y"], keepdims=1),
    ]
    save("neighbours", centred, [ROW], [SCORE], [zero, ONE])
    same = helper.make_node("Mul", ["y", "nought"], ["same"])
    save("same-for-all", [SUM, same], [ROW], [value("same", ["n", 1])], [ONE, constant("nought", [0], np.float32)])
    logarithm = [helper.make_node("Log", ["x"], ["l"]), helper.make_node("ReduceSum", ["l", "one"], ["y"], keepdims=1)]
    save("logarithm", logarithm, [ROW], [SCORE], [ONE])
    # Fails on rows with a number of 8 or more.
    lookup = [
        helper.make_node("Cast", ["x"], ["i"], to=INT64),
        helper.make_node("Gather", ["table", "i"], ["g"]),
        helper.make_node("ReduceSum", ["g", "one"], ["y"], keepdims=1),
    ]
    save("lookup", lookup, [ROW], [SCORE], [constant("table", range(8), np.float32), ONE])
    save("unknown-operator", [helper.make_node("Frobnicate", ["x"], ["y"])], [ROW], [SCORE])
    own = helper.make_node("Frobnicate", ["x"], ["y"], domain="com.example")
    save("own-operator", [own], [ROW], [SCORE], domain="com.example")
    save("opset-99", [SUM], [ROW], [SCORE], [ONE], opset=99)
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    save("external-data", [product], [ROW], [SCORE], [external("weights.bin")])
    inner = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["z"])], "inner", [], [value("z", ["n", 1])], [external("weights.bin")])
    branch = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
    save("external-data-inside", [branch], [ROW], [SCORE], [constant("yes", True, np.bool_)])
    # 4 TiB.
    vast = [
        helper.make_node("ConstantOfShape", ["vast"], ["v"]),
        helper.make_node("ReduceSum", ["v"], ["s"], keepdims=0),
        helper.make_node("ReduceSum", ["x", "one"], ["r"], keepdims=1),
        helper.make_node("Add", ["r", "s"], ["y"]),
    ]
    save("vast", vast, [ROW], [SCORE], [constant("vast", [2**40], np.int64), ONE])


if __name__ == "__main__":
    main()
