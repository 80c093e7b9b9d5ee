"""Service configuration: what `lawrec serve` listens to, and the limits of what it accepts."""

import hashlib
import ssl
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lawrec.errors import ConfigError
from lawrec.law.statute_versions import ROOT
from lawrec.threads import available_cores

_PACKAGES = ("fastapi", "httptools", "uvicorn", "prometheus_client")
COST_OF_EXPLAINING = 16
"""How many facts are answered in the time in which one is explained, roughly."""
_MOST_DEFAULT_WORKERS = 4
_SHORTEST_KEY = 16
"""Characters of the shortest API key: a shorter one could be guessed."""


@dataclass(frozen=True)
class ServiceConfig:
    """All settings of a service. Its workers get a copy, so that it can be pickled.

    Attributes:
        model: Name or path of a run or a bundle, as `Recommender.load` takes it; None: the newest
            run, or the shipped model.
        checkpoints: Folder of the runs.
        statutes: Folder of the imported statutes.
        host: Address to listen to.
        port: Port to listen to; 0: any free one.
        workers: Number of processes that score, each with a model of its own.
        max_batch: Maximum number of facts scored together, unless one request has more.
        max_wait: Seconds that a fact waits for others to be scored with.
        queue_facts: Maximum number of waiting facts; a request with more gets the status 429.
        deadline: Seconds until a request that still waits gets the status 503.
        max_body: Bytes of the largest body.
        max_fact: Characters of the longest fact.
        max_facts: Maximum number of facts per request.
        body_seconds: Seconds until a body must have arrived.
        key_digests: SHA-256 digests of the API keys, in hexadecimal; empty: no key is needed.
        cors_origins: Origins whose pages may call the service, such as "https://court.example".
        tls_certificate: File of the TLS certificate; None: plain HTTP.
        tls_key: File of its private key.
        feedback: File that collects feedback; None: feedback is refused.
        access_log: Whether to log a line per request, without its body.
    """

    model: str | None = None
    checkpoints: Path = Path("checkpoints")
    statutes: Path = ROOT
    host: str = "127.0.0.1"
    port: int = 8765
    workers: int = 1
    max_batch: int = 64
    max_wait: float = 0.002
    queue_facts: int = 1024
    deadline: float = 30.0
    max_body: int = 8 * 2**20
    max_fact: int = 200_000
    max_facts: int = 256
    body_seconds: float = 30.0
    key_digests: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    feedback: Path | None = None
    access_log: bool = False


def default_workers() -> int:
    """Return how many workers are started where nobody says: one per core, but few.

    Each has a model in memory, and more than a few wait for the one process that speaks HTTP.

    Example:
        >>> 1 <= default_workers() <= 4
        True
    """
    return min(available_cores(), _MOST_DEFAULT_WORKERS)


def check_service(config: ServiceConfig) -> None:
    """Raise an error if a service with these settings could not work.

    Raises:
        ConfigError: A package is missing, or settings contradict each other.
        OSError: The file of the feedback cannot be written to.

    Example:
        >>> check_service(ServiceConfig(tls_key=Path("key.pem")))
        Traceback (most recent call last):
        lawrec.errors.ConfigError: --tls-certificate: the certificate and its private key ...
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            "serve",
            expected=f"{', '.join(_PACKAGES)} must be installed",
            got=f"no {', '.join(missing)}",
            todo="Run pip install 'lawrec[serve]'.",
        )
    if config.queue_facts < COST_OF_EXPLAINING:
        raise ConfigError(
            "--queue",
            expected="the queue must have room for a fact to explain",
            got=config.queue_facts,
            todo=f"Choose at least {COST_OF_EXPLAINING}: explaining takes that many times as long.",
        )
    if config.queue_facts < config.max_facts:
        raise ConfigError(
            "--queue",
            expected="the queue must hold the facts of one request",
            got=config.queue_facts,
            todo=f"Choose at least {config.max_facts}, or a smaller --max-facts.",
        )
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise ConfigError(
            "--tls-certificate",
            expected="the certificate and its private key must be named together",
            got="one of them",
            todo="Pass --tls-certificate and --tls-key.",
        )
    if config.tls_certificate and config.tls_key:
        _check_certificate(config.tls_certificate, config.tls_key)
    if config.feedback:
        config.feedback.open("a+b").close()


def _check_certificate(certificate: Path, key: Path) -> None:
    """Check that a certificate and its private key can be read and belong together."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:  # of which SSLError is one
        raise ConfigError(
            certificate,
            expected=f"it must be a certificate in PEM, and {key} its private key",
            got=error.strerror or error,
            todo="Name the files that a certificate authority or openssl has made.",
        ) from error


def read_key_digests(path: Path) -> tuple[str, ...]:
    r"""Return the digests of the API keys in a file: one per line; "#" begins a line of comment.

    Raises:
        ConfigError: The file cannot be read, holds no key, or one that is too short or has a space.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "keys.txt"
        ...     _ = path.write_text("# the front desk\n7f3c9a51d2e84b60\n")
        ...     [digest[:8] for digest in read_key_digests(path)]
        ['579e9b33']
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise _key_error(path, "the file of API keys must be readable", got=error) from error
    keys = [line for line in map(str.strip, lines) if line and not line.startswith("#")]
    if not keys:
        raise _key_error(path, "the file must have an API key per line", got="none")
    if any(len(key) < _SHORTEST_KEY for key in keys):  # the message must not show a key
        expected = f"each API key must have at least {_SHORTEST_KEY} characters"
        raise _key_error(path, expected, got="a shorter one")
    if any(len(key.split()) > 1 for key in keys):  # such as a comment behind a key
        raise _key_error(path, "an API key must have no space in it", got="one with a space")
    return tuple(key_digest(key) for key in keys)


def key_digest(key: str) -> str:
    """Return the SHA-256 of an API key, in hexadecimal.

    Example:
        >>> key_digest("7f3c9a51d2e84b60")[:8]
        '579e9b33'
    """
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _key_error(path: Path, expected: str, *, got: object) -> ConfigError:
    todo = "Write one with: python -c 'import secrets; print(secrets.token_urlsafe())'"
    return ConfigError(path, expected=expected, got=got, todo=todo)
