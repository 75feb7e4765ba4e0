"""The pool: parallel environments, limits, updates, freezing, reaping, and the end of everything."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from segue.errors import AwsError
from segue.runtimes import CodeRef, ConcurrencyExceeded, Outcome, PoolSettings
from segue.runtimes.environment import Environment
from segue.runtimes.environment_log import InitFailure
from segue.runtimes.package import extract
from segue.runtimes.process import Helper

from .harness import Place, invocation, text

PID = "import os, time\ndef handler(e, c):\n    time.sleep(e or 0)\n    return os.getpid()\n"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """A pool of the test's own, impatient."""
    made = Place(tmp_path, PoolSettings(freeze_after_seconds=0, idle_environments=3, account_concurrency=6))
    yield made
    made.run(made.pool.close())
    made.runner.close()


def zipped(folder: Path) -> Path:
    """A package of a function that does nothing."""
    package = folder / "code.zip"
    with zipfile.ZipFile(package, "w") as opened:
        opened.writestr("app.py", "def handler(e, c): pass\n")
    return package


async def until(condition: object, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(0.01)


def process_state(pid: int) -> str:
    """``S`` sleeping, ``T`` stopped, …; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_parallel_invocations_have_environments_of_their_own(own: Place) -> None:
    spec = own.python(PID)

    async def many() -> list[Outcome]:
        return await asyncio.gather(*(own.pool.invoke(spec, invocation(0.5)) for _ in range(4)))

    pids = {outcome.payload for outcome in own.run(many())}
    assert len(pids) == 4
    own.run(until(lambda: own.pool.environments == 3))  # PoolSettings.idle_environments
    assert own.invoke(spec).payload in pids


def test_limits(own: Place) -> None:
    spec = replace(own.python(PID), concurrency_limit=2)
    other = own.python(PID)

    async def crowd() -> list[str]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(own.pool.invoke(spec, invocation(0.5))) for _ in range(2)]
            tasks += [group.create_task(own.pool.invoke(other, invocation(0.5))) for _ in range(4)]
            await asyncio.sleep(0)
            reasons = []
            for refused in (spec, other):
                with pytest.raises(ConcurrencyExceeded) as caught:
                    await own.pool.invoke(refused, invocation())
                reasons.append(caught.value.reason)
        return reasons

    assert own.run(crowd()) == [
        "ReservedFunctionConcurrentInvocationLimitExceeded",
        "ConcurrentInvocationLimitExceeded",
    ]
    assert own.invoke(spec).status == "ok"  # what has ended no longer counts
    with pytest.raises(ConcurrencyExceeded):
        own.invoke(replace(spec, concurrency_limit=0))


def test_a_new_revision_is_never_answered_by_the_old(own: Place) -> None:
    spec = own.python(PID, revision="1")
    before = int(own.invoke(spec).payload)
    after = int(own.invoke(replace(spec, revision="2")).payload)
    assert after != before
    own.run(until(lambda: process_state(before) == ""))


def test_drop_ends_idle_and_busy(own: Place) -> None:
    spec = own.python(PID)
    idle = int(own.invoke(spec).payload)

    async def drop_while_busy() -> int:
        busy = asyncio.create_task(own.pool.invoke(spec, invocation(0.3)))
        await asyncio.sleep(0.05)
        own.pool.drop(spec.function_arn)
        return int((await busy).payload)

    assert own.run(drop_while_busy()) == idle
    own.run(until(lambda: own.pool.environments == 0 and process_state(idle) == ""))


def test_frozen_when_idle_and_thawed_for_work(own: Place) -> None:
    spec = own.python(PID)
    pid = int(own.invoke(spec).payload)
    own.run(until(lambda: process_state(pid) == "T"))
    assert int(own.invoke(spec).payload) == pid
    own.run(until(lambda: process_state(pid) == "T"))


def test_reaped_when_idle_for_long(tmp_path: Path) -> None:
    made = Place(tmp_path, PoolSettings(idle_seconds=0.1))
    try:
        pid = int(made.invoke(made.python(PID)).payload)
        made.run(until(lambda: made.pool.environments == 0 and process_state(pid) == ""))
        assert list((tmp_path / "pool" / "environments").iterdir()) == []
    finally:
        made.run(made.pool.close())
        made.runner.close()


def test_killed_in_the_middle_is_answered_and_replaced(own: Place) -> None:
    spec = own.python(PID)
    pid = int(own.invoke(spec).payload)
    os.kill(pid, signal.SIGKILL)
    outcome = own.invoke(spec)  # it died before it took this up, or while: never silence
    assert outcome.status == "ok" or b"signal: killed" in outcome.payload
    assert own.invoke(spec).status == "ok"


def test_children_of_functions_go_with_them(own: Place) -> None:
    call = "subprocess.Popen(['sleep', '1000'], start_new_session=e)"
    body = f"import subprocess\ndef handler(e, c):\n    return {call}.pid\n"
    spec = own.python(body)
    in_group, detached = int(own.invoke(spec, False).payload), int(own.invoke(spec, True).payload)
    own.pool.drop(spec.function_arn)
    own.run(until(lambda: process_state(in_group) in ("", "Z")))
    own.run(until(lambda: process_state(detached) in ("", "Z")))  # not only when the server ends


def test_detached_children_of_living_environments_stay(own: Place) -> None:
    start = "subprocess.Popen(['sh', '-c', 'setsid sleep 1000 & echo $!'], stdout=subprocess.PIPE)"
    body = f"import subprocess\ndef handler(e, c):\n    return int({start}.stdout.readline())\n"
    ending, staying = own.python(body), own.python(body)
    of_ending, of_staying = int(own.invoke(ending).payload), int(own.invoke(staying).payload)
    own.pool.drop(ending.function_arn)
    own.run(until(lambda: process_state(of_ending) in ("", "Z")))
    assert process_state(of_staying) not in ("", "Z")
    own.run(own.pool.close())
    assert process_state(of_staying) == ""


def test_what_an_exiting_function_leaves_behind_is_ended(own: Place, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    body = f"""
import os, subprocess
def handler(e, c):
    child = subprocess.Popen(["sleep", "1000"])
    with open({str(note)!r}, "w") as note:
        note.write(str(child.pid))
    os._exit(1)
"""
    assert own.invoke(own.python(body)).status == "error"
    pid = int(note.read_text())
    own.run(until(lambda: process_state(pid) in ("", "Z")))


LATE = """
import threading, time
def late():
    time.sleep(0.05)
    print("late")
def handler(e, c):
    threading.Thread(target=late).start()
"""


@pytest.mark.parametrize("invoked_again", [True, False])
def test_lines_after_the_answer_are_not_lost(tmp_path: Path, invoked_again: bool) -> None:
    """They belong to the next invocation's log, as on AWS; if there is none, the pool's owner gets them at the end."""
    made = Place(tmp_path, PoolSettings())
    try:
        spec = made.python(LATE)
        made.invoke(spec)
        made.run(asyncio.sleep(0.3))
        if invoked_again:
            assert text(made.invoke(spec)).startswith("late\nSTART ")
        made.pool.drop(spec.function_arn)
        assert made.late == ([] if invoked_again else ["late\n"])
    finally:
        made.run(made.pool.close())
        made.runner.close()


def test_a_helper_that_dies_is_replaced(own: Place) -> None:
    spec = own.python(PID)
    parent = own.python("import os\ndef handler(e, c):\n    return os.getppid()\n")
    pid, helper = int(own.invoke(spec).payload), int(own.invoke(parent).payload)
    os.kill(helper, signal.SIGKILL)
    own.run(until(lambda: process_state(pid) in ("", "Z") and own.pool.environments == 0))
    assert own.invoke(spec).status == "ok"


def test_nothing_outlives_a_killed_server(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import os\ndef handler(e, c):\n    return [os.getpid(), os.getppid()]\n")
    program = """
        import asyncio, os, sys
        from pathlib import Path
        from segue.runtimes import *
        async def main():
            pool = Pool(Path(sys.argv[1]) / "pool", PoolSettings(freeze_after_seconds=0))
            await pool.start()
            arn = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
            spec = FunctionSpec(arn, "f", "python3.11", "app.handler", CodeRef(directory=Path(sys.argv[1])))
            print((await pool.invoke(spec, Invocation("id"))).payload.decode(), flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pids = [int(pid) for pid in server.stdout.readline().strip("[]\n").split(",")]
        assert [process_state(pid) for pid in pids] != ["", ""]
        server.kill()
    asyncio.run(until(lambda: all(process_state(pid) in ("", "Z") for pid in pids)))


def test_cancelled_callers_leave_a_usable_pool(own: Place) -> None:
    spec = own.python(PID)

    async def cancel_some() -> None:
        for delay in (0, 0.001, 0.02, 0.1):
            task = asyncio.create_task(own.pool.invoke(spec, invocation(0.05)))
            await asyncio.sleep(delay)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await own.pool.drain(5)
        assert (await own.pool.invoke(spec, invocation())).status == "ok"

    own.run(cancel_some())


def test_starts_that_need_the_processor_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First come, first served, and the wait is no part of an environment's init."""
    monkeypatch.setattr("segue.runtimes.turn._LOOK_SECONDS", 0.1)
    monkeypatch.setattr("segue.runtimes.turn._LOOKS", 1_000)
    # on a busy machine the system tells late who was kept waiting for a processor
    monkeypatch.setattr(Environment, "processor_seconds", property(lambda _: time.monotonic()))
    made = Place(tmp_path, PoolSettings(parallel_starts=1))
    note = tmp_path / "note"
    init = f"""
import time
def note(text):
    with open({str(note)!r}, "a") as file:
        file.write(text + " ")
note("begin")
while time.process_time() < NEEDED:
    pass
note("end")
def handler(e, c): pass
"""
    specs = [made.python(init.replace("NEEDED", needed)) for needed in ("0.4", "0", "0")]

    async def crowd() -> list[Outcome]:
        return await asyncio.gather(*(made.pool.invoke(spec, invocation()) for spec in specs))

    outcomes = made.run(crowd())
    assert note.read_text().split() == ["begin", "end"] * 3
    init_ms = [outcome.init_ms or 0 for outcome in outcomes]
    assert init_ms[0] > max(init_ms[1:])
    made.run(made.pool.close())
    made.runner.close()


def test_who_waits_for_an_environment_that_ends_as_it_comes_up_gets_another(
    own: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, ended = Environment.start, []

    async def start_and_end(environment: Environment, helper: Helper) -> InitFailure | None:
        failure = await start(environment, helper)
        if not ended:
            ended.append(environment)
            environment.kill()
        return failure

    monkeypatch.setattr(Environment, "start", start_and_end)
    own.run(asyncio.wait_for(own.pool.invoke(own.python(PID), invocation()), 20))
    assert ended


def test_a_burst_of_a_new_function_extracts_its_code_once(
    own: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, made = zipped(tmp_path), []

    def counting(archive: Path, folder: Path) -> Path:
        made.append(folder)
        return extract(archive, folder)

    monkeypatch.setattr("segue.runtimes.code_folders.extract", counting)
    specs = [own.python("", code=CodeRef("0" * 64, package)) for _ in range(3)]

    async def burst() -> list[Outcome]:
        return await asyncio.gather(*(own.pool.invoke(spec, invocation()) for spec in specs * 2))

    assert [outcome.status for outcome in own.run(burst())] == ["ok"] * 6
    assert len(made) == 1


def test_code_that_was_not_used_for_long_goes_and_comes_back_when_it_is_needed(own: Place, tmp_path: Path) -> None:
    package, folders = zipped(tmp_path), tmp_path / "pool" / "code"
    running, resting, new = (own.python("", code=CodeRef(name * 64, package)) for name in "abc")
    for spec in (running, resting):
        own.invoke(spec)
        os.utime(folders / spec.code.sha256, (0, 0))
    own.pool.drop(resting.function_arn)
    own.invoke(new)
    own.run(until(lambda: sorted(os.listdir(folders)) == [spec.code.sha256 for spec in (running, new)]))
    assert own.invoke(resting).status == "ok"


def test_closing_answers_everybody(tmp_path: Path) -> None:
    """Running, starting and waiting invocations all get an error to try again by; none hangs, none is run twice."""
    made = Place(tmp_path, PoolSettings(parallel_starts=1))
    starting = made.python("import time\ntime.sleep(9)\ndef handler(e, c): pass\n")
    mark = tmp_path / "mark"
    running = made.python(f"import time\ndef handler(e, c):\n    open({str(mark)!r}, 'a').write('x'); time.sleep(9)\n")

    async def close() -> list[BaseException | Outcome]:
        tasks = [asyncio.create_task(made.pool.invoke(running, invocation()))]
        await until(mark.exists)
        tasks += [asyncio.create_task(made.pool.invoke(starting, invocation())) for _ in range(3)]
        await asyncio.sleep(0.05)
        await made.pool.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = made.run(close())
    assert [getattr(answer, "code", answer) for answer in answers] == ["ServiceException"] * 4
    assert mark.read_text() == "x"
    with pytest.raises(AwsError, match="shutting down"):
        made.invoke(running)
    made.runner.close()
