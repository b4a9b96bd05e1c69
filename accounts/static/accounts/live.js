"use strict";

// Keeps the part of a page that has `data-live` up to date while its tab is visible: asks for it at that address.
(() => {
    const INTERVAL = 2000;
    const find = (page) => page.querySelector("[data-live]");

    // Make `old` what `fresh` is, leaving in place what did not change: focus, what is being typed, what is unfolded,
    // and what a screen reader has already said stay as they are.
    function update(old, fresh) {
        if (old.isEqualNode(fresh)) {
            return;
        }
        const parts = [...fresh.childNodes];
        if (old.nodeName !== fresh.nodeName || old.childNodes.length !== parts.length || !parts.length) {
            old.replaceWith(fresh);
            return;
        }
        for (const {name, value} of fresh.attributes) {
            old.setAttribute(name, value);
        }
        [...old.childNodes].forEach((part, position) => update(part, parts[position]));
    }

    let etag = "";

    async function poll() {
        if (!document.hidden) {
            try {
                const response = await fetch(find(document).dataset.live, {
                    headers: etag ? {"If-None-Match": etag} : {},
                    redirect: "error",
                });
                if (response.ok) {
                    etag = response.headers.get("ETag") || "";
                    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
                    update(find(document), find(fresh));
                }
            } catch {
                // The server is away; the next round asks again.
            }
        }
        setTimeout(poll, INTERVAL);
    }

    setTimeout(poll, INTERVAL);
})();
