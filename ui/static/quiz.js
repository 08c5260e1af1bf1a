// Quizzes: one question at a time.

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
