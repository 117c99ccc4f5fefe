// The page of paiban serve: forms over the shop's TOML, quick charts, runs, imports, files. No network but this machine.
"use strict";
(function () {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const word = page.words, choices = page.choices;
  const INK = "#1f2933", BLUE = "#0072B2", SKY = "#56B4E9", VERMILION = "#D55E00", GREY = "#7b8794";
  const $ = (id) => document.getElementById(id);
  const say = (key, values) => word[key].replace(/\{(\w+)\}/g, (_, name) => String((values || {})[name]));
  const trouble = $("trouble");
  let figures = null, runNumber = -1, wasRunning = false;

  function make(tag, attributes, ...children) {
    const found = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "text") found.textContent = value;
      else if (key.startsWith("on")) found.addEventListener(key.slice(2), value);
      else if (value !== false && value !== null && value !== undefined) found.setAttribute(key, value === true ? "" : value);
    }
    found.append(...children);
    return found;
  }

  async function ask(path, body, isForm) {
    const options = body === undefined ? {} : {
      method: "POST",
      headers: { "X-Paiban-Token": page.token, ...(isForm ? {} : { "Content-Type": "application/json" }) },
      body: isForm ? body : JSON.stringify(body),
    };
    let answer;
    try {
      answer = await fetch(path + "?lang=" + page.lang, options);
    } catch (_) {
      return { ok: false, status: 0, errors: [word.offline], fields: {} };
    }
    let found = {};
    try { found = await answer.json(); } catch (_) { found = { errors: [word.not_understood] }; }
    return { ...found, ok: answer.ok, status: answer.status, errors: found.errors || [], fields: found.fields || {} };
  }

  function tell(lines) {
    trouble.hidden = !lines.length;
    trouble.textContent = lines.join("\n");
  }

  // ---- forms -----------------------------------------------------------------------------------------------

  let ids = 0;
  function field(row, key, kind, changed, place) {
    const id = "field-" + ids++;
    let input;
    if (Array.isArray(kind)) {
      const known = kind.some(([value]) => value === (row[key] || ""));
      const all = known || row[key] === undefined || row[key] === null ? kind : [[row[key], row[key]], ...kind];
      input = make("select", { id }, ...all.map(([value, text]) => make("option", { value, text })));
      if (row[key] !== null && row[key] !== undefined) input.value = row[key];
      row[key] = input.value;
    } else {
      input = make("input", { id, type: kind === "number" ? "text" : kind, inputmode: kind === "number" ? "decimal" : null, autocomplete: "off" });
      input.value = row[key] === null || row[key] === undefined ? "" : row[key];
    }
    input.dataset.place = place + "." + key;
    input.addEventListener("input", () => { row[key] = input.value; changed(); });
    return make("label", { for: id }, word[key] || key, input, make("span", { class: "wrong", id: id + "-wrong" }));
  }

  function complain(section, answer) {
    for (const input of section.querySelectorAll("[data-place]")) {
      const text = answer.fields[input.dataset.place] || "";
      input.setAttribute("aria-invalid", text ? "true" : "false");
      const note = $(input.id + "-wrong");
      note.textContent = text;
      if (text) { input.setAttribute("aria-describedby", note.id); input.closest("details").open = true; }
    }
    const lines = [...answer.errors];
    if (Object.keys(answer.fields).length) lines.unshift(word.wrong_fields);
    for (const place of Object.keys(answer.fields)) {
      if (!section.querySelector('[data-place="' + place + '"]')) lines.push(answer.fields[place]);
    }
    const told = section.querySelector(".told");
    told.classList.toggle("bad", lines.length > 0);
    told.textContent = lines.join("\n");
    return lines.length > 0;
  }

  function Form(name, key, draw, empty, changed) {
    const section = $(name), holder = section.querySelector(".forms");
    const form = { rows: [], version: "", dirty: false };
    form.edited = () => { form.dirty = true; buttons(); changed(); };
    const buttons = () => { for (const one of section.querySelectorAll(".actions button")) one.disabled = !form.dirty; };
    form.show = () => {
      const open = Array.from(holder.children, (one) => one.open);
      holder.replaceChildren(...form.rows.map((row, i) => draw(row, i, form)));
      Array.from(holder.children).forEach((one, i) => { if (open[i]) one.open = true; });
      buttons();
    };
    form.fill = (found) => {
      form.rows = found[key];
      form.version = found.version;
      form.dirty = false;
      form.show();
    };
    section.querySelector(".add").addEventListener("click", () => {
      form.rows.push(empty());
      form.show();
      holder.lastElementChild.open = true;
      form.edited();
    });
    section.querySelector(".undo").addEventListener("click", async () => {
      await refresh(name);
      complain(section, { fields: {}, errors: [] });
      changed();
    });
    section.querySelector(".save").addEventListener("click", async () => {
      const answer = await ask("/api/" + name, { version: form.version, [key]: form.rows });
      if (complain(section, answer) || !answer.ok) return;
      form.fill(answer);
      if (name === "promotions") showEvents(answer.events);
      section.querySelector(".told").textContent = say("saved", { file: name + ".toml" });
      changed();
    });
    return form;
  }

  const removal = (list, row, form) =>
    make("button", { type: "button", class: "small", text: word.remove, onclick: () => { list.splice(list.indexOf(row), 1); form.show(); form.edited(); } });

  function eventForm(event, i, form) {
    const body = make("details", {}, make("summary", { text: event.name || event.id || word.add_event }));
    const head = make("div", { class: "grid" });
    if (event.index === null) head.append(field(event, "id", "text", form.edited, i), field(event, "kind", choices.event_kinds, form.edited, i));
    head.append(field(event, "name", "text", form.edited, i));
    head.querySelectorAll("label").forEach((label) => { if (label.firstChild.textContent === "id") label.firstChild.textContent = word.event_id; });
    body.append(head);
    event.phases.forEach((phase, j) => {
      const place = i + ".phases." + j, put = (key, kind) => field(phase, key, kind, form.edited, place);
      body.append(make("fieldset", {}, make("legend", { text: phase.name || word.add_phase }),
        make("div", { class: "grid" },
          put("name", "text"), put("kind", choices.phase_kinds), put("start", "datetime-local"), put("end", "datetime-local"),
          put("low", "number"), put("mid", "number"), put("high", "number"),
          put("peak_hours", "number"), put("half_life_h", "number"), put("bot_share", "number")),
        removal(event.phases, phase, form)));
    });
    body.append(make("div", { class: "row" },
      make("button", { type: "button", class: "small", text: word.add_phase, onclick: () => { event.phases.push({ index: null, kind: "spot" }); form.show(); form.edited(); } }),
      removal(form.rows, event, form)));
    return body;
  }

  function scenarioForm(row, i, form) {
    const put = (key, kind) => field(row, key, kind, form.edited, i);
    const locked = (key) => row.locked.includes(key);
    const grid = make("div", { class: "grid" }, put("name", "text"), put("note", "text"));
    for (const key of ["volume", "promotion_multiplier", "bot_share", "reply_factor", "reception_cap"]) if (!locked(key)) grid.append(put(key, "number"));
    if (!locked("rule")) grid.append(put("rule", choices.rules));
    if (!locked("add_agents")) grid.append(put("add_count", "number"), put("add_pool", choices.pools), put("add_reception_cap", "number"), put("add_cost_per_hour", "number"));
    const body = make("details", {}, make("summary", { text: row.name || word.add_scenario }), grid);
    if (row.others.length) body.append(make("p", { class: "soft", text: word.others_kept + " " + row.others.join(", ") }));
    body.append(removal(form.rows, row, form));
    return body;
  }

  let timer = 0;
  const promotions = Form("promotions", "events", eventForm, () => ({ index: null, phases: [{ index: null, kind: "spot" }] }), () => {
    clearTimeout(timer);
    timer = setTimeout(redraw, 700);
  });
  const scenarios = Form("scenarios", "scenarios", scenarioForm, () => ({ index: null, others: [], locked: [] }), () => {});

  // ---- charts ----------------------------------------------------------------------------------------------

  const charts = {};
  for (const name of ["cover", "rate", "forecast"]) charts[name] = echarts.init($(name + "-chart"), null, { renderer: "canvas" });
  let asked = 0, drawing = false, again = false;

  async function redraw() {
    if (drawing) { again = true; return; }
    drawing = true;
    const began = performance.now(), number = ++asked;
    $("chart-state").textContent = word.drawing;
    $("charts").dataset.state = "drawing";
    const answer = await ask("/api/preview", { events: promotions.rows });
    drawing = false;
    if (again) { again = false; return redraw(); }
    const wrong = complain($("promotions"), answer.ok ? { fields: {}, errors: [] } : answer);
    if (wrong || !answer.ok) {
      $("chart-state").textContent = answer.errors.join("\n");
    } else {
      figures = answer;
      fillChoices();
      draw();
      const parts = [say("drawn", { seconds: ((performance.now() - began) / 1000).toFixed(1) })];
      if (promotions.dirty) parts.push(word.unsaved_shown);
      $("chart-state").textContent = parts.join(" · ");
    }
    $("charts").dataset.state = "drawn-" + number;
  }

  function options(select, pairs) {
    const was = select.value;
    select.replaceChildren(...pairs.map(([value, text]) => make("option", { value, text })));
    if (pairs.some(([value]) => value === was)) select.value = was;
  }

  function fillChoices() {
    options($("stream"), Object.keys(figures.streams).map((name) => [name, choices.streams[name] || name]));
    const starts = Object.values(figures.streams)[0].cover.start;
    const days = Array.from(new Set(starts.map((start) => start.slice(0, 10))));
    options($("day"), [["", word.all_days], ...days.map((day) => [day, day])]);
    $("of-plan").textContent = figures.plan === null ? word.no_plan : say("of_plan", figures);
  }

  // Hours of a day or two, dates of longer spans.
  const tick = (day) => (value) => {
    const at = new Date(value), date = at.getMonth() + 1 + "/" + at.getDate(), count = $("day").options.length - 1;
    const clock = at.toTimeString().slice(0, 5);
    if (day || count === 1) return clock;
    return at.getHours() === 0 ? date : count === 2 ? clock : "";
  };

  const shown = (value) => (value === null || value === undefined ? "–" : Math.round(value * 10) / 10 + "");

  function draw() {
    const stream = figures.streams[$("stream").value], day = $("day").value;
    const isShare = stream.metric === "share";
    const rate = (value) => (value === null || value === undefined ? "–" : isShare ? (value * 100).toFixed(1) + "%" : value.toFixed(1));
    const cells = (key, show) => [stream.before ? show(stream.before[key]) : "–", show(stream.now[key])].map((text) => make("td", { text }));
    $("answer").replaceChildren(
      make("tr", {}, make("th"), make("th", { text: word.before }), make("th", { text: word.now })),
      make("tr", {}, make("th", { text: word.offered }), ...cells("offered", shown)),
      make("tr", {}, make("th", { text: isShare ? word.share : word.mean_seconds }), ...cells("share", rate)),
      make("tr", {}, make("th", { text: word.gap_hours }), ...cells("gap_hours", shown)));
    const base = (names) => ({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: INK },
      grid: { left: 46, right: 10, top: 34, bottom: 28 },
      legend: { top: 0, left: 0, data: names, itemWidth: 16, itemHeight: 9, textStyle: { color: INK } },
      tooltip: { trigger: "axis", confine: true },
      xAxis: { type: "time", axisLabel: { hideOverlap: true, color: INK, formatter: tick(day) } },
    });
    const keep = (rows) => rows.start.map((_, i) => i).filter((i) => !day || rows.start[i].slice(0, 10) === day);
    const line = (name, rows, values, color, extra) => ({
      name, type: "line", showSymbol: false, itemStyle: { color }, lineStyle: { color, width: 2 },
      data: gapped(rows, keep(rows), values), ...extra,
    });
    const gapped = (rows, at, values) => {
      const points = [];
      at.forEach((i, n) => {
        if (n && Date.parse(rows.start[i]) - Date.parse(rows.start[at[n - 1]]) > 3700000) points.push([Date.parse(rows.start[at[n - 1]]) + 1, null]);
        points.push([rows.start[i], values[i]]);
      });
      return points;
    };
    const cover = stream.cover, hours = stream.forecast;
    const minute = (start) => 60 * Number(start.slice(11, 13)) + Number(start.slice(14, 16));
    const short = cover.start.map((start, i) =>
      minute(start) >= stream.window[0] && minute(start) < stream.window[1] && figures.plan !== null ? Math.max(0, cover.required[i] - cover.on_duty[i]) : 0);
    charts.cover.setOption({
      ...base([word.on_duty, word.required, word.short]), yAxis: { type: "value", minInterval: 1 },
      series: [
        line(word.on_duty, cover, cover.on_duty, SKY, { step: "end", areaStyle: { opacity: 0.4 }, lineStyle: { width: 0 } }),
        line(word.required, cover, cover.required, INK, { step: "end" }),
        line(word.short, cover, short, VERMILION, { step: "end", areaStyle: { opacity: 0.85 }, lineStyle: { width: 0 } }),
      ],
    }, true);
    const rates = [line(word.now, cover, cover.on_time, BLUE, { markLine: { silent: true, symbol: "none", lineStyle: { color: VERMILION, type: "dashed" }, label: { formatter: word.target, position: "insideEndBottom" }, data: [{ yAxis: stream.target }] } })];
    if (cover.before) rates.unshift(line(word.before, cover, cover.before, GREY, { lineStyle: { color: GREY, width: 1.5, type: "dotted" } }));
    charts.rate.setOption({
      ...base(rates.map((one) => one.name)), tooltip: { trigger: "axis", confine: true, valueFormatter: rate },
      yAxis: { type: "value", max: isShare ? 1 : null, min: 0, axisLabel: { formatter: (value) => (isShare ? Math.round(value * 100) + "%" : value) } }, series: rates,
    }, true);
    const lines = [line(word.mean, hours, hours.mean, BLUE)];
    if (hours.p10 && hours.p90) {
      const quiet = { stack: "band", stackStrategy: "all", silent: true, lineStyle: { width: 0 }, tooltip: { show: false } };
      lines.push(line("p10", hours, hours.p10, BLUE, quiet));
      lines.push(line(word.band, hours, hours.p90.map((value, i) => value - hours.p10[i]), BLUE, { ...quiet, itemStyle: { color: BLUE, opacity: 0.3 }, areaStyle: { color: BLUE, opacity: 0.18 } }));
    }
    if (hours.before) lines.push(line(word.before, hours, hours.before, GREY, { lineStyle: { color: GREY, width: 1.5, type: "dotted" } }));
    charts.forecast.setOption({ ...base(lines.map((one) => one.name).filter((name) => name !== "p10")), yAxis: { type: "value" }, series: lines }, true);
  }

  $("stream").addEventListener("change", draw);
  $("day").addEventListener("change", draw);
  window.addEventListener("resize", () => Object.values(charts).forEach((chart) => chart.resize()));

  // ---- runs, imports, files --------------------------------------------------------------------------------

  const span = { start: "", days: 7, effort: "quick" };
  const wanted = { event: "", absences: [{}] };
  function showSpan() {
    const put = (key, kind) => field(span, key, kind, () => {}, "span");
    const rows = [put("start", "date"), put("days", "number"), put("effort", choices.efforts)];
    rows[0].firstChild.textContent = word.first_day;
    $("span").replaceChildren(...rows);
  }

  let people = [];
  function showEvents(events) {
    const first = (event) => event.phases.map((phase) => phase.start || "").sort()[0] || "";
    const sorted = [...events].filter((event) => event.id).sort((a, b) => first(b).localeCompare(first(a)));
    const named = sorted.map((event) => [event.id, (event.name || event.id) + " · " + first(event).slice(0, 10)]);
    if (!sorted.some((event) => event.id === wanted.event)) wanted.event = named.length ? named[0][0] : "";
    $("which-event").replaceChildren(...(named.length ? [field(wanted, "event", named, () => {}, "promo")] : [make("p", { class: "soft", text: word.no_events })]));
    $("start-promo").hidden = !named.length;
  }

  function showAbsences() {
    $("absences").replaceChildren(...(people.length ? wanted.absences : []).map((row, i) => {
      const put = (key, kind) => field(row, key, kind, () => {}, "absences." + i);
      const away = () => { wanted.absences.splice(i, 1); showAbsences(); };
      return make("div", { class: "grid absence" }, put("employee", people.map((name) => [name, name])), put("from", "date"), put("until", "date"),
        ...(wanted.absences.length > 1 ? [make("button", { type: "button", class: "small", text: word.remove, onclick: away })] : []));
    }));
    if (!people.length) $("absences").replaceChildren(make("p", { class: "soft", text: word.no_roster }));
    for (const id of ["add-absence", "start-replan"]) $(id).hidden = !people.length;
  }
  $("add-absence").addEventListener("click", () => { wanted.absences.push({}); showAbsences(); });

  function wrongFields(answer) {
    for (const input of $("run").querySelectorAll("[data-place]")) {
      const place = input.dataset.place, text = answer.fields[place] || answer.fields[place.replace(/^(span|promo)\./, "")] || "";
      input.setAttribute("aria-invalid", text ? "true" : "false");
      $(input.id + "-wrong").textContent = text;
    }
    tell(answer.errors);
  }

  async function startRun(command) {
    const answer = await ask("/api/run", { command, start: span.start, days: Number(span.days), effort: span.effort, event: wanted.event, absences: wanted.absences });
    wrongFields(answer);
    if (answer.run) showRun(answer.run);
    poll();
  }
  const starters = ["plan", "compare", "promo", "replan"];
  for (const name of starters) $("start-" + name).addEventListener("click", () => startRun(name));
  $("stop").addEventListener("click", async () => { await ask("/api/run/stop", {}); poll(); });

  function showRun(run) {
    $("stop").disabled = !run.running;
    for (const name of starters) $("start-" + name).disabled = run.running;
    $("exports").disabled = run.running;
    let key = "run_none";
    if (run.running) key = "running";
    else if (run.name) key = run.stopped ? "run_stopped" : run.code === 0 ? "run_fine" : run.code === 7 ? "run_missed" : "run_failed";
    $("run-state").textContent = say(key, { ...run, seconds: Math.round(run.seconds) });
    $("run").dataset.state = run.running ? "running" : run.name ? "ended" : "none";
    const lines = [...(run.progress || []), ...(run.output || [])];
    $("run-lines").hidden = !lines.length;
    $("run-lines").textContent = lines.join("\n");
    if (run.running) $("run-lines").scrollTop = $("run-lines").scrollHeight;
    if ((wasRunning && !run.running) || (runNumber >= 0 && run.number !== runNumber && !run.running)) ended();
    wasRunning = run.running;
    runNumber = run.number;
  }

  async function ended() {
    await refresh("files");
    redraw();
  }

  let polling = 0;
  async function poll() {
    clearTimeout(polling);
    const answer = await ask("/api/run");
    if (answer.ok) { showRun(answer.run); if (trouble.textContent === word.offline) tell([]); } else tell(answer.errors);
    polling = setTimeout(poll, wasRunning ? 1000 : 5000);
  }

  async function send(files) {
    const body = new FormData();
    for (const file of files) body.append("files", file);
    $("run-state").textContent = word.sending;
    const answer = await ask("/api/import", body, true);
    tell(answer.errors);
    if (answer.run) { showRun(answer.run); $("run").scrollIntoView(); }
    $("exports").value = "";
    poll();
  }
  const drop = $("drop");
  $("exports").addEventListener("change", (event) => { if (event.target.files.length) send(event.target.files); });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  drop.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) send(event.dataTransfer.files); });
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

  function showPlans(plans) {
    const link = (plan, name) => make("li", {}, make("a", {
      href: "/files/" + encodeURIComponent(plan.name) + "/" + name.split("/").map(encodeURIComponent).join("/"),
      text: name, target: name.endsWith(".html") ? "_blank" : null, rel: name.endsWith(".html") ? "noopener" : null,
    }));
    const shortList = (files) => files.filter((name) => /\.(html|xlsx)$|^(roster|cover|shift_plan|compare|changes|contingency)\.csv$/.test(name));
    $("plans").replaceChildren(...(plans.length ? plans : [null]).map((plan) => {
      if (plan === null) return make("p", { class: "soft", text: word.no_files_yet });
      return make("div", {}, make("h3", { text: plan.name + " · " + say("plan_span", plan) }),
        make("ul", {}, ...shortList(plan.files).map((name) => link(plan, name))),
        make("details", {}, make("summary", { text: say("more_files", { count: plan.files.length }) }), make("ul", {}, ...plan.files.map((name) => link(plan, name)))));
    }));
    const newest = plans.find((plan) => plan.has_shifts);
    if (newest && !span.start) { span.start = newest.start; span.days = newest.days; showSpan(); }
  }

  async function refresh(what) {
    const answer = await ask("/api/state");
    if (!answer.ok) { tell(answer.errors); return; }
    if (!what) tell(answer.errors);
    if (!what || what === "promotions") promotions.fill(answer.promotions);
    if (!what || what === "scenarios") scenarios.fill(answer.scenarios);
    if (!what || what === "files") { showPlans(answer.plans); people = answer.people; showAbsences(); }
    if (!what || what === "promotions") showEvents(answer.promotions.events);
    if (!what) showRun(answer.run);
  }

  window.addEventListener("beforeunload", (event) => { if (promotions.dirty || scenarios.dirty) event.preventDefault(); });
  showSpan();
  refresh().then(() => { redraw(); poll(); });
})();
