"""The page and what it asks for: state, previews, changes, runs, files."""

from __future__ import annotations

import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from flask import Flask, Response, jsonify, request, send_file
from werkzeug.exceptions import HTTPException

from forecast.config import read_shop
from forecast.errors import PlanError
from forecast.promotions import KINDS
from forecast.replies.rules import rule_book
from reports.notes import problem_words
from reports.readable_names import rule_name, stream_name
from reports.serve import looks
from reports.serve.asked_commands import EFFORTS, command_of
from reports.serve.guard import guard
from reports.serve.plans import file_of, people_of, plans_of
from reports.serve.previews import Previews
from reports.serve.promotion_form import FILE as PROMOTIONS
from reports.serve.promotion_form import PHASE_KINDS, edited_promotions, promotion_fields
from reports.serve.runs import BusyError, Runs
from reports.serve.scenario_form import FILE as SCENARIOS
from reports.serve.scenario_form import POOLS, edited_scenarios, scenario_fields
from reports.serve.toml_files import ChangedFileError, FieldErrors, read_text, version_of, write_whole
from reports.words import LANGUAGES, Words, catalogue, words

MOST_BYTES = 512 * 1024 * 1024  # of one drop of exports
MOST_FORM_BYTES = 2 * 1024 * 1024
ASSETS = {
    "serve.js": ("templates", "text/javascript"),
    "serve.css": ("templates", "text/css"),
    "echarts.min.js": ("assets", "text/javascript"),
}
REPORT_POLICY = "sandbox allow-scripts allow-popups allow-downloads; connect-src 'none'"
Answer = tuple[Response, int]


