// The little that pages do by themselves: theme, copying, dialogs, check boxes, and the proof that htmx sends along.
(() => {
  const dark = () => document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "night"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  const switchTheme = () => {
    const theme = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme === "dark" ? "night" : "morning";
    document.cookie = `wharfinger-theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  };

  const tell = (text) => {
    const words = document.createElement("div");
    words.setAttribute("role", "status");
    words.className = "sr-only";
    words.textContent = text;
    document.getElementById("messages").append(words);
    setTimeout(() => words.remove(), 3000);
  };

  const copy = async (button) => {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // not over plain HTTP: there the old way still works
      const area = document.createElement("textarea");
      area.value = text;
      (button.closest("dialog") ?? document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    tell("Copied");
    button.classList.add("btn-success");
    setTimeout(() => button.classList.remove("btn-success"), 1500);
  };

  const open = (id) => {
    const dialog = document.getElementById(id);
    for (const field of dialog.querySelectorAll("[data-must-be]")) { field.value = ""; judge(field); }
    dialog.showModal();
  };

  // The button of a dialog that asks for a name is dead until the name is right.
  const judge = (field) => {
    field.form.querySelector("[type=submit]").disabled = field.value !== field.dataset.mustBe;
  };

  // A box that ticks all others: data-all="selector of the others"; what data-count names shows how many are ticked.
  const tickAll = (box) => {
    for (const other of document.querySelectorAll(box.dataset.all)) other.checked = box.checked;
  };

  const count = () => {
    for (const shown of document.querySelectorAll("[data-count]")) {
      const ticked = document.querySelectorAll(`${shown.dataset.count}:checked`).length;
      shown.textContent = ticked;
      for (const one of document.querySelectorAll(`[data-needs="${shown.dataset.count}"]`)) one.disabled = !ticked;
    }
  };

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    if (hit("[data-theme-switch]")) switchTheme();
    else if (hit("[data-copy]")) copy(hit("[data-copy]"));
    else if (hit("[data-opens]")) open(hit("[data-opens]").dataset.opens);
    else if (hit("[data-closes]")) hit("dialog").close();
    else if (event.target instanceof HTMLDialogElement) event.target.close();
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-must-be]")) judge(event.target);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) tickAll(event.target);
    if (event.target.matches("[data-sends]")) event.target.form.requestSubmit();
    count();
  });

  document.addEventListener("htmx:config:request", (event) => {
    if (document.hidden && event.target.matches("[data-live]")) return event.preventDefault();
    event.detail.ctx.request.headers["X-Form-Proof"] = document.querySelector('meta[name="form-proof"]').content;
  });
  // What keeps itself up to date rests while nobody looks, and catches up when somebody does.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const part of document.querySelectorAll("[data-live]")) htmx.trigger(part, "look");
  });
  const judgeAll = () => { for (const field of document.querySelectorAll("[data-must-be]")) judge(field); };
  document.addEventListener("htmx:after:swap", () => { count(); judgeAll(); });
  judgeAll();
  // On a phone the side bar is a row to be pushed along: it begins where one is.
  document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  count();
})();
