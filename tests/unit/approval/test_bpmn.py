"""BPMN other tools can open: well-formed, every reference answered, every element drawn, names as they are."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given

from approval.bpmn import MODEL, flow_as_bpmn, plan_as_bpmn
from approval.flow import Flow, Part, Step
from tests.hosting import PLAN
from tests.unit.approval.test_flow import plans

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
HOSTILE = '审<核>&"\'批'


def read(xml: bytes) -> Element:
    document = fromstring(xml)
    process = document.find(f"{{{MODEL}}}process")
    assert process is not None
    ids = [one.attrib["id"] for one in document.iter() if "id" in one.attrib]
    assert len(ids) == len(set(ids))
    nodes = {one.attrib["id"] for one in process if one.tag.rpartition("}")[2] not in ("laneSet", "sequenceFlow")}
    flows = {one.attrib["id"]: (one.attrib["sourceRef"], one.attrib["targetRef"])
             for one in process.iter(f"{{{MODEL}}}sequenceFlow")}
    assert {end for flow in flows.values() for end in flow} == nodes
    drawn = {one.attrib["bpmnElement"] for one in document.iter() if one.tag in (f"{DI}BPMNShape", f"{DI}BPMNEdge")}
    assert drawn == nodes | set(flows)
    return process


def names(process: Element, kind: str) -> list[str]:
    return [one.attrib["name"] for one in process.iter(f"{{{MODEL}}}{kind}")]


def test_a_flow_has_its_steps_in_lanes_of_their_posts():
    flow = Flow("2026.1", (Step("受理", ("综合窗口",)), Step(HOSTILE, ("审核人", "科长"), "2wd"), Step("办结", ("综合窗口",))))
    process = read(flow_as_bpmn(flow, "gongxin-01", "许可<1>"))
    assert process.attrib["name"] == "许可<1> 2026.1"
    assert names(process, "userTask") == ["受理", HOSTILE, "办结"]
    assert names(process, "lane") == ["综合窗口", "审核人、科长"]
    assert [one.text for one in process.iter(f"{{{MODEL}}}documentation")] == ["2wd"]
    lanes = [[ref.text for ref in lane] for lane in process.iter(f"{{{MODEL}}}lane")]
    assert lanes == [["start", "step1", "step3", "end"], ["step2"]]


def test_a_plan_has_its_split_its_waits_and_its_join():
    process = read(plan_as_bpmn(PLAN, "360500-fagai-20260316-0001-0", "项目"))
    assert sorted(names(process, "callActivity")) == ["build", "fire", "land", "water"]
    assert [one.attrib["id"] for one in process.iter(f"{{{MODEL}}}parallelGateway")] == ["split", "part3-wait", "join"]


@given(plans())
def test_every_plan_can_be_drawn(parts: list[Part]):
    process = read(plan_as_bpmn(parts, "1", "项目"))
    assert sorted(names(process, "callActivity")) == sorted(part.node for part in parts)


@pytest.mark.parametrize("key", ["a b/ü", "1"])
def test_an_identifier_is_one_whatever_the_number(key: str):
    assert " " not in read(plan_as_bpmn(PLAN, key, "x")).attrib["id"]
