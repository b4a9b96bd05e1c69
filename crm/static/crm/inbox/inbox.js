// The inbox: every part of it in a file of its own.

import "./acting.js";
import "./keyboard.js";
import "./live.js";
import "./opening.js";

/** The list fills what is left of the window below whatever stands above it. */
function fit() {
    const inbox = document.getElementById("inbox");
    inbox.style.setProperty("--inbox-top", `${Math.round(inbox.getBoundingClientRect().top + window.scrollY)}px`);
}

window.addEventListener("resize", fit);
fit();
