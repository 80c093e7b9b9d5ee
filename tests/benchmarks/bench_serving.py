"""Load on `lawrec serve`: is any answer lost or mixed up, how many per second, how long they take.

    python tests/benchmarks/bench_serving.py [--requests 10000] [--clients 64] [--workers 2]
        [--rounds 20] [--data FILE] [--model MODEL]

The service starts in a process of its own. Facts, by default of the invented cases, each with a
number of its own in it, are answered by `Recommender` in this process and then by the service, to
which clients in another process send one fact per request: in rounds, a part of the facts each, so
that both meet the same moods of the machine. Every answer must be the same. The last figures are
measured at half of the rate that the service can sustain.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from lawrec import Recommender
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.reporting.answers.writers import answer_json
from lawrec.storage.resources import shipped_path


def facts_of(path: Path, n_facts: int) -> list[str]:
    """Return facts that differ from each other."""
    facts = [case.fact for case in usable_cases(read_cases(path))]
    return [f"第{number}号案。{facts[number % len(facts)]}" for number in range(n_facts)]


def expected_answers(recommender: Recommender, facts: list[str]) -> tuple[list[dict], float]:
    """Return what `predict` answers, and the seconds that it takes."""
    start = time.perf_counter()
    lines = list(answer_json(recommender(facts, top_k=1)))
    seconds = time.perf_counter() - start
    return [json.loads(line) | {"case_id": "1"} for line in lines], seconds


def start_service(*options: str) -> tuple[subprocess.Popen, str]:
    """Start the service on a free port, and return its process and address."""
    command = [sys.executable, "-m", "lawrec", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if match := re.search(r"http://[\d.]+:\d+", line):
            return process, match[0]
    raise SystemExit("the service did not start")


def send_all(url: str, facts: list[str], *, clients: int, rate: float) -> tuple[list[tuple], float]:
    """Send a request per fact; `rate` limits them per second, 0: none.

    Returns:
        Status, body and seconds of each answer; and the seconds of all, in which no request is
        made and no answer is decoded.
    """
    return asyncio.run(_send_all(url, [*map(_request, facts)], clients=clients, rate=rate))


def _request(fact: str) -> bytes:
    body = json.dumps({"fact": fact}).encode()
    head = "POST /v1/recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _send_all(
    url: str, requests: list[bytes], *, clients: int, rate: float
) -> tuple[list[tuple], float]:
    host, port = url.removeprefix("http://").split(":")
    connections = [await asyncio.open_connection(host, port) for _ in range(clients)]
    results: list[tuple] = [()] * len(requests)
    waiting, start = iter(enumerate(requests)), time.perf_counter()

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, request in waiting:
            if rate:
                await asyncio.sleep(max(0, start + number / rate - time.perf_counter()))
            sent = time.perf_counter()
            status, body = await _post(reader, writer, request)
            results[number] = (status, body, time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(send(*connection) for connection in connections))
    return results, time.perf_counter() - start


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes]:
    """Return status and body of the answer to a request on an open connection.

    A client library with a pool of connections takes more time than the service itself.
    """
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return int(head.split()[1]), await reader.readexactly(int(length[1]))


def in_a_process(*arguments: object, **options: object) -> tuple[list[tuple], float]:
    """Return what `send_all` returns in another process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(send_all, *arguments, **options).result()


def in_rounds(
    url: str, facts: list[str], *, recommender: Recommender, clients: int, rounds: int
) -> tuple[list[tuple], list[dict], np.ndarray]:
    """Return the results of the service, what `predict` answers, and the time that each round took.

    Returns:
        The results and the answers, in the order of the facts; and the seconds of `predict` and of
        the service, of shape (rounds, 2).
    """
    recommender(facts[:64])
    results, expected, times = [], [], []
    for part in np.array_split(np.array(facts, object), rounds):
        answers, seconds = expected_answers(recommender, list(part))
        answered, service_seconds = in_a_process(url, list(part), clients=clients, rate=0)
        times.append((seconds, service_seconds))
        results += answered
        expected += answers
    return results, expected, np.array(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("requests", 10_000), ("clients", 64), ("workers", 2), ("rounds", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--data", type=Path, default=shipped_path("data/sample/train.json"))
    parser.add_argument("--model", help="a run or a bundle; by default the shipped model")
    arguments = parser.parse_args()
    clients, n_facts = arguments.clients, arguments.requests
    facts = facts_of(arguments.data, n_facts)
    model = ["--model", arguments.model] if arguments.model else []
    process, url = start_service("--workers", str(arguments.workers), *model)
    try:
        single, _ = in_a_process(url, facts[:200], clients=1, rate=0)
        recommender, rounds = Recommender.load(arguments.model), arguments.rounds
        results, expected, times = in_rounds(
            url, facts, recommender=recommender, clients=clients, rounds=rounds
        )
        predict_seconds, seconds = times.sum(axis=0)
        rate, quarter = n_facts / seconds, facts[: n_facts // 4]
        half, _ = in_a_process(url, quarter, clients=clients, rate=rate / 2)
    finally:
        process.terminate()
        process.wait()
    statuses = [result[0] for result in results]
    answers = [json.loads(body) for _, body, _ in results]
    wrong = sum(got != answer for got, answer in zip(answers, expected, strict=True))
    alone = float(np.median([each[2] for each in single]))
    p99 = float(np.percentile([each[2] for each in half], 99))
    ratios = " ".join(f"{each:.0%}" for each in times[:, 0] / times[:, 1])
    print(f"answers: {statuses.count(200):,} of {n_facts:,}, {wrong:,} other than predict's")
    print(
        f"predict: {n_facts / predict_seconds:.0f} facts/s; service: {rate:.0f}/s = "
        f"{predict_seconds / seconds:.0%} (by round: {ratios})"
    )
    print(f"a single request: {1e3 * alone:.1f} ms; p99 at half the rate: {1e3 * p99:.1f} ms")
    print(f"p99 / single = {p99 / alone:.1f}")


if __name__ == "__main__":
    main()
