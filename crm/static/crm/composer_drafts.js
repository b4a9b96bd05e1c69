// What is typed and not sent yet, kept in the browser by business, person and conversation.
//
// The list of conversations may show it: `draftOf(owner, conversation)`, and the event `draft:change` of the document.
import {box, form, mode, setMode} from "./composer_form.js";

const PREFIX = "draft:";

/** Days after which a draft is forgotten. */
const KEPT_DAYS = 30;

const keyOf = (owner, conversation) => `${PREFIX}${owner}:${conversation}`;
const keyOfForm = (of) => keyOf(of.dataset.owner, of.dataset.conversation);

function read(key) {
    try {
        return JSON.parse(localStorage.getItem(key));
    } catch {
        return null;
    }
}

/** The draft of a person in a conversation: {text, mode, quoted, attempt, at}, or null. */
export const draftOf = (owner, conversation) => read(keyOf(owner, conversation));

function tell(of, draft) {
    const detail = {conversation: of.dataset.conversation, text: draft?.text || ""};
    document.dispatchEvent(new CustomEvent("draft:change", {detail}));
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
    tell(of, draft);
}

export function clear(of = form()) {
    localStorage.removeItem(keyOfForm(of));
    tell(of, null);
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
