// Seat map and checkout, better with a script and whole without one.
//   #seats-form[data-fares][data-travellers] sums up the ticked seats; ticks survive a refresh of the map
//   #time-left[data-left]                 says once that two minutes are left, and that they are over
//   select[data-fare] + [data-total]      the totals follow the passenger types, [data-luggage] the extra pieces; [data-total-value] says to the server what was shown
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const announce = (text) => { const status = document.getElementById("status"); if (status) status.textContent = text; };

  const form = document.getElementById("seats-form");
  if (form) {
    const fares = JSON.parse(form.dataset.fares), sum = document.getElementById("chosen"), hint = document.getElementById("chosen-hint");
    const boxes = () => all("input[name=seats]", form), ticked = () => boxes().filter((box) => box.checked);
    const words = sum.textContent, explained = hint.textContent;
    const show = () => {
      const seats = ticked(), party = Number(document.getElementById("passengers")?.value) || Number(form.dataset.travellers);
      if (!seats.length) { sum.textContent = words; hint.textContent = explained; return; }
      // Whoever pays most sits on the cheapest, as the server seats a party.
      const classes = seats.map((box) => fares[box.dataset.class] || []), paid = (of, place) => readers.cents(of[place] || "") || 0;
      const places = seats.map((box, place) => place).sort((one, other) => paid(classes[0], other) - paid(classes[0], one));
      classes.sort((one, other) => paid(one, places[0]) - paid(other, places[0]));
      const price = classes.reduce((total, of, index) => total + paid(of, places[index]), 0);
      sum.textContent = `${seats.map((box) => box.value).join(", ")} · ${readers.rand(price)}`;
      hint.textContent = seats.length < party ? `${hint.dataset.more} ${party - seats.length}` : seats.length > party ? `${hint.dataset.over} ${seats.length - party}` : hint.dataset.good;
    };
    form.addEventListener("change", (event) => {
      show();
      if (event.target.name === "seats") announce(sum.textContent);
    });
    let kept = [];
    document.addEventListener("htmx:beforeSwap", ({ detail }) => { if (detail.target.id === "seat-map") kept = ticked().map((box) => box.value); });
    document.addEventListener("htmx:afterSwap", ({ detail }) => {
      if (detail.target.id !== "seat-map") return;
      boxes().forEach((box) => { if (!box.disabled) box.checked = kept.includes(box.value); });
      show();
    });
    show();
  }

  // A page that nobody looks at asks for nothing.
  document.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden && event.detail.elt.matches("#seat-map, #order-status")) event.preventDefault(); });

  const left = document.getElementById("time-left");
  if (left) {
    const seconds = Number(left.dataset.left);
    if (seconds > 125) setTimeout(() => announce(left.dataset.soon), (seconds - 120) * 1000);
    left.addEventListener("countdown:end", () => { announce(left.dataset.over); left.hidden = true; });
  }

  const totals = all("[data-total]"), types = all("select[data-fare]"), luggage = document.querySelector("[data-luggage]");
  if (totals.length && types.length) {
    const fare = (select) => readers.cents(select.selectedOptions[0]?.textContent.split("·").pop() || "") || 0;
    const add = () => {
      const sum = types.reduce((whole, select) => whole + fare(select), 0);
      totals.forEach((total) => { total.textContent = readers.rand(sum); });
      const extra = types.reduce((whole, select) => whole + (select.name.endsWith("-luggage") ? fare(select) : 0), 0);
      if (luggage) {
        luggage.hidden = !extra;
        luggage.lastElementChild.textContent = readers.rand(extra);
      }
      all("[data-total-value]").forEach((field) => { field.value = (sum / 100).toFixed(2); });
    };
    types.forEach((select) => select.addEventListener("change", add));
    add();
  }

  (document.getElementById("error-summary") || document.getElementById("refusal"))?.focus();
})();
