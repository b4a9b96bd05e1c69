"use strict";

// Asks why a deal was lost. The answer is a reason, or null from whoever leaves the deal where it was.
function askWhyLost(title) {
    const dialog = document.getElementById("lost-dialog");
    const reason = dialog.querySelector("textarea");
    dialog.querySelector(".lost-deal").textContent = title;
    reason.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener(
            "close",
            () => {
                const text = reason.value.trim();
                resolve(dialog.returnValue === "lost" && text ? text : null);
            },
            { once: true },
        );
    });
}
