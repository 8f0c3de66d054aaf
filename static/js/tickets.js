// The ticket without a signal, on the booking page: section[data-keep-until] has a button that keeps page and PDF in
// this browser until that moment, by js/ticket-worker.js, and one that removes them. Nothing happens by itself.
"use strict";
(() => {
  const section = document.querySelector("[data-keep-until]");
  if (!section || !("serviceWorker" in navigator) || !("caches" in window)) return;
  const page = location.pathname, [keep, remove] = section.querySelectorAll("button");
  const say = (name) => { section.querySelector("[role=status]").textContent = section.dataset[name] || ""; };

  const show = (isKept) => { keep.hidden = isKept; remove.hidden = !isKept; if (isKept) say("kept"); };
  const isKept = async () => Boolean(await (await caches.open("ticket-lists-1")).match(page));
  const addresses = () => [page, section.dataset.pdf,
    ...[...document.querySelectorAll("link[rel=stylesheet], link[rel=icon]")].map((link) => link.href),
    ...[...document.querySelectorAll("script[src]")].map((script) => script.src),
    ...[...document.querySelectorAll("svg use")].map((use) => use.href.baseVal.split("#")[0]),
  ].map((address) => new URL(address, location.href).href);

  async function tell(message) {
    const registration = await navigator.serviceWorker.register(section.dataset.worker);
    const worker = registration.active || (await navigator.serviceWorker.ready).active;
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => { port1.onmessage = (event) => resolve(event.data); });
    worker.postMessage(message, [port2]);
    if (await answer !== "done") throw new Error(await answer);
  }

  async function change(message, isKeptThen) {
    keep.disabled = remove.disabled = true;
    try {
      await tell(message);
      show(isKeptThen);
      if (!isKeptThen) say("removed");
    } catch { say("failed"); }
    keep.disabled = remove.disabled = false;
    (isKeptThen ? remove : keep).focus();
  }

  const booking = () => ({ page, addresses: [...new Set(addresses())], until: section.dataset.keepUntil });
  keep.addEventListener("click", () => change({ keep: booking() }, true));
  remove.addEventListener("click", () => change({ drop: booking() }, false));
  const showConnection = () => { document.getElementById("as-of").hidden = navigator.onLine; };
  addEventListener("online", showConnection);
  addEventListener("offline", showConnection);
  showConnection();
  section.hidden = false;
  isKept().then(show);
})();
