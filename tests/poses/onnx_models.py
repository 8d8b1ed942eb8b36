"""Small networks in ONNX files with the inputs and outputs of YOLOX and RTMPose, which really find something.

People are rectangles of one of four colours, joints are dots of 17 colours: what is read in the wrong order of colours,
unnormalised or shifted is not found, or found elsewhere.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper, save
from torch import Tensor

BACKGROUND = (40, 40, 40)
BODIES = ((120, 140, 170), (170, 140, 120), (140, 170, 120), (120, 170, 150))
"""Colours of people, the surest first."""
SCORES = (0.9, 0.8, 0.7, 0.6)
DOTS = [tuple(each) for each in product((15, 100, 240), repeat=3) if len(set(each)) > 1][:17]
"""Colours of the joints, in their order."""
RADIUS = 5
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
_LARGE = 1e5


Drawn = tuple[int, tuple[int, int, int, int], dict[int, tuple[float, float]]]
"""A person: number of the colour, box (left, top, right, bottom), {joint: place}."""


def picture(size: tuple[int, int], people: list[Drawn]) -> Tensor:
    """Draw people; uint8 RGB (3, H, W)."""
    pixels = np.full((*size, 3), BACKGROUND, np.uint8)
    rows, columns = np.mgrid[: size[0], : size[1]]
    for body, (left, top, right, bottom), joints in people:
        pixels[top:bottom, left:right] = BODIES[body]
        for joint, (x, y) in joints.items():
            pixels[(columns - x) ** 2 + (rows - y) ** 2 <= RADIUS**2] = DOTS[joint]
    return torch.from_numpy(pixels).permute(2, 0, 1)


def person_in(body: int, box: tuple[int, int, int, int]) -> Drawn:
    """A person of that colour, whose joints lie in rows of four across the box."""
    left, top, right, bottom = box
    cells = [(left + (i % 4 + 0.5) * (right - left) / 4, top + (i // 4 + 0.5) * (bottom - top) / 5) for i in range(17)]
    return body, box, dict(enumerate(cells))


class _Graph:
    """Nodes and constants, written down in the order of calls."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, kind: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def __call__(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        name = to or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def near(self, image: str, colours: Any, reach: float) -> str:
        """How near each pixel of an image from 0 to 255 is to each colour: 1 at it, 0 from ``reach`` on."""
        colours = np.asarray(colours, np.float32)
        squares = self("ReduceSum", self("Mul", image, image), self.constant([1], np.int64), keepdims=1)
        product = self("Conv", image, self.constant(-2 * colours[:, :, None, None]))
        own = self.constant((colours**2).sum(axis=1)[None, :, None, None])
        distance = self("Add", self("Add", product, own), squares)
        return self("Relu", self("Sub", self.constant(1), self("Div", distance, self.constant(reach**2))))

    def save(self, path: Path, size: tuple[int | str, int | str], outputs: dict[str, list[Any]], batch: Any) -> Path:
        given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, *size])
        made = [
            helper.make_tensor_value_info(name, TensorProto.INT64 if name == "labels" else TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ]
        graph = helper.make_graph(self.nodes, "network", [given], made, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        save(model, path)
        return path


def pose_network(path: Path, size: tuple[int, int] = (256, 192), batch: Any = "batch", seed: int = 0) -> Path:
    """RTMPose's signature: curves over x (N, 17, 2 w) and y (N, 17, 2 h), highest at the dot of each joint."""
    graph = _Graph()
    mean, std = (np.float32(values)[:, None, None] for values in (MEAN, STD))
    image = graph("Add", graph("Mul", "input", graph.constant(std)), graph.constant(mean))
    heat = graph.near(image, DOTS, reach=30)
    kernel = 16.0 - np.abs(np.arange(-15, 16))
    noise = np.random.RandomState(seed).uniform(0, 1e-3, (17, 1, 31))
    weights = graph.constant((np.tile(kernel / kernel.max(), (17, 1, 1)) + noise) / (1.2 * RADIUS**2))
    for name, axis in (("simcc_x", 2), ("simcc_y", 3)):
        mass = graph("ReduceSum", heat, graph.constant([axis], np.int64), keepdims=0)
        smooth = graph("Conv", mass, weights, pads=[15, 15], group=17)
        score = graph("Div", smooth, graph("Add", smooth, graph.constant(0.3)))
        twice = graph.constant([1, 1, 2])
        graph("Resize", score, "", twice, to=name, mode="linear", coordinate_transformation_mode="asymmetric")
    return graph.save(path, size, {"simcc_x": [batch, 17, 2 * size[1]], "simcc_y": [batch, 17, 2 * size[0]]}, batch)


def people_network(path: Path, size: tuple[int, int] = (320, 320), batch: Any = 1, *, named: bool = True) -> Path:
    """YOLOX's signature as MMDeploy exports it: boxes (1, 4, 5) and classes (1, 4), a box for each colour of people."""
    graph = _Graph()
    heat = graph.near("input", [colour[::-1] for colour in BODIES], reach=12)  # BGR
    sides = []
    for axis, length in ((2, size[1]), (3, size[0])):
        mass = graph("ReduceSum", heat, graph.constant([axis], np.int64), keepdims=0)
        there = graph("Greater", mass, graph.constant(8))  # (1, 4, length)
        places = graph.constant(np.arange(length)[None, None])
        far = graph.constant(_LARGE)
        low = graph("ReduceMin", graph("Where", there, places, far), axes=[2], keepdims=1)
        none = graph.constant(-1)
        high = graph("ReduceMax", graph("Where", there, places, none), axes=[2], keepdims=1)
        sides.append((graph("Min", low, graph.constant(length)), graph("Add", high, graph.constant(1))))
    (left, right), (top, bottom) = sides
    seen = graph("Where", graph("Greater", right, left), graph.constant(1), graph.constant(0))
    score = graph("Mul", seen, graph.constant(np.float32(SCORES)[None, :, None]))
    graph("Concat", left, top, right, bottom, score, to="dets", axis=2)
    graph("Identity", graph.constant([[0] * len(BODIES)], np.int64), to="labels")
    given = size if named else ("height", "width")
    return graph.save(path, given, {"dets": [1, 4, 5], "labels": [1, 4]}, batch)
