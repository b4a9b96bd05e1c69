// The keys of the inbox, while nobody types.

import {openNext} from "./opening.js";

const help = document.getElementById("keys");
const press = (id) => () => document.getElementById(id)?.click();
const writes = () => document.querySelector("#reply textarea:not(:disabled)")?.focus();

function openMenu(id) {
    return () => {
        const menu = document.getElementById(id);
        if (menu) {
            menu.open = true;
            menu.querySelector("select, button, input").focus();
        }
    };
}

function note() {
    document.querySelector("#reply [name=mode][value=note]")?.click();
    writes();
}

// By the key's place, so that they are the same on a Russian keyboard.
const KEYS = {
    KeyJ: () => openNext(1),
    KeyK: () => openNext(-1),
    ArrowDown: () => openNext(1),
    ArrowUp: () => openNext(-1),
    KeyE: press("verb-close"),
    KeyA: openMenu("menu-assign"),
    KeyS: openMenu("menu-snooze"),
    KeyU: press("verb-unread"),
    KeyN: note,
    KeyT: press("composer-template"),
};

const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable], dialog[open]");
const scrolls = (event) => event.code.startsWith("Arrow") && event.target.closest("#conversation-scroll, .inbox-customer");

document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) {
        return;
    }
    if (event.key === "Escape") {
        leave(event);
        return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
        return;
    }
    const work = workOf(event);
    if (work) {
        event.preventDefault();
        work();
    }
});

function workOf(event) {
    if (event.key === "?") {
        return () => help.showModal();
    }
    if (event.key === "/" || (event.code === "Slash" && !event.shiftKey)) {
        return () => document.getElementById("inbox-query").focus();
    }
    if (event.key === "Enter" && !event.target.closest("a, button, summary, audio, video")) {
        return writes;
    }
    return event.shiftKey || scrolls(event) ? null : KEYS[event.code];
}

function leave(event) {
    const menu = document.querySelector(".inbox-menu[open]");
    if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
    } else if (isTyping(event.target) && !help.open) {
        event.target.blur();
    }
}

document.getElementById("show-keys").addEventListener("click", () => help.showModal());
