"use strict";
// Builds the table of findings from the data in the page. Every text of it becomes a text node; the state stands in the address (`#q=curl`),
// so that a view can be kept and sent.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE_ROWS = 100;
  const [LEVEL, VULNERABILITY, PACKAGE, STATUS, FIX, HAS_FIX, TO, RISK, CVSS, EXPLOITED, KEV, ADVICE, ALIASES, MATCH, WHY] = Array(15).keys();
  const byId = (id) => document.getElementById(id);
  const packageOf = (row) => data.packages[row[PACKAGE]];
  const vulnerabilityOf = (row) => data.vulnerabilities[row[VULNERABILITY]];
  const layerKey = (one) => `${one.document}:${one.layer}`;

  const texts = data.findings.map((row) => {
    const one = packageOf(row), what = vulnerabilityOf(row);
    return [what.id, ...row[ALIASES], one.name, one.source, one.version, one.purl, ...one.paths, what.summary, one.instruction, row[WHY]]
      .join("\n").toLowerCase();
  });

  const COLUMNS = [
    { name: "severity", title: "Severity", key: (row) => row[LEVEL] },
    { name: "id", title: "Vulnerability", key: (row) => vulnerabilityOf(row).id },
    { name: "package", title: "Package", key: (row) => packageOf(row).name.toLowerCase() },
    { name: "version", title: "Installed", key: (row) => packageOf(row).version },
    { name: "fix", title: "Fixed in", key: (row) => row[FIX] },
    { name: "layer", title: "Layer", key: (row) => packageOf(row).layer },
    { name: "risk", title: "Risk", key: (row) => -(row[RISK] ?? -1) },
    { name: "cvss", title: "CVSS", key: (row) => -(row[CVSS] ?? -1) },
  ];
  const collator = new Intl.Collator("en", { numeric: true });
  const before = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));

  const state = { q: "", severity: new Set(), document: "", layer: "", status: "open", fixable: false, kev: false, sort: "", reverse: false, page: 0 };
  let open = new Set();

  function readAddress() {
    const said = new URLSearchParams(location.hash.replace(/^#/, ""));
    state.q = said.get("q") ?? "";
    state.severity = new Set((said.get("severity") ?? "").split(",").filter((level) => data.levels.includes(level)));
    for (const name of ["document", "layer"]) state[name] = said.get(name) ?? "";
    state.status = ["open", "hidden", "suppressed", "all"].includes(said.get("status")) ? said.get("status") : "open";
    for (const name of ["fixable", "kev"]) state[name] = said.get(name) === "1";
    const sort = said.get("sort") ?? "";
    state.reverse = sort.startsWith("-");
    state.sort = COLUMNS.some((column) => column.name === sort.replace(/^-/, "")) ? sort.replace(/^-/, "") : "";
    state.page = Math.max(0, (parseInt(said.get("page"), 10) || 1) - 1);
  }

  function writeAddress() {
    const said = new URLSearchParams();
    const parts = {
      q: state.q, severity: [...state.severity].join(","), document: state.document, layer: state.layer,
      status: state.status === "open" ? "" : state.status, fixable: state.fixable ? "1" : "", kev: state.kev ? "1" : "",
      sort: state.sort && (state.reverse ? "-" : "") + state.sort, page: state.page ? String(state.page + 1) : "",
    };
    for (const [name, value] of Object.entries(parts)) if (value) said.set(name, value);
    const hash = said.toString();
    if (hash !== location.hash.replace(/^#/, "")) history.replaceState(null, "", hash ? `#${hash}` : "#findings");
  }

  function matching() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    data.findings.forEach((row, place) => {
      const one = packageOf(row);
      if (state.status !== "all" && row[STATUS] !== state.status) return;
      if (state.severity.size && !state.severity.has(data.levels[row[LEVEL]])) return;
      if (state.document !== "" && String(one.document) !== state.document) return;
      if (state.layer !== "" && layerKey(one) !== state.layer) return;
      if (state.fixable && !row[HAS_FIX]) return;
      if (state.kev && !row[KEV]) return;
      if (!words.every((word) => texts[place].includes(word))) return;
      found.push(place);
    });
    const column = COLUMNS.find((each) => each.name === state.sort);
    if (column) {
      const keys = new Map(found.map((place) => [place, column.key(data.findings[place])]));
      found.sort((a, b) => (before(keys.get(a), keys.get(b)) || a - b) * (state.reverse ? -1 : 1));
    }
    return found;
  }

  function make(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== null) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }

  const link = (href, text) => (href ? make("a", { href, rel: "noopener noreferrer", target: "_blank" }, text) : document.createTextNode(text));

  function layerWords(one) {
    return one.layer < 0 ? "" : `${one.layer} ${one.origin}`.trim();
  }

  function details(row, columns) {
    const one = packageOf(row), what = vulnerabilityOf(row);
    const facts = [
      ["What to do", row[ADVICE]], ["Suppressed by", row[WHY]], ["Also known as", row[ALIASES].join(", ")], ["Package URL", one.purl],
      ["Files", one.paths.join("\n")], ["Layer", [layerWords(one), one.dockerfile].filter(Boolean).join(", ")], ["Instruction", one.instruction],
      ["Matched by", row[MATCH]], ["Exploitation", row[EXPLOITED]],
    ];
    const list = make("dl", {});
    for (const [name, text] of facts) if (text) list.append(make("dt", {}, name), make("dd", {}, text));
    if (what.links.length) {
      const links = what.links.flatMap((href) => [link(href, href), make("br", {})]);
      list.append(make("dt", {}, "Links"), make("dd", {}, ...links));
    }
    return make("tr", { class: "more" }, make("td", { colspan: columns }, what.summary ? make("p", {}, what.summary) : "", list));
  }

  function rowsOf(place) {
    const row = data.findings[place], one = packageOf(row), what = vulnerabilityOf(row);
    const level = data.levels[row[LEVEL]], expanded = open.has(place);
    const toggle = make("button", {
      type: "button", class: "toggle", "aria-expanded": String(expanded),
      onclick: () => { expanded ? open.delete(place) : open.add(place); show(place); },
    }, one.name);
    toggle.dataset.place = place;
    const cells = [
      [make("span", { class: `badge ${level}` }, level)],
      [link(what.link, what.id), row[KEV] ? " " : "", row[KEV] ? make("span", { class: "tag kev" }, "KEV") : ""],
      [toggle, one.source ? make("span", { class: "muted" }, ` (${one.source})`) : "", make("div", { class: "about" }, what.summary.slice(0, 110) + (what.summary.length > 110 ? "…" : ""))],
      [one.version], [row[FIX]], [layerWords(one)], [row[RISK] === null ? "" : String(row[RISK])], [row[CVSS] === null ? "" : row[CVSS].toFixed(1)],
    ];
    const shown = make("tr", expanded ? { class: "open" } : {}, ...cells.map((cell) => make("td", {}, ...cell)));
    return expanded ? [shown, details(row, cells.length)] : [shown];
  }

  function head() {
    return make("tr", {}, ...COLUMNS.map((column) => {
      const sorted = state.sort === column.name ? (state.reverse ? "descending" : "ascending") : null;
      const button = make("button", {
        type: "button",
        onclick: () => {
          const again = state.sort === column.name;
          Object.assign(state, { sort: again && state.reverse ? "" : column.name, reverse: again && !state.reverse, page: 0 });
          show();
          byId("table").querySelector(`[data-column="${column.name}"] button`).focus();
        },
      }, column.title);
      return make("th", { scope: "col", "aria-sort": sorted, "data-column": column.name }, button);
    }));
  }

  function pages(found) {
    const last = Math.max(Math.ceil(found.length / PAGE_ROWS) - 1, 0);
    state.page = Math.min(state.page, last);
    const go = (to) => () => { state.page = to; show(); byId("findings").scrollIntoView(); };
    const button = (text, to, possible) => {
      const made = make("button", { type: "button", onclick: go(to) }, text);
      made.disabled = !possible;
      return made;
    };
    byId("pages").replaceChildren(...(last === 0 ? [] : [
      button("← Previous", state.page - 1, state.page > 0), `page ${state.page + 1} of ${last + 1}`, button("Next →", state.page + 1, state.page < last),
    ]));
  }

  function show(focus) {
    const found = matching();
    pages(found);
    const of = data.findings.length, all = found.length === of ? "" : ` of ${of.toLocaleString("en")}`;
    byId("count").textContent = `${found.length.toLocaleString("en")}${all} findings`;
    const table = byId("table");
    table.tHead.replaceChildren(head());
    table.tBodies[0].replaceChildren(...found.slice(state.page * PAGE_ROWS, (state.page + 1) * PAGE_ROWS).flatMap(rowsOf));
    if (focus !== undefined) table.querySelector(`[data-place="${focus}"]`)?.focus();
    writeAddress();
  }

  function fillForm() {
    byId("search").value = state.q;
    for (const box of document.querySelectorAll("[name=severity]")) box.checked = state.severity.has(box.value);
    for (const name of ["document", "layer", "status"]) if (byId(name)) byId(name).value = state[name];
    for (const name of ["fixable", "kev"]) byId(name).checked = state[name];
  }

  function readForm() {
    state.q = byId("search").value;
    state.severity = new Set([...document.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
    for (const name of ["document", "layer", "status"]) if (byId(name)) state[name] = byId(name).value;
    for (const name of ["fixable", "kev"]) state[name] = byId(name).checked;
    Object.assign(state, { page: 0 });
    open = new Set();
    show();
  }

  function listLayers() {
    const layers = new Map();
    for (const one of data.packages) if (one.layer >= 0) layers.set(layerKey(one), one);
    const inOrder = [...layers].sort(([, a], [, b]) => a.document - b.document || a.layer - b.layer);
    byId("layer").append(...inOrder.map(([key, one]) => {
      const of = data.documents.length > 1 ? `${data.documents[one.document]}, ` : "";
      return make("option", { value: key }, `${of}${layerWords(one)} ${one.instruction.slice(0, 60)}`);
    }));
    byId("layer").parentElement.hidden = inOrder.length === 0;
  }

  const form = byId("filter");
  form.addEventListener("input", readForm);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { history.replaceState(null, "", "#findings"); readAddress(); fillForm(); show(); });
  window.addEventListener("hashchange", () => { readAddress(); fillForm(); show(); });
  for (const button of document.querySelectorAll("button[data-layer]")) {
    button.addEventListener("click", () => {
      state.layer = `${button.dataset.document}:${button.dataset.layer}`;
      Object.assign(state, { status: "all", page: 0 });
      fillForm();
      show();
      byId("findings").scrollIntoView({ behavior: "smooth" });
    });
  }
  listLayers();
  readAddress();
  fillForm();
  show();
})();
