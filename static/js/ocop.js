// What makes a page quicker. Every act works without it.
"use strict";

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll(".list .go")];

function move(by) {
  const links = rows();
  if (!links.length) return;
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
  links[Math.max(0, Math.min(links.length - 1, next))].focus();
}

const current = () => document.activeElement.closest(".list tbody tr");

const keys = {
  j: () => move(1),
  k: () => move(-1),
  g: () => current()?.querySelector("[data-key=g]")?.click(),
  Enter: () => current()?.querySelector(".go")?.click(),
  x: () => current()?.querySelector(".tick")?.click(),
  "/": () => (document.querySelector("#q") ?? document.querySelector("#find"))?.focus(),
  "?": () => document.querySelector("#keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  const field = typing(event.target);
  // A ticked row is still a row to move from.
  if (field && field.type !== "checkbox") return;
  // Enter means what it means, except on a tick box.
  if (event.key === "Enter" && !field) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Long lists to choose from: what is typed beside one leaves only the choices that say it.
const folded = (text) =>
  text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[đð]/g, "d").replace(/[^\p{L}\p{N}]+/gu, " ").trim();

function narrow(box, select) {
  const whole = (select.allChoices ??= [...select.children].map((each) => each.cloneNode(true)));
  const all = whole.flatMap((each) => (each.matches("optgroup") ? [...each.children] : [each]));
  const words = folded(box.value).split(" ").filter(Boolean);
  const says = (option) => {
    const text = folded(option.text);
    return words.every((word) => text.includes(word) || text.replaceAll(" ", "").includes(word));
  };
  const found = all.filter((option) => option.value && says(option));
  const before = select.value;
  const none = all.filter((option) => !option.value);
  const shown = words.length ? [...none, ...found] : whole;
  select.replaceChildren(...shown.map((each) => each.cloneNode(true)));
  const wanted = words.length && found.length === 1 ? found[0].value : before;
  select.value = [...select.options].some((option) => option.value === wanted) ? wanted : "";
  if (select.value !== before) select.dispatchEvent(new Event("change", { bubbles: true }));
}

function withBox(select) {
  if (select.multiple || select.options.length <= 16 || select.previousElementSibling?.matches(".find")) return;
  const box = document.createElement("input");
  box.type = "search";
  box.className = "form-control find";
  box.autocomplete = "off";
  box.placeholder = document.documentElement.lang === "en" ? "Find in the list" : "Tìm trong danh sách, gõ không cần dấu";
  const name = select.labels?.[0]?.textContent.trim();
  box.setAttribute("aria-label", name ? `${name}: ${box.placeholder}` : box.placeholder);
  select.before(box);
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("select.form-select").forEach(withBox));
document.addEventListener("input", (event) => {
  const select = event.target.matches?.(".find") && event.target.nextElementSibling;
  if (select?.matches?.("select")) narrow(event.target, select);
});
// Words that chose nothing would filter by nothing: it is said where they stand.
document.addEventListener("click", (event) => {
  const form = event.target.closest?.("button")?.form;
  if (form?.method !== "get") return;
  const said = document.documentElement.lang === "en"
    ? "Nothing is chosen: choose in the list beside, or empty this box."
    : "Chưa chọn dòng nào: hãy chọn trong danh sách bên cạnh, hoặc xóa chữ ở ô này.";
  for (const box of form.querySelectorAll("input.find"))
    box.setCustomValidity(box.value.trim() && !box.nextElementSibling?.value ? said : "");
}, true);
for (const kind of ["input", "change"])
  document.addEventListener(kind, (event) => {
    for (const box of event.target.form?.querySelectorAll("input.find") ?? []) box.setCustomValidity("");
  }, true);
// The words were for the list; the choice is what is sent.
document.addEventListener("submit", (event) => {
  for (const box of event.target.querySelectorAll(".find"))
    if (box.nextElementSibling?.value) box.value = "";
});

// Tick all, and say how many are ticked; also as a page comes, whose rows may be ticked already.
function ticksOf(all) {
  return [...(all?.form || document).querySelectorAll(".list .tick")];
}
function sayTicked(all) {
  const ticks = ticksOf(all), ticked = ticks.filter((tick) => tick.checked).length;
  if (all) {
    all.checked = ticked > 0 && ticked === ticks.length;
    all.indeterminate = ticked > 0 && ticked < ticks.length;
  }
  const count = document.querySelector(".bulk-count");
  if (count) count.textContent = ticked ? count.dataset.words.replace("0", ticked) : "";
}
document.addEventListener("change", (event) => {
  const all = document.querySelector("[data-tick-all]");
  if (event.target === all) for (const tick of ticksOf(all)) tick.checked = all.checked;
  else if (!event.target.matches(".tick")) return;
  sayTicked(all);
});
// Behind the browser's own filling of a page that is come back to.
for (const shown of ["DOMContentLoaded", "pageshow"])
  window.addEventListener(shown, () => sayTicked(document.querySelector("[data-tick-all]")));

// A second click sends nothing; the server would refuse it anyway. Where a file comes the page
// stays, and the form may be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || "again" in form.dataset) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The head of a wrong form is read first.
document.querySelector("[data-focus]")?.focus();
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) keys["?"]();
});
// What is of no use without a script is hidden until there is one.
function reveal() {
  for (const part of document.querySelectorAll("[data-js]")) part.hidden = false;
}
reveal();
document.addEventListener("htmx:afterSwap", reveal);
// Our own word that it took too long is shown; what a proxy says with that number is not.
document.addEventListener("htmx:beforeSwap", (event) => {
  const answer = event.detail.xhr;
  if (answer.status === 503 && answer.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
});
