// Buttons, links and forms of the page do their work without leaving it.

import {post, ask, partsOf} from "./network.js";
import {leaveUnread, refresh} from "./live.js";
import {loadOlder} from "./log.js";
import {failed, listQuery, open, openNext, openPk, openRow, rows, showList, showMore, showScreen, thread} from "./opening.js";

const root = document.getElementById("inbox");
const OPENS_NEXT = "inbox-opens-next";
const TYPING_PAUSE = 300;

// Links

document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
        return;
    }
    const follow = FOLLOWED.find(([selector]) => link.matches(selector));
    if (follow) {
        event.preventDefault();
        follow[1](link);
    }
});

const FOLLOWED = [
    ["#opened [data-pane], .inbox-row", openRow],
    ["#inbox-queues a", (link) => showList(link.search)],
    ["#inbox-more a", showMore],
    ["[data-older]", (link) => loadOlder(link).catch(failed)],
    ["[data-newest-messages]", () => open(thread().dataset.pane)],
    ["#inbox [data-screen]", (link) => showScreen(link.dataset.screen)],
];

// Buttons of the conversation

async function act(form, button) {
    const verb = button?.value || "";
    const index = rows().findIndex((row) => row.dataset.conversation === openPk());
    const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
    document.querySelectorAll(".inbox-menu[open]").forEach((menu) => menu.removeAttribute("open"));
    try {
        await post(address, new FormData(form, button));
    } catch (error) {
        failed(error);
        return;
    }
    if (verb === "unread") {
        leaveUnread(openPk());
    }
    const next = rows()[index + 1] || rows()[index - 1];
    await refresh();
    if (/^(close|snooze.*)$/.test(verb) && opensNext() && next) {
        openRow(next);
    }
}

const opensNext = () => localStorage.getItem(OPENS_NEXT) === "yes";

document.addEventListener("change", (event) => {
    if (event.target.id === "opens-next") {
        localStorage.setItem(OPENS_NEXT, event.target.checked ? "yes" : "no");
    }
});

export function showChoices() {
    const box = document.getElementById("opens-next");
    if (box) {
        box.checked = opensNext();
    }
}
document.addEventListener("conversation:open", showChoices);

// The customer

async function changeCustomer(form, button) {
    const focused = document.activeElement?.id;
    try {
        const response = await post(form.action, new FormData(form, button));
        showCustomer(await response.text());
        document.getElementById(focused)?.focus();
        refresh();
    } catch (error) {
        document.getElementById("customer-problem").textContent = error.message;
    }
}

function showCustomer(html) {
    document.getElementById("customer").replaceWith(...partsOf(html).filter((part) => part.id === "customer"));
}

document.addEventListener("inbox:customer-changed", async () => {
    try {
        showCustomer(await (await ask(thread().dataset.pane + listQuery())).text());
    } catch {
        // The next answer says so again.
    }
});

// Forms

function search(form) {
    const chosen = [...new FormData(form)].filter(([, value]) => value);
    showList(chosen.length ? `?${new URLSearchParams(chosen)}` : "");
}

document.addEventListener("submit", (event) => {
    const form = event.target;
    const work = {
        "conversation-actions": () => act(form, event.submitter),
        "inbox-search": () => search(form),
        jump: () => open(thread().dataset.pane, "", {search: `?date=${form.elements.date.value}`}),
    }[form.id] || (form.matches(".customer-form") && (() => changeCustomer(form, event.submitter)));
    if (work) {
        event.preventDefault();
        work();
    }
});

let timer = 0;
const searchForm = document.getElementById("inbox-search");
searchForm.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => search(searchForm), TYPING_PAUSE);
});

// One menu is open at a time, and none after a click beside it.
document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".inbox-menu[open]")) {
        if (!menu.contains(event.target)) {
            menu.removeAttribute("open");
        }
    }
});

export {openNext};
root.classList.add("is-scripted");
showChoices();
