"use strict";

// Posts a form of deals, and says in a sentence why something was not done. `texts` has data-offline and
// data-signed-out.
const dealRequests = {
    async post(form, texts, extra) {
        const body = new FormData(form);
        for (const [name, value] of Object.entries(extra)) {
            body.set(name, value);
        }
        let response;
        try {
            response = await fetch(form.action, { method: "POST", body });
        } catch {
            return { ok: false, detail: texts.dataset.offline };
        }
        if (response.redirected || response.status === 403) {
            return { ok: false, detail: texts.dataset.signedOut };
        }
        const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
        const data = isJson ? await response.json() : { html: await response.text() };
        const isDone = response.ok && data.is_done !== false;
        return { detail: texts.dataset.offline, ...data, ok: isDone };
    },

    // The elements of a fragment of HTML.
    elements(html) {
        const template = document.createElement("template");
        template.innerHTML = html;
        return [...template.content.children];
    },

    // Shows a sentence in a place for problems; none hides it.
    tell(place, sentence) {
        (place.querySelector("span") || place).textContent = sentence || "";
        place.hidden = !sentence;
    },
};
