// The page of a run: the server renders all but the grid, and says by
// events when there is something new.
"use strict";
const $ = id => document.getElementById(id);
let pairs = [], snapshots = [], low = -1, high = 1, following = true, playing = 0, cell = null, loading = false, have = 0, wanted = 0;

// fetchGrid gets the snapshots that are missing. Those of a run that went back
// are all read again.
async function fetchGrid(count) {
  wanted = count;
  if (loading) return;
  loading = true;
  try {
    while (have !== wanted) {
      const from = wanted < have ? 0 : have;
      const got = await (await fetch("api/grid?from=" + from)).json();
      if (!got.pairs || got.snapshots.length === 0) break;
      if (from > 0 && got.snapshots[0].step <= snapshots.at(-1).step) { have = 0; continue; }
      if (from === 0) setPairs(got);
      have = from + got.snapshots.length;
      snapshots.push(...got.snapshots.map(({ step, logit_scale, cosines }) => // of a model that broke, text: NaN
        ({ step, logit_scale: Number(logit_scale), cosines: cosines.map(row => row.map(Number)) })));
    }
    show();
  } catch {
    // The server has gone, and the status says so; its next event asks again.
  } finally {
    loading = false;
  }
}

// show draws what was fetched, at the newest if the slider was there.
function show() {
  if (snapshots.length === 0) return;
  const all = snapshots.flatMap(s => s.cosines.flat()).filter(Number.isFinite), at = $("at");
  low = all.reduce((a, b) => Math.min(a, b), 1);
  high = all.reduce((a, b) => Math.max(a, b), -1);
  at.max = snapshots.length - 1;
  if (following) at.value = at.max;
  $("pairs").hidden = false;
  draw();
}

function setPairs(got) {
  pairs = got.pairs;
  snapshots = [];
  $("count").textContent = pairs.length;
  $("set").textContent = got.set === "training" ? "the training data" : `the set “${got.set}”, which training does not see`;
  document.querySelector(".grid").style.setProperty("--n", pairs.length);
  $("pictures").replaceChildren(...pairs.map(p => picture(p, "")));
  $("captions").replaceChildren(...pairs.map(p => { const li = document.createElement("li"), text = document.createElement("span"); text.textContent = li.title = p.caption; li.append(picture(p, ""), text); return li; }));
  $("among").textContent = pairs.length;
  $("guess").textContent = `ln ${pairs.length} = ${Math.log(pairs.length).toFixed(2)}`;
}

function picture(p, alt) {
  const img = document.createElement("img");
  if (p.picture.startsWith("data:image/png;base64,")) img.src = p.picture;
  img.alt = alt;
  return img;
}

// logSumExp of the logits of a row or column.
function logSumExp(scale, cosines) {
  const most = Math.max(...cosines);
  return scale * most + Math.log(cosines.reduce((sum, c) => sum + Math.exp(scale * (c - most)), 0));
}

const nearest = cosines => cosines.indexOf(Math.max(...cosines));

// draw shows the snapshot that the slider is at.
function draw() {
  const s = snapshots[$("at").value];
  if (!s) return;
  const n = pairs.length, grid = s.cosines, columns = grid.map((_, j) => grid.map(row => row[j]));
  const canvas = $("grid"), context = canvas.getContext("2d");
  canvas.width = canvas.height = n;
  const image = context.createImageData(n, n), ink = color("--accent");
  grid.flat().forEach((v, i) => {
    const part = (v - low) / Math.max(1e-9, high - low);
    image.data.set([...ink, 255 * (0.03 + 0.97 * part * part)], 4 * i); // squared, for the brightest to stand out
  });
  context.putImageData(image, 0, 0);
  let hits = 0, found = 0, own = 0, sum = 0;
  const items = $("captions").children, losses = [];
  grid.forEach((row, i) => {
    const right = nearest(row) === i;
    hits += right;
    found += nearest(columns[i]) === i;
    own += row[i] / n;
    for (const v of row) sum += v;
    items[i].className = right ? "own" : "other";
    losses.push([i, (logSumExp(s.logit_scale, row) + logSumExp(s.logit_scale, columns[i])) / 2 - s.logit_scale * row[i]]);
  });
  const rest = (sum - own * n) / (n * (n - 1));
  const text = `${hits} of ${n} images are nearest to their own caption, ${found} of ${n} captions to their own image; guessing finds 1. ` +
    `Mean cosine of the pairs ${own.toFixed(3)}, of all others ${rest.toFixed(3)}.`;
  $("step").textContent = s.step;
  $("grid-text").textContent = text;
  $("at").setAttribute("aria-valuetext", "step " + s.step);
  canvas.setAttribute("aria-label", `Grid of ${n} images and captions at step ${s.step}`);
  canvas.dataset.step = s.step;
  hardest(s, losses.sort((a, b) => b[1] - a[1]).slice(0, 6));
  if (cell) describe();
}

