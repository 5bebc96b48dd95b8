"""The fenced block with deal and contact information at the end of a description (R9).

The fences are the same in every language, so that a block is recognised whatever the reader's language is, and
stripped before anything is compared or stored: it never grows and never reaches the CRM.
"""

import re
from dataclasses import dataclass

OPENING = "[--- CRM ---]"
CLOSING = "[--- /CRM ---]"

_BLOCK = re.compile(r"[ \t]*\[--- CRM ---\].*?(?:\[--- /CRM ---\][ \t]*|(?=\n[ \t]*\n)|\Z)", re.DOTALL)
_GAP = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class BlockLabels:
    """The words of the block in the reader's language."""

    deal: str = "Deal"
    person: str = "Person"
    organization: str = "Organization"
    participants: str = "Participants"


@dataclass(frozen=True, slots=True)
class LinkedNames:
    """What the block tells. ``person_details`` are phone numbers and addresses of the person."""

    deal: str = ""
    person: str = ""
    person_details: tuple[str, ...] = ()
    organization: str = ""
    participants: tuple[str, ...] = ()


def render_block(names: LinkedNames, labels: BlockLabels) -> str:
    """Build the block, or ``""`` when there is nothing to tell. A name cannot break out of the fence."""
    person = ", ".join(part for part in (names.person, *names.person_details) if part)
    lines = [
        f"{label}: {_plain(value)}"
        for label, value in (
            (labels.deal, names.deal),
            (labels.person, person),
            (labels.organization, names.organization),
            (labels.participants, ", ".join(names.participants)),
        )
        if value
    ]
    return "\n".join([OPENING, *lines, CLOSING]) if lines else ""


def strip_block(description: str) -> str:
    """Take every block out of a description, also one whose end a client has cut off."""
    if OPENING not in description:
        return description.strip("\n")
    return _GAP.sub("\n\n", _BLOCK.sub("", description)).strip("\n").rstrip()


def find_block(description: str) -> str | None:
    """The one block at the end of a description, ``""`` when there is none, ``None`` when it is not in order."""
    if OPENING not in description:
        return ""
    blocks = _BLOCK.findall(description)
    return blocks[0].strip() if len(blocks) == 1 and description.rstrip().endswith(blocks[0].strip()) else None


def append_block(description: str, block: str) -> str:
    """Put the block below a description that has none."""
    return "\n\n".join(part for part in (description, block) if part)


def _plain(value: str) -> str:
    return " ".join(value.split()).replace("[---", "[ ---")
