// Live charts in place of the pictures: values under the pointer, one stream and one day at a time.
// Without scripts the pictures and tables stay; on paper the pictures are printed.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("plan-data").textContent);
  const word = data.words;
  const INK = "#1f2933", BLUE = "#0072B2", SKY = "#56B4E9", GREEN = "#009E73", VERMILION = "#D55E00";
  const PALE = "#e4e7eb", PROMOTION = "#f7e3b5", FONT = getComputedStyle(document.body).fontFamily;
  const sections = Array.from(document.querySelectorAll("section.stream"));
  const heights = { forecast: 300, cover: 280, gaps: 90 + 24 * data.days.length, rate: 300 };
  const charts = [];
  let day = "";

  const narrow = () => window.innerWidth < 600;
  const label = (date) => (data.days.find((one) => one.date === date) || { label: date }).label;
  const ofDay = (start) => !day || start.slice(0, 10) === day;
  const number = (value) => (value === null || value === undefined ? "–" : String(Math.round(value * 100) / 100));
  const rate = (metric) => (value) =>
    value === null || value === undefined ? "–" : metric === "share" ? (value * 100).toFixed(1) + "%" : word.seconds.replace("%s", value.toFixed(1));
  const minutes = (start) => 60 * Number(start.slice(11, 13)) + Number(start.slice(14, 16));
  const clock = (minute) => String(Math.floor(minute / 60)).padStart(2, "0") + ":" + String(minute % 60).padStart(2, "0");

  function base(alt) {
    return {
      animation: false,
      textStyle: { fontFamily: FONT, color: INK },
      aria: { enabled: true, label: { description: alt } },
      grid: { left: narrow() ? 40 : 52, right: 12, top: 40, bottom: 32 },
      legend: { top: 4, left: 0, itemWidth: 16, itemHeight: 9, icon: "roundRect", textStyle: { color: INK }, selectedMode: false },
    };
  }

  function timeAxis() {
    const format = (value) => {
      const at = new Date(value);
      const date = at.getMonth() + 1 + "/" + at.getDate();
      if (day || data.days.length === 1) return clock(60 * at.getHours() + at.getMinutes());
      if (data.days.length === 2) return at.getHours() === 0 ? date : clock(60 * at.getHours() + at.getMinutes());
      return at.getHours() === 0 ? date : "";
    };
    return { type: "time", axisLabel: { formatter: format, color: INK, hideOverlap: true }, splitLine: { show: false } };
  }

  function head(start) {
    return label(start.slice(0, 10)) + " " + start.slice(11);
  }

  function promotions(points) {
    const first = points[0], last = points[points.length - 1]; // where the axis begins and ends
    const at = (time) => Date.parse(time), span = at(last) - at(first);
    const taken = []; // per line of names, up to where it is written on
    const areas = data.promotions
      .filter((one) => one.start < last && one.end > first)
      .map((one) => {
        const begin = one.start > first ? one.start : first, end = one.end < last ? one.end : last;
        const middle = (at(begin) + at(end)) / 2, half = 0.006 * one.name.length * span;
        const free = [0, 1, 2].find((line) => (taken[line] || 0) <= middle - half);
        if (free !== undefined) taken[free] = middle + half;
        const text = free === undefined ? { show: false } : { distance: 4 + 13 * free };
        return [{ xAxis: begin, name: one.name, label: text }, { xAxis: end }];
      });
    if (narrow()) areas.forEach((area) => { area[0].label = { show: false }; });
    const text = { color: INK, fontSize: 10, position: "insideTop" };
    return { silent: true, itemStyle: { color: PROMOTION, opacity: 0.6 }, label: text, data: areas };
  }

  function forecast(stream, alt) {
    const rows = stream.forecast;
    const keep = rows.start.map((_, i) => i).filter((i) => ofDay(rows.start[i]));
    // Hours with rows follow each other by an hour; where the shop is closed the line breaks.
    const hour = 3600000;
    const shown = [];
    keep.forEach((i, n) => {
      shown.push(i);
      const next = keep[n + 1];
      if (next !== undefined && new Date(rows.start[next]) - new Date(rows.start[i]) > hour) shown.push(-1 - i);
    });
    const at = (i) => (i < 0 ? new Date(new Date(rows.start[-1 - i]).getTime() + hour) : rows.start[i]);
    const line = (values) => shown.map((i) => [at(i), i < 0 ? null : values[i]]);
    const series = [{
      name: word.mean, type: "line", data: line(rows.mean), showSymbol: false,
      lineStyle: { color: BLUE, width: 2 }, itemStyle: { color: BLUE },
      markArea: promotions(keep.map((i) => rows.start[i])),
    }];
    if (rows.p10 && rows.p90) {
      const quiet = { type: "line", stack: "band", stackStrategy: "all", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
      series.push({ ...quiet, name: "p10", data: line(rows.p10) });
      series.push({
        ...quiet, name: word.band, data: line(rows.p90.map((high, i) => high - rows.p10[i])),
        areaStyle: { color: BLUE, opacity: 0.2 }, itemStyle: { color: BLUE, opacity: 0.3 },
      });
    }
    return {
      ...base(alt),
      legend: { ...base(alt).legend, data: series.map((one) => one.name).filter((name) => name !== "p10") },
      xAxis: timeAxis(),
      yAxis: { type: "value", axisLabel: { color: INK } },
      tooltip: {
        trigger: "axis", confine: true,
        formatter: (marks) => {
          const i = shown[marks[0].dataIndex];
          if (i < 0) return "";
          const band = rows.p10 && rows.p90 ? "<br>" + word.band + ": " + number(rows.p10[i]) + " – " + number(rows.p90[i]) : "";
          return head(rows.start[i]) + "<br>" + word.mean + ": " + number(rows.mean[i]) + band;
        },
      },
      series,
    };
  }

  function cover(stream, alt) {
    const rows = stream.cover;
    const keep = rows.start.map((_, i) => i).filter((i) => ofDay(rows.start[i]));
    const step = data.interval_min * 60000;
    const inside = (i) => minutes(rows.start[i]) >= stream.window[0] && minutes(rows.start[i]) < stream.window[1];
    const gap = (i) => (inside(i) ? Math.max(0, rows.required[i] - rows.on_duty[i]) : 0);
    // Each interval's value holds to its end; where the shop closes, the line breaks.
    const points = (value) => {
      const out = [];
      keep.forEach((i, n) => {
        out.push([rows.start[i], value(i)]);
        const next = keep[n + 1], end = new Date(new Date(rows.start[i]).getTime() + step);
        if (next === undefined || new Date(rows.start[next]) > end) {
          out.push([end, value(i)]);
          out.push([end, null]);
        }
      });
      return out;
    };
    const line = { type: "line", step: "end", showSymbol: false };
    const two = (figure) => String(figure).padStart(2, "0");
    const ended = (i) => {
      if (i === undefined) return [];
      const at = new Date(new Date(rows.start[i]).getTime() + step);
      return [at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate()) + "T" + two(at.getHours()) + ":" + two(at.getMinutes())];
    };
    return {
      ...base(alt),
      legend: { ...base(alt).legend, data: [word.on_duty, word.required, word.short] },
      xAxis: timeAxis(),
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: INK } },
      tooltip: {
        trigger: "axis", confine: true,
        formatter: (marks) => {
          const at = marks[0].data[0];
          const i = keep.find((n) => rows.start[n] === at);
          if (i === undefined) return "";
          const show = rate(stream.metric);
          return [
            head(rows.start[i]), word.required + ": " + number(rows.required[i]), word.on_duty + ": " + number(rows.on_duty[i]),
            word.short + ": " + number(gap(i)), word.promised + ": " + show(rows.promised[i]), word.simulated + ": " + show(rows.simulated[i]),
          ].join("<br>");
        },
      },
      series: [
        { ...line, name: word.on_duty, data: points((i) => rows.on_duty[i]), lineStyle: { width: 0 }, areaStyle: { color: SKY, opacity: 0.45 }, itemStyle: { color: SKY }, markArea: promotions([...keep.map((i) => rows.start[i]), ...ended(keep[keep.length - 1])]) },
        { ...line, name: "below", stack: "gap", data: points((i) => rows.required[i] - gap(i)), lineStyle: { width: 0 }, tooltip: { show: false } },
        { ...line, name: word.short, stack: "gap", data: points(gap), lineStyle: { width: 0 }, areaStyle: { color: VERMILION, opacity: 0.9 }, itemStyle: { color: VERMILION } },
        { ...line, name: word.required, data: points((i) => rows.required[i]), lineStyle: { color: INK, width: 1.5 }, itemStyle: { color: INK } },
      ],
    };
  }

  function gaps(stream, alt) {
    const rows = stream.cover;
    const times = Array.from(new Set(rows.start.map((start) => start.slice(11)))).sort();
    const days = data.days.map((one) => one.date);
    const worst = Math.max(3, ...rows.start.map((_, i) => Math.abs(rows.on_duty[i] - rows.required[i])));
    const cells = rows.start.map((start, i) => ({
      value: [times.indexOf(start.slice(11)), days.indexOf(start.slice(0, 10)), rows.on_duty[i] - rows.required[i], i],
    }));
    const edges = stream.window.map((minute) => times.indexOf(clock(minute))).filter((i) => i > 0);
    return {
      ...base(alt),
      legend: undefined,
      grid: { left: narrow() ? 44 : 104, right: 12, top: 8, bottom: 30 },
      xAxis: {
        type: "category", data: times, axisTick: { show: false }, z: 5,
        splitLine: { show: true, showMinLine: false, showMaxLine: false, interval: (i) => edges.includes(i), lineStyle: { color: INK, type: "dashed" } },
        axisLabel: { color: INK, hideOverlap: true, formatter: (time) => (time.endsWith(":00") ? time.slice(0, 2) : "") },
      },
      yAxis: {
        type: "category", inverse: true, data: days, axisTick: { show: false }, axisLine: { show: false },
        axisLabel: { color: INK, interval: 0, formatter: (date) => (narrow() ? Number(date.slice(5, 7)) + "/" + Number(date.slice(8)) : label(date)) },
      },
      visualMap: { show: false, min: -worst, max: worst, dimension: 2, inRange: { color: ["#B23A00", "#F3A583", "#FFFFFF", "#BBDCF0", "#2F7FB8"] } },
      tooltip: {
        confine: true,
        formatter: (mark) => {
          const i = mark.value[3], spare = mark.value[2], show = rate(stream.metric);
          return [
            head(rows.start[i]), word.required + ": " + number(rows.required[i]) + ", " + word.on_duty + ": " + number(rows.on_duty[i]),
            (spare < 0 ? word.short : word.spare) + ": " + number(Math.abs(spare)), word.promised + ": " + show(rows.promised[i]), word.simulated + ": " + show(rows.simulated[i]),
          ].join("<br>");
        },
      },
      series: [{
        type: "heatmap", data: cells,
        label: { show: !narrow(), fontSize: 10, color: INK, formatter: (mark) => (mark.value[2] < 0 ? number(-mark.value[2]) : "") },
      }],
    };
  }

  function hourly(stream) {
    const rows = stream.cover, sums = new Map();
    rows.start.forEach((start, i) => {
      if (!ofDay(start)) return;
      const hour = Number(start.slice(11, 13));
      const sum = sums.get(hour) || { promised: [0, 0], simulated: [0, 0] };
      for (const name of ["promised", "simulated"]) {
        if (rows[name][i] !== null && rows.offered[i] > 0) {
          sum[name][0] += rows[name][i] * rows.offered[i];
          sum[name][1] += rows.offered[i];
        }
      }
      sums.set(hour, sum);
    });
    const share = (pair) => (pair[1] > 0 ? pair[0] / pair[1] : null);
    return Array.from(sums.keys()).sort((a, b) => a - b)
      .map((hour) => ({ hour, promised: share(sums.get(hour).promised), simulated: share(sums.get(hour).simulated) }));
  }

  function reply(stream, alt) {
    const rows = hourly(stream), show = rate(stream.metric);
    const names = rows.map((row) => String(row.hour).padStart(2, "0"));
    const outside = rows.filter((row) => 60 * row.hour < stream.window[0] || 60 * row.hour >= stream.window[1])
      .map((row) => names.indexOf(String(row.hour).padStart(2, "0")))
      .map((i) => [{ xAxis: names[i] }, { xAxis: names[i] }]);
    const known = new Map(stream.hours.map((row) => [row.hour, row]));
    const of = (row, name) => (known.get(row.hour) && known.get(row.hour)[name] !== undefined ? known.get(row.hour)[name] : null);
    const spread = (row) => (of(row, "low") === null ? null : of(row, "high") - of(row, "low"));
    const quiet = { type: "line", stack: "days", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
    const days = day ? [] : [
      { ...quiet, name: "low", data: rows.map((row) => of(row, "low")) },
      { ...quiet, name: word.worst_to_best_day, data: rows.map(spread), areaStyle: { color: GREEN, opacity: 0.16 }, itemStyle: { color: "#cfe9e1" } },
    ];
    const target = { yAxis: stream.target, label: { formatter: word.target + " " + show(stream.target), position: "insideEndBottom", color: VERMILION } };
    return {
      ...base(alt),
      grid: { ...base(alt).grid, top: narrow() ? 60 : 40 }, // three names in the legend take two lines on a phone
      xAxis: { type: "category", data: names, axisLabel: { color: INK } },
      yAxis: { type: "value", max: stream.metric === "share" ? 1 : undefined, axisLabel: { color: INK, formatter: (value) => (stream.metric === "share" ? Math.round(value * 100) + "%" : value) } },
      legend: { ...base(alt).legend, data: [word.promised, word.simulated].concat(day ? [] : [word.worst_to_best_day]) },
      tooltip: {
        trigger: "axis", confine: true,
        formatter: (marks) => {
          const row = rows[marks[0].dataIndex];
          const range = day || of(row, "low") === null ? [] : [word.worst_to_best_day + ": " + show(of(row, "low")) + " – " + show(of(row, "high"))];
          return [clock(60 * row.hour) + "–" + clock(60 * row.hour + 60), word.promised + ": " + show(row.promised), word.simulated + ": " + show(row.simulated)].concat(range).join("<br>");
        },
      },
      series: days.concat([
        {
          name: word.promised, type: "line", data: rows.map((row) => row.promised), symbol: "circle", symbolSize: 7, lineStyle: { color: BLUE }, itemStyle: { color: BLUE },
          markLine: { silent: true, symbol: "none", lineStyle: { color: VERMILION, type: "dotted", width: 2 }, data: [target] },
          markArea: { silent: true, itemStyle: { color: PALE, opacity: 0.7 }, data: outside },
        },
        { name: word.simulated, type: "line", data: rows.map((row) => row.simulated), symbol: "rect", symbolSize: 7, lineStyle: { color: GREEN, type: "dashed" }, itemStyle: { color: GREEN } },
      ]),
    };
  }

  const makers = { forecast, cover, gaps, rate: reply };

  function draw(section) {
    const stream = data.streams[section.dataset.stream];
    section.querySelectorAll("figure.chart").forEach((figure) => {
      const kind = figure.dataset.kind, place = figure.querySelector(".live"), picture = figure.querySelector(".wide");
      if (!(kind in makers)) return; // a still picture
      let entry = charts.find((one) => one.place === place);
      if (!entry) {
        place.hidden = false;
        place.style.height = heights[kind] + "px";
        entry = { place, section, chart: echarts.init(place, null, { renderer: "svg" }) };
        charts.push(entry);
        if (kind === "gaps") entry.chart.on("click", (mark) => choose(data.days[mark.value[1]].date));
        picture.hidden = true;
      }
      entry.chart.resize();
      entry.chart.setOption(makers[kind](stream, figure.querySelector("img").alt), true);
    });
  }

  function visible() {
    return sections.filter((section) => !section.hidden);
  }

  function choose(date) {
    day = date;
    document.querySelector("nav.switch select").value = date;
    visible().forEach(draw);
  }

  function show(chosen) {
    sections.forEach((section) => { section.hidden = section !== chosen; });
    document.querySelectorAll("nav.switch button").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.stream === chosen.dataset.stream));
    });
    draw(chosen);
  }

  const nav = document.querySelector("nav.switch");
  if (sections.length > 1) {
    sections.forEach((section) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = section.dataset.label;
      button.dataset.stream = section.dataset.stream;
      button.addEventListener("click", () => show(section));
      nav.append(button);
    });
  }
  const caption = document.createElement("label"), select = document.createElement("select");
  caption.textContent = word.day_choice + " ";
  select.append(new Option(word.all_days, ""));
  data.days.forEach((one) => select.append(new Option(one.label, one.date)));
  select.addEventListener("change", () => choose(select.value));
  caption.append(select);
  nav.append(caption);
  nav.hidden = false;
  show(sections[0]);
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => visible().forEach(draw), 150);
  });
})();
