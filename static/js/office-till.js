// Counting notes and coins: what each line and all of them are worth, Enter and arrows to the next line, Ctrl+Enter to send.
// The pages work without it: the server adds up what was counted.
"use strict";
(() => {
  function counting(table) {
    const form = table.closest("form");
    const inputs = [...table.querySelectorAll("input[data-worth]")];
    const show = () => {
      let total = 0;
      for (const input of inputs) {
        const worth = readers.cents(input.dataset.worth) * (parseInt(input.value, 10) || 0);
        input.closest("tr").querySelector("[data-line]").textContent = worth ? readers.rand(worth) : "";
        total += worth;
      }
      table.querySelector("[data-total]").textContent = readers.rand(total);
    };
    table.addEventListener("input", show);
    table.addEventListener("keydown", (event) => {
      const at = inputs.indexOf(event.target);
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!next) return;
      event.preventDefault();
      const fields = [...form.querySelectorAll("input:not([type=hidden]), button")];
      const target = next > 0 && at === inputs.length - 1 ? fields[fields.indexOf(event.target) + 1] || form.querySelector("button") : inputs[at + next];
      if (target) { target.focus(); target.select?.(); }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    });
    inputs.forEach((input) => input.addEventListener("focus", () => input.select()));
    if (inputs.includes(document.activeElement)) document.activeElement.select();
    table.classList.add("is-live");
    show();
  }

  document.querySelectorAll("[data-count]").forEach(counting);
  document.querySelectorAll("[data-print]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    document.body.classList.toggle("paper-roll", link.dataset.print === "roll");
    window.print();
  }));
})();
