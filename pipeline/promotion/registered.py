"""A registered model that holds each trained model once, whichever kind it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.tracking import Tracking, Version

Described = dict[str, str | int | bool]


def register_once(
    tracking: Tracking,
    name: str,
    alias: str,
    identity: Mapping[str, str],
    log: Callable[[], Version],
    deserved: bool = True,
) -> tuple[Version, Described]:
    """The version of this identity, and what registration.json says of it.

    It is the one under the alias where its tags say the same; else ``log`` makes it, and it takes
    the alias if that is ``deserved``. ``identity``: at least the model's ``digest``.
    """
    current = tracking.find_version(name, alias)
    reused = current is not None and all(current.tags.get(k) == v for k, v in identity.items())
    if current is None or not reused:
        current = log()
        if deserved:
            tracking.set_alias(current, alias)
    return current, {
        "model": name,
        "alias": alias if deserved else "",
        "version": current.number,
        "uri": f"models:/{name}@{alias}" if deserved else f"models:/{name}/{current.number}",
        "digest": identity["digest"],
        "reused": reused,
    }
