// Own scores add up while they are chosen, and what does not apply cannot be chosen. The server
// adds up again: without this script nothing is missing.
"use strict";

for (const fold of document.querySelectorAll("details[data-sum]")) {
  const selects = [...fold.querySelectorAll("select")];
  const running = fold.querySelector("[data-running]");
  const total = fold.parentElement.querySelector(`[name="${CSS.escape(fold.dataset.sum)}"]`);
  const points = (select) => select.selectedOptions[0]?.dataset.points;
  let ours = "";

  function add() {
    const all = [...fold.parentElement.querySelectorAll("details[data-sum] select")];
    for (const select of all) {
      const needed = all.find((each) => each.name === select.dataset.requires);
      if (!needed) continue;
      select.disabled = !Number(points(needed) ?? 0);
      if (select.disabled) select.value = "";
    }
    const open = selects.filter((select) => !select.disabled);
    const scored = open.filter((select) => select.value);
    const sum = scored.reduce((whole, select) => whole + Math.round(Number(points(select)) * 100), 0);
    const text = String(sum / 100).replace(".", ",");
    running.hidden = !scored.length;
    running.querySelector("output").textContent = `${text} (${scored.length}/${open.length})`;
    // A sum of the person's own is never overwritten, nor is one shown for half a part.
    if (!total || (total.value && total.value !== ours)) return;
    ours = scored.length && scored.length === open.length ? text : "";
    total.value = ours;
  }

  fold.addEventListener("change", add);
  add();
}
