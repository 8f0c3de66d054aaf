// Keeps a booking's page and PDF for the road, for whoever asked for it on that page: nothing is kept otherwise.
// Served below /bookings/, so that it answers for nothing else of the site. Of each kept booking there is a list of
// its addresses, its day of deletion is 24 hours after the arrival.
"use strict";
const TICKETS = "tickets-1", LISTS = "ticket-lists-1", PATIENCE = 4000;

async function keptBookings() {
  const lists = await caches.open(LISTS);
  const answers = await Promise.all((await lists.keys()).map((key) => lists.match(key)));
  return Promise.all(answers.map((answer) => answer.json()));
}

async function drop(booking) {
  await (await caches.open(LISTS)).delete(booking.page);
  const others = new Set((await keptBookings()).flatMap((each) => each.addresses));
  const tickets = await caches.open(TICKETS);
  await Promise.all(booking.addresses.filter((address) => !others.has(address)).map((address) => tickets.delete(address)));
}

const dropOld = async () => {
  for (const booking of await keptBookings()) if (Date.parse(booking.until) < Date.now()) await drop(booking);
};

async function keep(booking) {
  const tickets = await caches.open(TICKETS);
  await Promise.all(booking.addresses.map(async (address) => {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status} ${address}`);
    await tickets.put(address, answer);
  }));
  await (await caches.open(LISTS)).put(booking.page, new Response(JSON.stringify(booking)));
}

async function answerTo(request) {
  const tickets = await caches.open(TICKETS), path = new URL(request.url).pathname;
  const mayBeKept = await tickets.match(request, { ignoreVary: true });
  const fromNetwork = fetch(request).then(async (answer) => {
    if (mayBeKept && answer.ok) await tickets.put(request, answer.clone());
    return answer;
  });
  if (!mayBeKept && request.mode !== "navigate") return fromNetwork;
  const late = new Promise((resolve) => { if (mayBeKept) setTimeout(() => resolve(mayBeKept.clone()), PATIENCE); });
  try {
    return await Promise.race([fromNetwork, late]);
  } catch (lost) {
    if (mayBeKept) return mayBeKept;
    const [booking] = path === "/bookings/" ? await keptBookings() : [];  // where the installed site opens
    if (booking) return Response.redirect(booking.page, 302);
    throw lost;
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(dropOld().then(() => self.clients.claim())));
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(dropOld().then(() => answerTo(event.request)));
});
self.addEventListener("message", (event) => {
  const { keep: kept, drop: dropped } = event.data;
  const done = kept ? keep(kept) : drop(dropped);
  event.waitUntil(done.then(() => event.ports[0].postMessage("done"), (error) => event.ports[0].postMessage(String(error))));
});
