"""Cycles until a backlog is gone, in a process of its own: peak memory and CPU are a process's."""

from __future__ import annotations

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor

from etl import sql
from etl.cycle.batch import STEPS
from etl.cycle.run import run_cycle
from etl.settings import Settings
from tests.bench.usage import spent_by_session


def drain_apart(url: str, settings: Settings) -> float:
    """Drain in a process of its own; returns the CPU seconds of its cycles."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(drain, url, settings).result()


def drain(url: str, settings: Settings) -> float:
    """Run cycles until the backlog is gone; print events/s, what each step took, peak memory; returns CPU seconds."""
    import great_expectations  # noqa: F401 - the scheduler has it loaded before a task is forked

    total = dict.fromkeys(STEPS, 0.0)
    landed = 0
    start, cpu_before = time.perf_counter(), time.process_time()
    with sql.connect(url) as db, spent_by_session() as spent:
        while True:
            batch = run_cycle(db, settings)
            landed += batch.landed
            for step, took in batch.step_seconds.items():
                total[step] += took
            print(f"  {batch.summary}")
            if batch.is_caught_up:
                break
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_before
    print(f"etl cycle                {seconds:8.2f} s  {landed / seconds:10,.0f} events/s")
    for step, took in total.items():
        sessions = "".join(f"   {each.server:6.2f} + {each.client:.2f}" for each in spent[step].values())
        print(f"  {step:9} {took:6.2f} s; CPU of each session, server + client:{sessions}")
    print(
        f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB", flush=True
    )
    return cpu
