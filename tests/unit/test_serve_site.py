"""The local page's server: who may ask, what may be fetched, what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from forecast.errors import ConfigError
from reports.cli import serve_run
from reports.cli.options import Run
from reports.serve.asked_commands import command_of
from reports.serve.local_site import make_site
from reports.words import words

HERE = {"REMOTE_ADDR": "127.0.0.1"}
OWN = "http://127.0.0.1:8765"
PROMOTIONS = """# 我们的日历 · ours
[[event]]
id = "d12"        # never renamed
name = "双12"
kind = "big_promo"
own = "kept"

  [[event.phase]]
  name = "开售"
  kind = "spot"
  start = 2026-12-10T20:00:00
  end = 2026-12-12T00:00:00
  multiplier = { low = 2.0, mid = 3.0, high = 5.0 }
""".replace('own = "kept"\n', 'source = "公告"\n')


class Page:
    """A client that knows the page's token."""

    def __init__(self, shop: Path, **options: Any) -> None:
        self.site = make_site(shop, lang="en", **options)
        self.client = self.site.test_client()
        text = self.get("/").get_data(as_text=True)
        data = text.partition('id="page-data">')[2].partition("</script>")[0]
        self.token = json.loads(data)["token"]

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, base_url=OWN, environ_base=HERE, headers=headers, buffered=True)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.post(
            path,
            json=body,
            base_url=OWN,
            environ_base=HERE,
            headers={"X-Paiban-Token": self.token, **headers},
        )

    def send(self, *files: tuple[bytes, str]) -> Any:
        return self.client.post(
            "/api/import",
            data={"files": [(io.BytesIO(content), name) for content, name in files]},
            content_type="multipart/form-data",
            base_url=OWN,
            environ_base=HERE,
            headers={"X-Paiban-Token": self.token},
        )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    plan = folder / "plans" / "2026-12-07"
    (plan / "calendars").mkdir(parents=True)
    (plan / "run.json").write_text('{"start": "2026-12-07", "days": 7}')
    (plan / "roster.csv").write_text("employee\n")
    (plan / "report.html").write_text("<p>report</p>")
    (plan / "calendars" / "张三.ics").write_text("BEGIN:VCALENDAR")
    (folder / "shop.toml").write_text('[shop]\nname = "店"\n', encoding="utf-8")
    (folder / "promotions.toml").write_text(PROMOTIONS, encoding="utf-8")
    (folder / "unfinished").mkdir()
    return folder


def test_only_this_machine_under_its_own_name_is_answered(shop: Path) -> None:
    page = Page(shop)
    assert page.get("/").status_code == 200
    assert page.client.get("/", environ_base={"REMOTE_ADDR": "192.168.1.7"}).status_code == 403
    rebound = page.client.get("/", base_url="http://shop.example:8765", environ_base=HERE)
    assert rebound.status_code == 403
    assert page.token not in rebound.get_data(as_text=True)


def test_changes_need_the_pages_token_and_its_own_origin(shop: Path) -> None:
    page = Page(shop)
    assert page.post("/api/run/stop", {}).status_code == 200
    assert page.post("/api/run/stop", {}, **{"X-Paiban-Token": "guess"}).status_code == 403
    assert page.post("/api/run/stop", {}, Origin="http://evil.example").status_code == 403
    assert page.post("/api/run/stop", {}, Origin="null").status_code == 403
    assert page.post("/api/run/stop", {}, Origin="http://127.0.0.1:8765").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/files/2026-12-07/../../shop.toml",
        "/files/2026-12-07/%2e%2e/%2e%2e/shop.toml",
        "/files/2026-12-07/..%2f..%2fshop.toml",
        "/files/../shop.toml",
        "/files/2026-12-07//etc/passwd",
        "/files/2026-12-07/..\\..\\shop.toml",
        "/files/2026-12-07/link.toml",
        "/files/other/shop.toml",
        "/assets/..%2fwords.py",
        "/files/2026-12-07/calendars",
    ],
)
def test_nothing_outside_a_finished_plan_is_handed_out(shop: Path, path: str) -> None:
    (shop / "plans" / "2026-12-07" / "link.toml").symlink_to(shop / "shop.toml")
    (shop / "plans" / "other").symlink_to(shop)
    assert Page(shop).get(path).status_code in (308, 404)


