// A score sheet saves at each touch, and loses nothing when the line breaks. What is not saved yet
// waits in this browser, one key for each field; without this script «Lưu» sends the whole form.
"use strict";

(() => {
  const form = document.querySelector("#sheet");
  if (!form) return;
  const words = form.dataset;
  const line = document.querySelector("#saved");
  const prefix = `ocop-sheet:${words.sheet}:`;
  const again = { first: 2000, longest: 30000 };
  let wait = again.first;
  let timer = null;
  let busy = null;
  let leaving = false;

  // --- What waits: in the browser's own store, or in memory where that is refused.
  const memory = new Map();
  const store = {
    put(name, item) {
      memory.set(name, item);
      try { localStorage.setItem(prefix + name, JSON.stringify(item)); } catch { /* private window */ }
    },
    drop(name) {
      memory.delete(name);
      try { localStorage.removeItem(prefix + name); } catch { /* private window */ }
    },
    read() {
      try {
        for (const key of Object.keys(localStorage))
          if (key.startsWith(prefix)) memory.set(key.slice(prefix.length), JSON.parse(localStorage.getItem(key)));
      } catch { /* private window */ }
    },
  };

  const fields = (name) => [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  const box = (name) => form.querySelector(`[data-criterion="c${CSS.escape(name.slice(1))}"]`);
  const chosen = (name) => form.querySelector(`[name="${CSS.escape(name)}"]:checked`);
  // A remark goes with a choice: until there is one it waits here, and says so.
  const held = (name) => /^r\d/.test(name) && !chosen("c" + name.slice(1));
  // What the server had of each field when this page last heard of it. It goes with each touch: what
  // was saved elsewhere meanwhile is not overwritten.
  const saved = new Map();
  const were = new Set(form.elements.was.value.split(" "));
  function base(name) {
    if (!saved.has(name))
      saved.set(name, /^c\d/.test(name)
        ? fields(name).find((each) => were.has(each.value))?.value ?? ""
        : form.elements["was-" + name]?.value ?? "");
    return saved.get(name);
  }
  // The first of several touches knows it.
  const touched = (name, value) => {
    const item = memory.get(name);
    return { value, base: item && !item.refused ? item.base : base(name) };
  };
  const due = () => [...memory].filter(([name, item]) => !item.refused && !held(name));
  const unsaved = () => [...memory].some(([name]) => !held(name));

  function say(text, wrong = false) {
    line.classList.toggle("score-unsaved", wrong);
    if (line.textContent !== text) line.textContent = text;
  }

  function complain(name, sentence) {
    const place = name === "remark" ? document.querySelector("#id_remark").closest("section") : box(name);
    if (!place) return;
    const mark = `[data-problem="${name}"]`;
    place.querySelector(mark)?.remove();
    if (sentence) {
      const note = document.createElement("p");
      note.className = "field-error";
      note.dataset.problem = name;
      note.textContent = sentence;
      (fields(name)[0].closest("details") ?? place).querySelector("summary, legend, h2").after(note);
    }
    place.classList.toggle("field-wrong", Boolean(place.querySelector(".field-error")));
  }

  // What the page asked for is answered by the choice, saved already or not.
  function answered(name) {
    const place = box(name);
    place.querySelector("[data-missing]")?.remove();
    place.classList.toggle("field-wrong", Boolean(place.querySelector(".field-error")));
    const summary = document.querySelector(".error-summary");
    const asked = summary?.querySelector(`[data-missing] [href="#${place.id}"]`);
    if (!asked) return;
    asked.closest("li").remove();
    const title = summary.querySelector("h2");
    title.textContent = title.textContent.replace(/\d+/, summary.querySelectorAll("[data-missing]").length);
    if (!summary.querySelector("li")) summary.remove();
  }

  // --- Criteria that apply only where another has points.
  function dependents() {
    for (const part of form.querySelectorAll("[data-depends]")) {
      const points = Number(chosen(part.dataset.depends)?.dataset.points ?? 0);
      part.hidden = points === 0;
      part.disabled = points === 0;
      if (points > 0) continue;
      answered(part.dataset.criterion);
      for (const field of part.querySelectorAll("input, textarea")) {
        if (field.type === "radio") field.checked = false;
        else field.value = "";
        store.drop(field.name);
        saved.set(field.name, "");
      }
    }
  }

  // Saved elsewhere meanwhile: the page shows that choice, the sentence names both, and a touch
  // of the one from here takes it. A text stays as it was written here.
  function elsewhere(name, newer) {
    saved.set(name, newer);
    if (!/^c\d/.test(name)) return;
    for (const field of fields(name)) field.checked = field.value === newer;
    store.drop(name);
    dependents();
  }

  // --- Sending: one request at a time, all that waits in it.
  function cookie(name) {
    return document.cookie.split("; ").find((each) => each.startsWith(name + "="))?.split("=")[1];
  }

  async function send() {
    const items = due();
    if (!items.length) return true;
    const body = new FormData();
    body.set("act", "save");
    body.set("scoring", form.elements.scoring.value);
    // The cookie is of whoever signed in last, in any tab; this page may be somebody else's.
    body.set("page_of", form.elements.page_of.value);
    for (const [name, item] of items) {
      body.set(name, item.value);
      if (item.base !== undefined) body.set("was-" + name, item.base);
    }
    say(words.saving);
    let answer;
    try {
      answer = await fetch(location.pathname, {
        method: "POST",
        body,
        headers: {
          "HX-Request": "true",
          "HX-Current-URL": location.href,
          "X-CSRFToken": cookie("csrftoken") ?? form.elements.csrfmiddlewaretoken.value,
        },
      });
    } catch {
      return later(words.offline);
    }
    if (answer.headers.has("HX-Redirect")) return signIn(answer.headers.get("HX-Redirect"));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const refused = page.querySelector("#refused");
    if (refused) {
      say(refused.textContent.trim(), true);
      return false;
    }
    // Anything but our own small answer is not a word that it was saved.
    if (!answer.ok || !page.querySelector("#problems")) return later(words.trouble);
    wait = again.first;
    const told = [...page.querySelectorAll("#problems li")];
    const problems = new Map(told.map((each) => [each.dataset.field, each.textContent.trim()]));
    const newer = new Map(told.map((each) => [each.dataset.field, each.dataset.saved]));
    for (const [name, item] of items) {
      if (memory.get(name) !== item) continue;
      // What the page was made with is answered by the choice.
      for (const old of form.querySelectorAll(`[data-criterion="${CSS.escape(name)}"] > .field-error`)) old.remove();
      complain(name, problems.get(name));
      if (problems.has(name)) store.put(name, { ...item, refused: true });
      else {
        store.drop(name);
        saved.set(name, item.value);
      }
      if (newer.get(name) !== undefined) elsewhere(name, newer.get(name));
    }
    for (const id of ["standing", "score-line"])
      document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
    if (due().length) return send();
    if (unsaved()) say(words.wrong, true);
    else say(page.querySelector("#saved").textContent.trim());
    return !unsaved();
  }

  function flush() {
    clearTimeout(timer);
    busy ??= send().finally(() => { busy = null; });
    return busy;
  }

  function later(sentence) {
    say(sentence, true);
    clearTimeout(timer);
    timer = setTimeout(flush, wait);
    wait = Math.min(wait * 2, again.longest);
    return false;
  }

  function signIn(address) {
    say(words.session + " ", true);
    const way = document.createElement("a");
    way.href = address;
    way.textContent = words.signIn;
    way.addEventListener("click", () => { leaving = true; });
    line.append(way);
    return false;
  }

  async function keep(field) {
    store.put(field.name, touched(field.name, field.value));
    if (held(field.name)) return complain(field.name, words.firstChoose);
    dependents();
    const sent = await flush();
    // Touched while another touch was on its way.
    if (sent && due().length) await flush();
  }

  // --- What a person does.
  form.addEventListener("change", (event) => {
    if (!event.target.matches("input[type=radio], textarea")) return;
    if (event.target.type === "radio") {
      const note = "r" + event.target.name.slice(1);
      answered(event.target.name);
      // A remark written before its choice goes now, with it.
      if (memory.has(note)) complain(note, "");
    }
    keep(event.target);
  });
  let pause = null;
  form.addEventListener("input", (event) => {
    if (event.target.type === "radio" || event.target.tagName !== "TEXTAREA") return;
    store.put(event.target.name, touched(event.target.name, event.target.value));
    clearTimeout(pause);
    pause = setTimeout(() => keep(event.target), 1500);
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(pause);
    if (!unsaved()) { leaving = true; return; }
    event.preventDefault();
    const button = event.submitter;
    (busy ?? Promise.resolve()).then(flush).then(() => {
      if (!unsaved()) form.requestSubmit(button);
    });
  });
  // All choices are saved by now: another tab's newer ones are not to be overwritten.
  form.addEventListener("formdata", (event) => {
    for (const name of [...event.formData.keys()])
      if (/^([cr]\d|remark$|was$|was-)/.test(name)) event.formData.delete(name);
  });
  window.addEventListener("online", () => { wait = again.first; flush(); });
  window.addEventListener("offline", () => { if (unsaved()) say(words.offline, true); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && due().length) flush(); });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved() && !leaving) event.preventDefault();
  });
  window.addEventListener("pageshow", () => { leaving = false; });

  // --- What waited from before: a lost line, a closed tab, an expired login.
  store.read();
  for (const [name, item] of memory)
    for (const field of fields(name)) {
      if (field.type === "radio") {
        field.checked = field.value === item.value;
        if (field.checked) answered(name);
      } else {
        field.value = item.value;
        const fold = field.closest("details");
        if (fold) fold.open = true;
      }
    }
  for (const [name, item] of [...memory]) if (item.refused) store.put(name, { ...item, refused: false });
  dependents();
  // With this script nothing is left to save by hand.
  form.querySelector(".score-acts [value=save]").hidden = true;
  if (due().length) flush();
})();
