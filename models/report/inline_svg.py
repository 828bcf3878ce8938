"""An SVG made to live inside a page: its ids its own, a name for those who cannot see it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_DROPPED = {f"{{{SVG}}}{tag}" for tag in ("metadata", "style", "script", "title", "desc")}
# Dots drawn as pixels stand in the file itself; nothing else may be loaded.
_IMAGE, _PIXELS = f"{{{SVG}}}image", re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
# what the style element of matplotlib says of every element; inside a page it would hold for all
_ROOT_STYLE = "stroke-linejoin: round; stroke-linecap: butt"
_PIXELS_PER_POINT = 4 / 3


def inline_svg(svg: str, name: str, title: str, description: str) -> str:
    """The drawing without prolog, metadata, style or script, every id beginning with ``name``.

    What is drawn as pixels within the file stays; whatever refers to anything outside goes.

    ``title`` and ``description`` are what a screen reader says. Raises ParseError where the text
    is no XML.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _DROPPED:
                parent.remove(child)
    for element in root.iter():
        _rename(element, name)
    width = float(root.get("width", "0").removesuffix("pt")) * _PIXELS_PER_POINT
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.attrib |= {
        "id": name,
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "style": f"{_ROOT_STYLE}; max-width: {width:.0f}px",
    }
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _rename(element: ElementTree.Element, name: str) -> None:
    for key, value in list(element.attrib.items()):
        if key.endswith("href") and element.tag == _IMAGE and _PIXELS.fullmatch(value):
            continue
        if key.startswith("on") or (key.endswith("href") and not value.startswith("#")):
            del element.attrib[key]
        elif key == "id":
            element.attrib[key] = f"{name}-{value}"
        elif key.endswith("href"):
            element.attrib[key] = f"#{name}-{value[1:]}"
        else:
            element.attrib[key] = _REFERENCE.sub(rf"url(#{name}-\1)", value)