def test_files_of_a_plan_are_handed_out_and_reports_are_sealed_off(shop: Path) -> None:
    page = Page(shop)
    table = page.get("/files/2026-12-07/roster.csv")
    assert table.data == b"employee\n"
    assert "attachment" in table.headers["Content-Disposition"]
    assert page.get("/files/2026-12-07/calendars/张三.ics").status_code == 200
    report = page.get("/files/2026-12-07/report.html")
    assert report.headers["Content-Security-Policy"].startswith("sandbox allow-scripts")
    assert "script-src 'self'" in page.get("/").headers["Content-Security-Policy"]


def test_a_drop_that_is_too_large_is_refused(shop: Path) -> None:
    answer = Page(shop, most_bytes=1000).send((b"x" * 2000, "a.csv"))
    assert answer.status_code == 413
    assert "Too large" in answer.json["errors"][0]


def test_a_drop_without_files_is_refused(shop: Path) -> None:
    assert Page(shop).send().status_code == 422


def test_a_dropped_files_name_leads_nowhere_and_a_bad_file_is_told(shop: Path, tmp_path: Path) -> None:
    page = Page(shop)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    before.add(shop / ".paiban" / "salt")  # of the archive, which holds nothing yet
    assert page.send((b"\x00\x01\x02 no table", "../../../evil.csv")).status_code == 202
    assert page.send((b"a", "b.csv")).status_code == 409  # one at a time
    state = _ended(page)
    assert state["code"] == 3
    assert any("evil.csv" in line for line in state["progress"])
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not list(tmp_path.parent.rglob("evil.csv"))


def _ended(page: Page) -> dict[str, Any]:
    import time

    for _ in range(600):
        state: dict[str, Any] = page.get("/api/run").json["run"]
        if not state["running"]:
            return state
        time.sleep(0.1)
    raise AssertionError("the command does not end")


def _form(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.get("/api/state").json["promotions"]
    return found


def test_an_edited_phase_is_written_back_and_all_else_stays(shop: Path) -> None:
    page = Page(shop)
    form = _form(page)
    phase = form["events"][0]["phases"][0]
    phase["mid"], phase["start"] = "3.5", "2026-12-10T19:00"
    assert page.post("/api/promotions", form).status_code == 200
    expected = PROMOTIONS.replace("mid = 3.0", "mid = 3.5").replace("10T20:00:00", "10T19:00:00")
    written = (shop / "promotions.toml").read_text(encoding="utf-8")
    assert written.replace("2026-12-10 19:00:00", "2026-12-10T19:00:00") == expected
    assert not list(shop.glob(".promotions*"))


def test_a_form_that_changes_nothing_writes_the_same_bytes(shop: Path) -> None:
    page = Page(shop)
    assert page.post("/api/promotions", _form(page)).status_code == 200
    assert (shop / "promotions.toml").read_text(encoding="utf-8") == PROMOTIONS


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("mid", "many", "many is not a number"),
        ("mid", "9", "low <= mid <= high"),
        ("end", "2026-12-10T10:00", "after the start"),
        ("start", "", "is needed"),
        ("bot_share", "1.5", "from 0 to below 1"),
        ("kind", "spto", "spto is not known"),
        ("high", "", "is needed"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_written(
    shop: Path, key: str, value: str, text: str
) -> None:
    page = Page(shop)
    form = _form(page)
    form["events"][0]["phases"][0][key] = value
    answer = page.post("/api/promotions", form)
    assert answer.status_code == 422
    assert text in answer.json["fields"][f"0.phases.0.{key}"]
    assert (shop / "promotions.toml").read_text(encoding="utf-8") == PROMOTIONS


def test_a_form_filled_before_somebody_elses_change_is_refused(shop: Path) -> None:
    page = Page(shop)
    form = _form(page)
    (shop / "promotions.toml").write_text(PROMOTIONS + "# theirs\n", encoding="utf-8")
    assert page.post("/api/promotions", form).status_code == 409
    assert (shop / "promotions.toml").read_text(encoding="utf-8").endswith("# theirs\n")


def test_events_and_phases_are_added_and_taken_out(shop: Path) -> None:
    page = Page(shop)
    form = _form(page)
    phase = {"index": None, "kind": "last_day", "start": "2026-12-12T00:00", "end": "2026-12-13T00:00"}
    form["events"][0]["phases"].append(phase)
    form["events"].append({"index": None, "id": "live", "kind": "live", "name": "直播", "phases": [phase]})
    form = page.post("/api/promotions", form).json
    assert {event["id"]: len(event["phases"]) for event in form["events"]} == {"d12": 2, "live": 1}
    form["events"] = [event for event in form["events"] if event["id"] == "live"]
    form = page.post("/api/promotions", form).json
    assert [event["id"] for event in form["events"]] == ["live"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"command": "plan", "start": "soon", "days": 7}, "start"),
        ({"command": "plan", "start": "2026-12-07", "days": 0}, "days"),
        ({"command": "plan", "start": "2026-12-07", "days": "7"}, "days"),
        ({"command": "demo", "start": "2026-12-07", "days": 7}, "command"),
        ({"command": "plan", "start": "2026-12-07", "days": 7, "effort": "--debug"}, "effort"),
        ({"command": "promo", "event": ""}, "event"),
        ({"command": "promo", "event": "../d12"}, "event"),
        ({"command": "replan", "absences": []}, "absences"),
        ({"command": "replan", "absences": [{"employee": " ", "from": "2026-12-07"}]}, "absences.0.employee"),
        ({"command": "replan", "absences": [{"employee": "张三", "from": "soon"}]}, "absences.0.from"),
        (
            {
                "command": "replan",
                "absences": [{"employee": "张三", "from": "2026-12-07", "until": "2026-12-06"}],
            },
            "absences.0.until",
        ),
    ],
)
def test_a_run_that_cannot_be_meant_is_not_started(shop: Path, body: dict[str, Any], field: str) -> None:
    page = Page(shop)
    answer = page.post("/api/run", body)
    assert answer.status_code == 422
    assert field in answer.json["fields"]
    assert page.get("/api/run").json["run"]["number"] == 0


