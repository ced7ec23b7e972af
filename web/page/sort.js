// Tables of class sort are sorted by a click on a heading.
function sortTable(table, column, up) {
  const heads = [...table.tHead.rows[0].cells], head = heads[column], body = table.tBodies[0], down = up ? 1 : -1;
  heads.forEach(h => h.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const number = head.classList.contains("n"), key = row => row.cells[column].textContent;
  const missing = row => number && !Number.isFinite(Number(key(row))) ? 1 : 0; // comes last, either way
  body.append(...[...body.rows].sort((a, b) => missing(a) - missing(b) || (missing(a) ? 0 : down * (number ? key(a) - key(b) : key(a).localeCompare(key(b))))));
}
document.addEventListener("click", e => {
  const head = e.target.closest?.("table.sort th");
  if (!head || !e.target.closest("button")) return;
  const sorted = head.getAttribute("aria-sort"); // numbers begin with the largest
  sortTable(head.closest("table"), head.cellIndex, sorted ? sorted === "descending" : !head.classList.contains("n"));
});
