"""Simulate a job in shards on many machines: which size of a shard wastes least.

    python tests/benchmarks/simulate_shards.py [--facts 100000000] [--workers 1000]

Workers are of different speed, a few are slow (stragglers), and each is lost now and then (spot
machines), with the shard that it works on: another one gets the shard a minute later. Prints, for
each size of a shard, how much longer the job takes than if all work could be divided evenly and
nothing were lost, and which part of the work is done in vain.
"""

import heapq
import random
from dataclasses import dataclass

import click

BYTES_PER_FACT = 1_270
SECONDS_PER_FACT = 0.0023
"""Of one core, for a fact of CAIL2018, with jieba and the shipped model."""
SECONDS_PER_SHARD = 0.1
"""To claim a shard, to list the folder, and to write and enter its answers."""
SECONDS_TO_LOAD = 3.0
"""A process loads the model and jieba's dictionary."""
STALE_SECONDS = 60.0
SPEED_SPREAD = 0.1
SLOW_SHARE, SLOW_SPEED = 0.03, 1 / 3
HOURS_UNTIL_LOST = 12.0
SECONDS_UNTIL_BACK = 120.0


@dataclass(frozen=True)
class Outcome:
    """How long a job takes, beyond an even division of its work, and what is done in vain."""

    seconds: float
    overhead: float
    lost: float


@click.command()
@click.option("--facts", default=10**8, show_default=True, help="Facts to predict.")
@click.option("--workers", default=1_000, show_default=True, help="Processes, one per core.")
@click.option("--seed", default=0, show_default=True, help="Random seed.")
def main(facts: int, workers: int, seed: int) -> None:
    """Print a row per size of a shard."""
    print("MiB per shard   shards   seconds each   minutes   longer than ideal   in vain")
    for mebibytes in (0.25, 1, 4, 16, 64, 256):
        per_shard = mebibytes * 2**20 / BYTES_PER_FACT
        n_shards = max(1, round(facts / per_shard))
        seconds = per_shard * SECONDS_PER_FACT
        outcome = simulate(n_shards, seconds, workers=workers, rng=random.Random(seed))
        print(
            f"{mebibytes:13g} {n_shards:8,} {seconds:14.1f} {outcome.seconds / 60:9.1f}"
            f" {outcome.overhead:18.1%} {outcome.lost:9.2%}"
        )


def simulate(n_shards: int, seconds: float, *, workers: int, rng: random.Random) -> Outcome:
    """Return the outcome of a job.

    Args:
        n_shards: Shards of the job.
        seconds: Seconds that a worker of speed 1 takes for a shard.
        workers: Workers.
        rng: Chance.
    """
    speeds = [_speed(rng) for _ in range(workers)]
    free = [(0.0, worker) for worker in range(workers)]  # when each worker is free
    waiting = [0.0] * n_shards  # when each shard may be taken
    is_loaded, end, lost = [False] * workers, 0.0, 0.0
    while waiting:
        now, worker = heapq.heappop(free)
        start = max(now, heapq.heappop(waiting))
        load = 0.0 if is_loaded[worker] else SECONDS_TO_LOAD
        duration = (load + seconds) / speeds[worker] + SECONDS_PER_SHARD
        until_lost = rng.expovariate(1 / (HOURS_UNTIL_LOST * 3600))
        is_loaded[worker] = until_lost >= duration
        if is_loaded[worker]:
            end = max(end, start + duration)
            heapq.heappush(free, (start + duration, worker))
        else:
            lost += until_lost * speeds[worker]
            heapq.heappush(waiting, start + until_lost + STALE_SECONDS)
            heapq.heappush(free, (start + until_lost + SECONDS_UNTIL_BACK, worker))
    work = n_shards * seconds
    return Outcome(end, end * sum(speeds) / work - 1, lost / work)


def _speed(rng: random.Random) -> float:
    if rng.random() < SLOW_SHARE:
        return SLOW_SPEED
    return rng.lognormvariate(0, SPEED_SPREAD)


if __name__ == "__main__":
    main()
