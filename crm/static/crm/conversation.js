"use strict";

// Keeps the page of a conversation up to date while its tab is visible, and spares a second click on Send.
(() => {
    const INTERVAL = 3000;
    const form = document.getElementById("reply");

    // Make the children of `old` those of `fresh`, leaving what did not change in place: focus, selection and
    // what a screen reader has already said stay as they are. Children are told apart by their ids.
    function reconcile(old, fresh) {
        let place = old.firstElementChild;
        for (const child of [...fresh.children]) {
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
            if (known.isEqualNode(child)) {
                continue;
            }
            if (child.firstElementChild?.id) {
                reconcile(known, child);
            } else {
                known.replaceWith(child);
            }
        }
        while (place) {
            const next = place.nextElementSibling;
            place.remove();
            place = next;
        }
    }

    function show(html) {
        const fresh = new DOMParser().parseFromString(html, "text/html");
        for (const id of ["conversation-log", "conversation-state"]) {
            reconcile(document.getElementById(id), fresh.getElementById(id));
        }
        const state = document.getElementById("conversation-state");
        state.dataset.mayReply = fresh.getElementById("conversation-state").dataset.mayReply;
        form.querySelector("fieldset").disabled = state.dataset.mayReply !== "yes";
    }

    let etag = "";

    async function poll() {
        if (!document.hidden) {
            try {
                const response = await fetch(form.dataset.live, {
                    headers: etag ? {"If-None-Match": etag} : {},
                    redirect: "error",
                });
                if (response.ok) {
                    etag = response.headers.get("ETag") || "";
                    show(await response.text());
                }
            } catch {
                // The server is away; the next round asks again.
            }
        }
        setTimeout(poll, INTERVAL);
    }

    if (form.dataset.live) {
        setTimeout(poll, INTERVAL);
    }

    form.addEventListener("submit", () => {
        form.querySelector("input[type=submit]").disabled = true;
    });

    form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            form.requestSubmit();
        }
    });
})();
