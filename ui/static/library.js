// The library: its list, and the removal that asks first.

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
