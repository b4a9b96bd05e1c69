"use strict";

// Shows the message, the examples it needs and a name for it while a template is typed, and only the fields that its
// choices ask for. The server makes all of it: see new_message_template.py.
(() => {
    const PAUSE = 300;
    const page = document.getElementById("template-form");
    const form = page.closest("form");

    // "category=A,B": whether the field has one of the values.
    const holds = (condition) => {
        const [name, values] = condition.split("=");
        return values.split(",").includes(form.elements[name].value);
    };

    function showWhatIsAskedFor() {
        for (const part of page.querySelectorAll("[data-when]")) {
            part.hidden = !holds(part.dataset.when);
        }
        for (const part of page.querySelectorAll("[data-unless]")) {
            part.hidden = holds(part.dataset.unless);
        }
        // The rows of buttons that are filled, and one more.
        let spare = false;
        for (const row of page.querySelectorAll(".template-button-row")) {
            const filled = [...row.querySelectorAll("input, select")].some((input) => input.value);
            row.hidden = !filled && spare;
            spare ||= !filled;
        }
    }

    const names = (part) => [...part.querySelectorAll("input")].map((input) => input.name).join();

    // What is being typed stays where it is: the examples are replaced only when others are asked for.
    function update(fresh) {
        for (const id of ["template-name", "template-preview", "template-examples"]) {
            const old = document.getElementById(id);
            const made = fresh.getElementById(id);
            if (id !== "template-examples" || names(old) !== names(made)) {
                old.replaceWith(made);
            }
        }
    }

    let asked = 0;

    async function preview() {
        const data = new FormData(form);
        data.delete("header_file");
        const mine = ++asked;
        try {
            const response = await fetch(page.dataset.preview, {method: "POST", body: data, redirect: "error"});
            if (response.ok && mine === asked) {
                update(new DOMParser().parseFromString(await response.text(), "text/html"));
            }
        } catch {
            // The server is away; the next key asks again.
        }
    }

    let timer = 0;

    form.addEventListener("input", () => {
        showWhatIsAskedFor();
        clearTimeout(timer);
        timer = setTimeout(preview, PAUSE);
    });

    page.addEventListener("click", (event) => {
        const offer = event.target.closest(".template-offer");
        if (offer) {
            form.elements.name.value = offer.value;
            preview();
        }
    });

    form.querySelector("[name=_preview]").hidden = true;
    showWhatIsAskedFor();
    preview();
})();
