// The chat: turns that are done move up into the log, which the browser keeps.

const MOST_CHATS = 50;
const MOST_TURNS = 40;
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