// hardest lists pairs with what the model takes for their captions.
function hardest(s, losses) {
  $("hardest").replaceChildren(...losses.map(([i, loss]) => {
    const row = s.cosines[i], all = logSumExp(s.logit_scale, row);
    const figure = document.createElement("figure"), text = document.createElement("div"), head = document.createElement("b");
    figure.className = "photo";
    head.textContent = `loss ${loss.toFixed(2)}`;
    text.append(head);
    const best = row.map((c, j) => [j, Math.exp(s.logit_scale * c - all)]).sort((a, b) => b[1] - a[1]).slice(0, 3);
    if (!best.some(([j]) => j === i)) best[2] = [i, Math.exp(s.logit_scale * row[i] - all)];
    for (const [j, p] of best) {
      const label = document.createElement("div"), bar = document.createElement("i");
      label.className = j === i ? "label right" : "label";
      label.title = pairs[j].caption;
      bar.style.width = 100 * p + "%";
      label.append(bar, `${(100 * p).toFixed(0)} % ${pairs[j].caption}`);
      text.append(label);
    }
    figure.append(picture(pairs[i], pairs[i].caption), text);
    return figure;
  }));
}

// color is a variable of the style sheet as three numbers.
function color(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim().slice(1);
  return [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
}

// describe says what lies at the cell that is pointed at.
function describe() {
  const s = snapshots[$("at").value], [i, j] = cell;
  $("cell").textContent = `Image of “${pairs[i].caption}” with caption “${pairs[j].caption}”: cosine ${s.cosines[i][j].toFixed(3)}` + (i === j ? ", a pair." : ".");
}

for (const way of ["pointermove", "pointerdown"]) $("grid").addEventListener(way, e => {
  const n = pairs.length, box = $("grid").getBoundingClientRect(), place = v => Math.min(n - 1, Math.max(0, Math.floor(v * n)));
  cell = [place((e.clientY - box.top) / box.height), place((e.clientX - box.left) / box.width)];
  describe();
});
$("grid").addEventListener("keydown", e => {
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
  if (!move) return;
  e.preventDefault();
  cell = cell ? cell.map((v, k) => Math.min(pairs.length - 1, Math.max(0, v + move[k]))) : [0, 0];
  describe();
});

function stop() {
  clearInterval(playing);
  playing = 0;
  $("play").textContent = "▶ play";
}
$("at").addEventListener("input", () => {
  stop();
  following = $("at").value === $("at").max;
  draw();
});
$("play").addEventListener("click", () => {
  if (playing) return stop();
  const at = $("at");
  at.value = 0;
  $("play").textContent = "❚❚ stop";
  playing = setInterval(() => {
    at.value++;
    draw();
    if (at.value === at.max) { following = true; stop(); }
  }, Math.max(40, 6000 / snapshots.length));
  draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

// age says how long ago the last line came, if the run goes on.
function age() {
  const at = $("age"), seconds = Math.max(0, Math.round((Date.now() - at.dataset.written) / 1000));
  const ago = seconds < 120 ? seconds + " s" : seconds < 7200 ? Math.round(seconds / 60) + " min" : Math.round(seconds / 3600) + " h";
  at.textContent = at.dataset.written > 0 ? `, last line ${ago} ago` : "";
}
setInterval(age, 1000);
age();

function link(state, text) {
  $("link").className = "link " + state;
  $("link").title = text;
  $("link").setAttribute("aria-label", text);
}
const events = new EventSource("api/events");
events.onopen = () => link("on", "connected");
events.onerror = () => link("off", "no connection to the server: the run may have ended; eval serve --workdir opens it again");
events.addEventListener("view", e => {
  const view = JSON.parse(e.data);
  $("top").innerHTML = view.top; // of this server, which has escaped it
  const open = document.querySelector("details")?.open;
  $("rest").innerHTML = view.rest;
  smoothCharts();
  if (open) document.querySelector("details")?.setAttribute("open", "");
  $("status").textContent = view.status;
  $("age").dataset.written = view.written;
  age();
  fetchGrid(view.snapshots);
});
