// The page as a whole: the filter of claims, links into folded parts, figures unpacked; then tables and charts.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);

function filterClaims(form) {
  const words = form.querySelector("[type=search]").value.trim().toLowerCase();
  const verdicts = new Set([...form.querySelectorAll(":checked")].map((box) => box.value));
  const claims = [...document.querySelectorAll("[data-claim]")];
  for (const claim of claims) {
    claim.hidden = !verdicts.has(claim.dataset.verdict) || !claim.textContent.toLowerCase().includes(words);
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !verdicts.has(group.dataset.group);
    for (const fold of group.querySelectorAll(".fold")) {
      const any = fold.querySelector("[data-claim]:not([hidden])");
      fold.hidden = !any;
      if (words && any) fold.open = true; // a match must not stay out of sight
    }
  }
  const shown = claims.filter((claim) => !claim.hidden).length;
  document.getElementById("found").textContent = `${shown} of ${claims.length} claims`;
}

function openTarget() {
  let element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const target = element;
  for (; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
  const first = target && target.querySelector(":scope > details.fold");
  if (first) first.open = true;
  if (target) target.scrollIntoView();
}

async function unpack(image) {
  const bytes = Uint8Array.from(atob(image.dataset.packed), (sign) => sign.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  image.src = URL.createObjectURL(new Blob([await new Response(unpacked).blob()], { type: "image/svg+xml" }));
}

function start() {
  const form = document.getElementById("filter");
  if (form) {
    form.addEventListener("input", () => filterClaims(form));
    filterClaims(form);
  }
  document.querySelectorAll("main table").forEach(equip);
  document.querySelectorAll(".told-number").forEach(numberButton);
  document.querySelectorAll(".explorer .plot").forEach((plot) => new Explorer(plot.closest(".explorer")));
  document.querySelectorAll("[data-packed]").forEach(unpack);
  addEventListener("hashchange", openTarget);
  openTarget();
}
