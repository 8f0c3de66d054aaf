// What every page of the office does by keys.
//   [data-overlay="k" or "?"]   a link to a page that Ctrl+K, or ?, shows over this one; without a script it is opened
//   kbd[data-access-key]        says Alt+E; shown as this browser wants it
//   input[data-hits="#list"]    the down arrow goes to the first a[data-hit] in the list, and on from hit to hit
//   button[data-print-page]     prints the page
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const isTyping = (at) => at.matches?.("input, select, textarea, [contenteditable]");

  function walk(event) {
    const at = event.target, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !at.matches?.("[data-hits], a[data-hit]")) return;
    const fields = all("[data-hits]");
    const field = at.matches("[data-hits]") ? at : fields.find((each) => one(each.dataset.hits)?.contains(at));
    const hits = field ? all(`${field.dataset.hits} a[data-hit]`) : [];
    const to = hits.indexOf(at) + step;
    if (at === field && step < 0) return;
    event.preventDefault();
    (to < 0 ? field : hits[to])?.focus();
  }

  // Browsers differ in what goes with an access key; some say it themselves.
  function nameKeys() {
    all("kbd[data-access-key]").forEach((hint) => {
      const owner = hint.closest("[accesskey]") || one("[accesskey]", hint.closest("form, .field"));
      const onMac = /^Mac/.test(navigator.platform) ? `Ctrl+Option+${owner.accessKey.toUpperCase()}` : "";
      const label = owner.accessKeyLabel || onMac;
      if (label) hint.textContent = label;
    });
  }
  document.addEventListener("htmx:afterSettle", nameKeys);
  nameKeys();

  // One dialog for all pages that are shown over another; it gives the focus back by itself.
  const overlay = one("#overlay");
  async function show(link) {
    if (!overlay || !window.htmx) { location.assign(link.href); return; }
    // Settled at once, so that it listens to the first letter that is typed
    await htmx.ajax("GET", link.href, { target: "#overlay", swap: "innerHTML settle:0ms" });
    if (!overlay.innerHTML.trim()) return;
    if (!overlay.open) overlay.showModal();
    one("[autofocus]", overlay)?.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-overlay]");
    if (link && overlay && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); show(link); }
    if (event.target.closest?.("[data-print-page]")) print();
    if (event.target === overlay || event.target.closest?.("[data-close]")) overlay.close(); // beside it
  });

  // A form that renews itself is not replaced while somebody types in it, and what was typed beside it stays.
  const typed = "input:not([type=checkbox], [type=radio], [type=hidden]), textarea";
  const sent = new WeakMap(); // fields with what they said when the form was last sent
  let beside = [];
  document.addEventListener("htmx:beforeRequest", ({ detail }) => all(typed, detail.elt.closest("form") || detail.elt).forEach((field) => sent.set(field, field.value)));
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const field = document.activeElement, form = detail.requestConfig?.elt?.closest("form");
    if (detail.target.contains(field) && sent.has(field) && sent.get(field) !== field.value) detail.shouldSwap = false;
    beside = !form ? [] : all(typed, detail.target)
      .filter((each) => each.id && !form.contains(each) && each.value !== each.defaultValue)
      .map((each) => [each.id, each.value]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    beside.forEach(([id, value]) => { const field = document.getElementById(id); if (field) field.value = value; });
    beside = [];
  });

  // Where work goes on after a form was answered, unless the page says so itself: never nowhere.
  function goOn() {
    if (document.activeElement !== document.body) return;
    const field = "input:not([type=hidden]), select, textarea, button";
    const next = ["[aria-invalid=true]", "[role=alert]", ".messages", `.office-narrow form[method=post] :is(${field})`]
      .map((selector) => one(`main ${selector}`)).find(Boolean);
    if (next && !next.matches(field)) next.tabIndex = -1;
    next?.focus();
  }
  document.addEventListener("htmx:afterSettle", goOn);
  addEventListener("DOMContentLoaded", goOn); // after the scripts of the page, which may know better

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
    const isHelp = event.key === "?" && !event.ctrlKey && !event.altKey && !isTyping(event.target);
    const link = isCommand || isHelp ? one(`a[data-overlay="${isHelp ? "?" : "k"}"]`) : null;
    if (!link) { walk(event); return; }
    event.preventDefault();
    const here = isCommand && one("#find-q"); // on its own page, or open already
    if (here) here.select(); else show(link);
  });
})();
