"use strict";

// A button with `data-copy` copies the text of the element with that id; where the browser does not allow that, it
// selects the text for Ctrl+C.
document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) {
        return;
    }
    const source = document.getElementById(button.dataset.copy);
    getSelection().selectAllChildren(source);
    try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = button.dataset.done;
    } catch {
        button.textContent = button.dataset.selected;
    }
});
