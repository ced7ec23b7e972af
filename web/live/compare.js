// The page of several runs: the server renders it, and is asked again and again.
"use strict";
const pollTime = 3000;
let last = null;

// refresh shows what is new, sorted and smooth as it was.
async function refresh() {
  try {
    const answer = await fetch("api/part");
    const text = await answer.text();
    if (!answer.ok || text === last) return;
    const first = last === null; // what came with the page
    last = text;
    if (first) return;
    const sorted = document.querySelector("table.sort th[aria-sort]"), part = document.getElementById("part");
    const column = sorted?.cellIndex, name = sorted?.textContent, up = sorted?.getAttribute("aria-sort") === "ascending";
    part.innerHTML = text; // of this server, which has escaped it
    const head = part.querySelector("table.sort").tHead.rows[0].cells[column];
    if (head && head.textContent === name) sortTable(part.querySelector("table.sort"), column, up);
    smoothCharts();
  } catch {
    // The server has gone; what was shown stays.
  } finally {
    setTimeout(refresh, pollTime);
  }
}
refresh();
