"use strict";

// Choosing a template opens it at once, and its preview follows what is typed.
(() => {
    const PAUSE = 300;
    const choice = document.getElementById("choose-template");
    const form = document.getElementById("fill-template");

    if (choice) {
        choice.querySelector("input[type=submit]").hidden = true;
        choice.elements.template.addEventListener("change", () => choice.reportValidity() && choice.submit());
    }
    if (!form) {
        return;
    }

    let timer = 0;
    let latest = 0;

    const previewButton = form.querySelector("input[name=preview]");
    if (previewButton) {
        previewButton.hidden = true;
        form.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(refresh, PAUSE);
        });
    }

    async function refresh() {
        const mine = ++latest;
        const typed = new FormData(form);
        typed.set("preview", "1");
        // A preview shows no file, which may be large.
        typed.delete("template-file");
        try {
            const response = await fetch(form.action, {method: "POST", body: typed, redirect: "error"});
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            const fresh = page.getElementById("template-preview");
            if (response.ok && fresh && mine === latest) {
                document.getElementById("template-preview").replaceWith(fresh);
            }
        } catch {
            // The server is away; sending will say so.
        }
    }

    form.addEventListener("submit", () => {
        form.querySelector("input.default").disabled = true;
    });
})();
