// Charts show the numbers at the step that is pointed at, by mouse, finger or the arrow
// keys, and are made smooth by the slider with the id smooth, if there is one.
function plotOf(svg) { return svg.plot ??= JSON.parse(svg.dataset.plot); }

// readChart marks the step nearest to an x of the chart, and says its numbers.
function readChart(svg, step) {
  const { box, range, lines } = plotOf(svg), text = svg.parentNode.querySelector(".read");
  text.dataset.newest ??= text.textContent;
  svg.querySelector(".cursor")?.remove();
  if (step === null) { text.textContent = text.dataset.newest; svg.step = null; return; }
  const steps = lines.flatMap(l => l.x.filter((_, i) => l.y[i] !== null));
  step = steps.reduce((a, b) => Math.abs(b - step) < Math.abs(a - step) ? b : a, steps[0]);
  svg.step = step;
  const x = box[0] + step / range[1] * (box[1] - box[0]), cursor = document.createElementNS(svg.namespaceURI, "path");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("d", `M${x} ${box[2]}V${box[3]}`);
  svg.append(cursor);
  const shown = lines.flatMap(l => { const i = l.x.indexOf(step); return i < 0 || l.y[i] === null ? [] : [(lines.length > 1 ? l.name + " " : "") + Number(l.y[i].toPrecision(4))]; });
  text.textContent = `step ${step}: ${shown.join(", ")}`;
}

function pointAt(e) {
  const svg = e.target.closest?.(".chart > svg");
  if (!svg) return;
  const { box, range } = plotOf(svg), side = svg.getBoundingClientRect();
  const x = (e.clientX - side.left) / side.width * svg.viewBox.baseVal.width;
  readChart(svg, (x - box[0]) / (box[1] - box[0]) * range[1]);
}
document.addEventListener("pointermove", pointAt);
document.addEventListener("pointerdown", pointAt);
document.addEventListener("pointerout", e => { // a finger that is lifted leaves its numbers there
  const svg = e.target.closest?.(".chart > svg");
  if (svg && e.pointerType === "mouse" && !svg.contains(e.relatedTarget)) readChart(svg, null);
});
document.addEventListener("keydown", e => {
  const svg = e.target.closest?.(".chart > svg"), by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
  if (!svg || !by) return;
  e.preventDefault();
  const steps = [...new Set(plotOf(svg).lines.flatMap(l => l.x.filter((_, i) => l.y[i] !== null)))].sort((a, b) => a - b);
  const now = steps.indexOf(svg.step ?? steps.at(-1));
  readChart(svg, steps[Math.min(steps.length - 1, Math.max(0, now + by))]);
});

// smoothCharts draws each line of more than a few points as a moving average that
// forgets, with the line itself pale behind it.
function smoothCharts() {
  const keep = Number(document.getElementById("smooth")?.value ?? 0);
  for (const svg of document.querySelectorAll(".chart > svg")) {
    const { box, range, lines } = plotOf(svg);
    svg.querySelectorAll(".pale").forEach(p => p.remove());
    for (const path of svg.querySelectorAll("path[data-line]")) {
      path.dataset.plain ??= path.getAttribute("d");
      const line = lines[path.dataset.line];
      if (keep === 0 || line.x.length < 8) { path.setAttribute("d", path.dataset.plain); continue; }
      const pale = path.cloneNode();
      pale.classList.add("pale");
      pale.removeAttribute("data-line");
      pale.setAttribute("d", path.dataset.plain);
      path.before(pale);
      let mean = 0, weight = 0, to = "M", d = "";
      line.y.forEach((y, i) => {
        if (y === null) { to = "M"; return; }
        mean = keep * mean + (1 - keep) * y;
        weight = keep * weight + 1 - keep; // so that the first points are no part zero
        const px = box[0] + line.x[i] / range[1] * (box[1] - box[0]);
        const py = box[3] - (mean / weight - range[2]) / (range[3] - range[2]) * (box[3] - box[2]);
        d += `${to}${px.toFixed(1)} ${py.toFixed(1)}`;
        to = "L";
      });
      path.setAttribute("d", d);
    }
  }
}
document.getElementById("smooth")?.addEventListener("input", smoothCharts);
