// What the page does by itself: source cards, the chat's history, quizzes one question at a time, keys.
// Every piece of HTML that is put into the page here was made, and escaped, by the server.
"use strict";
(() => {
  const parts = {}; // name -> {element, trigger, server}
  const waiting = {};
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const MOST_CHATS = 50;
  const MOST_TURNS = 40;

  function bind(name, element, trigger, server) {
    parts[name] = { element, trigger, server };
    // Gradio may put the page together a second time while it loads: what was filled in then starts empty again.
    if (name === "chat") setTimeout(begin, 0);
    (waiting[name] || []).forEach((then) => then(parts[name]));
    delete waiting[name];
  }
  const part = (name) =>
    parts[name] ? Promise.resolve(parts[name]) : new Promise((then) => (waiting[name] ||= []).push(then));

  function say(text, lasts = 4000) {
    const line = $("#kb-say");
    if (!line) return;
    line.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => (line.textContent = ""), lasts);
  }
  const GONE = "The server does not answer. Is kb ui still running?";
  async function asked(work) {
    try {
      // Gradio gives nothing where the server gave nothing.
      const given = await work();
      if (given !== undefined && given !== null) return given;
    } catch {
      // Told below.
    }
    say(GONE);
    return null;
  }

  // The source card

  let opener = null;
  async function openCard(cited, button) {
    const { server } = await part("card");
    const turn = (openCard.turn = (openCard.turn || 0) + 1);
    const html = await asked(() => server.card([cited]));
    if (html === null || turn !== openCard.turn) return; // a later click came first
    const panel = $("#kb-card");
    panel.innerHTML = html;
    panel.hidden = false;
    opener = button;
    all(".kb-cite.kb-open-now, .kb-source.kb-open-now").forEach((b) => b.classList.remove("kb-open-now"));
    button.classList.add("kb-open-now");
    $("h3", panel).focus({ preventScroll: true });
    const player = $(".kb-player", panel);
    if (player) {
      const start = Number(player.dataset.start);
      player.addEventListener("loadedmetadata", () => {
        if (Math.abs(player.currentTime - start) > 0.5) player.currentTime = start;
      });
    }
    const mark = $("mark", panel);
    if (mark) {
      const box = mark.closest(".kb-passage");
      if (box.scrollHeight > box.clientHeight) box.scrollTop = mark.offsetTop - box.offsetTop - 40;
    }
  }
  function closeCard() {
    const panel = $("#kb-card");
    if (!panel || panel.hidden) return false;
    panel.hidden = true;
    panel.innerHTML = "";
    all(".kb-open-now").forEach((b) => b.classList.remove("kb-open-now"));
    if (opener && opener.isConnected) opener.focus({ preventScroll: true });
    return true;
  }

  // The chat: turns that are done move up into the log, which the browser keeps

  const read = (turn) => {
    try {
      return JSON.parse(turn.dataset.answer);
    } catch {
      return null;
    }
  };
  const turns = () => all("#kb-log .kb-turn[data-answer], #kb-now .kb-turn[data-answer]");
  const store = {
    get(key) {
      try {
        return JSON.parse(localStorage.getItem(key));
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        localStorage.setItem(key, JSON.stringify(value));
        return true;
      } catch {
        return false;
      }
    },
    drop: (key) => localStorage.removeItem(key),
    chats() {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith("kb.chat."));
      const found = keys.map((key) => ({ key, ...store.get(key) })).filter((chat) => Array.isArray(chat.turns));
      return found.sort((a, b) => (b.when || 0) - (a.when || 0));
    },
  };
  function chatId() {
    // A tab has a chat of its own: two tabs do not write over each other.
    let id = sessionStorage.getItem("kb.chat");
    if (!id) {
      id = `${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
      sessionStorage.setItem("kb.chat", id);
    }
    return id;
  }
  function moveUp() {
    const log = $("#kb-log");
    const now = $("#kb-now .kb-turn");
    if (!log || !now || now.dataset.kept) return;
    now.dataset.kept = "1";
    const copy = now.cloneNode(true);
    delete copy.dataset.kept;
    log.append(copy);
    while (log.children.length > MOST_TURNS) log.firstElementChild.remove();
    putAway(now);
  }
  // What stands in the place of the present turn is no turn of this chat any more.
  function putAway(now = $("#kb-now .kb-turn")) {
    if (!now) return;
    now.dataset.kept = "1";
    now.hidden = true;
    delete now.dataset.answer;
  }
  const recalled = () => JSON.stringify(turns().slice(-6).map((turn) => (read(turn) || {}).searched || ""));

  const busy = () => {
    const is = document.body.classList.contains("kb-busy");
    if (is) say("An answer is on its way; stop it first.");
    return is;
  };
  const asking = (...inputs) => ((inputs[0] || "").trim() ? beginning(...inputs) : inputs);
  function beginning(...inputs) {
    // An input carries the questions before, so that a server that was started anew understands "it".
    const before = recalled();
    moveUp();
    const pressed = document.activeElement?.id === "kb-ask";
    document.body.classList.add("kb-busy", "kb-talked");
    if ($("#kb-heard")) $("#kb-heard").textContent = "";
    if (pressed) $("#kb-stop")?.focus({ preventScroll: true });
    listen();
    setTimeout(() => $("#kb-now")?.scrollIntoView({ block: "nearest", behavior: "smooth" }), 80);
    inputs[inputs.length - 2] = before;
    return inputs;
  }
  function done() {
    idle();
    save();
    // For those who hear the page; the others see it.
    const heard = $("#kb-heard");
    if (heard) heard.textContent = $("#kb-now .kb-turn[data-answer]") ? "The answer is there." : "";
  }
  function idle() {
    const lost = document.activeElement === document.body || document.activeElement?.id === "kb-stop";
    document.body.classList.remove("kb-busy");
    if (lost && tabNow() === "chat") $("#kb-question textarea")?.focus({ preventScroll: true });
    clearInterval(listening);
  }
  // An answer may take long; a server that is gone is told at once.
  let listening = 0;
  function listen() {
    clearInterval(listening);
    listening = setInterval(async () => {
      const there = await fetch("kb/page.css", { method: "HEAD", cache: "no-store" }).then((r) => r.ok, () => false);
      if (there || !document.body.classList.contains("kb-busy")) return;
      idle();
      endTurn(GONE, "kb-bad");
    }, 2500);
  }
  function save() {
    const kept = turns().map(read).filter(Boolean).slice(-MOST_TURNS);
    if (!kept.length) return;
    const key = `kb.chat.${chatId()}`;
    const value = { when: Date.now(), title: kept[0].question.slice(0, 80), turns: kept };
    const old = store.chats().filter((chat) => chat.key !== key);
    old.slice(MOST_CHATS - 1).forEach((chat) => store.drop(chat.key));
    // A full store gives up its oldest chats first.
    while (!store.set(key, value) && old.length) store.drop(old.pop().key);
    listChats();
  }
  function stopped() {
    idle();
    endTurn("Stopped.", "kb-quiet");
  }
  function endTurn(text, mood) {
    const turn = $("#kb-now .kb-turn");
    if (!turn || turn.hidden) return say(text); // nothing had come yet
    if (turn.dataset.answer || $(".kb-stopped", turn)) return;
    const line = document.createElement("p");
    line.className = `kb-notice ${mood} kb-stopped`;
    line.textContent = text;
    turn.append(line);
  }
  async function show(chat) {
    const { server } = await part("chat");
    const html = await asked(() => server.again([JSON.stringify(chat.turns)]));
    if (html === null) return;
    $("#kb-log").innerHTML = html;
    putAway();
    forget();
    document.body.classList.add("kb-talked");
    sessionStorage.setItem("kb.chat", chat.key.slice("kb.chat.".length));
    closeCard();
  }
  // The server's memory of the talk goes with it.
  const forget = () => part("chat").then(({ trigger }) => trigger("clear", {}));
  function newChat() {
    save();
    $("#kb-log").innerHTML = "";
    putAway();
    forget();
    document.body.classList.remove("kb-talked");
    sessionStorage.removeItem("kb.chat");
    closeCard();
    listChats();
    $("#kb-question textarea")?.focus();
  }
  function listChats() {
    const list = $("#kb-chats");
    if (!list) return;
    list.replaceChildren();
    for (const chat of store.chats()) {
      const row = document.createElement("li");
      const open = document.createElement("button");
      open.type = "button";
      open.className = "kb-source";
      open.textContent = chat.title || "A chat";
      open.addEventListener("click", () => busy() || show(chat));
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "kb-button";
      drop.textContent = "Delete";
      drop.setAttribute("aria-label", `Delete the chat: ${chat.title || ""}`);
      drop.addEventListener("click", () => {
        store.drop(chat.key);
        if (chat.key === `kb.chat.${sessionStorage.getItem("kb.chat")}`) newChatWithoutSaving();
        listChats();
      });
      row.append(open, drop);
      list.append(row);
    }
    const none = $("#kb-no-chats");
    if (none) none.hidden = list.children.length > 0;
  }
  function newChatWithoutSaving() {
    all("#kb-log .kb-turn, #kb-now .kb-turn").forEach((turn) => delete turn.dataset.answer);
    newChat();
  }
  function download(name, text, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  function exported(form) {
    const kept = turns();
    if (!kept.length) return say("There is nothing to save yet.");
    const day = new Date().toISOString().slice(0, 10);
    if (form === "json") return download(`kb-chat-${day}.json`, JSON.stringify(kept.map(read), null, 1), "application/json");
    const text = kept.map((turn) => "## " + ($('[data-act="copy"]', turn)?.dataset.text || ""));
    download(`kb-chat-${day}.md`, text.join("\n\n"), "text/markdown");
  }
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say("Copied.");
  }

  // Quizzes

  function showItem(quiz, n) {
    const items = all(".kb-item", quiz);
    items.forEach((item, at) => (item.hidden = at !== n));
    const end = $(".kb-score", quiz);
    if (end) end.hidden = n < items.length;
    if (n < items.length) {
      ($("input", items[n]) || $("button", items[n]))?.focus({ preventScroll: true });
    } else if (end) {
      const right = all(".kb-item[data-correct='1']", quiz).length;
      const answered = all(".kb-item[data-correct]", quiz).length;
      $(".kb-score-line", end).textContent = answered
        ? `${right} of ${answered} right. What you missed comes back sooner.`
        : "Nothing was answered; the questions come back in the review.";
      end.focus({ preventScroll: true });
    }
  }
  async function answerItem(form) {
    const field = form.elements["answer"];
    const given = (field?.value || "").trim();
    if (!given) {
      $(".kb-verdict", form).textContent = "Choose or write an answer first, or skip.";
      return;
    }
    if (form.dataset.correct !== undefined) return;
    form.dataset.correct = "";
    const { server } = await part("quiz");
    const made = await asked(() => server.answer([form.dataset.id, given]));
    if (made === null) return void delete form.dataset.correct;
    if (made.correct === null) delete form.dataset.correct;
    else form.dataset.correct = made.correct ? "1" : "0";
    $(".kb-verdict", form).innerHTML = made.html;
    all("input", form).forEach((input) => (input.disabled = made.correct !== null));
    $(".kb-answer-row", form).hidden = made.correct !== null;
    const next = $(".kb-next", form);
    next.hidden = false;
    next.focus({ preventScroll: true });
  }
  const nextItem = (from) => {
    const quiz = from.closest(".kb-quiz");
    showItem(quiz, all(".kb-item", quiz).indexOf(from.closest(".kb-item")) + 1);
  };

  // The digest

  async function markLink(row, what, value = "") {
    const { server } = await part("digest");
    const made = await asked(() => server.mark([row.dataset.id, what, value]));
    if (!made) return;
    if (made.error) return say(made.error);
    row.dataset.read = made.read ? "1" : "0";
    row.dataset.best = made.best ? "1" : "0";
    $("[data-act='link-read']", row).setAttribute("aria-pressed", String(made.read));
    $("[data-act='link-best']", row).setAttribute("aria-pressed", String(made.best));
    $(".kb-tags", row).innerHTML = made.tags;
    if (!row.contains(document.activeElement)) row.focus(); // the tag that had the focus is gone
    say(made.said);
  }
  function tagField(row) {
    const field = $(".kb-tag-form", row);
    field.hidden = !field.hidden;
    if (!field.hidden) $("input", field).focus();
  }
  function onKey(event) {
    if (event.key === "Escape" && closeCard()) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      openTab("chat");
      setTimeout(() => $("#kb-question textarea")?.focus(), 30);
      return;
    }
    if (typing || !$("#kb-digest") || !$("#kb-digest").offsetParent) return;
    const rows = all("#kb-digest .kb-link");
    const at = rows.indexOf(event.target.closest(".kb-link"));
    if (event.key === "j" || event.key === "k") {
      const to = rows[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
      if (to) {
        event.preventDefault();
        to.focus();
        to.scrollIntoView({ block: "nearest" });
      }
    } else if (at >= 0) {
      const row = rows[at];
      if (event.key === "r") markLink(row, "read");
      else if (event.key === "b") markLink(row, "best");
      else if (event.key === "o") $("h3 a", row)?.click();
      else if (event.key === "t") {
        event.preventDefault();
        tagField(row);
      }
    }
  }

  // The library

  async function listSources(page = 0) {
    const { server, element } = await part("sources");
    const field = (name) => $(`[name="${name}"]`, element)?.value || "";
    const turn = (listSources.turn = (listSources.turn || 0) + 1);
    const html = await asked(() => server.listed([field("words"), field("state"), field("kind"), page]));
    if (html !== null && turn === listSources.turn) $("#kb-source-list").innerHTML = html;
  }
  function confirmRemoval(button) {
    const dialog = $("#kb-confirm");
    $(".kb-what", dialog).textContent = button.dataset.title;
    dialog.dataset.source = button.dataset.source;
    dialog.showModal();
  }
  async function remove() {
    const dialog = $("#kb-confirm");
    dialog.close();
    const { server } = await part("sources");
    say("Taking it out…", 60000);
    const said = await asked(() => server.remove([dialog.dataset.source]));
    if (said !== null) say(said);
    await listSources();
    $('#kb-find [name="words"]')?.focus();
  }

  // Tabs in the address, so that Back goes to the one before

  const TABS = ["chat", "quiz", "digest", "library", "settings"];
  const tabButtons = () => all('.kb-tabs > .tab-wrapper [role="tab"]');
  function openTab(name) {
    const button = tabButtons()[TABS.indexOf(name)];
    if (button && button.getAttribute("aria-selected") !== "true") button.click();
  }
  const tabNow = () => TABS[tabButtons().findIndex((b) => b.getAttribute("aria-selected") === "true")];
  function tabChosen() {
    const name = tabNow();
    if (name && location.hash.slice(1) !== name && !(name === "chat" && !location.hash)) {
      history.pushState(null, "", `#${name}`);
    }
    if (name === "library") listSources();
  }

  // Light or dark

  function paint(choice) {
    const dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.body.classList.toggle("dark", dark);
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  }

  function themed() {
    const chosen = localStorage.getItem("kb.theme") || "system";
    all("[data-act='theme']").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.theme === chosen)));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) {
      if (event.target.closest('.kb-tabs [role="tab"]')) setTimeout(tabChosen, 30);
      return;
    }
    const turn = button.closest(".kb-turn");
    const answer = turn && read(turn);
    switch (button.dataset.act) {
      case "card":
        if (answer) openCard(answer.citations.find((one) => String(one.n) === button.dataset.n), button);
        break;
      case "near":
        if (answer) openCard(answer.nearest[Number(button.dataset.n)], button);
        break;
      case "close-card":
        closeCard();
        break;
      case "level":
        if (busy()) break;
        part("chat").then(({ trigger }) =>
          trigger("select", { question: answer.question, searched: answer.searched, level: button.dataset.level }),
        );
        break;
      case "offer": {
        if (busy()) break;
        const { question, searched, level } = answer;
        const { flags } = answer.offers[Number(button.dataset.n)];
        part("chat").then(({ trigger }) => trigger("apply", { question, searched, level, flags }));
        break;
      }
      case "quiz":
        openTab("quiz");
        part("chat").then(({ trigger }) => trigger("play", { question: answer.question, searched: answer.searched }));
        break;
      case "example":
        if (busy()) break;
        part("chat").then(({ trigger }) => trigger("select", { question: button.dataset.question, level: "" }));
        break;
      case "sample":
        openTab("library");
        part("chat").then(({ trigger }) => trigger("upload", {}));
        break;
      case "tab":
        openTab(button.dataset.tab);
        setTimeout(tabChosen, 30);
        break;
      case "copy":
        copy(button.dataset.text);
        break;
      case "new-chat":
        if (busy()) break;
        newChat();
        break;
      case "save-chat":
        exported(button.dataset.form);
        break;
      case "next-item":
        nextItem(button);
        break;
      case "link-read":
      case "link-best":
        markLink(button.closest(".kb-link"), button.dataset.act.slice(5));
        break;
      case "link-tag":
        tagField(button.closest(".kb-link"));
        break;
      case "untag":
        markLink(button.closest(".kb-link"), "untag", button.dataset.tag);
        break;
      case "remove-source":
        confirmRemoval(button);
        break;
      case "removal":
        button.dataset.go ? remove() : $("#kb-confirm").close();
        break;
      case "page":
        listSources(Number(button.dataset.page));
        break;
      case "theme":
        localStorage.setItem("kb.theme", button.dataset.theme);
        paint(button.dataset.theme);
        themed();
        break;
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches(".kb-item")) {
      event.preventDefault();
      answerItem(form);
    } else if (form.matches(".kb-tag-form")) {
      event.preventDefault();
      const field = $("input", form);
      if (field.value.trim()) markLink(form.closest(".kb-link"), "tag", field.value);
      field.value = "";
      form.hidden = true;
      form.closest(".kb-link").focus();
    } else if (form.matches("#kb-find")) {
      event.preventDefault();
      listSources();
    }
  });
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#kb-find")) return;
    clearTimeout(listSources.timer);
    listSources.timer = setTimeout(() => listSources(), 250);
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("keyup", (event) => {
    if (event.target.closest?.('.kb-tabs [role="tab"]')) setTimeout(tabChosen, 30);
  });
  window.addEventListener("popstate", () => openTab(location.hash.slice(1) || "chat"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(localStorage.getItem("kb.theme")));

  async function begin() {
    // The tab row has no name of its own.
    all('[role="tablist"]').forEach((list) => list.setAttribute("aria-label", "Parts of kb"));
    listChats();
    themed();
    if (location.hash) openTab(location.hash.slice(1));
    if (location.hash === "#library") listSources();
    const id = sessionStorage.getItem("kb.chat");
    const mine = id && store.chats().find((chat) => chat.key === `kb.chat.${id}`);
    if (mine && !turns().length) await show(mine);
    document.body.classList.add("kb-ready");
  }
  window.kb = {
    bind, asking, beginning, done, themed,
    sampled() {
      listSources();
      openTab("chat");
    },
    stopped, listSources, openTab,
    quiz: () => all(".kb-quiz").forEach((quiz) => showItem(quiz, 0)),
  };
  const painted = () => paint(localStorage.getItem("kb.theme"));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", painted);
  else painted();
})();
