// The source card.

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
