// Every table: sorted by its headings, filtered by words, its numbers reached by arrow keys.
const NUMBER = /^(?:\S )?([+−-]?\d[\d.,]*(?:e-?\d+)?)(?=\s|$)/; // a verdict's sign may stand before it
const isNumber = (text) => NUMBER.test(text);
const lead = (text) => parseFloat((NUMBER.exec(text) || ["", ""])[1].replace("−", "-").replace(/,/g, ""));
const MANY = 6; // a table of fewer rows needs no filter

function equip(table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length > 1) for (const head of table.tHead.querySelectorAll("[scope=col]")) sortable(table, head);
  if (rows.length >= MANY) filterable(table, rows);
  if (table.dataset.of) numbered(table, rows);
}

function sortable(table, head) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => sortBy(table, head));
}

function sortBy(table, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const column = Number(head.dataset.column ?? head.cellIndex);
  const body = table.tBodies[0];
  const keys = new Map([...body.rows].map((row) => [row, row.cells[column].textContent.trim()]));
  const sorted = [...body.rows].sort((one, other) => inOrder(keys.get(one), keys.get(other), down ? -1 : 1));
  body.append(...sorted);
}

// Numbers by size, words by letters; what is empty or was not run stays last.
function inOrder(one, other, sign) {
  const [a, b] = [lead(one), lead(other)];
  if (!isNaN(a) && !isNaN(b)) return sign * (a - b);
  if (isNaN(a) !== isNaN(b)) return isNaN(a) ? 1 : -1;
  return sign * one.localeCompare(other);
}

function filterable(table, rows) {
  const region = table.closest(".scroll");
  const tools = document.createElement("p");
  tools.className = "tools";
  tools.innerHTML = `<label>Rows containing <input type="search"></label> <span role="status"></span>`;
  const input = tools.querySelector("input");
  input.setAttribute("aria-label", `Rows of "${region.getAttribute("aria-label")}" containing`);
  region.before(tools);
  input.addEventListener("input", () => {
    const words = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(words);
    tools.querySelector("[role=status]").textContent = words ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
  });
}

// Each number becomes a button that says where it is from; Tab reaches the first, arrow keys the others.
function numbered(table, rows) {
  for (const row of rows) {
    for (const cell of row.cells) {
      const spans = [...cell.querySelectorAll(".number")];
      for (const place of spans.length ? spans : cell.children.length ? [] : [cell]) if (isNumber(place.textContent.trim())) numberButton(place);
    }
  }
  const buttons = [...table.querySelectorAll("tbody .from")];
  for (const button of buttons.slice(1)) button.tabIndex = -1;
  table.addEventListener("keydown", (event) => walk(table, event));
}

function numberButton(place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "from";
  button.setAttribute("aria-haspopup", "dialog");
  button.append(...place.childNodes);
  place.append(button);
  button.addEventListener("click", () => tellSource(button));
}

function walk(table, event) {
  if (!event.target.matches(".from") || !event.key.startsWith("Arrow")) return;
  const next = neighbour(table, event.target, event.key);
  event.preventDefault();
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function neighbour(table, button, key) {
  const buttons = [...table.querySelectorAll("tbody tr:not([hidden]) .from")];
  const n = buttons.indexOf(button);
  if (key === "ArrowLeft" || key === "ArrowRight") return buttons[n + (key === "ArrowRight" ? 1 : -1)];
  const place = (each) => [each.closest("tr").rowIndex, each.closest("td").cellIndex];
  const [row, column] = place(button);
  const same = buttons.filter((each) => place(each)[1] === column && place(each)[0] !== row);
  return key === "ArrowDown" ? same.find((each) => place(each)[0] > row) : same.reverse().find((each) => place(each)[0] < row);
}
