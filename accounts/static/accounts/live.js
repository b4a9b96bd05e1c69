"use strict";

// Keeps parts of a page up to date while its tab is visible. The element with `data-live` has the address of the parts;
// each replaces the one with the same id. Afterwards the document gets the event `live`. A page that asks in its own way
// shows what it gets by `liveParts.show`.
(() => {
    const INTERVAL = 2000;
    const source = () => document.querySelector("[data-live]");

    // Make `old` equal to `fresh`, leaving unchanged nodes in place: the focus, text being typed, unfolded details and
    // what a screen reader has already read stay as they are.
    function update(old, fresh) {
        if (old.isEqualNode(fresh)) {
            return;
        }
        if (old.nodeName === "SELECT") {
            // What is chosen there is no attribute. Whoever is choosing goes on.
            if (old !== document.activeElement) {
                old.replaceWith(fresh);
            }
            return;
        }
        const parts = [...fresh.childNodes];
        const areKeyed = Boolean(fresh.firstElementChild?.id);
        const areAlike = old.nodeName === fresh.nodeName && parts.length;
        if (!areAlike || (!areKeyed && old.childNodes.length !== parts.length)) {
            old.replaceWith(fresh);
            return;
        }
        for (const {name, value} of fresh.attributes) {
            old.setAttribute(name, value);
        }
        if (areKeyed) {
            arrange(old, [...fresh.children]);
        } else {
            [...old.childNodes].forEach((part, position) => update(part, parts[position]));
        }
    }

    // Make the children of `old` equal to `children`, matching them by id and inserting new ones in their places.
    function arrange(old, children) {
        let place = old.firstElementChild;
        for (const child of children) {
            const known = child.id ? [...old.children].find((candidate) => candidate.id === child.id) : null;
            if (!known) {
                old.insertBefore(child, place);
                continue;
            }
            if (known === place) {
                place = place.nextElementSibling;
            } else {
                old.insertBefore(known, place);
            }
            update(known, child);
        }
        while (place) {
            const next = place.nextElementSibling;
            place.remove();
            place = next;
        }
    }

    function show(html) {
        showParts([...new DOMParser().parseFromString(html, "text/html").body.children]);
    }

    function showParts(parts) {
        for (const part of parts) {
            const shown = document.getElementById(part.id);
            if (shown) {
                update(shown, part);
            }
        }
        document.dispatchEvent(new Event("live"));
    }

    globalThis.liveParts = {show: showParts};

    let etag = "";

    async function poll() {
        if (!document.hidden) {
            try {
                const response = await fetch(source().dataset.live, {
                    headers: etag ? {"If-None-Match": etag} : {},
                    redirect: "error",
                });
                if (response.ok) {
                    etag = response.headers.get("ETag") || "";
                    show(await response.text());
                }
            } catch {
                // The server is unavailable; the next poll tries again.
            }
        }
        setTimeout(poll, INTERVAL);
    }

    if (source()) {
        setTimeout(poll, INTERVAL);
    }
})();
