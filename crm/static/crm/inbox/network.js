// Asks the server for parts of the page, and tells what went wrong.

export class SignedOut extends Error {}
export class Refused extends Error {}

const words = document.getElementById("inbox-words").dataset;

/** The response to a request, which may be 304. Throws SignedOut, Refused with a sentence, or whatever fetch throws. */
export async function ask(address, options = {}) {
    const headers = {"X-Requested-With": "fetch", ...options.headers};
    const response = await fetch(address, {...options, headers, redirect: "manual"});
    if (response.type === "opaqueredirect" || response.status === 401) {
        throw new SignedOut(words.signedOut);
    }
    if (!response.ok && response.status !== 304) {
        throw new Refused(await problemOf(response));
    }
    return response;
}

async function problemOf(response) {
    const isJson = response.headers.get("Content-Type")?.includes("json");
    const said = isJson ? (await response.json()).problem : "";
    return said || words.failed;
}

export function post(address, body = new FormData()) {
    if (!body.has("csrfmiddlewaretoken")) {
        body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]")?.value || "");
    }
    return ask(address, {method: "POST", body});
}

/** A form that was opened before somebody signed in anew has a token that is worth nothing now. */
export function renewToken(token) {
    for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
        input.value = token;
    }
}

export function partsOf(html) {
    return [...new DOMParser().parseFromString(html, "text/html").body.children];
}
