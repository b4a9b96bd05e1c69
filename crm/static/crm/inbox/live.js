// Keeps the page up to date by one small question every few seconds, to which the answer mostly is: nothing new.

import {ask, partsOf, post, renewToken, SignedOut} from "./network.js";
import {alertIfNew, clearNotice, notice, showWaiting, tellSignedOut} from "./notices.js";
import {fitLog, isAtNewest, keepingPlace} from "./log.js";

const VISIBLE = 3000;
const HIDDEN = 15000;
const LONGEST = 30000;
/** So long after a key somebody is writing. */
const WRITES = 4000;

const root = document.getElementById("inbox");
const words = document.getElementById("inbox-words").dataset;
const thread = () => document.getElementById("thread");

let etag = "";
let failures = 0;
let timer = 0;
let asked = 0;
let typedAt = 0;
/** The conversation that somebody set back to unread, until they open it again. */
let leftUnread = "";

export function leaveUnread(pk) {
    leftUnread = pk;
}

function address() {
    const query = new URLSearchParams(location.search);
    ["screen", "after", "date", "before"].forEach((name) => query.delete(name));
    const {conversation} = thread().dataset;
    if (conversation) {
        query.set("open", conversation);
    }
    if (isLookedAt()) {
        query.set(Date.now() - typedAt < WRITES ? "writes" : "looks", "1");
    }
    query.set("rows", document.querySelectorAll("#inbox-items > li").length);
    return `${root.dataset.inboxLive}?${query}`;
}

const isLookedAt = () => !document.hidden && document.hasFocus();

async function poll() {
    clearTimeout(timer);
    const mine = ++asked;
    const asks = address();
    try {
        const response = await ask(asks, etag ? {headers: {"If-None-Match": etag}} : {});
        const html = response.status === 304 ? "" : await response.text();
        if (mine !== asked) {
            return;
        }
        isWell(response);
        if (html) {
            etag = response.headers.get("ETag") || "";
            show(partsOf(html));
        }
        readIfLookedAt();
    } catch (error) {
        if (mine !== asked) {
            return;
        }
        isNotWell(error);
    }
    timer = setTimeout(poll, pause());
}

function pause() {
    const regular = document.hidden ? HIDDEN : VISIBLE;
    return failures ? Math.min(VISIBLE * 2 ** failures, LONGEST) : regular;
}

function isWell(response) {
    failures = 0;
    clearNotice("offline");
    clearNotice("signed-out");
    const token = response.headers.get("X-CSRFToken");
    if (token) {
        renewToken(token);
    }
    const person = response.headers.get("X-Person");
    if (person && person !== root.dataset.person) {
        // Somebody else signed in in another tab.
        location.reload();
    }
}

function isNotWell(error) {
    etag = "";
    if (error instanceof SignedOut) {
        failures = 0;
        clearNotice("offline");
        tellSignedOut();
        return;
    }
    failures = Math.min(failures + 1, 4);
    notice("offline", words.offline);
}

/** Ask now, whatever was answered before. */
export function refresh() {
    etag = "";
    return poll();
}

function show(parts) {
    const fresh = parts.find((part) => part.id === "conversation-log");
    const isNewest = thread().dataset.newest === "yes";
    const shown = isNewest ? parts : parts.filter((part) => part !== fresh);
    keepingPlace(() => {
        if (fresh && isNewest) {
            fitLog(fresh);
        }
        liveParts.show(shown);
    });
    noteHead();
    showWaiting();
    alertIfNew();
}

function noteHead() {
    const head = document.getElementById("thread-head");
    if (!head) {
        return;
    }
    const {assigneeName, colleagues, revision} = head.dataset;
    Object.assign(thread().dataset, {assigneeName, colleagues});
    const customer = document.getElementById("customer");
    if (customer.dataset.revision !== revision && !customer.contains(document.activeElement)) {
        document.dispatchEvent(new CustomEvent("inbox:customer-changed"));
    }
}

// Only who looks at the newest messages has read them.

function readIfLookedAt() {
    const {conversation, newest, read} = thread().dataset;
    const row = document.getElementById(`row-${conversation}-link`);
    if (conversation && conversation !== leftUnread && newest === "yes" && isLookedAt() && isAtNewest() && Number(row?.dataset.unread)) {
        row.dataset.unread = "0";
        row.parentElement.classList.remove("is-unread");
        row.querySelector(".inbox-unread")?.remove();
        post(read).catch(() => {});
    }
}

/** A conversation was opened: it is read if somebody looks at it. */
export function noteOpened() {
    const {conversation, newest, read} = thread().dataset;
    leftUnread = "";
    if (conversation && newest === "yes" && isLookedAt()) {
        post(read).catch(() => {}).then(refresh);
    } else {
        refresh();
    }
}

document.addEventListener("visibilitychange", () => !document.hidden && refresh());
window.addEventListener("focus", () => poll());
window.addEventListener("online", () => refresh());
window.addEventListener("offline", () => notice("offline", words.offline));
document.addEventListener("input", (event) => {
    if (event.target.closest("#reply textarea")) {
        typedAt = Date.now();
    }
});
document.addEventListener("conversation:sent", () => {
    typedAt = 0;
    refresh();
});
timer = setTimeout(poll, VISIBLE);
showWaiting();
