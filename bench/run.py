"""Measures the hot paths and prints them against their targets: ``make bench``, or

python bench/run.py [--endpoint-url URL] [--peer-url URL] [--only NAME …] [--quick]

Without an endpoint it starts a server of its own, in a process of its own, with a fresh data directory; with one it
measures that server (start, memory and processor time are then left out). ``--peer-url`` measures another server in
the same run, one measurement after the other, for ratios under the same circumstances.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apis  # noqa: F401  (the modules register their measurements)
import broker  # noqa: F401
import distributed  # noqa: F401
import executions  # noqa: F401
import fullness  # noqa: F401
import functions  # noqa: F401
import messages  # noqa: F401
import nodes  # noqa: F401
import objects  # noqa: F401
import peers  # noqa: F401
import recovery  # noqa: F401
import tables  # noqa: F401
import timers  # noqa: F401
import webhooks  # noqa: F401
from client import Client
from figures import FIGURES
from host import Host
from measuring import LONGEST_SECONDS, MEASUREMENTS, Bench

_RESULTS = Path(__file__).parent / "results"
_OTHERS_WORTH_TELLING = 0.3
_QUICK_SECONDS = 60  # what may take longer is left out of a quick run, unless it is named
# parked executions stay, so they come last
_ORDER = sorted(MEASUREMENTS, key=lambda name: (name == "parked", list(MEASUREMENTS).index(name)))
_FIRST_CALL = Client("http://127.0.0.1").json("sqs", "ListQueues")


def main() -> int:
    """Measure, print, write; 0, or 1 where a measurement failed on our own server."""
    arguments = _arguments()
    chosen = [name for name in _ORDER if _is_chosen(name, arguments)]
    host = None if arguments.endpoint_url else Host()
    own: dict[str, dict[str, Any]] = {}
    if host is not None:
        own = _started(host, again=0 if arguments.only else 2)
    began = time.perf_counter()
    try:
        url = arguments.endpoint_url or host.endpoint_url if host else arguments.endpoint_url
        bench = Bench(Client(url), [host] if host else [], arguments.quick, arguments.million, own)
        peer = Bench(Client(arguments.peer_url), [], True) if arguments.peer_url else None
        failures = _loop_runner().run(_measure(chosen, bench, peer))
    finally:
        if host is not None:
            host.stop()
    took = time.perf_counter() - began
    _print_table(bench.results, peer.results if peer else None)
    if bench.worlds:
        _print_worlds(bench.worlds)
    _tell_of_others(bench.results)
    for name, reason in failures.items():
        print(f"  {name} failed: {reason}")
    written = _write(arguments, bench, peer, failures, took)
    print(f"{took:.0f} s; written to {os.path.relpath(written)}")
    return 1 if any(not name.startswith("peer: ") for name in failures) else 0


def _is_chosen(name: str, arguments: argparse.Namespace) -> bool:
    if arguments.only:
        return any(word in name for word in arguments.only)
    return not arguments.quick or LONGEST_SECONDS[name] <= _QUICK_SECONDS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint-url", help="measure this server instead of starting one")
    parser.add_argument("--peer-url", help="measure this server, too, shortly")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of {', '.join(_ORDER)}")
    parser.add_argument(
        "--quick", action="store_true", help="short loads, and nothing long unless it is named: a minute"
    )
    parser.add_argument(
        "--million", action="store_true", help="flat: with a million executions, too (ten minutes more)"
    )
    return parser.parse_args()


def _started(host: Host, again: int) -> dict[str, dict[str, Any]]:
    """Start the server (and some more before it, to repeat): the time to its first answer, its memory when idle."""
    durations = []
    for _ in range(again):
        other = Host()
        durations.append(other.start(_FIRST_CALL))
        other.stop()
    durations.append(host.start(_FIRST_CALL))
    time.sleep(1.0)
    memory = host.memory_mb()
    return {
        "first_answer": {"value": statistics.median(durations), "seconds": durations},
        "idle_memory": {"value": memory["server"] + memory["helpers"], **memory},
    }


async def _measure(chosen: list[str], bench: Bench, peer: Bench | None) -> dict[str, str]:
    failures: dict[str, str] = {}
    for name in chosen:
        for prefix, one in (("", bench), ("peer: ", peer)):
            if one is None:
                continue
            print(f"\r{prefix}{name} …".ljust(60), end="", file=sys.stderr, flush=True)
            try:
                async with asyncio.timeout(LONGEST_SECONDS[name]):
                    await MEASUREMENTS[name](one)
            except Exception as error:
                failures[prefix + name] = f"{type(error).__name__}: {error}"[:400]
    print("\r".ljust(61) + "\r", end="", file=sys.stderr)
    return failures


def _print_table(results: dict[str, dict[str, Any]], peer: dict[str, dict[str, Any]] | None) -> None:
    columns = ["figure", "value", "target", "× target", "× others"] + (["peer", "× peer"] if peer is not None else [])
    rows = [columns]
    for name, figure in FIGURES.items():
        found = results.get(name)
        if found is None:
            continue
        value = found["value"]
        row = [figure.title, _number(value, figure.unit), _number(figure.target, figure.unit)]
        row += [
            _ratio(figure.ratio(value, figure.target)),
            _ratio(figure.ratio(value, found.get("others", figure.others))),
        ]
        if peer is not None:
            theirs = peer.get(name, {}).get("value")
            row += [_number(theirs, figure.unit), _ratio(figure.ratio(value, theirs))]
        if "server_cpu_us_a_call" in found:
            row[0] += f" ({found['server_cpu_us_a_call']:.0f} µs CPU a call)"
        rows.append(row)
    _print_rows(rows)


def _print_worlds(worlds: dict[str, dict[str, dict[str, Any]]]) -> None:
    """The same figures in each world, and how they compare with the first."""
    first, *others = worlds
    rows = [["the same load, shortly", first, *(title for other in others for title in (other, f"× {first}"))]]
    for name, figure in FIGURES.items():
        if name not in worlds[first]:
            continue
        value = worlds[first][name]["value"]
        row = [figure.title, _number(value, figure.unit)]
        for other in others:
            theirs = worlds[other].get(name, {}).get("value")
            row += [_number(theirs, figure.unit), _ratio(figure.ratio(theirs, value))]
        rows.append(row)
    print()
    _print_rows(rows)


def _print_rows(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]))


def _tell_of_others(results: dict[str, dict[str, Any]]) -> None:
    """Whether the machine was ours: on a busy one rates fall far more than processor time a call rises."""
    used = [found["processors_used_by_others"] for found in results.values() if "processors_used_by_others" in found]
    if used and max(used) > _OTHERS_WORTH_TELLING:
        print(
            f"Other programs used up to {max(used):.1f} of the {os.cpu_count()} processors during a load: compare the"
            " processor time of a call rather than its rate."
        )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if value >= 100 or unit == "threads" else f"{value:.3g}"
    return f"{text} {unit}" if unit[0] != "/" else f"{text}{unit}"


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _write(
    arguments: argparse.Namespace, bench: Bench, peer: Bench | None, failures: dict[str, str], took: float
) -> Path:
    now = datetime.now(UTC)
    document = {
        "at": now.isoformat(timespec="seconds"),
        "seconds": round(took, 1),
        "quick": arguments.quick,
        "endpoint_url": arguments.endpoint_url,
        "peer_url": arguments.peer_url,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg(),
        "results": bench.results,
        "peer_results": peer.results if peer else None,
        "worlds": bench.worlds,
        "failures": failures,
        "targets": {name: figure.target for name, figure in FIGURES.items() if figure.target is not None},
    }
    _RESULTS.mkdir(exist_ok=True)
    target = _RESULTS / f"{now:%Y%m%dT%H%M%S}.json"
    target.write_text(json.dumps(document, indent=1))
    return target


def _loop_runner() -> asyncio.Runner:
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


if __name__ == "__main__":
    sys.exit(main())
