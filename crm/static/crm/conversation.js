"use strict";

// The reply box of a conversation: open while one may reply, as accounts/live.js finds it, and sent once.
(() => {
    const form = document.getElementById("reply");

    document.addEventListener("live", () => {
        const state = document.getElementById("conversation-state");
        form.querySelector("fieldset").disabled = state.dataset.mayReply !== "yes";
    });

    form.addEventListener("submit", () => {
        form.querySelector("input[type=submit]").disabled = true;
    });

    // The customer sees “typing…” for 25 seconds.
    const TYPING_INTERVAL = 20000;
    let toldAt = -TYPING_INTERVAL;

    form.addEventListener("input", (event) => {
        if (!form.dataset.typing || !event.target.matches("textarea") || event.timeStamp < toldAt + TYPING_INTERVAL) {
            return;
        }
        toldAt = event.timeStamp;
        const body = new FormData();
        body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        fetch(form.dataset.typing, { method: "POST", body }).catch(() => {});
    });

    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            form.requestSubmit();
        }
    });
})();
