// Days in the office, typed by few keys; the server reads fri, 2512 or 25 dec.
//   input[data-day]          + and − move the day (of data-day: today); [data-day-words] says which weekday that is
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root?.querySelector(selector);
  const iso = (day) => `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
  const words = new Intl.DateTimeFormat("en-ZA", { weekday: "short", day: "numeric", month: "short" });
  function sayDay(input) {
    const label = one("[data-day-words]", input.closest(".field")), day = readers.day(input.value);
    if (label) label.textContent = day ? words.format(day) : "";
  }
  let stepped = "";  // the sign that moved the day just now: a digit after it makes "+2" of it
  let isMoved = false; // by a key that the browser does not count as typing
  function dayKey(event, input) {
    const sign = { "+": 1, "-": -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!sign) {
      if (/^\d$/.test(event.key) && stepped && !event.ctrlKey) { event.preventDefault(); input.value = stepped + event.key; isMoved = true; sayDay(input); }
      stepped = "";
      return;
    }
    const day = readers.day(input.value) || (input.value === "" && readers.day(input.dataset.day || ""));
    if (!day) return;
    event.preventDefault();
    day.setDate(day.getDate() + sign);
    input.value = iso(day);
    isMoved = true;
    input.select();
    stepped = event.key.length === 1 ? event.key : "";
    sayDay(input);
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.matches?.("[data-day]")) dayKey(event, event.target);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (isMoved && target.matches("[data-day]")) target.dispatchEvent(new Event("change", { bubbles: true }));
    isMoved = false;
  });
  document.addEventListener("input", ({ target }) => { if (target.matches("[data-day]")) sayDay(target); });

  const select = (field) => { if (field?.matches("[data-day]") && field.value === field.defaultValue) field.select(); };
  document.addEventListener("focusin", ({ target }) => select(target));
  const arrive = (root) => { if (root.querySelectorAll) all("[data-day]", root).forEach(sayDay); select(document.activeElement); };
  document.addEventListener("htmx:afterSettle", ({ detail }) => arrive(detail.elt));
  arrive(document);
})();
