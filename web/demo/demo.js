// The page to try a model: all words are set as text, never as HTML.
"use strict";
const $ = id => document.getElementById(id);
const shown = 10; // labels
let subject = null, timer = 0; // a file or the number of an item
let asked = 0, searched = 0; // the newest question, whose answer alone is shown

function say(text, bad) {
  $("result").textContent = text;
  $("result").className = bad ? "result bad" : "result";
}

// predict asks about the subject, and shows the answer unless there is a newer
// question.
async function predict() {
  if (subject === null) return;
  const form = new FormData(), mine = ++asked;
  if (typeof subject === "number") form.append("item", subject);
  else form.append("image", subject);
  form.append("labels", $("labels").value);
  form.append("templates", $("templates").value);
  say("Looking…");
  try {
    const response = await fetch("api/predict", { method: "POST", body: form });
    const answer = await response.json();
    if (mine !== asked) return;
    if (!response.ok) {
      $("bars").replaceChildren();
      return say(answer.error.replace(/^demo: /, ""), true);
    }
    bars(answer);
  } catch (e) {
    if (mine === asked) say("The server does not answer: " + e.message, true);
  }
}

function bars({ labels, truth, width, height }) {
  const known = labels.some(l => l.label === truth), right = labels[0].label === truth;
  say(`${labels[0].label}, ${percent(labels[0].probability)} sure` + (known ? right ? ", and right." : `; it is ${truth}.` : ".") + ` The photo has ${width} x ${height} pixels.`);
  $("bars").replaceChildren(...labels.slice(0, shown).map(({ label, probability }, i) => {
    const row = document.createElement("div"), bar = document.createElement("i"), name = document.createElement("span"), number = document.createElement("b");
    row.className = "label" + (known ? label === truth ? " right" : "" : i === 0 ? " first" : "");
    bar.style.width = 100 * probability + "%";
    name.textContent = row.title = label;
    number.textContent = percent(probability);
    row.append(bar, name, number);
    return row;
  }));
}

const percent = p => (100 * p).toFixed(1) + " %";

function show(url, alt) {
  const photo = $("photo");
  photo.onload = () => photo.className = Math.max(photo.naturalWidth, photo.naturalHeight) < 100 ? "small" : "";
  photo.onerror = () => { photo.hidden = true; $("hint").hidden = false; };
  photo.src = url;
  photo.alt = alt;
  photo.hidden = false;
  $("hint").hidden = true;
}

function take(file) {
  if (!file) return;
  if (typeof subject !== "number" && subject) URL.revokeObjectURL($("photo").src);
  subject = file;
  show(URL.createObjectURL(file), "The photo " + file.name);
  predict();
}

$("file").addEventListener("change", e => take(e.target.files[0]));
document.addEventListener("paste", e => take(e.clipboardData.files[0]));
for (const type of ["dragenter", "dragover"]) document.addEventListener(type, e => { e.preventDefault(); $("drop").classList.add("over"); });
for (const type of ["dragleave", "drop"]) document.addEventListener(type, () => $("drop").classList.remove("over"));
document.addEventListener("drop", e => { e.preventDefault(); take(e.dataTransfer.files[0]); });
for (const id of ["labels", "templates"]) $(id).addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(predict, 400); });
$("ask").addEventListener("submit", e => e.preventDefault());

async function search() {
  const text = $("text").value.trim(), mine = ++searched;
  try {
    const response = await fetch("api/search?" + new URLSearchParams({ text }));
    const all = await response.json();
    if (mine !== searched) return;
    if (!response.ok) throw new Error(all.error);
    if (text) $("searched").textContent = `The nearest to “${text}”, with their cosines. Choose one to see what the model calls it.`;
    $("found").replaceChildren(...all.map(card));
  } catch (e) {
    $("searched").textContent = e.message;
  }
}

function card({ item, cosine, captions, class: name }) {
  const button = document.createElement("button"), img = document.createElement("img"), text = document.createElement("span");
  const words = (captions && captions[0]) || name || "image " + item;
  button.type = "button";
  img.src = "api/image/" + item;
  img.alt = "";
  text.textContent = words;
  button.append(img, text);
  if (cosine !== undefined) {
    const number = document.createElement("span");
    number.className = "cosine";
    number.textContent = cosine.toFixed(3);
    button.append(number);
  }
  button.addEventListener("click", () => { subject = item; show(img.src, words); predict(); $("ask").scrollIntoView(); });
  return button;
}

if ($("find")) {
  $("find").addEventListener("submit", e => { e.preventDefault(); search(); });
  search();
}
