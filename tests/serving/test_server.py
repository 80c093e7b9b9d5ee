"""Server: processes that are stopped, killed and asked to load their model again."""

import json
import logging
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn

from lawrec.errors import ConfigError, RunError
from lawrec.serving import server
from lawrec.serving.server import run_service, server_config
from lawrec.serving.service_config import ServiceConfig
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.helpers.cli import THEFT


def begun(tmp_path, *options):
    """Return a service in a process of its own, which is about to load its model."""
    command = [sys.executable, "-m", "lawrec", "serve", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def started(tmp_path, *options):
    """Yield a service in a process of its own, its address, and the lines of its stderr."""
    lines, process = [], begun(tmp_path, *options)
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    try:
        for line in process.stderr:
            lines.append(line)
            if match := re.search(r"https?://[\d.]+:\d+", line):
                break
        else:
            raise AssertionError("".join(lines))
        reader.start()
        yield process, match[0], lines
    finally:
        process.terminate()
        process.wait(60)
        if reader.ident:
            reader.join()
        process.stderr.close()


def ask(address, number):
    body = {"fact": f"{THEFT}第{number}号。"}
    return httpx.post(f"{address}/v1/recommend", json=body, timeout=60, trust_env=False)


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def count(address, name):
    text = httpx.get(f"{address}/metrics", trust_env=False).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_it_reloads_without_a_gap_and_stops_without_losing_a_request(tmp_path):
    with started(tmp_path) as (process, address, lines):
        assert ask(address, 0).status_code == 200
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(ask, address, number) for number in range(100)]
            process.send_signal(signal.SIGHUP)
            assert [answer.result().status_code for answer in answers] == [200] * 100
            wait_until(lambda: count(address, 'lawrec_reloads_total{outcome="loaded"}') == 1)
            last = [pool.submit(ask, address, number) for number in range(8)]
            wait_until(lambda: count(address, "lawrec_batch_facts_sum") > 101)
            process.terminate()
            results = [answer.exception() or answer.result().status_code for answer in last]
        process.wait(60)
    # What the service accepted is answered; whoever came later found no open port.
    assert all(result == 200 or isinstance(result, httpx.ConnectError) for result in results)
    assert 200 in results
    assert "Traceback" not in "".join(lines)
    assert THEFT not in "".join(lines)


def test_head_has_no_body_and_sigterm_ends_it_well(tmp_path):
    with started(tmp_path) as (process, address, _):
        where = ("127.0.0.1", int(address.rpartition(":")[2]))
        with socket.create_connection(where, 30) as connection:
            for _ in range(2):  # a body would be read as the head of the next answer
                connection.sendall(b"HEAD /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = connection.recv(1 << 16)
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert answer.endswith(b"\r\n\r\n")
    assert process.returncode == 0


def test_workers_answer_beside_each_other_and_one_that_is_killed_is_replaced(tmp_path):
    with started(tmp_path, "--workers", "2") as (process, address, lines):
        with ThreadPoolExecutor(8) as pool:
            killed, alive = workers(process)
            answers = [pool.submit(ask, address, number) for number in range(40)]
            os.kill(killed, signal.SIGKILL)
            assert {answer.result().status_code for answer in answers} == {200}
        assert len(workers(process)) == 2
        assert alive in workers(process)
    assert process.returncode == 0
    assert "Traceback" not in "".join(lines)


def workers(process):
    """Return the worker processes of a service."""
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")  # by the thread that started them
    children = [pid for each in lists for pid in each.read_text().split()]
    return [
        int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_signals_to_all_of_its_processes_lose_no_request(tmp_path):
    """A terminal sends Ctrl-C to all of them, systemd SIGTERM."""
    with started(tmp_path, "--workers", "2") as (process, address, lines):
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(ask, address, number) for number in range(8)]
            wait_until(lambda: count(address, "lawrec_waiting_facts") or answers[0].done())
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                for each in workers(process):
                    os.kill(each, number)
            assert [answer.result().status_code for answer in answers] == [200] * 8
        assert len(workers(process)) == 2
    assert process.returncode == 0
    assert "was killed" not in "".join(lines)


def test_a_connection_that_still_sends_is_answered_before_the_end(tmp_path):
    body = json.dumps({"fact": THEFT}).encode()
    head = "POST /v1/recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with started(tmp_path, "--workers", "2") as (process, address, _):
        where = ("127.0.0.1", int(address.rpartition(":")[2]))
        with socket.create_connection(where, 30) as slow:
            slow.sendall(head.encode() + body[:9])
            wait_until(lambda: count(address, "lawrec_requests_total") > 0)
            process.terminate()
            wait_until(lambda: is_refused(where))
            assert process.poll() is None
            slow.sendall(body[9:])
            answer = slow.recv(1 << 16)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"connection: close" in answer
        process.wait(60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 1)], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_signal_while_the_workers_start_ends_all_processes(tmp_path, number, code):
    process = begun(tmp_path, "--workers", "2")
    wait_until(lambda: workers(process))
    pids = workers(process)
    process.send_signal(number)
    _, lines = process.communicate(timeout=60)
    wait_until(lambda: not any(map(is_running, pids)))
    assert "Traceback" not in lines
    assert process.returncode == code


