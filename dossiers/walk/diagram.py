"""The flow of a dossier as a picture (sơ đồ luồng): SVG on its page, BPMN 2.0 as a file."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import Any
from xml.etree import ElementTree

from cycle.models import RuleSet
from cycle.steps import Step
from dossiers import flows
from dossiers.law.guidance import GUIDES
from dossiers.law.nodes import NODES
from dossiers.models import Dossier, Task

WIDTH, HEIGHT = 158, 58
ACROSS, DOWN = 196, 82
MARGIN, HEAD = 12, 50

#: Evaluation is three columns, or it would be twice as tall as the rest.
_AT_DISTRICT = ("check_at_district", "evaluate_at_district", "forward_from_district")
_AT_PROVINCE = (
    "check_at_province",
    "evaluate_at_province",
    "propose_recognition",
    "decide",
    "await_centre",
)


@dataclass
class Box:
    """One task in the picture; ``standing`` is ``done``, ``here`` or ``todo``."""

    name: str
    title: Any
    x: int
    y: int
    standing: str

    @property
    def lines(self) -> list[dict[str, str]]:
        """The title broken into lines that fit: text and position of each."""
        lines = wrap(str(self.title), 20)[:3]
        top = self.y + HEIGHT // 2 + 4 - (len(lines) - 1) * 8
        return [
            {"text": text, "x": str(self.x + WIDTH // 2), "y": str(top + n * 16)}
            for n, text in enumerate(lines)
        ]

    @property
    def rect(self) -> dict[str, str]:
        """Attributes of the rectangle, as text: a template would localise 1200 to «1.200»."""
        return {"x": str(self.x), "y": str(self.y), "width": str(WIDTH), "height": str(HEIGHT)}

    @property
    def tick(self) -> dict[str, str]:
        """The position of the tick of a finished task."""
        return {"x": str(self.x + WIDTH - 16), "y": str(self.y + 16)}


@dataclass
class Picture:
    """The boxes, the arrows between them and the names of the columns."""

    boxes: list
    columns: list
    arrows: list

    @property
    def view_box(self) -> str:
        """The viewBox of the SVG."""
        return f"0 0 {len(self.columns) * ACROSS + MARGIN} {self.height}"

    @property
    def height(self) -> int:
        return max(box.y for box in self.boxes) + DOWN


def edges(rule_set: RuleSet) -> tuple[list[tuple[str, str]], list[str]]:
    """(task, task that may follow it) by name, and the names of the tasks that may be the last."""
    nodes = list(flows.of(rule_set).instance.nodes())
    pairs, last = [], []
    for node in nodes:
        if node.name not in NODES:
            continue
        for follower in node.followers:
            if follower.name in NODES:
                pairs.append((node.name, follower.name))
            else:
                last.append(node.name)
    return pairs, last


def _columns(names: list[str]) -> list[tuple[Any, list[str]]]:
    columns = []
    for step in Step:
        inside = [name for name in names if NODES[name].step == step]
        if step == Step.EVALUATION:
            upper = _AT_DISTRICT + _AT_PROVINCE
            columns.append((step.label, [name for name in inside if name not in upper]))
            columns.append((step.label, [name for name in inside if name in _AT_DISTRICT]))
            columns.append((step.label, [name for name in inside if name in _AT_PROVINCE]))
        else:
            columns.append((step.label, inside))
    return [(label, inside) for label, inside in columns if inside]


def picture(dossier: Dossier, task: Task | None) -> Picture:
    """The flow of the dossier's edition, with its open ``task`` (or None) marked."""
    pairs, _last = edges(dossier.rule_set)
    flow_names = {name for pair in pairs for name in pair}
    names = [name for name in NODES if name in flow_names]
    done = set(dossier.tasks.filter(status="DONE").values_list("node", flat=True))
    boxes, columns, heading = {}, [], None
    for across, (label, inside) in enumerate(_columns(names)):
        x = MARGIN + across * ACROSS
        lines = [] if label == heading else wrap(str(label), 18)
        columns.append(
            {
                "lines": [
                    {"text": text, "x": str(x), "y": str(18 + n * 18)}
                    for n, text in enumerate(lines)
                ]
            }
        )
        heading = label
        for down, name in enumerate(inside):
            standing = "here" if task and task.node == name else "done" if name in done else "todo"
            boxes[name] = Box(name, GUIDES[name].title, x, HEAD + down * DOWN, standing)
    arrows = [_arrow(boxes[start], boxes[end]) for start, end in pairs]
    return Picture(list(boxes.values()), columns, arrows)


