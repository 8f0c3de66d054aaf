// Readers of what people type and scanners send, and the writer of amounts: those of bookings/base once more, held to
// the same examples by bookings/tests/base/test_readers_script.py.
//   readers.scan(text)       the code of a ticket, as it is kept: of a QR, or a spoken one
//   readers.code(text)       a reference or spoken code
//   readers.person(text)     a person's name as it is compared, of both sides
//   readers.cents(text)      an amount, in cents; null for what is none
//   readers.rand(cents)      an amount as pages write it: R1 250.50, with a space that does not break
//   readers.coins(cents, step)   what of it is handed over in coins of `step` cents
//   readers.day(text)        a whole day as 2026-12-25; null for what the server has to read, or is none
"use strict";
const readers = (() => {
  const UNSEEN = /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}]/gu;
  const LOOKALIKES = { O: "0", I: "1", L: "1", U: "V" };

  const clean = (text) => text.replace(UNSEEN, "").replace(/[\s\x1c-\x1f\x85]+/g, " ").replace(/[\x00-\x1f\x7f-\x9f]/g, "").trim()
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));

  function code(text) {
    const cleaned = clean(text), bare = cleaned.replace(/^(?:(?:your|booking|reference|ref|spoken|code)\b[\s.:#]+)+/i, "");
    return (bare || cleaned).replace(/[^\p{L}\p{N}]+/gu, "").toUpperCase().replace(/[OILU]/g, (letter) => LOOKALIKES[letter]);
  }

  function scan(text) {
    const cleaned = clean(text), old = cleaned.replace(/ /g, "").match(/FBL1\.(?:(?!FBL1\.)[\w-])+/gi);
    if (old) return old.reduce((best, next) => (next.length > best.length ? next : best));
    const ticket = cleaned.toUpperCase().replace(/[^A-Z]+/g, "").match(/.*(FBLT[BCDEFGHIJKLNOPRSTUVX]{30})/);
    return ticket ? ticket[1] : code(cleaned);
  }

  const FOLDED = { æ: "ae", œ: "oe", ð: "d", đ: "d", ɖ: "d", ɗ: "d", ɓ: "b", ƈ: "c", ə: "e", ɛ: "e", ǝ: "e", ƒ: "f", ɠ: "g", ħ: "h", ı: "i", ɨ: "i", ƙ: "k", ĸ: "k", ł: "l", ŋ: "n", ɲ: "n", ø: "o", ɔ: "o", ƥ: "p", ŧ: "t", ƭ: "t", þ: "th", ʉ: "u", ʋ: "v", ƴ: "y", ƶ: "z", ß: "ss", ς: "σ" };
  const fold = (text) => text.toLowerCase().replace(/[^\x00-\x7f]/g, (letter) => FOLDED[letter] ?? letter);
  const person = (text) => fold(fold(clean(text)).normalize("NFKD").replace(/\p{Mn}/gu, ""))
    .replace(/[ʹ-ˈʰ-ʸˋ-ˏ\ua78b\ua78c\u0640ǀ-ǃ\p{P}\p{Z}\p{C}\p{Sk}]/gu, "");

  function cents(text) {
    const match = /^([-−]?)R?([0-9]{1,9})(?:[.,]([0-9]{1,2}))?$/i.exec(clean(text).replace(/\s+/g, ""));
    return match && (match[1] ? -1 : 1) * (Number(match[2]) * 100 + Number((match[3] || "").padEnd(2, "0")));
  }

  function rand(amount) {
    const [whole, fraction] = (Math.abs(amount) / 100).toFixed(2).split(".");
    return `${amount < 0 ? "−" : ""}R${whole.replace(/\B(?=(\d{3})+$)/g, "\u00a0")}${fraction === "00" ? "" : `.${fraction}`}`;
  }

  // A half in favour of whoever pays.
  const coins = (amount, step) => (step ? Math.ceil(amount / step - 0.5) * step : amount);

  function day(text) {
    const parts = /^(20[0-9]{2})-([0-9]{2})-([0-9]{2})$/.exec(clean(text));
    const read = parts && new Date(parts[1], parts[2] - 1, parts[3]);
    return read && read.getMonth() === parts[2] - 1 ? read : null;
  }

  const isOldTicket = (read) => /^FBL1\./i.test(read);
  const isTicket = (read) => isOldTicket(read) || /^FBLT/.test(read);
  return { clean, code, person, scan, cents, rand, coins, day, isTicket, isOldTicket };
})();