def make_site(shop: Path, *, lang: str, most_bytes: int = MOST_BYTES) -> Flask:
    """Return the site of one shop folder.

    Parameters
    ----------
    shop
        The shop folder.
    lang
        Language where the page's address says none.
    most_bytes
        Largest drop of exports. [bytes]
    """
    shop = shop.resolve()
    site = Flask("paiban", static_folder=None)
    site.config["MAX_CONTENT_LENGTH"] = most_bytes
    token = guard(site)
    runs, previews = Runs(), Previews()
    site.extensions["paiban"] = (runs, previews)

    def say() -> Words:
        asked = request.args.get("lang", lang)
        return words(asked if asked in LANGUAGES else lang)

    def timezone() -> str:
        return read_shop(shop).shop.timezone

    @site.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Answer:
        key = {403: "serve.refused", 404: "serve.not_there", 413: "serve.too_large"}.get(
            error.code or 500, "serve.not_understood"
        )
        return jsonify(errors=[say()(key)]), error.code or 500

    @site.errorhandler(PlanError)
    def wrong_input(error: PlanError) -> Answer:
        return jsonify(errors=[problem_words(one, say()) for one in error.problems]), 422

    @site.errorhandler(FieldErrors)
    def wrong_fields(error: FieldErrors) -> Answer:
        return jsonify(fields=error.fields, errors=error.whole), 422

    @site.errorhandler(ChangedFileError)
    def changed(_: ChangedFileError) -> Answer:
        return jsonify(errors=[say()("serve.changed_elsewhere")]), 409

    @site.errorhandler(BusyError)
    def busy(_: BusyError) -> Answer:
        return jsonify(errors=[say()("serve.busy")]), 409

    @site.get("/")
    def page() -> str:
        return _page(shop, say(), token)

    @site.get("/assets/<name>")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            return Response(status=404)
        folder, kind = ASSETS[name]
        text = resources.files("reports").joinpath(folder, name).read_bytes()
        return Response(text, mimetype=kind)

    @site.get("/favicon.ico")
    def no_icon() -> Response:  # a sealed-off report asks for it as a stranger
        return Response(status=204, headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    @site.get("/api/state")
    def state() -> Response:
        promotions, scenarios = read_text(shop / PROMOTIONS), read_text(shop / SCENARIOS)
        problems: list[str] = []
        shown: dict[str, list[dict[str, Any]]] = {"events": [], "scenarios": []}
        for key, read, text in (
            ("events", promotion_fields, promotions),
            ("scenarios", scenario_fields, scenarios),
        ):
            try:
                shown[key] = read(text)
            except PlanError as error:
                problems += [problem_words(one, say()) for one in error.problems]
        return jsonify(
            promotions={"version": version_of(promotions), "events": shown["events"]},
            scenarios={"version": version_of(scenarios), "scenarios": shown["scenarios"]},
            plans=plans_of(shop),
            people=people_of(shop),
            run=runs.state(),
            errors=problems,
        )

    @site.post("/api/preview")
    def preview() -> Response:
        text = read_text(shop / PROMOTIONS)
        edited = edited_promotions(text, _form().get("events"), timezone=timezone(), say=say())
        found = previews.call(looks.look, str(shop), edited)
        if isinstance(found, PlanError):
            raise found
        return jsonify(found)

    @site.post("/api/promotions")
    def save_promotions() -> Response:
        form, text = _form(), read_text(shop / PROMOTIONS)
        if version_of(text) != form.get("version"):
            raise ChangedFileError
        edited = edited_promotions(text, form.get("events"), timezone=timezone(), say=say())
        write_whole(shop / PROMOTIONS, edited, version=version_of(text))
        return jsonify(version=version_of(edited), events=promotion_fields(edited))

    @site.post("/api/scenarios")
    def save_scenarios() -> Response:
        form, text = _form(), read_text(shop / SCENARIOS)
        if version_of(text) != form.get("version"):
            raise ChangedFileError
        edited = edited_scenarios(text, form.get("scenarios"), say=say())
        if (wrong := previews.call(looks.scenario_problems, str(shop), edited)) is not None:
            raise wrong
        write_whole(shop / SCENARIOS, edited, version=version_of(text))
        return jsonify(version=version_of(edited), scenarios=scenario_fields(edited))

    @site.post("/api/import")
    def take_exports() -> Answer:
        files = [file for file in request.files.getlist("files") if file.filename]
        if not files:
            return jsonify(errors=[say()("serve.no_files")]), 422
        if runs.state()["running"]:
            raise BusyError
        folder = Path(tempfile.mkdtemp(prefix="paiban-import-"))
        try:
            paths = []
            for i, file in enumerate(files):
                (folder / str(i)).mkdir()
                paths.append(folder / str(i) / _plain_name(file.filename or ""))
                file.save(paths[-1])
            runs.start(
                "import",
                [*map(str, paths), "--shop", str(shop), "--lang", say().lang],
                done=lambda: shutil.rmtree(folder, ignore_errors=True),
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return jsonify(run=runs.state()), 202

    @site.post("/api/run")
    def run() -> Answer:
        name, arguments, targets = command_of(_form(), shop, say())
        runs.start(name, arguments, targets=targets)
        return jsonify(run=runs.state()), 202

    @site.get("/api/run")
    def run_state() -> Response:
        return jsonify(run=runs.state())

    @site.post("/api/run/stop")
    def stop() -> Response:
        return jsonify(stopped=runs.stop())

    @site.get("/files/<plan>/<path:name>")
    def fetch(plan: str, name: str) -> Response:
        path = file_of(shop, plan, name)
        if path is None:
            return Response(status=404)
        shown = path.suffix in (".html", ".png")
        response = send_file(path, as_attachment=not shown, download_name=path.name)
        response.headers["Content-Security-Policy"] = REPORT_POLICY
        return response

    return site


def _form() -> dict[str, Any]:
    """Return the request's JSON object, or an empty one."""
    if (request.content_length or 0) > MOST_FORM_BYTES:
        raise FieldErrors({}, [])
    form = request.get_json(silent=True)
    return form if isinstance(form, dict) else {}


def _plain_name(name: str) -> str:
    """Return the last part of a file's name as it was sent, without anything that could lead elsewhere.

    Examples
    --------
    >>> _plain_name("../../etc/聊天记录.csv.gz"), _plain_name("..")
    ('聊天记录.csv.gz', 'file')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable()).lstrip(".- ")
    return kept[-120:] or "file"


def _page(shop: Path, say: Words, token: str) -> str:
    """Return the page's HTML; its script fills it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    settings = read_shop(shop)
    other = next(lang for lang in LANGUAGES if lang != say.lang)
    choices = {
        "event_kinds": _named("serve.event_", KINDS, say),
        "phase_kinds": _named("serve.phase_", PHASE_KINDS, say),
        "pools": _named("names.pool_", POOLS, say),
        "efforts": _named("serve.effort_", EFFORTS, say),
        "rules": [["", say("serve.as_is")], *_rules(say)],
        "streams": {one.id: stream_name(settings, one.id, say) for one in settings.streams},
    }
    return environment.get_template("serve.html.j2").render(
        say=say,
        shop=settings.shop.name or shop.name,
        other=other,
        other_name=words(other)("serve.this_language"),
        data={
            "token": token,
            "lang": say.lang,
            "words": {name: text[say.lang] for name, text in catalogue("serve").items()},
            "choices": choices,
        },
    )


def _rules(say: Words) -> list[list[str]]:
    """Return the ids of the rules known and their names with the platform's."""
    return [
        [rule.id, f"{say.either(f'names.platform_{rule.platform}', '')} {rule_name(rule, say)}".strip()]
        for rule in rule_book().values()
    ]


def _named(beginning: str, ids: tuple[str, ...], say: Words) -> list[list[str]]:
    return [[one, say.either(f"{beginning}{one}", one)] for one in ids]
