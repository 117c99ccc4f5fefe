"""`paiban init`: a new shop folder."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Run, run_as_one, run_options


@click.command("init", short_help="A new shop folder with templates of every input.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@run_options
@run_as_one
def command(folder: Path, run: Run) -> int:
    """Write a commented shop.toml and templates of every input; files that are there stay as they are.

    \b
    Example:
      paiban init my-shop
    """
    from importlib import resources

    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.speech import language, tell_json
    from reports.words import words

    templates = resources.files("reports").joinpath("templates", "shop")
    contents = {file.name: file.read_bytes() for file in templates.iterdir()}
    new = sorted(name for name in contents if not (folder / name).exists())
    with whole_files(folder) as partial:
        for name in new:
            (partial / name).write_bytes(contents[name])
    if run.as_json:
        tell_json({"folder": str(folder), "written": new})
        return ExitCode.FINE
    say = words(language(run.lang, None))
    for name in new:
        click.echo(str(folder / name))
    kept = sorted(set(contents) - set(new))
    if kept:
        click.echo(say("stage.kept", files=say("format.list_gap").join(kept)))
    click.echo(say("stage.next_init", shop=folder))
    return ExitCode.FINE
