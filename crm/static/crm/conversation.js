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

    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            form.requestSubmit();
        }
    });
})();
