// Sends what stands in the composer: the text, each file as a message of its own, a note, or a text for later.
import * as drafts from "./composer_drafts.js";
import * as files from "./composer_files.js";
import {box, form, makeButton, mode, notice, phrase, post, refreshScheduled, words} from "./composer_form.js";
import {troubleNotice} from "./composer_trouble.js";

let sending = false;
let confirmedIn = "";
let quoted = null;
// What was sent last, and by which key: the same words sent again are the same message.
let attempt = null;

export const quote = () => quoted;

export function setQuote(message) {
    quoted = message;
}

export function begin(draft) {
    quoted = draft?.quoted || null;
    attempt = draft?.attempt || null;
    sending = false;
}

const isLater = () => Boolean(form().elements.send_at?.value) && mode() === "reply";

/** The messages to send, in order: {text, file}. */
function parts() {
    const text = box().value.trim();
    const chosen = mode() === "note" ? [] : files.chosen();
    const captioned = files.takesCaption() && text.length <= 1024;
    const alone = text && (!chosen.length || !captioned) ? [{text, file: null}] : [];
    return [...alone, ...chosen.map((file, position) => ({text: position || !captioned ? "" : text, file}))];
}

function keyFor(part) {
    const content = JSON.stringify([part.text, part.file?.name, part.file?.size, mode(), quoted?.id]);
    if (attempt?.content !== content) {
        attempt = {content, key: crypto.randomUUID?.() || randomKey()};
    }
    return attempt.key;
}

/** A UUID where the page is not served over HTTPS. */
function randomKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function bodyOf(part) {
    const body = new FormData(form());
    body.set("text", part.text);
    body.delete("file");
    if (part.file) {
        body.set("file", part.file);
    }
    body.set("idempotency_key", keyFor(part));
    body.set("reply_to", mode() === "note" ? "" : quoted?.id || "");
    if (!isLater()) {
        body.delete("send_at");
        body.delete("cancel_if_customer_writes");
    }
    return body;
}

/** Whoever answers in a colleague's conversation is asked first. */
function asksFirst() {
    const head = document.getElementById("thread-head") || document.getElementById("thread");
    const who = head?.dataset.assigneeName;
    if (!who || mode() === "note" || confirmedIn === form().dataset.conversation) {
        return false;
    }
    const anyway = () => {
        confirmedIn = form().dataset.conversation;
        send();
    };
    notice(phrase("colleagues", who), makeButton(words().anyway, anyway, "button primary"));
    document.querySelector("#composer-notice button").focus();
    return true;
}

export async function send() {
    const of = form();
    if (sending || of.querySelector("fieldset").disabled) {
        return;
    }
    const bad = mode() === "reply" && files.chosen().map(files.problemOf).find(Boolean);
    if (bad) {
        notice(bad);
        return;
    }
    const toSend = parts();
    if (!toSend.length || asksFirst()) {
        return;
    }
    setSending(true, of);
    const wasLater = isLater();
    const done = await sendEach(toSend, of);
    setSending(false, of);
    if (done && of === form()) {
        finish(wasLater);
    }
}

async function sendEach(toSend, of) {
    for (const part of toSend) {
        const body = bodyOf(part);
        drafts.save(quoted, attempt);
        let answer = await post(of.action, body);
        if (answer.trouble === "stale") {
            answer = await post(of.action, body);
        }
        if (of !== form()) {
            // Another conversation is open by now; the draft of this one stays unless it was sent.
            if (answer.done && toSend.length === 1) {
                drafts.clear(of);
            }
            return false;
        }
        if (!answer.done) {
            refuse(answer);
            return false;
        }
        settle(part);
    }
    return true;
}

function refuse(answer) {
    if (answer.trouble) {
        troubleNotice(answer.trouble, send);
    } else {
        notice((answer.problems || [words().failed]).join(" "));
    }
    box().focus();
}

/** One of the messages is sent: what belongs to it goes from the composer. */
function settle(part) {
    attempt = null;
    quoted = null;
    if (part.file) {
        files.remove(part.file);
    }
    if (part.text && box().value.trim() === part.text) {
        box().value = "";
    }
}

function finish(wasLater) {
    delete form().elements.csrfmiddlewaretoken.dataset.renewed;
    notice();
    drafts.clear();
    if (wasLater) {
        form().elements.send_at.value = "";
        form().elements.cancel_if_customer_writes.checked = false;
        form().querySelector(".composer-later").open = false;
        refreshScheduled();
    }
    document.dispatchEvent(new CustomEvent("conversation:sent", {detail: {pk: form().dataset.conversation}}));
    box().focus();
}

function setSending(value, of) {
    sending = value;
    of.setAttribute("aria-busy", String(value));
    of.elements.text.readOnly = value;
    of.querySelector("[type=submit]").disabled = value;
}

/** React to a message with an emoji. */
export async function react(pk, emoji) {
    const body = new FormData();
    body.set("message", pk);
    body.set("emoji", emoji);
    body.set("idempotency_key", crypto.randomUUID?.() || randomKey());
    const answer = await post(form().dataset.react, body);
    if (answer.done) {
        notice();
        document.dispatchEvent(new CustomEvent("conversation:sent", {detail: {pk: form().dataset.conversation}}));
    } else if (answer.trouble) {
        troubleNotice(answer.trouble, () => react(pk, emoji));
    } else {
        notice(answer.problems.join(" "));
    }
}
