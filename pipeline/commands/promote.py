"""Command promote: moves the alias of the champion to a version that passes every gate."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from features.errors import ConfigError, ModelError
from pipeline.locating import load_model_folder
from pipeline.promotion.champion import Rematch
from pipeline.promotion.contest import RISK, Contest
from pipeline.promotion.decision import Decision, print_decision
from pipeline.promotion.evidence import Evidence, read_evidence
from pipeline.promotion.lock import one_at_a_time
from pipeline.settings.params import Params, Paths
from pipeline.tracking import Tracking, Version, reporting_server

__all__ = ["PromoteRequest", "decide", "print_decision", "promote"]

SHORTEST_REASON = 15
"""Characters: "ok" is no reason to override a gate."""


@dataclass(frozen=True)
class PromoteRequest:
    """``which``: number or alias, None for the challenger. ``force_reason``: None asks no force.

    ``contest``: which kind of model.
    """

    which: str | None = None
    force_reason: str | None = None
    contest: Contest = RISK

    def __post_init__(self) -> None:
        reason = self.force_reason
        if reason is not None and len(reason.strip()) < SHORTEST_REASON:
            raise ConfigError(
                f"--force needs --reason with {SHORTEST_REASON} characters or more; it is kept "
                "with the version for everyone to see"
            )


@dataclass(frozen=True)
class _Contender:
    version: Version
    folder: Path
    evidence: Evidence


@reporting_server()
def promote(params: Params, paths: Paths, request: PromoteRequest | None = None) -> Decision:
    """Judge a version and move the alias if it passes, or is forced where that is allowed.

    The decision is kept in the version's run and in its tags. One promotion at a time on a
    machine. Raises ModelError where there is no such version, where another machine moved the
    alias meanwhile, or where the server does not answer.
    """
    request = request or PromoteRequest()
    contest = request.contest
    name, alias = params.register.model_name + contest.suffix, params.promote.alias
    which = request.which or params.register.alias
    tracking = Tracking(paths.root)
    with one_at_a_time(tracking.uri):
        challenger = _meet(tracking.find_version(name, which), tracking, paths.root, contest)
        if challenger is None:
            raise ModelError(f"There is no {name} {which}. {tracking.describe_registry()}")
        champion = _meet(tracking.find_version(name, alias), tracking, paths.root, contest)
        decision = decide(challenger, champion, params, paths, request)
        if decision.promoted:
            _require_unchanged(tracking, name, alias, champion)
        record = f"promotion/{decision.time.replace(':', '-')}.json"
        # Recorded first: an alias that moved without a trace would be the worse half.
        tracking.log_text(challenger.version.run_id, decision.to_json(), record)
        if decision.promoted:
            tracking.set_alias(challenger.version, alias)
        tracking.tag_version(challenger.version, decision.to_tags())
    return decision


def decide(
    challenger: _Contender,
    champion: _Contender | None,
    params: Params,
    paths: Paths,
    request: PromoteRequest,
) -> Decision:
    """The gates, and what follows from them; nothing is changed."""
    contest, force_reason = request.contest, request.force_reason
    rematch, before = Rematch(None), None
    if champion is not None:
        before = champion.evidence
        folders = (challenger.folder, champion.folder)
        rematch = contest.compare(challenger.evidence, before, folders, params, paths)
    gates = contest.judge(challenger.evidence, before, rematch, params.promote)
    failed = [gate for gate in gates if not gate.passed]
    forced = force_reason is not None and all(gate.may_be_forced for gate in failed)
    return Decision(
        challenger.version,
        gates,
        not failed or forced,
        params.promote,
        "none" if before is None else str(before.number),
        challenger.evidence.simulated,
        datetime.now(tz=UTC).isoformat(timespec="microseconds"),
        _name_person(),
        (force_reason or "").strip(),
    )


def _meet(
    version: Version | None, tracking: Tracking, root: Path, contest: Contest
) -> _Contender | None:
    if version is None:
        return None
    folder = load_model_folder(f"models:/{version.name}/{version.number}", root)
    evidence = read_evidence(version, folder, tracking, contest.folder, contest.tables)
    return _Contender(version, folder, evidence)


def _require_unchanged(
    tracking: Tracking, name: str, alias: str, judged: _Contender | None
) -> None:
    now = tracking.find_version(name, alias)
    if (now and now.number) != (judged and judged.version.number):
        raise ModelError(f"The alias {alias} was moved from elsewhere meanwhile: promote again")


def _name_person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
