// What every part of the page's script stands on: the parts of the page, a line for the person, asking the server.
// Every piece of HTML that is put into the page was made, and escaped, by the server (ui/html.py).

const parts = {}; // name -> {element, trigger, server}
const waiting = {};
const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

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
