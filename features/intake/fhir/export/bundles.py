"""The entries of a Bundle: resources, deletions, and which pages of it are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from features.intake.fhir.elements.addresses import is_urn, join_address, plain_server, server_of
from features.intake.fhir.elements.json_elements import Json, entries, mapping, number, text
from features.intake.fhir.elements.versions import make_version, read_version
from features.intake.fhir.export.bounded_file import refuse
from features.intake.fhir.export.export_items import Broken, Deletion, Item, Note, Resource

_SERIOUS = ("error", "fatal")


@dataclass
class Pages:
    """Pages of searches: those that are here, and what they say of the others."""

    here: set[str] = field(default_factory=set)
    following: dict[str, str] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    n_matches: int = 0
    n_histories: int = 0

    def check(self) -> None:
        """Raise CohortError where a page is missing."""
        remedy = "Fetch all pages and put them into one folder"
        for address, file in self.following.items():
            if address not in self.here:
                refuse(file, "has a next page that is not in the export", remedy)
        for file, total in self.totals.items():
            if total > self.n_matches:
                found = f"{total:,} were found, {self.n_matches:,} are here"
                refuse(file, f"is a part of a search: {found}", remedy)


def unfold(body: Json, file: str, place: str, server: str, pages: Pages) -> Iterator[Item]:
    """A resource, or all that is in a Bundle. Raises CohortError for a page that is a part."""
    where = f"{file} {place}".strip()
    if text(body.get("resourceType")) != "Bundle":
        yield _resource(body, file, where, "", server, None, None)
        if text(body.get("resourceType")) == "OperationOutcome":
            yield _read_outcome(body)
        return
    _note_pages(body, file, pages)
    listed = body.get("entry")
    if listed is not None and not isinstance(listed, list):
        yield Broken(where, "a Bundle whose entries are no list")
        return
    server = _only_server(body) or server
    history = None
    if text(body.get("type")) == "history":
        pages.n_histories += 1
        history = pages.n_histories
    for position, entry in enumerate(listed or [], start=1):
        inside = f"{place} entry {position}".strip()
        yield from _unfold_entry(mapping(entry), file, inside, server, pages, history, position)


def _unfold_entry(
    entry: Json,
    file: str,
    place: str,
    server: str,
    pages: Pages,
    history: int | None,
    position: int,
) -> Iterator[Item]:
    body, full_url = mapping(entry.get("resource")), text(entry.get("fullUrl"))
    request = mapping(entry.get("request"))
    kind = text(body.get("resourceType"))
    if text(request.get("method")) == "DELETE":
        yield _read_deletion(entry, full_url, file, place, server, history, position)
    elif kind == "Bundle":
        yield from unfold(body, file, place, server, pages)
    elif kind:
        here = server_of(full_url, kind) or ("" if is_urn(full_url) else server)
        yield _resource(body, file, f"{file} {place}", full_url, here or server, history, position)
        if kind == "OperationOutcome":
            yield _read_outcome(body)
    else:
        yield Broken(f"{file} {place}", "no FHIR resource")


def _resource(
    body: Json,
    file: str,
    where: str,
    full_url: str,
    server: str,
    history: int | None,
    position: int | None,
) -> Resource:
    return Resource(file, where, body, read_version(body, history, position), full_url, server)


def _read_deletion(
    entry: Json,
    full_url: str,
    file: str,
    place: str,
    server: str,
    history: int | None,
    position: int,
) -> Deletion:
    target = text(mapping(entry.get("request")).get("url")) or full_url
    target = target.split("/_history/")[0]
    parts = target.rsplit("/", 2)
    if "?" in target or len(parts) < 2 or not all(parts[-2:]):
        refuse(f"{file} {place}", "deletes by a search", "Export what is left, without deletions")
    base = plain_server(parts[0]) if len(parts) == 3 else server
    answer = mapping(entry.get("response"))
    number_of = text(answer.get("etag")).removeprefix("W/").strip('"')
    version = make_version(answer.get("lastModified"), number_of, history, position)
    return Deletion(join_address(base, *parts[-2:]), version)


def _only_server(bundle: Json) -> str:
    """The server that all entries with a web address lie at, "" where there is not just one."""
    found = set()
    for entry in entries(bundle.get("entry")):
        kind = text(mapping(entry.get("resource")).get("resourceType"))
        found.add(server_of(text(entry.get("fullUrl")), kind))
    found.discard("")
    return found.pop() if len(found) == 1 else ""


def _note_pages(bundle: Json, file: str, pages: Pages) -> None:
    links = {text(one.get("relation")): text(one.get("url")) for one in entries(bundle.get("link"))}
    pages.here.add(links.get("self", ""))
    if "next" in links:
        pages.following[links["next"]] = file
    if text(bundle.get("type")) == "searchset":
        found = [mapping(one.get("search")) for one in entries(bundle.get("entry"))]
        pages.n_matches += sum(text(one.get("mode")) in ("", "match") for one in found)
        total = number(bundle.get("total"))
        if total is not None:
            pages.totals[file] = int(total)


def _read_outcome(body: Json) -> Note:
    severities = {text(one.get("severity")) for one in entries(body.get("issue"))}
    serious = bool(severities & set(_SERIOUS))
    reason = "says that something went wrong" if serious else "says something"
    return Note("OperationOutcome", reason, "", not serious)
