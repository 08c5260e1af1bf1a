// The digest: marks that take one key each.

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
