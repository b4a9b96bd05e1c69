// What is typed and not sent yet, kept in the browser by business, person and conversation.
//
// A list of conversations shows it by an element with `data-draft-of="BUSINESS:PERSON:CONVERSATION"`, hidden where there
// is none.
import {box, form, mode, setMode} from "./composer_form.js";

const PREFIX = "draft:";

/** Days after which a draft is forgotten. */
const KEPT_DAYS = 30;

const keyOfForm = (of) => `${PREFIX}${of.dataset.owner}:${of.dataset.conversation}`;

function read(key) {
    try {
        return JSON.parse(localStorage.getItem(key));
    } catch {
        return null;
    }
}

/** Show in the list where there is a draft. */
export function mark() {
    document.querySelectorAll("[data-draft-of]").forEach((element) => {
        element.hidden = localStorage.getItem(PREFIX + element.dataset.draftOf) === null;
    });
}

export function save(quoted = null, attempt = null) {
    const of = form();
    const text = box().value;
    if (!text.trim() && !quoted) {
        clear(of);
        return;
    }
    const draft = {text, mode: mode(), quoted, attempt, at: Date.now()};
    try {
        localStorage.setItem(keyOfForm(of), JSON.stringify(draft));
    } catch {
        // The browser keeps nothing, or is full: the text still stands in the box.
    }
    mark();
}

export function clear(of = form()) {
    localStorage.removeItem(keyOfForm(of));
    mark();
}

/** Put what was typed here before into the box; the draft, or null. What the server gave back goes before it. */
export function restore() {
    const draft = read(keyOfForm(form()));
    if (!draft || box().value) {
        return draft;
    }
    setMode(draft.mode);
    box().value = draft.text;
    return draft;
}

/** Forget what nobody came back to. */
export function forgetOld() {
    const oldest = Date.now() - KEPT_DAYS * 24 * 3600 * 1000;
    for (const key of Object.keys(localStorage)) {
        if (key.startsWith(PREFIX) && !(read(key)?.at > oldest)) {
            localStorage.removeItem(key);
        }
    }
}
