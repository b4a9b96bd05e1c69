"use strict";

// The deals beside a conversation: moved and added without leaving it. Listens on the document, so that it works on
// whatever pane is put there later.
(() => {
    document.documentElement.classList.add("moves-deals");

    const paneOf = (element) => element.closest(".deals-pane");

    async function send(form, extra, focused) {
        const pane = paneOf(form);
        pane.setAttribute("aria-busy", "true");
        const answer = await dealRequests.post(form, pane, { ...extra, answer: "pane" });
        pane.removeAttribute("aria-busy");
        if (!answer.ok) {
            dealRequests.tell(pane.querySelector(".form-problem"), answer.detail);
            form.querySelectorAll("select").forEach((select) => (select.value = select.dataset.stage));
            return;
        }
        const [fresh] = dealRequests.elements(answer.html);
        pane.replaceWith(fresh);
        fresh.querySelector(focused)?.focus();
        fresh.dispatchEvent(new CustomEvent("deals", { bubbles: true }));
    }

    document.addEventListener("change", async (event) => {
        const form = event.target.closest(".pane-move");
        if (!form || event.target.name !== "stage") {
            return;
        }
        const isLost = event.target.selectedOptions[0].dataset.kind === "lost";
        const reason = isLost ? await askWhyLost(form.closest(".pane-deal").dataset.title) : "";
        if (reason === null) {
            event.target.value = event.target.dataset.stage;
        } else {
            send(form, { lost_reason: reason }, `.pane-move[action="${form.getAttribute("action")}"] select`);
        }
    });

    document.addEventListener("submit", (event) => {
        if (event.target.matches(".pane-add, .pane-move")) {
            event.preventDefault();
            send(event.target, {}, ".quick-add summary");
        }
    });
})();
