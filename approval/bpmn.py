"""A flow, or the plan of a project, as BPMN 2.0 XML (OMG formal/2013-12-09) with its picture, for other tools to open.

Steps become user tasks in a lane for their posts; a part that waits for several others stands behind a parallel gateway.
Limits and item version are kept as documentation, since BPMN has no place for a limit in working days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from approval.flow import Flow, Part, Step, depths
from core.characters import without_control

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_NAMESPACES = (f'xmlns="{MODEL}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
               'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"')
_STEP_X, _LANE_Y, _TASK = 180, 120, (100, 80)
_SIZES = {"startEvent": (36, 36), "endEvent": (36, 36), "parallelGateway": (50, 50), "userTask": _TASK, "callActivity": _TASK}


@dataclass(frozen=True, slots=True)
class _Node:
    """An element of the process and where it is drawn: column and row."""

    id: str
    kind: str
    name: str
    column: int
    row: int
    lane: str = ""
    note: str = ""


@dataclass(slots=True)
class _Drawing:
    nodes: list[_Node] = field(default_factory=list)
    flows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, node: _Node, *after: str) -> str:
        self.nodes.append(node)
        self.flows += [(one, node.id) for one in after]
        return node.id


def flow_as_bpmn(flow: Flow, item: str, name: str, asked: Mapping[str, str] | None = None) -> bytes:
    """The serial flow of an item, a lane for every post. `asked`: what a step asks of whoever does it, in words."""
    drawing = _Drawing()
    lanes = list(dict.fromkeys(_lane_of(step) for step in flow.steps))
    before = drawing.add(_Node("start", "startEvent", "", 0, lanes.index(_lane_of(flow.steps[0])), _lane_of(flow.steps[0])))
    for place, step in enumerate(flow.steps, start=1):
        lane = _lane_of(step)
        before = drawing.add(_Node(f"step{place}", "userTask", step.name, place, lanes.index(lane), lane,
                                   " · ".join(filter(None, (step.limit, (asked or {}).get(step.name, ""))))), before)
    lane = _lane_of(flow.steps[-1])
    drawing.add(_Node("end", "endEvent", "", len(flow.steps) + 1, lanes.index(lane), lane), before)
    return _document(drawing, lanes, item, f"{name} {flow.item_version}")


def plan_as_bpmn(parts: Sequence[Part], number: str, name: str) -> bytes:
    """The parts of a project: split after the dispatch, a gateway before a part that waits for several, join at the end."""
    drawing, columns = _Drawing(), depths(parts)
    drawing.add(_Node("start", "startEvent", "", 0, 0))
    drawing.add(_Node("split", "parallelGateway", "", 1, 0), "start")
    ids = {part.node: f"part{place}" for place, part in enumerate(parts, start=1)}
    rows: dict[int, int] = {}
    for part in sorted(parts, key=lambda one: columns[one.node]):
        column = columns[part.node]
        row = rows[column] = rows.get(column, -1) + 1
        after = [ids[one] for one in part.after] or ["split"]
        if len(after) > 1:
            after = [drawing.add(_Node(f"{ids[part.node]}-wait", "parallelGateway", "", 2 * column, row), *after)]
        drawing.add(_Node(ids[part.node], "callActivity", part.node, 2 * column + 1, row, note=part.item), *after)
    last = [ids[part.node] for part in parts if not any(part.node in one.after for one in parts)]
    width = 2 * max(columns.values()) + 3
    drawing.add(_Node("join", "parallelGateway", "", width, 0), *last)
    drawing.add(_Node("end", "endEvent", "", width + 1, 0), "join")
    return _document(drawing, [], number, name)


def _lane_of(step: Step) -> str:
    return "、".join(step.posts) or "—"


# XML --------------------------------------------------------------------------------------------------------------

def _document(drawing: _Drawing, lanes: Sequence[str], key: str, name: str) -> bytes:
    process = "".join([*_lane_set(drawing, lanes), *map(_element, drawing.nodes), *_sequence(drawing.flows)])
    shapes = "".join([*map(_shape, drawing.nodes), *_edges(drawing)])
    told = (f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions {_NAMESPACES} id="definitions" '
            f'targetNamespace="urn:yangguang:flow:{_id(key)}">'
            f'<process id={quoteattr("p-" + _id(key))} name={quoteattr(name)} isExecutable="false">{process}</process>'
            f'<bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement={quoteattr("p-" + _id(key))}>'
            f'{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>')
    return without_control(told).encode()


def _id(key: str) -> str:
    return "".join(character if character.isalnum() and character.isascii() else "-" for character in key)


def _lane_set(drawing: _Drawing, lanes: Sequence[str]) -> Iterable[str]:
    if lanes:
        inside = "".join(
            f'<lane id="lane{place}" name={quoteattr(lane)}>'
            + "".join(f"<flowNodeRef>{node.id}</flowNodeRef>" for node in drawing.nodes if node.lane == lane) + "</lane>"
            for place, lane in enumerate(lanes))
        yield f'<laneSet id="lanes">{inside}</laneSet>'


def _element(node: _Node) -> str:
    named = f" name={quoteattr(node.name)}" if node.name else ""
    if not node.note:
        return f'<{node.kind} id="{node.id}"{named}/>'
    escaped = node.note.replace("&", "&amp;").replace("<", "&lt;")
    return f'<{node.kind} id="{node.id}"{named}><documentation>{escaped}</documentation></{node.kind}>'


def _sequence(flows: Sequence[tuple[str, str]]) -> Iterable[str]:
    for place, (source, target) in enumerate(flows):
        yield f'<sequenceFlow id="flow{place}" sourceRef="{source}" targetRef="{target}"/>'


def _shape(node: _Node) -> str:
    width, height = _SIZES[node.kind]
    x, y = _centre(node)
    return (f'<bpmndi:BPMNShape id="shape-{node.id}" bpmnElement="{node.id}"><dc:Bounds x="{x - width / 2:g}" '
            f'y="{y - height / 2:g}" width="{width}" height="{height}"/></bpmndi:BPMNShape>')


def _edges(drawing: _Drawing) -> Iterable[str]:
    places = {node.id: node for node in drawing.nodes}
    for place, (source, target) in enumerate(drawing.flows):
        points = "".join(f'<di:waypoint x="{x:g}" y="{y:g}"/>' for x, y in (
            _side(places[source], 1), _side(places[target], -1)))
        yield f'<bpmndi:BPMNEdge id="edge{place}" bpmnElement="flow{place}">{points}</bpmndi:BPMNEdge>'


def _centre(node: _Node) -> tuple[float, float]:
    return 80 + node.column * _STEP_X, 80 + node.row * _LANE_Y


def _side(node: _Node, direction: int) -> tuple[float, float]:
    x, y = _centre(node)
    return x + direction * _SIZES[node.kind][0] / 2, y
