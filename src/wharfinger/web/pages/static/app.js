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
    dialog.querySelector("form")?.removeAttribute("hx-morph-skip");
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

  // What keeps itself up to date rests while nobody looks, and catches up when somebody does. It tells the mark of what
  // it shows, so that what has not changed is not sent again.
  const marks = new WeakMap();
  const live = (event) => event.target.matches("[data-live]");
  document.addEventListener("htmx:config:request", (event) => {
    if (document.hidden && live(event)) return event.preventDefault();
    const { headers } = event.detail.ctx.request;
    headers["X-Form-Proof"] = document.querySelector('meta[name="form-proof"]').content;
    if (!live(event)) return;
    headers["X-Again"] = "true";
    if (marks.has(event.target)) headers["If-None-Match"] = marks.get(event.target);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { status, headers } = event.detail.ctx.response;
    if (live(event) && status === 200) marks.set(event.target, headers.get("ETag") ?? "");
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const part of document.querySelectorAll("[data-live]")) htmx.trigger(part, "look");
  });

  // A part stays as it is where the server fails, or has no such part; a page then says what has become of it.
  let focused = null;
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    const whole = ctx.select && tasks.some((task) => task.fragment?.firstElementChild);
    const failed = ctx.response.status >= 500 || (ctx.response.status >= 400 && !whole);
    if (live(event) && failed) return event.preventDefault();
    focused = document.activeElement;
  });
  // What is being filled in is the person's: it is not changed until it is sent, or its dialog opened anew.
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      if (!event.target.matches(".tag, [data-all]")) event.target.closest("main form")?.setAttribute("hx-morph-skip", "");
    });
  }
  const judgeAll = () => { for (const field of document.querySelectorAll("[data-must-be]")) judge(field); };
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.target.matches("main [type=search]")) {
      tell(`${document.querySelectorAll("#found tbody tr").length} found`);
    }
    count();
    judgeAll();
    if (focused && !focused.isConnected) document.getElementById("main").focus({ preventScroll: true });
    focused = null;
  });
  judgeAll();
  // On a phone the side bar is a row to be pushed along: it begins where one is.
  document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  count();
})();
