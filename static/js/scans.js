// What a scan is to a door without a connection: held to examples by bookings/tests/office/test_scans_script.py.
//   scans.earlier(entry, waiting)        the scan of the same ticket that still waits to be sent, if it was not taken back since
//   scans.aboard(waiting, action, stop)  the tickets that wait to be sent from this stop: Map of ticket to whether it boards
// An entry is what is sent: { action, fields: { code | ticket, stop, nonce, scanned_at }, read, ticket }; `read` is its code as it is
// kept, `ticket` the number that the list has for it, or null. `waiting` is in order of time.
"use strict";
const scans = (() => {
  const isScan = (entry) => entry.fields.code !== undefined;
  const ticketOf = (entry) => (isScan(entry) ? entry.ticket : Number(entry.fields.ticket)) || null;
  const isSame = (one, two) => (ticketOf(one) !== null && ticketOf(one) === ticketOf(two)) || (isScan(one) && isScan(two) && one.read === two.read);

  function earlier(entry, waiting) {
    const last = waiting.filter((other) => isSame(entry, other)).at(-1);
    return last && isScan(last) ? last : null;
  }

  function aboard(waiting, action, stop) {
    const here = waiting.filter((entry) => entry.action.startsWith(action) && String(entry.fields.stop) === String(stop));
    return new Map(here.filter(ticketOf).map((entry) => [ticketOf(entry), isScan(entry)]));
  }

  return { earlier, aboard };
})();
