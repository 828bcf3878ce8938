from __future__ import annotations

from dataclasses import replace

from models.report.flow_diagram import draw_flow
from models.report.material import Material


def test_patients_who_leave_and_both_parts_are_counted(material: Material) -> None:
    said = [line for box in draw_flow(material).boxes for line in box.lines]
    for text in ("410 rows", "10 excluded", "300 development", "15 with the event"):
        assert text in said


def test_no_box_covers_another_and_all_lie_inside(material: Material) -> None:
    step = {"step": "a very long reason " * 6, "patients": 400}
    flow = [*material.ingest["flow"], step, {**step, "patients": 390}]
    diagram = draw_flow(replace(material, ingest={**material.ingest, "flow": flow}))
    boxes = diagram.boxes
    for i, a in enumerate(boxes):
        assert a.x + a.width <= diagram.width and a.y + a.height <= diagram.height
        for b in boxes[:i]:
            apart = (
                a.x >= b.x + b.width
                or b.x >= a.x + a.width
                or a.y >= b.y + b.height
                or b.y >= a.y + a.height
            )
            assert apart, (a.lines, b.lines)


def test_a_run_without_flow_has_an_empty_diagram(material: Material) -> None:
    assert draw_flow(replace(material, ingest={})).boxes == ()
