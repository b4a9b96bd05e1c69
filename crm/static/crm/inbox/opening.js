// Opens conversations and lists in place: the address changes, Back works, and nothing else of the page is loaded.

import {ask, partsOf, SignedOut} from "./network.js";
import {showWaiting, tell, tellSignedOut} from "./notices.js";
import {noteOpened, refresh} from "./live.js";

const root = document.getElementById("inbox");
const place = document.getElementById("opened");
const nothing = place.innerHTML;
const NAMES = ["queue", "number", "tag", "assignee", "closing", "search"];

let latest = 0;
/** Where in the list the open conversation stood, to go on from there when it has left. */
export let position = -1;

export const thread = () => document.getElementById("thread");
export const openPk = () => thread().dataset.conversation || "";
export const rows = () => [...document.querySelectorAll("#inbox-items .inbox-row")];

/** The query string of what the list shows. */
export function listQuery() {
    const query = new URLSearchParams(location.search);
    const chosen = new URLSearchParams(NAMES.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
    return chosen.size ? `?${chosen}` : "";
}

export function failed(error) {
    if (error instanceof SignedOut) {
        tellSignedOut();
    } else {
        tell(error);
    }
}

export function showScreen(name) {
    root.dataset.screen = name;
}

/** Open the conversation whose pane has an address; the address of the page is `href`, unless it is that already. */
export async function open(pane, href, {search = ""} = {}) {
    const mine = ++latest;
    place.setAttribute("aria-busy", "true");
    try {
        const query = new URLSearchParams(listQuery() + search.replace("?", "&"));
        const html = await (await ask(`${pane}?${query}`)).text();
        if (mine !== latest) {
            return;
        }
        leave();
        place.replaceChildren(...partsOf(html));
        if (href) {
            history.pushState({}, "", href);
        }
        entered();
    } catch (error) {
        failed(error);
    } finally {
        place.removeAttribute("aria-busy");
    }
}

function leave() {
    if (openPk()) {
        document.dispatchEvent(new CustomEvent("conversation:leave", {detail: {pk: openPk()}}));
    }
}

function entered() {
    showScreen("thread");
    markCurrent();
    document.dispatchEvent(new CustomEvent("conversation:open", {detail: {pk: Number(openPk())}}));
    showWaiting();
    noteOpened();
}

export function markCurrent() {
    rows().forEach((row, index) => {
        const isOpen = row.dataset.conversation === openPk();
        row.setAttribute("aria-current", String(isOpen));
        if (isOpen) {
            position = index;
            row.scrollIntoView({block: "nearest"});
        }
    });
}

function closeThread() {
    leave();
    place.innerHTML = nothing;
    if (place.querySelector("[data-conversation]")) {
        // The page came with a conversation open.
        location.reload();
    }
    showScreen("list");
    markCurrent();
    showWaiting();
}

export const openRow = (row) => open(row.dataset.pane, new URL(row.href).pathname + listQuery());

/** The conversation after or before the open one, in the list as it is now. */
export function openNext(step) {
    const all = rows();
    const index = all.findIndex((row) => row.dataset.conversation === openPk());
    const next = index >= 0 ? index + step : step > 0 ? Math.max(position, 0) : position - 1;
    const row = all[Math.min(Math.max(next, 0), all.length - 1)];
    if (row && row.dataset.conversation !== openPk()) {
        openRow(row);
    }
}

// Lists

/** Show the list that a query string chooses, beside the conversation that is open. */
export async function showList(query, {push = true} = {}) {
    const mine = ++latest;
    try {
        const html = await (await ask(`${root.dataset.rows}${query}`)).text();
        if (mine !== latest) {
            return;
        }
        document.getElementById("inbox-rows").replaceWith(...partsOf(html));
        document.getElementById("inbox-scroll").scrollTop = 0;
        if (push) {
            const path = openPk() ? `${root.dataset.inbox}${openPk()}/` : root.dataset.inbox;
            history.pushState({}, "", `${path}${query}`);
        }
        markQueue();
        markCurrent();
        refresh();
    } catch (error) {
        failed(error);
    }
}

function markQueue() {
    const query = new URLSearchParams(location.search);
    const queue = query.get("search") ? "" : query.get("queue") || "waiting";
    for (const link of document.querySelectorAll("#inbox-queues a")) {
        link.setAttribute("aria-current", link.dataset.queue === queue ? "page" : "false");
    }
    const hidden = document.querySelector("#inbox-search [name=queue]");
    if (hidden) {
        hidden.value = query.get("queue") || "waiting";
    }
}

export async function showMore(link) {
    try {
        const [more] = partsOf(await (await ask(link.dataset.rows)).text());
        document.getElementById("inbox-items").append(...more.querySelectorAll("#inbox-items > li"));
        document.getElementById("inbox-more").remove();
        const next = more.querySelector("#inbox-more");
        if (next) {
            document.getElementById("inbox-rows").append(next);
        }
        markCurrent();
    } catch (error) {
        failed(error);
    }
}

window.addEventListener("popstate", async () => {
    const [, pk] = location.pathname.match(/\/inbox\/(\d+)\/$/) || [];
    const shown = document.getElementById("inbox-rows").dataset.query;
    if (shown !== listQuery()) {
        await showList(listQuery(), {push: false});
    }
    if (pk && pk !== openPk()) {
        await open(`${root.dataset.inbox}${pk}/pane/`);
    } else if (!pk && openPk()) {
        closeThread();
    }
});
