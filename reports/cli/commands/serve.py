"""`paiban serve`: a local page over a shop folder."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Run, run_as_one, shop_argument, speaking_options


@click.command("serve", short_help="A page on this machine: import, edit, plan, compare, fetch.")
@shop_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port on this machine; 0: any that is free.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@speaking_options(json="Print the page's address as one JSON object.", quiet="Print the address only.")
@run_as_one
def command(shop: Path, port: int, opens: bool, run: Run) -> int:
    """Serve a page on which a manager drops exports, edits promotions and scenarios, plans and fetches files.

    The page answers this machine only (127.0.0.1) and loads nothing from the network. One command runs at a
    time for a shop. Needs the optional parts of the installation: pip install "paiban[serve]".

    \b
    Example:
      paiban serve my-shop --open
    """
    from reports.cli.serve_run import serve_shop

    return serve_shop(shop, port=port, opens=opens, run=run)
