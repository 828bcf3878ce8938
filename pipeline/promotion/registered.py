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

    It is the latest whose tags say the same, also where whoever made it was killed before it had
    the alias; else ``log`` makes it. It takes the alias if that is ``deserved``. ``identity``: at
    least the model's ``digest``.
    """
    known = tracking.find_tagged(name, identity)
    current = known or log()
    if deserved:
        under = tracking.find_version(name, alias)
        if under is None or under.number != current.number:
            tracking.set_alias(current, alias)
    return current, {
        "model": name,
        "alias": alias if deserved else "",
        "version": current.number,
        "uri": f"models:/{name}@{alias}" if deserved else f"models:/{name}/{current.number}",
        "digest": identity["digest"],
        "reused": known is not None,
    }
