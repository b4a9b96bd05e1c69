"use strict";

// The box to answer in: sent once, without leaving the page, and off while one may not write.
(() => {
    // The customer sees “typing…” for 25 seconds, colleagues for six.
    const TYPING_INTERVAL = 4000;
    let toldAt = -TYPING_INTERVAL;
    const box = () => document.getElementById("reply");

    function follow() {
        const state = document.getElementById("conversation-state");
        if (state && box()) {
            box().querySelector("fieldset").disabled = state.dataset.mayReply !== "yes";
        }
    }

    document.addEventListener("live", follow);
    document.addEventListener("conversation:open", () => {
        if (matchMedia("(hover: hover)").matches) {
            box()?.elements.text.focus();
        }
    });

    function newKey() {
        const bytes = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0"));
        return bytes.join("");
    }

    async function send(form) {
        const button = form.querySelector("input[type=submit]");
        button.disabled = true;
        const response = await fetch(form.action, {
            method: "POST", body: new FormData(form), headers: {"X-Requested-With": "fetch"},
        }).catch(() => null);
        button.disabled = false;
        form.querySelector(".problem")?.remove();
        if (response?.ok) {
            form.reset();
            form.elements.idempotency_key.value = newKey();
            document.dispatchEvent(new CustomEvent("conversation:sent"));
            return;
        }
        const problem = document.createElement("p");
        problem.className = "problem errornote";
        problem.textContent = response ? (await response.json()).problem : "";
        form.prepend(problem);
    }

    document.addEventListener("submit", (event) => {
        if (event.target.id === "reply") {
            event.preventDefault();
            if (!event.target.querySelector("input[type=submit]").disabled) {
                send(event.target);
            }
        }
    });

    document.addEventListener("input", (event) => {
        const form = event.target.closest("#reply");
        if (!form?.dataset.typing || event.timeStamp < toldAt + TYPING_INTERVAL) {
            return;
        }
        toldAt = event.timeStamp;
        const body = new FormData();
        body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        fetch(form.dataset.typing, {method: "POST", body}).catch(() => {});
    });

    document.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#reply")) {
            event.preventDefault();
            event.target.form.requestSubmit();
        }
    });
})();
