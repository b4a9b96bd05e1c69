// The form of the composer that is on the page now, its words, and what it says.

export const form = () => document.getElementById("reply");
export const box = () => form()?.elements.text;
export const words = () => document.getElementById("composer-words").dataset;

/** A word of the page with its place filled. */
export const phrase = (name, value) => words()[name].replace("{}", value);

export const mode = () => form().querySelector("[name=mode]:checked")?.value || "reply";

export function setMode(name) {
    const choice = form().querySelector(`[name=mode][value=${name}]`);
    if (choice && !choice.checked) {
        choice.checked = true;
        choice.dispatchEvent(new Event("change", {bubbles: true}));
    }
}

/** An element of this tag with a class, words and children. */
export function make(tag, className = "", text = "", ...children) {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    element.append(...children);
    return element;
}

export function makeButton(text, press, className = "button quiet") {
    const button = make("button", className, text);
    button.type = "button";
    button.addEventListener("click", press);
    return button;
}

/** Say something above the box: a sentence, and what can be done. Nothing: be silent. */
export function notice(text = "", ...actions) {
    document.getElementById("composer-notice").replaceChildren(...(text ? [make("p", "", text), ...actions] : []));
}

/** Put a text in place of a part of the box, as if it were typed. */
export function insert(text, from = box().selectionStart, to = box().selectionEnd) {
    box().focus();
    box().setRangeText(text, from, to, "end");
    box().dispatchEvent(new Event("input", {bubbles: true}));
}

/** Post to the form's server for JSON or a part of a page; what it answers, or why nothing came of it. */
export async function post(url, body) {
    body.set("csrfmiddlewaretoken", form().elements.csrfmiddlewaretoken.value);
    let response;
    try {
        response = await fetch(url, {method: "POST", body, redirect: "manual", headers: {"X-Part": "composer"}});
    } catch {
        return {trouble: "offline"};
    }
    if (response.type === "opaqueredirect" || response.status === 403) {
        return {trouble: await whoIsSignedIn()};
    }
    if (!response.ok) {
        return {trouble: "failed"};
    }
    const isJson = response.headers.get("Content-Type").includes("json");
    return isJson ? response.json() : {html: await response.text()};
}

/** Why a post was refused: "signedOut", "somebodyElse", "stale" (the token is renewed: post again) or "forbidden". */
export async function whoIsSignedIn() {
    const here = form();
    try {
        const response = await fetch(here.dataset.offers, {redirect: "manual"});
        if (!response.ok) {
            return response.type === "opaqueredirect" ? "signedOut" : "failed";
        }
        const {user, csrf} = await response.json();
        if (String(user) !== here.dataset.user) {
            return "somebodyElse";
        }
        const token = here.elements.csrfmiddlewaretoken;
        const isRenewed = token.dataset.renewed !== "yes";
        token.dataset.renewed = "yes";
        document.querySelectorAll("#composer [name=csrfmiddlewaretoken]").forEach((field) => { field.value = csrf; });
        return isRenewed ? "stale" : "forbidden";
    } catch {
        return "offline";
    }
}

/** Put fresh parts of the composer in the place of those with the same ids. */
export function replaceParts(html, ...ids) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const id of ids) {
        const part = fresh.getElementById(id);
        if (part) {
            document.getElementById(id)?.replaceWith(part);
        }
    }
}

/** Read the messages for later anew. */
export async function refreshScheduled() {
    try {
        const response = await fetch(form().dataset.composer, {redirect: "error"});
        if (response.ok) {
            replaceParts(await response.text(), "scheduled");
        }
    } catch {
        // The next one shows them.
    }
}
