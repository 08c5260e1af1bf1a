// Tabs that are in the address, colours, and what each click, key and form means.

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
  asking, beginning, done, themed,
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

// Parts that were there before this script, and those that come after it.
const early = window.kbParts || [];
window.kbParts = { push: (part) => bind(...part) };
early.forEach((part) => bind(...part));
