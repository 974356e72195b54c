// A long form keeps what is typed as a draft on the server: a moment after it was typed, and before
// the page is left. htmx sends it; without this script «Lưu nháp» does.
"use strict";

(() => {
  const soon = 1500, again = 10000, patience = 4000;
  const words = document.documentElement.lang === "en"
    ? {
        offline: "The draft is not saved: no connection. It is tried again.",
        busy: "The draft is not saved: the server is busy. It is tried again.",
        trouble: "The draft is not saved; what you typed is still on this page. Press «Save draft» to see why.",
      }
    : {
        offline: "Chưa lưu được nháp vì mất kết nối. Đang thử lại.",
        busy: "Chưa lưu được nháp vì máy chủ đang bận. Đang thử lại.",
        trouble: "Chưa lưu được nháp; những gì đã nhập vẫn còn trên trang này. Bấm «Lưu nháp» để biết vì sao.",
      };
  const unsaved = new Set(), timers = new Map(), waiting = new Map();
  const line = (form) => form?.querySelector?.("[data-draft]");
  const refused = (draft) => draft.querySelector("[data-refused]") || "plain" in draft.dataset;

  function later(draft, wait) {
    clearTimeout(timers.get(draft));
    timers.set(draft, setTimeout(() => refused(draft) || save(draft), wait));
  }
  // Resolves when an answer came, or too late.
  function save(draft) {
    clearTimeout(timers.get(draft));
    return new Promise((come) => {
      waiting.set(draft, come);
      setTimeout(come, patience);
      htmx.trigger(draft, "save");
    });
  }
  const all = (drafts) => Promise.all(drafts.filter((each) => !refused(each)).map(save));
  function say(draft, text) {
    const place = draft.querySelector("[role=status]");
    for (const each of [...place.childNodes]) if (each.nodeName !== "INPUT") each.remove();
    const said = document.createElement("span");
    said.className = "field-error";
    said.textContent = text;
    place.append(said);
  }

  for (const kind of ["input", "change"])
    document.addEventListener(kind, (event) => {
      const draft = line(event.target.form);
      if (!draft || event.target.matches(".find, [type=file]")) return;
      unsaved.add(draft);
      later(draft, soon);
    });

  // Files are chosen again: they go with the act alone.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches?.("[data-draft]")) return;
    unsaved.delete(event.target);
    const data = event.detail.formData;
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  });
  // Only our own word is shown; a way to the sign-in would leave what was typed behind.
  const ours = (event) => event.target.matches?.("[data-draft]") && event.detail.xhr;
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const answer = ours(event);
    if (answer && !answer.getResponseHeader("Draft")) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const answer = ours(event), draft = event.target;
    if (!answer) return;
    if (answer.getResponseHeader("Draft") !== "saved") unsaved.add(draft);
    // Pressed by hand it would lead to a page of the fault, and what was typed would be gone.
    if (!answer.status || answer.status >= 500) {
      say(draft, answer.status ? words.busy : words.offline);
      later(draft, again);
    } else if (!answer.getResponseHeader("Draft")) {
      draft.dataset.plain = "";
      say(draft, words.trouble);
    }
    waiting.get(draft)?.();
  });

  // By hand: in the page, unless that did not work.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-draft] button");
    if (!button || "plain" in button.closest("[data-draft]").dataset) return;
    event.preventDefault();
    save(button.closest("[data-draft]"));
  });

  // What leads away waits for what was typed.
  document.addEventListener("click", (event) => {
    const way = event.target.closest("a[href]");
    if (!way || !unsaved.size || event.defaultPrevented || event.button) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (way.target || way.hasAttribute("download") || way.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    all([...unsaved]).then(() => location.assign(way.href));
  });
  document.addEventListener("submit", (event) => {
    const own = line(event.target), others = [...unsaved].filter((each) => each !== own && !refused(each));
    if (event.target.method !== "post" || event.defaultPrevented) return;
    clearTimeout(timers.get(own));
    if (!others.length) return unsaved.delete(own);
    event.preventDefault();
    all(others).then(() => {
      for (const each of others) unsaved.delete(each);
      event.target.requestSubmit(event.submitter);
    });
  }, true);
  document.addEventListener("visibilitychange", () => { if (document.hidden) all([...unsaved]); });
  window.addEventListener("online", () => all([...unsaved]));
  window.addEventListener("pagehide", () => {
    for (const draft of [...unsaved].filter((each) => !refused(each))) {
      const data = new FormData(draft.closest("form"));
      for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
      data.set("draft", "save");
      fetch(location.href, { method: "POST", body: new URLSearchParams(data), keepalive: true, headers: { "HX-Request": "true" } });
      unsaved.delete(draft);
    }
  });
})();
