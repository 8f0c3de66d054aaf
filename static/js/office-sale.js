// The screen of a sale, faster with a script and whole without one.
//   form[data-flow]          Enter goes to the next field that is needed and empty, then past [data-offer]; the last one sends
//   form[data-pick]          a row's number and Enter follow its [data-row] link; arrows walk through the rows
//   [data-back]              what Esc does
//   [data-key] [data-letter] tenders by F-key, and by letter while the amount is typed, as the choice of luggage; links by letter on the page after a sale
//   [data-total] [data-rest] [data-change]   follow the passenger types ([data-fixed]: only the server can say), the parts paid so far and the cash given
//   [data-print] [data-printed]  a page that prints itself, and the form that says so
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const cents = (text) => readers.cents(text) || 0;
  const isOpenList = (input) => input.matches?.("[data-combobox]") && input.getAttribute("aria-expanded") === "true";

  // money

  function total() {
    const shown = one("[data-total]"), types = all("select[data-fare]");
    if (!shown) return 0;
    if (types.length && !shown.matches("[data-fixed]")) shown.textContent = readers.rand(types.reduce((sum, select) => sum + cents(select.selectedOptions[0]?.textContent.split("·").pop() || "0"), 0));
    return cents(shown.textContent);
  }
  function due() {
    const rest = one("[data-rest]"), left = total() - Number(rest?.dataset.paid || 0);
    if (rest) rest.textContent = readers.rand(left);
    return left;
  }
  function showMoney() {
    const left = due(), given = one("#amount"), change = one("[data-change]");
    if (!given || !change) return;
    const handed = readers.cents(given.value);
    change.hidden = handed === null;
    const back = handed - readers.coins(left, Number(given.dataset.coin));
    change.classList.toggle("is-short", back < 0);
    one("b", change).textContent = readers.rand(back);
  }
  function choose(radio) {
    const amount = one("#amount");
    radio.checked = true;
    if (amount && radio.value !== "cash" && (one("#refusal") || cents(amount.value) > due())) amount.value = ""; // only cash has change
    showMoney();
    one(radio.value === "cash" ? "#amount" : "#reference")?.focus();
  }

  // keys

  function enter(event, input) {
    const form = input.closest("form[data-flow]");
    if (!form || input.matches("button, a, textarea") || isOpenList(input) && one("[aria-selected=true]", input.closest(".combo"))) return;
    const need = all("[data-need]", form).find((field) => !field.value.trim());
    const money = one(one("[name=tender]:checked", form)?.value === "cash" ? "#amount" : "#reference", form);
    const offer = one("[data-offer]", form); // may stay empty, so it is passed once
    const isAhead = offer && !offer.value && input.compareDocumentPosition(offer) & Node.DOCUMENT_POSITION_FOLLOWING;
    const next = need || (isAhead ? offer : null) || (money && input !== money ? money : null);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.select?.();
  }
  function rows(event, at) {
    const links = all("[data-row]"), number = links.indexOf(at);
    const next = links[event.key === "ArrowDown" ? number + 1 : number - 1];
    event.preventDefault();
    (next || (number < 0 ? links[0] : one("#pick")))?.focus();
  }

  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.defaultPrevented) return; // office-day.js has moved a day
    if (event.key === "Enter" && at.form?.matches("[data-flow]")) enter(event, at);
    else if (event.key.startsWith("Arrow") && /Up|Down/.test(event.key) && (at.id === "pick" || at.matches?.("[data-row]"))) rows(event, at);
    else if (/^[1-9]$/.test(event.key) && at.matches?.("[data-row]")) one(`[data-row="${event.key}"]`)?.focus();
    else if (event.key === "Escape" && !isOpenList(at)) { const back = one("[data-back]"); if (back) { event.preventDefault(); back.click(); } }
    else if (event.key === "F8" && one("#sale-order")) { event.preventDefault(); one("#sale-order").focus(); }
    else if (event.key === "F9" && one("#sale")) { event.preventDefault(); location.assign(one("#sale-search").action); }
    else if (/^F[234]$/.test(event.key)) { const radio = one(`[data-key="${event.key}"]`); if (radio) { event.preventDefault(); choose(radio); } }
    else if (event.key === "F10" && one("#promo_code")?.value === "") { event.preventDefault(); one("#promo_code").focus(); }
    else if (/^F([67]|10)$/.test(event.key) && one(`button[data-key="${event.key}"]`)) { event.preventDefault(); one(`button[data-key="${event.key}"]`).click(); }
    else if (at.id === "amount" && /^[a-z]$/i.test(event.key)) { const field = one(`form [data-letter="${event.key.toLowerCase()}"]`); event.preventDefault(); if (field?.matches("select")) field.focus(); else if (field) choose(field); }
    else if (one("[data-sold]") && !at.matches?.("input, select, textarea")) { const link = one(`a[data-letter="${event.key.toLowerCase()}"]`); if (link) { event.preventDefault(); link.click(); } }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-pick]")) return;
    const link = one(`[data-row="${one("#pick").value.trim() || one("#pick").placeholder}"]`);
    event.preventDefault();
    if (link) link.click(); else one("#pick").select();
  });
  document.addEventListener("input", ({ target }) => {
    if (target.id === "amount") showMoney();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("select[data-fare]")) showMoney();
    if (target.matches("[name=tender]") && document.activeElement === target && !target.matches(":focus-visible")) choose(target);
    if (target.name === "seats") {
      const wanted = one("#wanted");
      if (wanted) wanted.value = all("input[name=seats]:checked").map((box) => box.value).join(" ") || "1";
    }
  });

  // focus: a wrong field first, else what the page says, else where to go

  function arrive(root) {
    if (!root.querySelector) return;
    showMoney();
    const wrong = one("#sale [aria-invalid=true]");
    const first = wrong || one("#sale [autofocus]") || (one("#sale[data-step=search]") && all("[data-need]").find((field) => !field.value)) || null;
    if (first && document.activeElement !== first) first.focus();
    if (first && first.value === first.defaultValue) first.select?.(); // what somebody quick has typed already stays
    if (one("[data-print]")) printPage();
  }
  function printPage() {
    const printed = one("[data-printed]");
    if (printed) fetch(printed.action, { method: "POST", body: new FormData(printed) });
    print();
  }
  document.addEventListener("htmx:afterSettle", ({ detail }) => arrive(detail.elt));
  arrive(document);
})();
