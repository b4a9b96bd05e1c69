"use strict";
{
  // Show only the fields that belong to the kind of a step or trigger, also when it is changed.
  const showKind = (row) => {
    const kind = row.querySelector("select[name$='-kind']").value;
    for (const part of row.querySelectorAll("[data-kinds]")) {
      part.classList.toggle("is-hidden", !part.dataset.kinds.split(" ").includes(kind));
    }
  };

  const button = (text, label, onClick) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button";
    made.textContent = text;
    made.title = label;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", onClick);
    return made;
  };

  const steps = document.getElementById("steps");

  const stepRows = () => [...steps.querySelectorAll(":scope > .step")];

  // The order of the rows is what the numbers say, so moving a row renumbers all.
  const renumber = () => stepRows().forEach((row, index) => {
    row.querySelector("input[name$='-ORDER']").value = index + 1;
  });

  const move = (row, other, place) => {
    if (other && other.matches(".step")) {
      other[place](row);
      renumber();
    }
  };

  const listKeys = () => {
    const options = stepRows().map((row) => {
      const option = document.createElement("option");
      option.value = row.querySelector("input[name$='-key']").value;
      return option;
    });
    document.getElementById("step-keys").replaceChildren(...options.filter((option) => option.value));
  };

  const prepare = (row) => {
    showKind(row);
    row.querySelector(".in-one-line").append(
      button("↑", steps.dataset.up, () => move(row, row.previousElementSibling, "before")),
      button("↓", steps.dataset.down, () => move(row, row.nextElementSibling, "after")),
    );
  };

  const addStep = () => {
    const total = document.getElementById("id_steps-TOTAL_FORMS");
    const template = steps.querySelector(":scope > template");
    const made = document.createElement("template");
    made.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    total.value = Number(total.value) + 1;
    template.before(made.content);
    const row = template.previousElementSibling;
    prepare(row);
    renumber();
    row.querySelector("input[name$='-key']").focus();
  };

  if (steps) {
    document.querySelectorAll(".trigger").forEach(showKind);
    stepRows().forEach(prepare);
    renumber();
    steps.append(button(`+ ${steps.dataset.add}`, steps.dataset.add, addStep));
    document.addEventListener("change", (event) => {
      const row = event.target.closest(".step, .trigger");
      if (row && event.target.name.endsWith("-kind")) {
        showKind(row);
      }
      if (event.target.name.endsWith("-key")) {
        listKeys();
      }
    });
  }
}
