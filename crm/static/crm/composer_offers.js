// What the box offers while one types: canned replies after “/” at its beginning, colleagues after “@” in a note.
import {box, form, insert, make, mode, words} from "./composer_form.js";

const MAX_SHOWN = 8;

let offers = null;
let offersOf = "";
let found = [];
let active = 0;
let panel = null;

async function load() {
    const of = form().dataset.conversation;
    if (offersOf === of && offers) {
        return offers;
    }
    try {
        const response = await fetch(form().dataset.offers, {redirect: "error"});
        offers = response.ok ? await response.json() : null;
        offersOf = of;
    } catch {
        offers = null;
    }
    return offers;
}

export function forget() {
    offers = null;
    close();
}

export const isOpen = () => Boolean(panel);

/** What is being looked for: {kind, query, from}, or null. */
function sought() {
    const before = box().value.slice(0, box().selectionStart);
    if (mode() === "note") {
        const name = /(?:^|\s)@([^\s@]*)$/.exec(before);
        return name && {kind: "colleagues", query: name[1].toLowerCase(), from: before.length - name[1].length - 1};
    }
    const shortcut = /^\/([^\n]*)$/.exec(before);
    return shortcut && {kind: "replies", query: shortcut[1].toLowerCase(), from: 0};
}

function matching(kind, query) {
    if (kind === "colleagues") {
        return offers.colleagues.filter((name) => name.toLowerCase().split(/\s+/).some((part) => part.startsWith(query)));
    }
    const begins = offers.replies.filter((reply) => reply.shortcut.startsWith(query));
    const holds = offers.replies.filter((reply) => !begins.includes(reply) && reply.text.toLowerCase().includes(query));
    return [...begins, ...holds];
}

export async function update() {
    if (!sought() || !(await load())) {
        close();
        return;
    }
    // What was typed while it was loading counts.
    const wanted = sought();
    if (!wanted) {
        close();
        return;
    }
    found = matching(wanted.kind, wanted.query).slice(0, MAX_SHOWN);
    active = 0;
    show(wanted);
}

function show(wanted) {
    close();
    panel = make("div", "composer-offers card");
    const list = make("ul", "", "", ...found.map((offer, position) => option(offer, position, wanted)));
    list.id = "composer-offers";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", words().offers);
    if (found.length) {
        panel.append(list);
        box().setAttribute("aria-controls", list.id);
    } else if (wanted.kind === "replies") {
        panel.append(nothing());
    } else {
        close();
        return;
    }
    box().parentElement.append(panel);
    mark();
}

function nothing() {
    if (offers.replies.length) {
        return make("p", "quiet", words().nothing);
    }
    const link = make("a", "", words().noCanned);
    link.href = form().dataset.canned;
    return make("p", "", "", link);
}

function option(offer, position, wanted) {
    const isReply = wanted.kind === "replies";
    const item = make("li", "", isReply ? "" : offer);
    if (isReply) {
        item.append(make("b", "", `/${offer.shortcut}`), make("span", "", offer.text));
    }
    item.id = `composer-offer-${position}`;
    item.setAttribute("role", "option");
    // The box keeps the focus.
    item.addEventListener("mousedown", (event) => event.preventDefault());
    item.addEventListener("click", () => take(position, wanted));
    return item;
}

function mark() {
    panel?.querySelectorAll("[role=option]").forEach((item, position) => {
        item.setAttribute("aria-selected", String(position === active));
        if (position === active) {
            item.scrollIntoView({block: "nearest"});
            box().setAttribute("aria-activedescendant", item.id);
        }
    });
}

function take(position, wanted = sought()) {
    const offer = found[position];
    close();
    insert(wanted.kind === "replies" ? offer.text : `@${offer} `, wanted.from, box().selectionStart);
    close();
}

export function close() {
    panel?.remove();
    panel = null;
    box()?.removeAttribute("aria-activedescendant");
    box()?.removeAttribute("aria-controls");
}

/** A key pressed while offers are shown; whether it was meant for them. */
export function press(event) {
    if (!panel) {
        return false;
    }
    const steps = {ArrowDown: 1, ArrowUp: -1};
    if (event.key === "Escape") {
        close();
    } else if (event.key in steps && found.length) {
        active = (active + steps[event.key] + found.length) % found.length;
        mark();
    } else if ((event.key === "Enter" || event.key === "Tab") && found.length && !event.shiftKey) {
        take(active);
    } else {
        return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
}
