"""What was decided, why and by whom: for the terminal, for the tags of the version, for the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.promotion.gate import Gate, draw_table, list_remedies
from pipeline.settings.params import PromoteParams
from pipeline.tracking import Version

CAUTION = "SIMULATED COHORT: this champion demonstrates the software and is not for care."


@dataclass(frozen=True)
class Decision:
    """Whether the version is now the champion, and the gates that decided.

    ``time``: ISO 8601, UTC. ``reason``: why it was forced, "" where it was not.
    """

    version: Version
    gates: tuple[Gate, ...]
    promoted: bool
    thresholds: PromoteParams
    champion_before: str
    simulated: bool
    time: str
    by: str
    reason: str = ""

    @property
    def exit_code(self) -> int:
        """0 where it was promoted, else 1."""
        return 0 if self.promoted else 1

    @property
    def forced(self) -> bool:
        """Whether it was promoted in spite of gates that failed."""
        return self.promoted and not all(gate.passed for gate in self.gates)

    @property
    def outcome(self) -> str:
        """In one word."""
        return "FORCED" if self.forced else "promoted" if self.promoted else "refused"

    def verdict(self) -> list[str]:
        """What to do, what was decided, what to beware of."""
        name = f"{self.version.name} version {self.version.number}"
        said = list_remedies(self.gates)
        failed = [gate.name for gate in self.gates if not gate.passed]
        if self.forced:
            said.append(f"FORCED by {self.by} against: {'; '.join(failed)}. Reason: {self.reason}")
        elif self.reason:
            fixed = [gate.name for gate in self.gates if not (gate.passed or gate.may_be_forced)]
            if fixed:
                said.append(f"Nobody may force: {'; '.join(fixed)}")
        if self.promoted and self.simulated:
            said.append(CAUTION)
        ending = f"is now {self.thresholds.alias}" if self.promoted else "is not promoted"
        return [*said, f"{name} {ending}"]

    def describe(self) -> str:
        """The table of gates and the verdict as plain text."""
        rows = draw_table(self.gates).splitlines()[: len(self.gates) + 1]
        return "\n".join([*rows, "", *self.verdict()])

    def to_tags(self) -> dict[str, str]:
        """For the version: what whoever looks at it must see first."""
        failed = [gate.name for gate in self.gates if not gate.passed]
        return {
            "promotion": self.outcome,
            "promotion.time": self.time,
            "promotion.by": self.by,
            "promotion.failed_gates": "; ".join(failed) or "none",
            "promotion.forced_because": self.reason if self.forced else "not forced",
            "promotion.champion_before": self.champion_before,
            "promotion.demonstration": CAUTION if self.simulated else "no",
            "promotion.thresholds": json.dumps(asdict(self.thresholds)),
            "promotion.gates": draw_table(self.gates),
        }

    def to_json(self) -> str:
        """For the run, which keeps every decision on its version."""
        stored: Mapping[str, Any] = {
            "model": self.version.name,
            "version": self.version.number,
            "outcome": self.outcome,
            "alias": self.thresholds.alias,
            "champion_before": self.champion_before,
            "time": self.time,
            "by": self.by,
            "reason": self.reason,
            "simulated": self.simulated,
            "thresholds": asdict(self.thresholds),
            "gates": [gate.to_dict() for gate in self.gates],
        }
        return json.dumps(stored, indent=2, ensure_ascii=False) + "\n"


def print_decision(decision: Decision) -> None:
    """The table of gates and the verdict on the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("Gate", "Required", "Found"):
        table.add_column(title, overflow="fold")
    table.add_column("", no_wrap=True)
    for gate in decision.gates:
        mark = Text("passed", "green") if gate.passed else Text("FAILED", "bold red")
        table.add_row(Text(gate.name), Text(gate.required), Text(gate.found), mark)
    console = Console(highlight=False)
    console.print(table)
    console.print()
    for sentence in decision.verdict():
        console.print(sentence, markup=False, soft_wrap=True)
