// Everything works without this file; it only saves steps.
"use strict";
document.documentElement.classList.add("scripted");

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

function showHint(unit) {
  const hint = document.getElementById("h-" + unit.name.slice("unit-".length));
  if (hint) hint.textContent = JSON.parse(hint.dataset.hints)[unit.value] || "";
}

for (const unit of document.querySelectorAll("select[name^='unit-']")) {
  unit.addEventListener("change", () => showHint(unit));
}

for (const button of document.querySelectorAll("[data-units]")) {
  button.addEventListener("click", () => {
    const wanted = button.dataset.units;
    const former = wanted === "mmol/L" ? "mg/dL" : "mmol/L";
    for (const unit of document.querySelectorAll("select[name^='unit-']")) {
      const offers = [...unit.options].some((option) => option.value === wanted);
      // a value that was typed already keeps the unit it was typed in
      const empty = !unit.parentElement.querySelector("input").value;
      if (offers && empty && unit.value === former) {
        unit.value = wanted;
        showHint(unit);
      }
    }
  });
}

// Ticked treatments are taken together at once; without this file the button does it.
async function takeTogether(form, ticked) {
  const sent = new URLSearchParams(new FormData(form));
  const reply = await fetch(form.action, { method: "POST", body: sent });
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const answer = page.getElementById("answer");
  if (!answer) { form.submit(); return; }
  for (const id of ["answer", "treatments"]) {
    const old = document.getElementById(id), fresh = page.getElementById(id);
    if ("open" in old) fresh.open = old.open;
    old.replaceWith(fresh);
  }
  const again = answer.querySelector(`input[name="option"][value="${CSS.escape(ticked)}"]`);
  if (again) again.focus();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-live]");
  if (form && event.target.name === "option") takeTogether(form, event.target.value);
});

const errors = document.getElementById("errors");
if (errors) errors.focus();

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("identifier");
  const typing = event.target instanceof Element && event.target.matches("input, select, textarea");
  if (event.key === "/" && search && !typing) {
    event.preventDefault();
    search.focus();
  }
});
