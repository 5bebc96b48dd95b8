"""What is to be reached, and whether it was: ratios to stock Radicale in the same run, growth, memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.growth import Growth
from benchmarks.operations import OPERATIONS
from benchmarks.runs import LOADS, Outcome

OURS, STOCK = "davbridge", "Radicale"
POSTGRESQL = "davbridge, PostgreSQL"
MEMORY = 80 * 2**20  # bytes in each process at 10,000 events
START = 3.0  # seconds with 100,000 activities
GROWTH = 1.5  # times the value at the small size
POLLED = 5.0  # times the p95 of a PUT alone
BOTH = 2.0  # times SQLite

# At least so many times faster than stock with 10,000 events and cards, and what to think of in milliseconds.
FACTORS = {
    "poll": (700, 1.2),
    "sync_nothing": (500, 1.0),
    "sync_one": (500, 1.0),
    "list_etags": (75, 14),
    "query_all": (60, 11),
    "sync_first": (150, 11),
    "multiget": (7, 1.9),
    "whole_first_sync": (15, 250),
    "week": (250, 2.5),
    "find_name": (2000, 2.3),
    "find_email": (2000, 2.3),
    "put_new": (130, 3.0),
    "put_update": (14, 3.0),
    "delete": (35, 1.2),
}
SMALL_FACTORS = {"multiget": 4}  # with 1,000
LOAD_FACTOR = 400  # requests per second with 8 and 32 clients on 1,000 events


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: what was wanted and what came of it. ``reached`` is ``None`` for a size that the target is not about."""

    what: str
    wanted: str
    found: str
    reached: bool | None


def verdicts(outcomes: Sequence[Outcome], growth: Growth | None) -> list[Verdict]:
    """Judge a whole run."""
    found: list[Verdict] = []
    for outcome in outcomes:
        found += _operations(outcome)
        found += _loads(outcome)
        found += _puts(outcome)
        found += _memory(outcome)
        found += _postgresql(outcome)
    return found + (list(_growth(growth)) if growth else [])


def _operations(outcome: Outcome) -> Iterator[Verdict]:
    for operation in OPERATIONS:
        by_server = outcome.operations.get(operation.key, {})
        ours, stock = (by_server[name].median if name in by_server else None for name in (OURS, STOCK))
        factor, figure = FACTORS[operation.key]
        factor = SMALL_FACTORS.get(operation.key, factor) if outcome.size == 1000 else factor
        judged = outcome.size == 10_000 or (outcome.size == 1000 and operation.key in SMALL_FACTORS)
        wanted = f"× {factor:,} at N = {10_000 if outcome.size != 1000 or not judged else 1000:,} (about {figure:g} ms)"
        if ours is None or stock is None:
            yield Verdict(_at(outcome, operation.title), wanted, "no right answer", False if judged else None)
            continue
        right = not by_server[OURS].errors
        reached = (stock / ours >= factor and right) if judged else None
        yield Verdict(_at(outcome, operation.title), wanted, f"× {stock / ours:,.1f}, {ours * 1000:,.2f} ms", reached)


def _at(outcome: Outcome, title: str) -> str:
    return f"N = {outcome.size:,}: {title}"


def _loads(outcome: Outcome) -> Iterator[Verdict]:
    for clients in (each for each in LOADS if each > 1 and each in outcome.loads):
        ours, stock = (best(outcome, clients, name) for name in (OURS, STOCK))
        if ours is None or stock is None:
            continue
        judged = outcome.size == 1000
        errors = sum(len(each.errors) for each in outcome.loads[clients][OURS])
        factor = ours / stock if stock else float("inf")
        found = f"× {factor:,.0f}, {ours:,.0f} requests/s, {errors} errors"
        title = _at(outcome, f"mixed load, {clients} clients")
        wanted = f"× {LOAD_FACTOR}, no error (about 2,500 requests/s)"
        yield Verdict(title, wanted, found, (factor >= LOAD_FACTOR and not errors) if judged else None)
    one, many = best(outcome, LOADS[0], OURS), best(outcome, LOADS[-1], OURS)
    if one is not None and many is not None:
        title = _at(outcome, f"{LOADS[-1]} clients against one")
        yield Verdict(title, "never fewer requests/s", f"{many:,.0f} against {one:,.0f}", many >= one)


def best(outcome: Outcome, clients: int, name: str) -> float | None:
    """The median of the requests per second over the rounds."""
    rates = sorted(each.per_second for each in outcome.loads.get(clients, {}).get(name, ()))
    return rates[len(rates) // 2] if rates else None


def _puts(outcome: Outcome) -> Iterator[Verdict]:
    if OURS not in outcome.put_alone:
        return
    alone, polled = outcome.put_alone[OURS].p95, outcome.put_polled[OURS].p95
    if alone is None or polled is None:
        return
    found = f"× {polled / alone:.1f}: {alone * 1000:.1f} and {polled * 1000:.1f} ms"
    title = _at(outcome, "p95 of a PUT under four polling clients")
    yield Verdict(title, f"× {POLLED:g} of its value alone at most", found, polled <= POLLED * alone)


def _memory(outcome: Outcome) -> Iterator[Verdict]:
    sizes = [each.rss for each in outcome.memory.get(OURS, ())]
    if sizes:
        found = ", ".join(f"{size / 2**20:.0f}" for size in sizes) + " MB"
        reached = max(sizes) <= MEMORY if outcome.size == 10_000 else None
        wanted = f"{MEMORY >> 20} MB at most at N = 10,000"
        yield Verdict(_at(outcome, "memory of each process (RSS)"), wanted, found, reached)


def _postgresql(outcome: Outcome) -> Iterator[Verdict]:
    for operation in OPERATIONS:
        by_server = outcome.operations.get(operation.key, {})
        if POSTGRESQL not in by_server:
            continue
        lite, server = by_server[OURS].median, by_server[POSTGRESQL].median
        if lite is not None and server is not None:
            title = _at(outcome, f"PostgreSQL, {operation.title}")
            reached = server <= BOTH * lite and not by_server[POSTGRESQL].errors
            text = f"× {server / lite:.2f}, {server * 1000:.2f} ms"
            yield Verdict(title, f"× {BOTH:g} of SQLite at most", text, reached)


def _growth(growth: Growth) -> Iterator[Verdict]:
    for key, (small, large) in growth.per_row.items():
        title = f"growth from {growth.small:,} to {growth.large:,}: {key}, per returned row"
        found = f"× {large / small:.2f}: {small * 1000:.2f} and {large * 1000:.2f} ms"
        yield Verdict(title, f"× {GROWTH:g} at most", found, large <= GROWTH * small)
    title = f"start with {growth.large:,} activities"
    yield Verdict(title, f"{START:g} s at most", f"{growth.start_seconds:.2f} s", growth.start_seconds <= START)