def _arrow(start: Box, end: Box) -> Any:
    """A curve from one box to another; ``back`` when it returns."""
    if end.x == start.x:
        back = end.y < start.y
        x = start.x + WIDTH // 2
        if abs(end.y - start.y) == DOWN:
            shift = 14 if back else -14
            top = start.y if back else start.y + HEIGHT
            foot = end.y + HEIGHT if back else end.y
            path = f"M{x + shift} {top} L{x + shift} {foot}"
        else:
            side = start.x + WIDTH
            path = (
                f"M{side} {start.y + HEIGHT // 2} C{side + 30} {start.y + HEIGHT // 2}"
                f" {side + 30} {end.y + HEIGHT // 2} {side} {end.y + HEIGHT // 2}"
            )
    else:
        back = end.x < start.x
        shift = 10 if back else -10
        x1, x2 = (start.x, end.x + WIDTH) if back else (start.x + WIDTH, end.x)
        y1, y2 = start.y + HEIGHT // 2 + shift, end.y + HEIGHT // 2 + shift
        middle = (x1 + x2) // 2
        path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return {"path": path, "back": back}


_SPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}


def bpmn(dossier: Dossier) -> bytes:
    """The flow as a BPMN 2.0 document, for any modelling tool."""
    for prefix, uri in _SPACES.items():
        ElementTree.register_namespace(prefix, uri)

    def element(parent: ElementTree.Element, kind: str, **attributes: str) -> ElementTree.Element:
        prefix, tag = kind.split(":")
        return ElementTree.SubElement(parent, f"{{{_SPACES[prefix]}}}{tag}", attributes)

    drawn = picture(dossier, None)
    pairs, last = edges(dossier.rule_set)
    root = ElementTree.Element(
        f"{{{_SPACES['bpmn']}}}definitions", {"targetNamespace": "http://bpmn.io/schema/bpmn"}
    )
    process = element(
        root,
        "bpmn:process",
        id="process",
        name=str(flows.of(dossier.rule_set).process_title),
        isExecutable="false",
    )
    plane = element(
        element(root, "bpmndi:BPMNDiagram", id="diagram"),
        "bpmndi:BPMNPlane",
        id="plane",
        bpmnElement="process",
    )

    places = {box.name: (box.x, box.y, WIDTH, HEIGHT) for box in drawn.boxes}
    first, final = drawn.boxes[0], max(box.x for box in drawn.boxes)
    places["start"] = (first.x - 60, first.y + HEIGHT // 2 - 18, 36, 36)
    places["end"] = (final + ACROSS, HEAD + HEIGHT // 2 - 18, 36, 36)
    element(process, "bpmn:startEvent", id="start")
    element(process, "bpmn:endEvent", id="end")
    for box in drawn.boxes:
        element(process, "bpmn:userTask", id=box.name, name=str(box.title))
    for name, (x, y, width, height) in places.items():
        shape = element(plane, "bpmndi:BPMNShape", id=f"{name}_shape", bpmnElement=name)
        element(shape, "dc:Bounds", x=str(x), y=str(y), width=str(width), height=str(height))
    for start, end in [("start", first.name), *pairs, *((name, "end") for name in last)]:
        flow_id = f"{start}_to_{end}"
        element(process, "bpmn:sequenceFlow", id=flow_id, sourceRef=start, targetRef=end)
        line = element(plane, "bpmndi:BPMNEdge", id=f"{flow_id}_edge", bpmnElement=flow_id)
        for x, y, width, height in (places[start], places[end]):
            element(line, "di:waypoint", x=str(x + width // 2), y=str(y + height // 2))
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
