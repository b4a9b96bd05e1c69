// The messages: they stay where somebody reads, at the newest unless one has scrolled away.

import {ask, partsOf} from "./network.js";

const NEAR = 60;
const scroller = () => document.getElementById("conversation-scroll");
const toNewest = () => document.getElementById("to-newest");

// The box is reversed: nought is its end, and what is above is negative.
export const isAtNewest = () => !scroller() || scroller().scrollTop > -NEAR;

/** Do something that changes the messages, and stay where one reads. */
export function keepingPlace(change) {
    const box = scroller();
    const before = box && {height: box.scrollHeight, top: box.scrollTop, last: lastIncoming()};
    change();
    if (!box?.isConnected || isAtNewest() && before.top > -NEAR) {
        return;
    }
    box.scrollTop = before.top - (box.scrollHeight - before.height);
    if (lastIncoming() !== before.last) {
        toNewest().hidden = false;
    }
}

const lastIncoming = () => [...document.querySelectorAll("#conversation-log .entry.in")].at(-1)?.id;

export function goToNewest() {
    scroller()?.scrollTo({top: 0});
    const button = toNewest();
    if (button) {
        button.hidden = true;
    }
}

document.addEventListener("click", (event) => {
    if (event.target.closest("#to-newest")) {
        goToNewest();
    }
});

document.addEventListener("scroll", (event) => {
    if (event.target === scroller() && isAtNewest()) {
        toNewest().hidden = true;
    }
}, true);

// Older messages come above those that are shown, and what moves up there from the page that updates itself stays.

export async function loadOlder(link) {
    const response = await ask(link.dataset.older);
    const log = partsOf(await response.text()).find((part) => part.id === "conversation-log");
    const place = document.getElementById("older-log");
    link.closest("p").remove();
    log.querySelector("#newest-messages")?.remove();
    const box = scroller();
    const top = box.scrollTop;
    place.prepend(...log.children);
    joinDays(place);
    box.scrollTop = top;
}

/** Of two parts of one day the first has its heading. */
function joinDays(place) {
    const seen = new Set();
    for (const heading of place.parentElement.querySelectorAll(".conversation-day > h3")) {
        heading.hidden = seen.has(heading.textContent);
        seen.add(heading.textContent);
    }
}

/** Make a fresh log fit what is shown: older messages that were loaded stay, and none is lost between. */
export function fitLog(fresh) {
    const place = document.getElementById("older-log");
    if (!place?.childElementCount) {
        return;
    }
    fresh.querySelector("#older-messages")?.remove();
    const first = fresh.querySelector(".entry");
    const shown = [...document.querySelectorAll("#conversation-log .entry")];
    const position = first ? shown.findIndex((entry) => entry.id === first.id) : 0;
    if (position > 0) {
        const list = document.createElement("ol");
        list.append(...shown.slice(0, position));
        place.append(list);
    }
}