def test_a_promotion_and_absences_become_commands_that_write_folders_of_their_own(shop: Path) -> None:
    say = words("en")
    name, arguments, targets = command_of({"command": "promo", "event": "d12"}, shop, say)
    assert (name, targets) == ("promo", [shop / "plans" / "promo-d12"])
    assert "--event=d12" in arguments
    (shop / "plans" / "replan-2026-12-08").mkdir()
    ill = {"employee": "张三", "from": "2026-12-08", "until": "2026-12-09"}
    later = {"employee": "--debug", "from": "2026-12-10", "until": ""}
    name, arguments, targets = command_of({"command": "replan", "absences": [ill, later]}, shop, say)
    assert (name, targets) == ("replan", [shop / "plans" / "replan-2026-12-08-2"])
    assert "--absent=张三:2026-12-08..2026-12-09" in arguments
    assert "--absent=--debug:2026-12-10..2026-12-10" in arguments  # no option, whatever the name


def test_people_are_those_of_the_newest_roster(shop: Path) -> None:
    (shop / "plans" / "2026-12-07" / "roster.csv").write_text("employee\n张三\n李四\n张三\n", "utf-8-sig")
    assert Page(shop).get("/api/state").json["people"] == ["张三", "李四"]


def test_a_run_can_be_stopped_and_leaves_nothing(shop: Path) -> None:
    page = Page(shop)
    before = sorted(path.name for path in (shop / "plans").iterdir())
    assert page.post("/api/run", {"command": "plan", "start": "2026-12-07", "days": 7}).status_code == 202
    second = page.post("/api/run", {"command": "compare", "start": "2026-12-07", "days": 7})
    assert second.status_code == 409
    assert "running" in second.json["errors"][0]
    assert page.post("/api/run/stop", {}).json["stopped"]
    state = _ended(page)
    assert state["stopped"]
    assert state["code"] != 0
    assert sorted(path.name for path in (shop / "plans").iterdir()) == before


def test_without_the_optional_part_the_command_says_what_to_install(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_run, "OPTIONAL", ("flask", "no_such_library"))
    run = Run(out=None, asked_effort=None, seed=0, lang="en", as_json=False, quiet=False)
    with pytest.raises(ConfigError, match=r'no_such_library; install .* pip install "paiban\[serve\]"'):
        serve_run.serve_shop(shop, port=0, opens=False, run=run)


def test_streams_and_rules_stand_on_the_page_by_their_names(shop: Path) -> None:
    (shop / "shop.toml").write_text(
        '[[stream]]\nid = "pre"\nplatform = "taobao"\nskill = "presale"\n', encoding="utf-8"
    )
    text = Page(shop).get("/").get_data(as_text=True)
    choices = json.loads(text.partition('id="page-data">')[2].partition("</script>")[0])["choices"]
    assert choices["streams"] == {"pre": "Taobao Pre-sale"}
    assert ["taobao.human3min.30d", "Taobao 3-minute human replies"] in choices["rules"]
