"""Who is meant: resources by their address, and references resolved against the server they name.

An address is ``https://server/base/Patient/7`` where the server is known, ``Patient/7`` where it is
not, or the ``urn:uuid:`` of a Bundle entry. Two servers may each have a Patient 7.
"""

from __future__ import annotations

from features.intake.fhir.elements.json_elements import Json, mapping, text

_URNS = ("urn:uuid:", "urn:oid:")
_WEB = ("http://", "https://")


def join_address(base: str, kind: str, identity: str) -> str:
    """The address of a resource on a server; ``base`` "" where the server is not known."""
    return f"{base}/{kind}/{identity}" if base else f"{kind}/{identity}"


def server_of(full_url: str, kind: str) -> str:
    """The base URL in ``https://server/base/Patient/7``, "" in an address of another form."""
    head, _, identity = full_url.split("/_history/")[0].rpartition("/")
    if not identity or not full_url.startswith(_WEB) or not head.endswith(f"/{kind}"):
        return ""
    return plain_server(head.removesuffix(f"/{kind}"))


def plain_server(base: str) -> str:
    """A base URL as it is compared: the name of the host in small letters, no slash at its end."""
    scheme, _, rest = base.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.lower()}{slash}{path}"


def is_urn(address: str) -> bool:
    """Whether it is the urn of a Bundle entry."""
    return address.startswith(_URNS)


def resolve(value: object, kind: str, base: str) -> str:
    """The address that a reference means, "" where it is to something else or cannot be followed.

    ``base``: the server of the resource that holds the reference. The version is dropped.
    """
    target = text(mapping(value).get("reference")).split("/_history/")[0]
    if is_urn(target):
        return target
    if target.startswith(_WEB):
        server = server_of(target, kind)
        return join_address(server, kind, target.rpartition("/")[2]) if server else ""
    head, _, identity = target.rpartition("/")
    return join_address(base, kind, identity) if head == kind and identity else ""


def address_of(body: Json, kind: str, base: str, full_url: str) -> str:
    """The address of a resource: its id on its server, else the urn of its entry, else ""."""
    identity = text(body.get("id"))
    if identity:
        return join_address(base, kind, identity)
    return full_url if is_urn(full_url) else ""
