// The table of articles: a click on a column's head sorts by it, a second click reverses the order.
const table = document.getElementById("articles");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];

// "∞" (a threshold that no score reaches) sorts as the largest number, "–" (no value) as the smallest.
function sortKey(row, column) {
  const text = row.cells[column].textContent;
  if (text === "∞") return Infinity;
  if (text === "–") return -Infinity;
  return parseFloat(text) || 0;
}

function sortBy(column) {
  const head = heads[column];
  // Articles start in ascending order, numbers in descending order.
  const first = column ? "descending" : "ascending";
  const second = column ? "ascending" : "descending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  const direction = order === "ascending" ? 1 : -1;
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", order);
  // Infinity - Infinity is NaN, which must count as equal.
  const compare = (a, b) => sortKey(a, column) - sortKey(b, column) || 0;
  body.append(...[...body.rows].sort((a, b) => direction * compare(a, b)));
}

heads.forEach((head, column) => head.firstChild.addEventListener("click", () => sortBy(column)));

document.getElementById("search").addEventListener("input", event => {
  const wanted = event.target.value.trim();
  for (const row of body.rows) row.hidden = !row.cells[0].textContent.includes(wanted);
});

document.getElementById("short").addEventListener("change", event => {
  table.classList.toggle("short", event.target.checked);
});
