// Tables of class sort are sorted by a click on a heading.
for (const table of document.querySelectorAll("table.sort")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
    const number = head.classList.contains("n"), sorted = head.getAttribute("aria-sort");
    const up = sorted ? sorted === "descending" : !number; // numbers begin with the largest
    heads.forEach(h => h.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => row.cells[column].textContent, down = up ? 1 : -1;
    const rows = [...body.rows].sort((a, b) => down * (number ? key(a) - key(b) : key(a).localeCompare(key(b))));
    body.append(...rows);
  }));
}
