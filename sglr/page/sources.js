// Where a number is from: one dialog for all of them, filled when it is opened.
const dialog = document.getElementById("from");
const run = (id) => data.runs[id];

function tellSource(button) {
  const of = button.closest("[data-of]").dataset.of;
  const paper = button.closest(".theirs");
  dialog.querySelector("h2").textContent = button.textContent.trim();
  dialog.querySelector(".what").textContent = what(button);
  dialog.querySelector(".body").innerHTML = paper ? fromPaper(paper, of) : fromRuns(idsOf(button), commandsOf(button, of));
  dialog.showModal();
}

const idsOf = (button) => (button.closest("[data-from]")?.dataset.from || "").split(" ").filter(run);

// Those of the artefact; a claim is judged after them.
function commandsOf(button, of) {
  const found = data.commands[of];
  return button.closest(".claim, [data-of=claims]") ? { ...found, after: [...found.after, data.judged] } : found;
}

// What the number is: the words that begin its row, and its columns' headings.
function what(button) {
  const cell = button.closest("td");
  if (!cell) return button.closest("[data-what]")?.dataset.what || "";
  const words = [...cell.parentElement.cells].map((each) => each.textContent.trim());
  const first = words.findIndex(isNumber);
  const table = cell.closest("table");
  const group = [...table.tHead.querySelectorAll("[data-columns]")].find((head) => head.dataset.columns.split(" ").includes(String(cell.cellIndex)));
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const head = heads.find((each) => Number(each.dataset.column ?? each.cellIndex) === cell.cellIndex);
  return [...words.slice(0, Math.max(1, first)), group?.textContent.trim(), head?.textContent.trim()].filter(Boolean).join(", ");
}

function fromPaper(place, of) {
  const who = place.dataset.others === undefined ? `Printed in the paper (${data.commands[of].title}), or the difference of two values there` : "Published by others";
  return `<p>${who}: <code>config/published.csv</code>. Nothing was run for it.</p>`;
}

function fromRuns(ids, { each, after, all }) {
  const rows = ids.map((id) => `<tr><td><a href="#run-${escaped(id)}">${escaped(id)}</a></td><td>${run(id).seed}</td><td>${run(id).seconds}</td><td><code>${escaped(run(id).commit)}</code></td><td>${escaped(run(id).device)}</td></tr>`);
  const runs = `<div class="scroll" tabindex="0" role="region" aria-label="Its runs"><table><thead><tr><th scope="col">run</th><th scope="col">seed</th><th scope="col">seconds of training</th><th scope="col">commit</th><th scope="col">device</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  const made = [...ids.flatMap((id) => each.map((command) => command.replace("RUN", id))), ...after];
  const words = [...made, ...(all.length ? ["# or all of it at once:", ...all] : [])].map(escaped).join("\n");
  return `${ids.length ? runs : ""}<p>Made by</p><pre tabindex="0">${words}</pre>`;
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("a")) dialog.close(); // outside of it, or on to a run
});
