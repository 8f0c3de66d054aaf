// The door. Everything works without this file; with it a scan does not load the page, no scan is lost while the line is down,
// a scanner may type whatever has the focus, and the camera reads codes where the browser can.
//   form[data-scan]            is sent in order, one after the other, and answered by the new #board; needs scans.js and readers.js
//   [data-scan-waiting]        says what could not be sent yet; it is kept on the device, codes and numbers only, until it is sent
//   [data-scan-later]          lists what became of the scans that had waited and need somebody's eye
//   script#known                by the hash of a code: ticket, seat, and when it boarded: the answer while there is no line
//   [data-boarded] [data-missing] [data-unsent]  counts, which go on without a line; [data-row] is the row of a ticket
//   form[data-find]            hides the rows that its text does not name, by their data-name and data-codes
//   [data-camera]              starts and stops the camera; [data-camera-view] shows what it sees, [data-camera-help] why it does not
//   [data-print]               prints the page
"use strict";
(() => {
  const form = document.getElementById("scan");
  const field = document.getElementById("scan-code");

  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
  if (!form) return;

  const waiting = form.querySelector("[data-scan-waiting]");
  const later = document.querySelector("[data-scan-later]");
  const store = `falcon-scans-${form.dataset.who}`;
  const OLDEST = 36e5 * 24, TRIES = 3;
  let isSending = false;

  const nonce = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  function timeOf(entry) {
    const at = new Date(entry.fields.scanned_at);
    const isToday = at.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { weekday: "short", day: "numeric", month: "short" };
    return at.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit" });
  }
  const say = (text) => { const status = document.getElementById("status"); if (status) status.textContent = text || ""; };
  const live = () => document.getElementById("board-live");
  const boardPath = new URL(form.action).pathname;
  const stopNow = () => form.querySelector("[name=stop]").value;
  const focusField = () => field.focus({ preventScroll: true });

  // what is to be sent: names of fields and their values, never a form's token, which belongs to the page that sends. Each entry is
  // kept under a key of its own: another tab of this device, or another clerk at it, has entries beside these.

  const keyOf = (entry) => `${store}-${entry.fields.nonce}`;
  const isYoung = (entry) => Date.parse(entry.fields.scanned_at) > Date.now() - OLDEST;
  function keptUnder(isOurs) {
    try {
      const entries = Object.keys(localStorage).filter(isOurs).flatMap((key) => JSON.parse(localStorage.getItem(key)) || []);
      return entries.filter(isYoung).sort((one, two) => one.fields.scanned_at.localeCompare(two.fields.scanned_at));
    } catch { return []; }
  }
  const queue = keptUnder((key) => key === store || key.startsWith(`${store}-`)).map((entry) => ({ ...entry, waited: true }));
  try {
    localStorage.removeItem(store); // all in one, as an earlier page kept it
    const ours = Object.keys(localStorage).filter((key) => key.startsWith("falcon-scans-"));
    for (const key of ours) if (![JSON.parse(localStorage.getItem(key))].flat().some(isYoung)) localStorage.removeItem(key);
  } catch { /* none allowed */ }
  queue.forEach(keep);
  function keep(entry) { // where there is no room, or none allowed, it lives as long as the page
    try { localStorage.setItem(keyOf(entry), JSON.stringify({ ...entry, boarded: undefined })); } catch { /* so be it */ }
  }
  function forget(entry) {
    try { localStorage.removeItem(keyOf(entry)); } catch { /* none allowed */ }
  }
  function everyWaiting() {
    const own = new Set(queue.map((entry) => entry.fields.nonce));
    return [...keptUnder((key) => key.startsWith("falcon-scans-")).filter((entry) => !own.has(entry.fields.nonce)), ...queue];
  }

  let turn = Promise.resolve(); // one scan after the other, also while the first is looked up
  function send(source) {
    const fields = Object.fromEntries(new FormData(source));
    delete fields.csrfmiddlewaretoken;
    if (source === form) {
      if (!field.value.trim()) return;
      fields.nonce = nonce(); // the one of the page is good for one scan only
      field.value = "";
    }
    fields.scanned_at = new Date().toISOString();
    const entry = { action: new URL(source.action).pathname, fields, tries: 0 };
    turn = turn.then(() => take(entry));
  }

  async function take(entry) {
    if (entry.fields.code !== undefined) {
      entry.read = readers.scan(entry.fields.code);
      [entry.ticket, entry.seat, entry.boarded] = await find(entry.read);
      const before = scans.earlier(entry, everyWaiting());
      if (before) {
        recount();
        return panel("red", form.dataset.again, form.dataset.againReason.replace("%s", timeOf(before)), entry);
      }
      if (scans.aboard(everyWaiting(), boardPath, stopNow()).get(entry.ticket) === false) entry.boarded = ""; // taken back
    }
    queue.push(entry);
    keep(entry);
    if (waiting.hidden) pump(); else alone(entry);
  }

  function bodyOf({ fields }) {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    data.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    return data;
  }

  async function pump() {
    if (isSending) return;
    isSending = true;
    while (queue.length) {
      const next = queue[0];
      let answer, text;
      try {
        answer = await fetch(next.action, { method: "POST", body: bodyOf(next), headers: { "HX-Request": "true", "HX-Target": "board" } });
        text = await answer.text();
      } catch { answer = null; }
      if (!answer || answer.status >= 500) {
        const isFirst = waiting.hidden;
        for (const each of queue) { each.waited = true; keep(each); }
        waiting.hidden = false;
        if (isFirst) alone(next); else recount();
        await new Promise((resolve) => setTimeout(resolve, 3000));
        continue; // the same nonce again: boarded once, however often it is sent
      }
      if (answer.headers.has("HX-Redirect")) { location.assign(answer.headers.get("HX-Redirect")); return; } // sign in first: it is kept till then
      if (answer.status === 403 && ++next.tries < TRIES) { keep(next); location.reload(); return; } // the page's token is too old
      queue.shift();
      forget(next);
      waiting.hidden = !queue.some((each) => each.waited);
      show(answer, text, next);
      recount();
    }
    isSending = false;
  }

  // without a line: what the list says, as it was when the page last heard of it

  async function hashOf(code) {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
    return [...bytes.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function find(read) {
    const known = JSON.parse(document.getElementById("known").textContent);
    if (!crypto.subtle) return [null, "", ""];
    return known[await hashOf(read)] || (readers.isOldTicket(read) && known[await hashOf(read.toLowerCase())]) || [null, "", ""];
  }

  function alone(entry) {
    recount();
    if (entry.fields.code === undefined) return;
    if (entry.boarded) return panel("red", form.dataset.again, entry.boarded, entry);
    const title = entry.ticket ? `${form.dataset.known} ${entry.seat}` : form.dataset.unknown;
    panel(entry.ticket ? "waiting" : "amber", title, form.dataset.unsure, entry);
  }

  function panel(tone, title, reason, entry) {
    const answer = document.querySelector("#board > .scan-result, #board > .notice");
    if (!answer) return;
    const line = (name) => `<p class="scan-result-${name}"></p>`;
    answer.outerHTML = `<section class="scan-result"><div class="scan-result-text">${["title", "name", "reason"].map(line).join("")}</div></section>`;
    const shown = document.querySelector("#board > .scan-result");
    shown.classList.add(`is-${tone}`);
    shown.querySelector(".scan-result-title").textContent = title;
    shown.querySelector(".scan-result-name").textContent = rowOf(entry.ticket)?.dataset.shown || "";
    shown.querySelector(".scan-result-reason").textContent = reason;
    say([...shown.querySelectorAll("p")].map((shownLine) => shownLine.textContent).filter(Boolean).join(". "));
    if (tone === "red" && navigator.userActivation?.hasBeenActive) navigator.vibrate?.([120, 60, 120]);
    focusField();
  }

  // counts as they will be once everything is sent

  const rowOf = (ticket) => (ticket ? live().querySelector(`[data-row="${ticket}"]`) : null);
  function recount() {
    const onTheWay = waiting.hidden ? new Map() : scans.aboard(everyWaiting(), boardPath, stopNow());
    let change = 0;
    for (const row of live().querySelectorAll("[data-row]")) {
      const becomes = onTheWay.get(Number(row.dataset.row)), isAboard = row.dataset.aboard === "1";
      row.classList.toggle("is-unsent", becomes !== undefined && becomes !== isAboard);
      if (becomes !== undefined && becomes !== isAboard) change += becomes ? 1 : -1;
    }
    for (const [name, sign] of [["boarded", 1], ["missing", -1]]) {
      for (const count of live().querySelectorAll(`[data-${name}]`)) count.textContent = Number(count.dataset[name]) + sign * change;
    }
    const bar = live().querySelector("progress");
    if (bar) bar.value = Number(live().querySelector("[data-boarded]").dataset.boarded) + change;
    const unsent = live().querySelector("[data-unsent]");
    if (unsent) { unsent.hidden = !onTheWay.size; unsent.textContent = `${onTheWay.size} ${unsent.dataset.unsent}`; }
    waiting.textContent = `${form.dataset.waiting} ${queue.length}`;
  }

  function show(answer, text, sent) {
    const problem = document.getElementById("problem");
    problem.textContent = "";
    const isBoard = text.includes('id="board"') && !text.includes("<html");
    if (!isBoard) { // a refusal of the whole request: an unknown departure, too many scans
      if (sent.waited) list(sent, text.includes("<html") ? String(answer.status) : text.replace(/<[^>]*>/g, " ").trim());
      else if (text.includes("<html")) { location.reload(); return; }
      else problem.innerHTML = text;
      return focusField();
    }
    const holder = document.createElement("template");
    holder.innerHTML = text.trim();
    const board = holder.content.firstElementChild;
    const said = board.querySelector("[data-say]");
    if (sent.action.startsWith(boardPath)) { // else it was another coach's
      document.getElementById("board").replaceWith(board);
      window.htmx?.process(board);
      if (!finder.contains(document.activeElement)) { sought.value = ""; sift(); }
    }
    if (sent.waited && said?.dataset.tone !== "green") list(sent, said?.dataset.say || String(answer.status));
    say(said?.dataset.say);
    // A browser allows it only once somebody has touched the page; a scanner types.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(said?.dataset.tone === "green" ? 60 : [120, 60, 120]);
    if (!finder.contains(document.activeElement)) focusField(); // else somebody is looking for a name
  }

  function list(sent, words) {
    const line = document.createElement("li");
    line.textContent = `${timeOf(sent)} · ${words}`;
    later.querySelector("ul").append(line);
    later.hidden = false;
  }
  later.querySelector("button").addEventListener("click", () => { later.hidden = true; later.querySelector("ul").replaceChildren(); focusField(); });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-scan]")) return;
    event.preventDefault();
    send(event.target);
  });

  // A list that renews itself must not take the focus from under a finger or a keyboard.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === live() && (isSending || live().contains(document.activeElement))) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", () => { sift(); recount(); });

  // who is looked for: any part of the name, a seat, the beginning of a code

  const finder = document.querySelector("form[data-find]"), sought = finder.querySelector("input[name=find]");
  function sift() {
    const name = readers.person(sought.value), code = readers.code(sought.value), isAll = !sought.value.trim();
    for (const row of live().querySelectorAll("[data-row]")) {
      const isNamed = name && readers.person(row.dataset.name).includes(name);
      row.hidden = !(isAll || isNamed || (code && row.dataset.codes.split(" ").some((other) => other.startsWith(code))));
    }
  }
  sought.addEventListener("input", sift);
  sought.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    sought.value = "";
    sift();
    focusField();
  });
  finder.addEventListener("submit", (event) => {
    event.preventDefault();
    if (readers.isTicket(readers.scan(sought.value))) { // a scanner typed here
      field.value = sought.value;
      sought.value = "";
      sift();
      return send(form);
    }
    sift();
    live().querySelector("[data-row]:not([hidden]) button")?.focus();
  });

  // A scanner types wherever the focus is.
  document.addEventListener("keydown", (event) => {
    const isText = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isText && !event.target.closest("input, select, textarea")) focusField();
  });

  const button = form.querySelector("[data-camera]"), view = form.querySelector("[data-camera-view]"), help = form.querySelector("[data-camera-help]");
  let stream = null, last = "", lastAt = 0;

  async function look(detector) {
    if (!stream) return;
    try {
      const [found] = await detector.detect(view);
      const isNew = found && (found.rawValue !== last || Date.now() - lastAt > 4000);
      if (isNew && readers.isTicket(readers.scan(found.rawValue))) {
        [last, lastAt] = [found.rawValue, Date.now()];
        field.value = found.rawValue;
        send(form);
      }
    } catch { /* the picture is not there yet */ }
    setTimeout(() => look(detector), 200);
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = view.srcObject = null;
    view.hidden = true;
    button.setAttribute("aria-pressed", "false");
  }

  function explain(reason) { // the field is still there
    help.textContent = `${help.dataset[reason]} ${help.dataset.instead}`;
    help.hidden = false;
    focusField();
  }

  async function start() {
    if (!(await canRead())) return explain("unable");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      const isMissing = error.name === "NotFoundError" || error.name === "OverconstrainedError";
      return explain(isMissing ? "none" : error.name === "NotReadableError" ? "busy" : "blocked");
    }
    help.hidden = true;
    view.srcObject = stream;
    view.hidden = false;
    button.setAttribute("aria-pressed", "true");
    await view.play();
    look(new window.BarcodeDetector({ formats: ["qr_code"] }));
  }

  async function canRead() {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return false;
    try { return (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code"); } catch { return false; }
  }

  button.hidden = false;
  button.addEventListener("click", () => (stream ? stop() : start()));
  window.addEventListener("pagehide", stop);
  sift();
  focusField();
  if (queue.length) pump(); // what an earlier visit could not send
})();
