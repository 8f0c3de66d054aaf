// Everything here improves a page that already works without it. Behaviour is asked for by data attributes:
//   input[data-combobox="/places/"]        type-ahead; [data-ref] is what the form sends instead of the shown name
//   button[data-swap="id1 id2"]            exchanges two fields
//   button[data-sets="id"]                 puts its [data-value] into that field, and is pressed while the field says it
//   .stepper > input[type=number]          gets − and + buttons
//   .days                                  one stop of Tab; the arrow keys, Home and End go from day to day
//   input[data-not-before="id"]            a date that follows another one
//   [data-countdown="seconds"]             a clock; .is-short under two minutes; reveals [data-countdown-short="#id"] under three
//                                          and [data-countdown-end="#id"] when over
//   button[data-copy-down="key"]           copies the first [data-copy="key"] into the empty ones below
//   [data-busy] on a form                  its submit button works once
//   form[data-submit-now]                  is sent as soon as the page is there
//   form[data-tidy]                        leaves empty fields and zeros out of the address
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const once = (element, key) => !element.dataset[key] && (element.dataset[key] = "1");

  const announce = (text) => { const status = document.getElementById("status"); if (status && text) status.textContent = text; };

  function combobox(input) {
    const list = document.getElementById(input.getAttribute("aria-controls"));
    let timer, asked = 0, picked = input.dataset.ref ? input.value : null;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.autocomplete = "off";
    const options = () => all('[role="option"]', list);
    const active = () => options().find((option) => option.getAttribute("aria-selected") === "true");
    const close = () => {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const activate = (option) => {
      options().forEach((each) => each.setAttribute("aria-selected", each === option));
      if (option) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
      else input.removeAttribute("aria-activedescendant");
    };
    const pick = (option) => {
      input.value = picked = option.dataset.name;
      input.dataset.ref = option.dataset.value;
      input.setCustomValidity("");
      close();
    };
    const open = () => {
      options().forEach((option, number) => { option.id = `${list.id}-${number}`; });
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      activate(null);
      announce(list.querySelector("[data-count]")?.dataset.count);
    };
    const ask = async () => {
      const text = input.value.trim(), mine = ++asked;
      if (!text) return close();
      try {
        const answer = await fetch(`${input.dataset.combobox}?${new URLSearchParams({ q: text.slice(0, 80) })}`);
        if (!answer.ok || mine !== asked || document.activeElement !== input) return;
        list.innerHTML = await answer.text();
      } catch { return; } // offline: the field still takes a typed name
      open();
    };
    input.addEventListener("input", () => {
      if (input.value !== picked) { delete input.dataset.ref; picked = null; }
      clearTimeout(timer);
      timer = setTimeout(ask, 130);
    });
    input.addEventListener("keydown", (event) => {
      const rows = options(), at = rows.indexOf(active());
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { ask(); return; }
        const step = event.key === "ArrowDown" ? 1 : -1;
        activate(rows[(at + step + rows.length + (at < 0 && step < 0 ? 1 : 0)) % rows.length]);
      } else if (event.key === "Enter" && !list.hidden && active()) {
        event.preventDefault();
        pick(active());
      } else if (event.key === "Tab" && !list.hidden && active()) pick(active());
      else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    });
    list.addEventListener("pointerdown", (event) => {
      const option = event.target.closest('[role="option"]');
      if (option) { event.preventDefault(); pick(option); }
    });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("blur", () => { clearTimeout(timer); asked++; close(); });
    close();
    if (options().length) input.addEventListener("focus", open, { once: true }); // the page came with what may have been meant
  }

  function stepper(box) {
    const input = box.querySelector("input");
    const button = (sign, step, label) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = sign;
      made.setAttribute("aria-label", label || sign);
      made.addEventListener("click", () => {
        const next = (parseInt(input.value, 10) || 0) + step;
        input.value = Math.min(Number(input.max || 99), Math.max(Number(input.min || 0), next));
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
      return made;
    };
    input.before(button("−", -1, box.dataset.less));
    input.after(button("+", 1, box.dataset.more));
    box.classList.add("is-live");
  }

  function countdown(box) {
    const end = Date.now() + Number(box.dataset.countdown) * 1000;
    const clock = box.querySelector("[data-clock]") || box;
    const reveal = (id) => { const element = id && document.querySelector(id); if (element) element.hidden = false; };
    const tick = () => {
      if (!box.isConnected) return;
      const left = Math.max(0, Math.round((end - Date.now()) / 1000));
      clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      box.classList.toggle("is-short", left < 120);
      if (left < 180) reveal(box.dataset.countdownShort);
      if (left) { setTimeout(tick, 1000 - (Date.now() % 1000)); return; }
      reveal(box.dataset.countdownEnd);
      box.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
    };
    tick();
  }

  function dayStrip(strip) {
    const chosen = strip.querySelector("[aria-current]"), days = all("a", strip);
    if (chosen) strip.scrollLeft = chosen.offsetLeft - (strip.clientWidth - chosen.offsetWidth) / 2;
    const stop = (day) => days.forEach((each) => { each.tabIndex = each === day ? 0 : -1; });
    stop(days.includes(chosen) ? chosen : days[0]);
    strip.addEventListener("keydown", (event) => {
      const at = days.indexOf(document.activeElement);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: days.length - 1 }[event.key];
      if (at < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      if (!days[to]) return;
      stop(days[to]);
      days[to].focus();
    });
  }

  function press() {
    all("[data-sets]").forEach((button) => button.setAttribute("aria-pressed", document.getElementById(button.dataset.sets)?.value === button.dataset.value));
  }

  function upgrade(root) {
    press();
    all(".days", root).forEach((strip) => once(strip, "ready") && dayStrip(strip));
    all("input[data-combobox]", root).forEach((input) => once(input, "ready") && combobox(input));
    all(".stepper", root).forEach((box) => once(box, "ready") && stepper(box));
    all("[data-countdown]", root).forEach((box) => once(box, "ready") && countdown(box));
    all("[data-needs-script]", root).forEach((element) => { element.hidden = false; });
    all("input[data-not-before]", root).forEach((input) => {
      const first = document.getElementById(input.dataset.notBefore);
      if (!first || !once(input, "ready")) return;
      const follow = () => { if (first.value) { input.min = first.value; if (input.value && input.value < first.value) input.value = first.value; } };
      first.addEventListener("change", follow);
      follow();
    });
  }

  document.addEventListener("click", (event) => {
    const swap = event.target.closest("[data-swap]");
    if (swap) {
      const [one, two] = swap.dataset.swap.split(" ").map((id) => document.getElementById(id));
      [one.value, two.value] = [two.value, one.value];
      const [first, second] = [one.dataset.ref || "", two.dataset.ref || ""];
      one.dataset.ref = second;
      two.dataset.ref = first;
    }
    const sets = event.target.closest("[data-sets]");
    if (sets) {
      const field = document.getElementById(sets.dataset.sets);
      field.value = sets.dataset.value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const copy = event.target.closest("[data-copy-down]");
    if (copy) {
      const [source, ...rest] = all(`[data-copy="${copy.dataset.copyDown}"]`, copy.closest("form") || document);
      rest.filter((field) => !field.value).forEach((field) => { field.value = source.value; field.dispatchEvent(new Event("input", { bubbles: true })); });
    }
  });

  document.addEventListener("change", ({ target }) => {
    press();
    const form = target.closest("form[data-party]");
    if (!form || !target.dataset.one) return;
    const words = all("[data-one]", form).filter((field) => Number(field.value)).map((field) => `${field.value} ${field.value === "1" ? field.dataset.one : field.dataset.many}`);
    form.querySelector("[data-party-sum]").textContent = words.join(", ");
  });
  document.addEventListener("click", ({ target }) => {
    all("details.party[open]").filter((box) => !box.contains(target)).forEach((box) => { if (matchMedia("(min-width: 52rem)").matches) box.open = false; });
    all("details[data-menu][open]").filter((box) => !box.contains(target)).forEach((box) => { box.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details[data-menu][open]");
    if (!menu) return;
    event.stopImmediatePropagation(); // on the screen of a sale Escape would go a step back, too
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  document.addEventListener("formdata", ({ target, formData }) => {
    all("input[data-combobox]", target).forEach((input) => input.dataset.ref && formData.set(input.name, input.dataset.ref));
    if (target.matches("[data-party]")) {
      // The address says how many travel in all, and how many of them are not of the usual type.
      const fields = all("[data-one]", target);
      formData.set("passengers", fields.reduce((sum, field) => sum + (parseInt(field.value, 10) || 0), 0));
      fields.filter((field) => field.matches("[data-default-type]")).forEach((field) => formData.delete(field.name));
      const order = ["from", "to", "date", "passengers", ...fields.map((field) => field.name)];
      const rank = ([name]) => (order.includes(name) ? order.indexOf(name) : order.length);
      const sorted = [...formData].sort((one, two) => rank(one) - rank(two));
      sorted.forEach(([name]) => formData.delete(name));
      sorted.forEach(([name, value]) => formData.append(name, value));
    }
    if (!target.matches("[data-tidy]")) return;
    for (const [name, value] of [...formData]) if (value === "" || value === "0") formData.delete(name);
  });

  document.addEventListener("submit", ({ target }) => {
    if (!target.matches("[data-busy]")) return;
    setTimeout(() => all("button[type=submit], button:not([type])", target).forEach((button) => { button.disabled = true; }));
  });
  // A form that is answered by a page: Back and reload lead to its address, not to the browser's question whether to send it again.
  // The office has addresses that only take forms.
  if (document.body.matches("[data-posted]:not(.office)")) history.replaceState(history.state, "", location.href);
  // Not when the browser comes back to it: who wants to pay after all presses the button.
  const [visit] = performance.getEntriesByType("navigation");
  if (visit?.type === "navigate") document.querySelector("form[data-submit-now]")?.requestSubmit();
  // Back from the cache of the browser must not show a form that is still busy.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) all("[data-busy] button:disabled").forEach((button) => { button.disabled = false; });
  });

  // One place tells of trouble: a refusal comes as text, an outage does not.
  const problem = () => document.getElementById("problem");
  const say = (text) => {
    const note = document.createElement("p");
    note.className = "notice notice-bad";
    note.textContent = text;
    problem()?.replaceChildren(note);
    problem()?.scrollIntoView({ block: "center" });
  };
  const words = (key) => document.body.dataset[key];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr?.status === 404 && !detail.xhr.getResponseHeader("HX-Retarget")) { detail.shouldSwap = false; say(words("failed")); }
  });
  document.addEventListener("htmx:responseError", () => say(words("failed")));
  document.addEventListener("htmx:sendError", () => say(words("offline")));
  document.addEventListener("htmx:timeout", () => say(words("offline")));
  document.addEventListener("htmx:beforeRequest", () => problem()?.replaceChildren());
  document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    if (!target) return; // a page that Back brought again
    announce(document.getElementById(target.id)?.dataset.announce);
    if (target.id === "problem") { target.focus(); target.scrollIntoView({ block: "center" }); }
  });
  // Back pressed again before the page of the last time has come: only the latest counts.
  let restoring;
  document.addEventListener("htmx:historyCacheMiss", ({ detail }) => { restoring?.abort(); restoring = detail.xhr; });
  document.addEventListener("htmx:historyRestore", () => upgrade(document));
  document.addEventListener("htmx:load", ({ detail }) => upgrade(detail.elt));
  upgrade(document);
})();
