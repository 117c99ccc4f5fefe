"""What `serve` does: look for the optional parts, bind to this machine, answer until stopped."""

from __future__ import annotations

import importlib.util
import signal
import webbrowser
from pathlib import Path

import click

from forecast.config import read_shop
from forecast.errors import ConfigError, DataError, Problem
from reports.cli.options import Run
from reports.cli.outcomes import ExitCode
from reports.cli.speech import language, tell_json
from reports.words import words

HOST = "127.0.0.1"
OPTIONAL = ("flask", "waitress", "tomlkit")
THREADS = 8


def serve_shop(shop: Path, *, port: int, opens: bool, run: Run) -> ExitCode:
    """Serve a shop's page until it is interrupted.

    Raises
    ------
    ConfigError
        If an optional library is not installed or the port is taken.
    DataError
        If there is no such shop folder.
    """
    missing = [name for name in OPTIONAL if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f'paiban serve needs {", ".join(missing)}; install the optional part: pip install "paiban[serve]"'
        )
    if not shop.is_dir():
        raise DataError(Problem(file=str(shop), message="no such shop folder; make one with paiban init"))
    lang = language(run.lang, read_shop(shop).shop.language)
    say = words(lang)

    from waitress.server import create_server

    from reports.serve.local_site import MOST_BYTES, make_site

    site = make_site(shop, lang=lang)
    try:
        server = create_server(
            site, host=HOST, port=port, threads=THREADS, max_request_body_size=MOST_BYTES, ident=None
        )
    except OSError:
        raise ConfigError(f"port {port} is taken; choose another with --port, or 0 for any") from None
    address = f"http://{HOST}:{server.effective_port}/"
    if run.as_json:
        tell_json({"address": address})
    else:
        click.echo(address)
    if not (run.quiet or run.as_json):
        click.echo(say("serve.how_to_stop"), err=True)
    if opens:
        webbrowser.open(address)
    runs, previews = site.extensions["paiban"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl+C does, with its processes
    try:
        server.run()
    finally:
        runs.close()
        previews.close()
        server.close()
    return ExitCode.FINE