def test_a_sighup_before_the_service_runs_loads_the_model_again_when_it_does(tmp_path):
    process = begun(tmp_path, "--workers", "1")
    wait_until(lambda: workers(process))
    process.send_signal(signal.SIGHUP)
    with process.stderr as lines:
        for line in lines:
            if "Loaded the model criminal-law again." in line:
                process.terminate()
    assert process.wait(60) == 0


def test_a_model_that_cannot_be_loaded_again_leaves_the_service_as_it_is(tmp_path):
    path = tmp_path / "mine.lawrec"
    shutil.copy(shipped_path(SHIPPED_MODEL), path)
    with started(tmp_path, "--model", str(path)) as (process, address, lines):
        assert ask(address, 1).status_code == 200
        path.unlink()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: count(address, 'lawrec_reloads_total{outcome="failed"}') == 1)
        assert ask(address, 2).status_code == 200
        for pid in workers(process):
            os.kill(pid, signal.SIGKILL)
        assert ask(address, 3).status_code == 503
        wait_until(lambda: ask(address, 4).status_code == 503)
        ready = httpx.get(f"{address}/health/ready", trust_env=False)
        assert ready.status_code == 503
    assert process.returncode == 0
    assert "Traceback" not in "".join(lines)


def test_workers_end_when_the_service_is_killed(tmp_path):
    with started(tmp_path, "--workers", "2") as (process, address, lines):
        assert ask(address, 1).status_code == 200
        pids = workers(process)
        process.kill()
        wait_until(lambda: not any(map(is_running, pids)))
    assert "Traceback" not in "".join(lines)


