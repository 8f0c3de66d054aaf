// The door. Everything works without this file; with it a scan does not load the page, no scan is lost while the line is down,
// a scanner may type whatever has the focus, and the camera reads codes where the browser can.
//   form[data-scan]            is sent in order, one after the other, and answered by the new #board
//   [data-scan-waiting]        says what could not be sent yet
//   [data-camera]              starts and stops the camera; [data-camera-view] shows what it sees
//   [data-print]               prints the page
"use strict";
(() => {
  const form = document.getElementById("scan");
  const field = document.getElementById("scan-code");

  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
  if (!form) return;

  const waiting = form.querySelector("[data-scan-waiting]");
  const queue = [];
  let isSending = false;

  const nonce = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const say = (text) => { const status = document.getElementById("status"); if (status) status.textContent = text || ""; };
  const focusField = () => field.focus({ preventScroll: true });

  function add(action, data) {
    data.set("scanned_at", new Date().toISOString());
    queue.push({ action, data });
    pump();
  }

  function send(source) {
    const data = new FormData(source);
    if (source === form) {
      if (!field.value.trim()) return;
      data.set("nonce", nonce()); // the one of the page is good for one scan only
      field.value = "";
    }
    add(source.action, data);
  }

  async function pump() {
    if (isSending) return;
    isSending = true;
    while (queue.length) {
      const next = queue[0];
      let answer, text;
      try {
        answer = await fetch(next.action, { method: "POST", body: next.data, headers: { "HX-Request": "true", "HX-Target": "board" } });
        text = await answer.text();
      } catch { answer = null; }
      if (!answer || answer.status >= 500) {
        waiting.hidden = false;
        waiting.textContent = `${form.dataset.waiting} ${queue.length}`;
        await new Promise((resolve) => setTimeout(resolve, 3000));
        continue; // the same nonce again: boarded once, however often it is sent
      }
      queue.shift();
      waiting.hidden = true;
      if (answer.headers.has("HX-Redirect")) { location.assign(answer.headers.get("HX-Redirect")); return; }
      show(answer, text);
    }
    isSending = false;
  }

  function show(answer, text) {
    const problem = document.getElementById("problem");
    problem.textContent = "";
    const isBoard = text.includes('id="board"') && !text.includes("<html");
    if (!isBoard) { // a refusal of the whole request: a lost form token, an unknown departure
      if (text.includes("<html")) { location.reload(); return; }
      problem.innerHTML = text;
      return focusField();
    }
    const holder = document.createElement("template");
    holder.innerHTML = text.trim();
    const board = holder.content.firstElementChild;
    document.getElementById("board").replaceWith(board);
    window.htmx?.process(board);
    const said = board.querySelector("[data-say]");
    say(said?.dataset.say);
    navigator.vibrate?.(said?.dataset.tone === "green" ? 60 : [120, 60, 120]);
    focusField();
  }

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
      if (isNew && found.rawValue.startsWith("FBL1.")) {
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
})();
