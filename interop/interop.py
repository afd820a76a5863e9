"""Crosses tokens between Countersign and the Python world; README.md says what that proves.

    interop.py BINARY [GROUP...]

Every group runs in a process of its own, because SimpleJWT reads its settings once per process.
"""
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from multiprocessing.connection import wait
from pathlib import Path

import crossing
import jwk_url
import peers
import refusals
import site_settings
import takeover
from keys import ALGORITHMS, ASYMMETRIC
from report import Report

PARALLEL_GROUPS = 2
GROUP_SECONDS = 60

GROUPS = {
    "refusals": (refusals.run,),
    **{algorithm: (crossing.run, algorithm) for algorithm in ALGORITHMS},
    "site-settings": (site_settings.run,),
    "takeover": (takeover.run,),
    **{f"jwk-url-{algorithm}": (jwk_url.run, algorithm) for algorithm in ASYMMETRIC},
}


def main(binary, names):
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        sys.exit(f"interop: no group is named {', '.join(unknown)}. There are: {', '.join(GROUPS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.umask(0o077)  # the program reads no key from a file that others can read
    os.environ["no_proxy"] = "*"  # everything is on loopback
    peers.configure_django()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="countersign-interop-") as folder:
        for results in in_parallel(Path(binary).resolve(), names or list(GROUPS), Path(folder)):
            for name, problem in results:
                passed, failed = passed + (problem is None), failed + (problem is not None)
                print(f"ok    {name}" if problem is None else f"FAIL  {name}\n      {problem}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def in_parallel(binary, names, folder):
    """The results of each group, in the order in which the groups end."""
    context = multiprocessing.get_context("fork")
    waiting, running = list(names), {}
    try:
        while waiting or running:
            while waiting and len(running) < PARALLEL_GROUPS:
                name = waiting.pop(0)
                mine, theirs = context.Pipe(duplex=False)
                process = context.Process(target=run_group, args=(name, binary, folder / name, theirs))
                process.start()
                theirs.close()
                running[mine] = (name, process, time.monotonic() + GROUP_SECONDS)
            for pipe in wait(list(running), timeout=1):
                name, process, _ = running.pop(pipe)
                yield outcome(name, pipe)
                process.join(10)
            for pipe, (name, process, deadline) in list(running.items()):
                if time.monotonic() > deadline:
                    del running[pipe]
                    process.terminate()
                    process.join(10)
                    yield [(name, f"did not end within {GROUP_SECONDS} seconds")]
    finally:
        for _, process, _ in running.values():
            process.terminate()
            process.join(10)


def outcome(name, pipe):
    try:
        return pipe.recv() or [(name, "made no check")]
    except EOFError:
        return [(name, "its process ended without a result")]


def run_group(name, binary, folder, pipe):
    """Runs one group; what escapes from its checks is a failure of the group itself."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder.mkdir()
    report = Report(name)
    function, *arguments = GROUPS[name]
    try:
        function(report, binary, folder, *arguments)
    except Exception as error:
        report.failed("the group runs to its end", error)
    pipe.send(report.results)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
