"""`lawrec serve`: answer over HTTP, with a page for people."""

from pathlib import Path
from typing import Any

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.interrupts import ending_on_sigterm
from lawrec.serving.service_config import (
    COST_OF_EXPLAINING,
    ServiceConfig,
    check_service,
    default_workers,
    read_key_digests,
)

_DEFAULT = ServiceConfig()


@click.command(cls=option_types.HeadedCommand)
@options.model
@click.option("--host", default=_DEFAULT.host, help="Address to listen to; 0.0.0.0: all.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=_DEFAULT.port, help="Port; 0: any free one."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=default_workers,
    show_default="number of cores, at most 4",
    help="Number of processes that score.",
)
@click.option("--api-key-file", type=options.FILE, help="File of API keys, one per line.")
@click.option("--tls-certificate", type=options.FILE, help="File of the TLS certificate.")
@click.option("--tls-key", type=options.FILE, help="File of its private key.")
@click.option(
    "--cors-origin",
    "cors_origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin call the service; may be repeated.  [default: none]",
)
@click.option(
    "--feedback",
    "feedback_file",
    type=option_types.OUTPUT_FILE,
    help="File to append feedback to.  [default: none]",
)
@click.option(
    "--max-batch",
    type=click.IntRange(1, 4096),
    default=_DEFAULT.max_batch,
    help="Maximum number of facts of several requests scored together; one to explain counts as "
    f"{COST_OF_EXPLAINING} facts. A larger request is scored alone.",
)
@click.option(
    "--max-wait",
    type=option_types.FloatRange(0, 10),
    default=_DEFAULT.max_wait,
    help="Seconds to wait for more facts to score together.",
)
@click.option(
    "--queue",
    "queue_facts",
    type=click.IntRange(1, 10**6),
    default=_DEFAULT.queue_facts,
    help="Maximum length of the queue, in facts counted likewise; further ones are refused (429).",
)
@click.option(
    "--deadline",
    type=option_types.FloatRange(0.001, 3600),
    default=_DEFAULT.deadline,
    help="Seconds until a waiting request is refused (503).",
)
@click.option(
    "--max-body",
    type=click.IntRange(1024, 2**30),
    default=_DEFAULT.max_body,
    help="Maximum size of a body, in bytes.",
)
@click.option(
    "--max-fact",
    type=click.IntRange(1, 4 * 2**20),
    default=_DEFAULT.max_fact,
    help="Maximum length of a fact, in characters.",
)
@click.option(
    "--max-facts",
    type=click.IntRange(1, 10**5),
    default=_DEFAULT.max_facts,
    help="Maximum number of facts per request.",
)
@click.option("--access-log", is_flag=True, help="Log a line per request, without its fact.")
@options.messages
def serve(api_key_file: Path | None, feedback_file: Path | None, **settings: Any) -> None:
    """Serve a page for people, and an API for programs, on http://127.0.0.1:8765.

    It uses the shipped model where nothing has been trained. /openapi.json describes the API.

    SIGHUP loads the model again, and SIGTERM stops the service; neither loses a request.
    """
    with ending_on_sigterm():
        keys = read_key_digests(api_key_file) if api_key_file else ()
        config = ServiceConfig(key_digests=keys, feedback=feedback_file, **settings)
        check_service(config)
        option_values.set_tensorflow_log()
        from lawrec.serving.server import run_service

        with option_values.show_progress() as progress:
            run_service(config, log_level=option_values.log_level(), progress=progress)
