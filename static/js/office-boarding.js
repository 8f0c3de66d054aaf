// The door. Everything works without this file; with it a scan does not load the page, no scan is lost while the line is down,
// a scanner may type whatever has the focus, and the camera reads codes where the browser can.
//   form[data-scan]            is sent in order, one after the other, and answered by the new #board
//   [data-scan-waiting]        says what could not be sent yet; it is kept on the device, codes and numbers only, until it is sent
//   [data-scan-later]          lists what became of the scans that had waited and need somebody's eye
//   #board-live[data-known]    hashes of the tickets that may board here: the answer while there is no line
//   [data-camera]              starts and stops the camera; [data-camera-view] shows what it sees
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
  function timeText(at) {
    const isToday = at.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { weekday: "short", day: "numeric", month: "short" };
    return at.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit" });
  }
  const say = (text) => { const status = document.getElementById("status"); if (status) status.textContent = text || ""; };
  const focusField = () => field.focus({ preventScroll: true });

  // what is to be sent: names of fields and their values, never a form's token, which belongs to the page that sends

  const kept = () => { try { return JSON.parse(localStorage.getItem(store)) || []; } catch { return []; } };
  const queue = kept().filter((each) => Date.parse(each.fields.scanned_at) > Date.now() - OLDEST).map((each) => ({ ...each, waited: true }));
  function keep() {
    try {
      if (queue.length) localStorage.setItem(store, JSON.stringify(queue));
      else localStorage.removeItem(store);
    } catch { /* no room, or none allowed: the queue lives as long as the page */ }
  }

  function send(source) {
    const fields = Object.fromEntries(new FormData(source));
    delete fields.csrfmiddlewaretoken;
    if (source === form) {
      if (!field.value.trim()) return;
      fields.nonce = nonce(); // the one of the page is good for one scan only
      field.value = "";
    }
    fields.scanned_at = new Date().toISOString();
    queue.push({ action: new URL(source.action).pathname, fields, tries: 0 });
    keep();
    if (waiting.hidden) pump(); else guess(fields.code);
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
        if (waiting.hidden) guess(next.fields.code);
        for (const each of queue) each.waited = true;
        keep();
        waiting.hidden = false;
        waiting.textContent = `${form.dataset.waiting} ${queue.length}`;
        await new Promise((resolve) => setTimeout(resolve, 3000));
        continue; // the same nonce again: boarded once, however often it is sent
      }
      if (answer.headers.has("HX-Redirect")) { location.assign(answer.headers.get("HX-Redirect")); return; } // sign in first: it is kept till then
      if (answer.status === 403 && ++next.tries < TRIES) { keep(); location.reload(); return; } // the page's token is too old
      queue.shift();
      keep();
      waiting.hidden = !queue.some((each) => each.waited);
      waiting.textContent = `${form.dataset.waiting} ${queue.length}`;
      show(answer, text, next);
    }
    isSending = false;
  }

  // without a line: what the list says, as it was when the page last heard of it

  async function hashOf(code) {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
    return [...bytes.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function guess(code) {
    if (!code || !crypto.subtle) return;
    const read = readers.scan(code);
    const known = Object.fromEntries((document.getElementById("board-live").dataset.known || "").split(" ").map((each) => each.split(":")));
    const seat = known[await hashOf(read)] || (readers.isOldTicket(read) && known[await hashOf(read.toLowerCase())]);
    const answer = document.querySelector("#board .scan-result, #board > .notice");
    if (!answer || answer.closest("#board-live")) return;
    answer.outerHTML = '<section class="scan-result is-waiting"><div class="scan-result-text"><p class="scan-result-title"></p><p class="scan-result-reason"></p></div></section>';
    const shown = document.querySelector("#board .scan-result");
    shown.querySelector(".scan-result-title").textContent = seat ? `${form.dataset.known} ${seat}` : form.dataset.unknown;
    shown.querySelector(".scan-result-reason").textContent = form.dataset.unsure;
    say(shown.textContent);
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
    if (sent.action.startsWith(new URL(form.action).pathname)) { // else it was another coach's
      document.getElementById("board").replaceWith(board);
      window.htmx?.process(board);
    }
    if (sent.waited && said?.dataset.tone !== "green") list(sent, said?.dataset.say || String(answer.status));
    say(said?.dataset.say);
    // A browser allows it only once somebody has touched the page; a scanner types.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(said?.dataset.tone === "green" ? 60 : [120, 60, 120]);
    focusField();
  }

  function list(sent, words) {
    const line = document.createElement("li");
    line.textContent = `${timeText(new Date(sent.fields.scanned_at))} · ${words}`;
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
    const live = document.getElementById("board-live");
    if (event.detail.target === live && (isSending || live.contains(document.activeElement))) event.detail.shouldSwap = false;
  });

  // A scanner types wherever the focus is.
  document.addEventListener("keydown", (event) => {
    const isText = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isText && !event.target.closest("input, select, textarea")) focusField();
  });

  const button = form.querySelector("[data-camera]"), view = form.querySelector("[data-camera-view]");
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

  async function start() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch { button.hidden = true; return focusField(); } // refused or none: the field is still there
    view.srcObject = stream;
    view.hidden = false;
    button.setAttribute("aria-pressed", "true");
    await view.play();
    look(new window.BarcodeDetector({ formats: ["qr_code"] }));
  }

  if ("BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia) {
    window.BarcodeDetector.getSupportedFormats().then((formats) => { button.hidden = !formats.includes("qr_code"); }, () => {});
    button.addEventListener("click", () => (stream ? stop() : start()));
    window.addEventListener("pagehide", stop);
  }
  focusField();
  if (queue.length) pump(); // what an earlier visit could not send
})();