def is_running(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"  # nobody may have waited for it yet


def is_refused(where):
    try:
        socket.create_connection(where, 30).close()
    except ConnectionRefusedError:
        return True
    return False


def test_tls_is_spoken_with_a_certificate(tmp_path):
    openssl = shutil.which("openssl") or pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    options = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with started(tmp_path, *options) as (_, address, _):
        assert address.startswith("https://")
        trusted = ssl.create_default_context(cafile=certificate)
        answer = httpx.get(f"{address}/health/ready", verify=trusted, trust_env=False)
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"]


def test_a_port_that_is_taken_is_an_error_without_a_traceback(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "lawrec", "serve", "--port", port]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        result = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"Error: --host 127.0.0.1 --port {port}: the address must be one of this machine, and its "
        "port free, got Address already in use. Choose another --port or --host, or stop the "
        "program that listens there."
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no host", "a..b"])
def test_an_address_of_no_use_is_an_error(host):
    with pytest.raises(ConfigError, match="the address must be one of this machine"):
        server._listener(ServiceConfig(host=host, port=0))


def test_a_run_that_is_not_there_is_an_error(tmp_path):
    for workers in (1, 2):
        with pytest.raises(RunError):
            run_service(ServiceConfig(model="absent", checkpoints=tmp_path, workers=workers))
    with pytest.raises(ConfigError):
        run_service(ServiceConfig(queue_facts=1))


def test_uvicorn_gets_the_settings(tmp_path):
    config = ServiceConfig(host="::1", port=9000, tls_certificate=tmp_path, tls_key=tmp_path)
    settings = server_config(config, None, log_level="warning")
    assert (settings.host, settings.port, settings.log_level) == ("::1", 9000, "warning")
    assert (settings.ssl_certfile, settings.ssl_keyfile) == (tmp_path, tmp_path)
    assert not settings.access_log
    assert not settings.server_header


def test_the_access_log_has_no_names_of_files():
    settings = server_config(ServiceConfig(access_log=True), None, log_level="info")
    (drop_query,) = settings.log_config["handlers"]["access"]["filters"]
    values = ("127.0.0.1:1", "POST", "/v1/cases?name=张三.csv", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 1, "%s", values, None)
    assert drop_query(record)
    assert record.args == ("127.0.0.1:1", "POST", "/v1/cases", "1.1", 200)


@contextmanager
def started_here(monkeypatch, seconds):
    """Yield the address of an empty application behind the server's own protocol."""

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    monkeypatch.setattr(server, "HEAD_SECONDS", seconds)
    options = server_config(ServiceConfig(port=0), app, log_level="warning")
    options.lifespan = "off"
    running = uvicorn.Server(options)
    thread = threading.Thread(target=running.run, args=([options.bind_socket()],))
    thread.start()
    try:
        wait_until(lambda: running.started)
        yield running.servers[0].sockets[0].getsockname()
    finally:
        running.should_exit = True
        thread.join()


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("before", [b"", REQUEST], ids=["the first", "the second"])
def test_a_head_that_does_not_come_closes_the_connection(monkeypatch, before):
    with started_here(monkeypatch, 0.3) as address, socket.create_connection(address, 30) as sock:
        if before:
            sock.sendall(before)
            assert b" 204 " in sock.recv(4096)
        sock.sendall(REQUEST[:9])
        assert sock.recv(4096) == b""


HEADERS = b"X: a\r\n" * 50_000


@pytest.mark.parametrize(
    "start",
    [
        REQUEST[:-2],
        REQUEST[:-2] + b"X: ",
        REQUEST + REQUEST[:-2],
        b"GET /",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
    ],
    ids=["headers", "a header", "of the second", "a path", "after the body"],
)
def test_a_head_without_end_is_refused_before_it_takes_memory(monkeypatch, start):
    with started_here(monkeypatch, 60.0) as address, socket.create_connection(address, 30) as sock:
        rest = HEADERS if start.endswith(b"\n") else b"a" * len(HEADERS)
        with suppress(ConnectionError):  # it may be refused before all is sent
            sock.sendall(start + rest)
        answers = b""
        with suppress(ConnectionError):
            while part := sock.recv(4096):
                answers += part
        assert not answers or b"HTTP/1.1 400 Bad Request" in answers


def test_connections_beyond_what_files_allow_are_closed_at_once(monkeypatch):
    monkeypatch.setattr(server, "most_connections", lambda: 2)
    with started_here(monkeypatch, 60.0) as address, ExitStack() as opened:
        first, second, third = (
            opened.enter_context(socket.create_connection(address, 30)) for _ in range(3)
        )
        assert third.recv(4096) == b""
        for each in (first, second):
            each.sendall(REQUEST)
            assert b" 204 " in each.recv(4096)
        first.close()
        wait_until(lambda: answers(address))


def answers(address):
    with socket.create_connection(address, 30) as sock, suppress(ConnectionError):
        sock.sendall(REQUEST)
        return b" 204 " in sock.recv(4096)
    return False


def test_the_files_that_a_process_may_open_limit_its_connections(monkeypatch):
    for limit, expected in ((1024, 448), (80, 128), (resource.RLIM_INFINITY, sys.maxsize)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert server.most_connections() == expected


def test_a_large_body_is_no_large_head(monkeypatch):
    with started_here(monkeypatch, 60.0) as address, socket.create_connection(address, 30) as sock:
        for _ in range(2):
            length = b"Content-Length: 300000\r\n\r\n"
            sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + length + b"a" * 300_000)
            assert b" 204 " in sock.recv(4096)


def test_the_body_of_an_answer_does_not_wait_for_its_head_to_arrive(monkeypatch):
    options, receive = [], server._Protocol.data_received

    def remember(protocol, data):
        connection = protocol.transport.get_extra_info("socket")
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        receive(protocol, data)

    monkeypatch.setattr(server._Protocol, "data_received", remember)
    with started_here(monkeypatch, 1.0) as address, socket.create_connection(address, 30) as sock:
        sock.sendall(REQUEST)
        assert b" 204 " in sock.recv(4096)
    assert options == [1]


def test_heads_in_time_are_answered_however_long_the_connection_lasts(monkeypatch):
    with started_here(monkeypatch, 1.0) as address, socket.create_connection(address, 30) as sock:
        for _ in range(8):
            sock.sendall(REQUEST[:20])
            time.sleep(0.2)
            sock.sendall(REQUEST[20:])
            assert b" 204 " in sock.recv(4096)
