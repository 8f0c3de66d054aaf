// Tables of fields that are filled by keyboard.
//   table[data-grid]         Enter and the arrows up and down go to the same column of another row; what is copied from a
//                            spreadsheet fills the cells from here on, and rows are added as they are needed
//   textarea[data-seat-grid]  a letter replaces the one at the caret, Backspace leaves a gap: rows keep their length
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const cells = (row) => all("input:not([type=hidden])", row);

  function place(field) {
    const row = field.closest("tr");
    return { rows: all("tbody tr", row.closest("table")), row, column: cells(row).indexOf(field) };
  }

  // A copy of the last row, empty, with the next number in its names; the form says how many there are.
  function addRow(rows) {
    const total = document.querySelector("[name$=TOTAL_FORMS]"), last = rows.at(-1);
    if (!total || rows.length >= Number(document.querySelector("[name$=MAX_NUM_FORMS]")?.value || 0)) return null;
    const number = Number(total.value), row = last.cloneNode(true);
    row.innerHTML = row.innerHTML.replaceAll(`form-${number - 1}-`, `form-${number}-`);
    all(".error", row).forEach((error) => error.parentElement.remove());
    cells(row).forEach((field) => { if (field.type === "checkbox") field.checked = true; else field.value = ""; field.removeAttribute("aria-invalid"); field.removeAttribute("aria-describedby"); });
    const head = row.querySelector("th"), labels = all("label", row);
    if (head) head.textContent = number + 1;
    labels.forEach((label) => { label.textContent = label.textContent.replace(/\d+\s*$/, number + 1); });
    last.after(row);
    total.value = number + 1;
    return row;
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-grid] input") || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { rows, row, column } = place(field);
    const next = rows[rows.indexOf(row) + step] || (step > 0 && field.value ? addRow(rows) : null);
    const to = next && cells(next)[column];
    to?.focus();
    if (to?.type !== "checkbox") to?.select?.();
  });

  document.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") || "";
    if (!event.target.matches?.("[data-grid] input") || !/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    const at = place(event.target);
    let rows = at.rows, index = rows.indexOf(at.row);
    text.trimEnd().split(/\r?\n/).forEach((line) => {
      const row = rows[index] || addRow(rows);
      if (!row) return;
      line.split("\t").forEach((value, number) => {
        const field = cells(row)[at.column + number];
        if (field && field.type !== "checkbox") field.value = value.trim();
      });
      rows = all("tbody tr", row.closest("table"));
      index += 1;
    });
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // Only within a row: at its end a letter makes it longer, and what is selected is replaced as everywhere.
  document.addEventListener("beforeinput", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-seat-grid]") || field.selectionStart !== field.selectionEnd) return;
    const at = field.selectionStart, next = field.value[at];
    if (event.inputType === "insertText" && /^[\w. -]$/.test(event.data || "") && next && next !== "\n") {
      field.setSelectionRange(at, at + 1);
    } else if (event.inputType === "deleteContentBackward" && at && field.value[at - 1] !== "\n" && next && next !== "\n") {
      event.preventDefault();
      field.setRangeText(".", at - 1, at, "start");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
})();
