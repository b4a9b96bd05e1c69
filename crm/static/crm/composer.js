// The composer of a conversation: what is typed, how it looks, and which key does what. It works on whatever
// conversation is on the page: the inbox puts another one there and says so by `conversation:open`.
import * as drafts from "./composer_drafts.js";
import * as emoji from "./composer_emoji.js";
import * as files from "./composer_files.js";
import {box, form, insert, make, makeButton, mode, notice, post, phrase, refreshScheduled, replaceParts, setMode, words} from "./composer_form.js";
import * as offers from "./composer_offers.js";
import * as sending from "./composer_send.js";
import * as templates from "./composer_templates.js";
import * as trouble from "./composer_trouble.js";

const ENTER = "composer:enter";
const MAX_TEXT = 4096;
/** So many characters before the end they are counted. */
const COUNTED = 300;
/** Milliseconds: the customer sees “typing…” for 25 seconds, colleagues for a few. */
const TYPING_INTERVAL = 20000;
const COLLEAGUES_INTERVAL = 5000;

const isTouch = matchMedia("(pointer: coarse)").matches;
const isNarrow = matchMedia("(max-width: 640px)");
const hasLimit = () => box().value.length > MAX_TEXT - COUNTED;
let toldAt = -TYPING_INTERVAL;
let toldColleaguesAt = -COLLEAGUES_INTERVAL;

const enterSends = () => (localStorage.getItem(ENTER) || (isTouch ? "breaks" : "sends")) === "sends";

// How it looks

function grow() {
    box().style.height = "auto";
    box().style.height = `${Math.min(box().scrollHeight + 2, window.innerHeight * (isNarrow.matches ? 0.25 : 0.4))}px`;
}

function count() {
    const output = document.getElementById("composer-count");
    const left = MAX_TEXT - box().value.length;
    output.hidden = !hasLimit();
    output.classList.toggle("bad", left < 0);
    output.value = left < 0 ? phrase("tooLong", -left) : phrase("left", left);
}

function look() {
    const isNote = mode() === "note";
    const state = document.getElementById("conversation-state");
    const mayReply = state ? state.dataset.mayReply === "yes" : !form().querySelector("fieldset").disabled;
    form().classList.toggle("is-note", isNote);
    form().querySelector("fieldset").disabled = !(isNote || mayReply);
    const own = words();
    box().placeholder = isNote ? own.noteLabel : box().dataset.placeholder;
    form().querySelector(`label[for="${box().id}"]`).textContent = isNote ? own.noteLabel : own.replyLabel;
    const button = form().querySelector("[type=submit]");
    const isLater = !isNote && form().elements.send_at.value;
    button.querySelector("span").textContent = button.dataset[isNote ? "note" : isLater ? "later" : "send"];
    showQuote();
    grow();
    count();
}

function showQuote() {
    const bar = document.getElementById("composer-quote");
    const quoted = mode() === "note" ? null : sending.quote();
    bar.hidden = !quoted;
    if (quoted) {
        const remove = makeButton("×", () => quoteMessage(null), "icon-button");
        remove.setAttribute("aria-label", words().noReply);
        bar.replaceChildren(make("span", "visually-hidden", words().quoted), make("q", "", quoted.text), remove);
    }
}

function quoteMessage(message) {
    sending.setQuote(message);
    drafts.save(message);
    look();
    box().focus();
}

// What is put on the page

function open() {
    if (!form()) {
        return;
    }
    box().dataset.placeholder ||= box().placeholder;
    box().setAttribute("aria-autocomplete", "list");
    form().elements.file.multiple = true;
    form().elements.file.classList.add("visually-hidden");
    document.getElementById("composer-emoji").hidden = false;
    document.getElementById("composer-canned").hidden = false;
    const enter = document.getElementById("composer-enter");
    enter.hidden = isTouch;
    enter.querySelector("input").checked = enterSends();
    toldAt = -TYPING_INTERVAL;
    toldColleaguesAt = -COLLEAGUES_INTERVAL;
    files.clear();
    offers.forget();
    sending.begin(drafts.restore());
    templates.prepare();
    addTimes();
    look();
    if (!isTouch && !box().disabled) {
        box().focus({preventScroll: true});
    }
}

/** Times to send at, in the business's zone. */
function addTimes() {
    const zone = form().dataset.timeZone;
    const inZone = (date) => new Intl.DateTimeFormat("sv-SE", {
        timeZone: zone, dateStyle: "short", timeStyle: "short",
    }).format(date).replace(" ", "T");
    const now = new Date();
    const [today, clock] = inZone(now).split("T");
    const choices = [
        [words().inAnHour, inZone(new Date(now.getTime() + 3600e3))],
        ...(clock < "18:00" ? [[words().thisEvening, `${today}T18:00`]] : []),
        [words().tomorrow, `${inZone(new Date(now.getTime() + 86400e3)).split("T")[0]}T09:00`],
    ];
    const set = (time) => {
        form().elements.send_at.value = time;
        look();
    };
    form().querySelector(".composer-times").replaceChildren(
        ...choices.map(([label, time]) => makeButton(label, () => set(time), "button"))
    );
}

// What people do

function tellTyping({timeStamp: now}) {
    const isForCustomer = mode() === "reply" && now >= toldAt + TYPING_INTERVAL;
    if (!form().dataset.typing || !(isForCustomer || now >= toldColleaguesAt + COLLEAGUES_INTERVAL)) {
        return;
    }
    toldColleaguesAt = now;
    toldAt = isForCustomer ? now : toldAt;
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form().elements.csrfmiddlewaretoken.value);
    body.set("to", isForCustomer ? "everybody" : "colleagues");
    fetch(form().dataset.typing, {method: "POST", body, redirect: "manual"}).catch(() => {});
}

function pressKey(event) {
    if (offers.press(event) || event.isComposing || event.key !== "Enter") {
        return;
    }
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand || (enterSends() && !event.shiftKey && !event.altKey)) {
        event.preventDefault();
        sending.send().then(() => form() && look());
    }
}

function click(event) {
    const replyTo = event.target.closest("[data-reply-to]");
    const reactTo = event.target.closest("[data-react]:not(form)");
    if (replyTo) {
        const bubble = replyTo.closest(".entry");
        const said = bubble?.querySelector(".words, .media, .file")?.textContent.trim() || bubble?.textContent.trim();
        setMode("reply");
        quoteMessage({id: replyTo.dataset.replyTo, text: (said || "…").slice(0, 140)});
    } else if (reactTo) {
        emoji.open(reactTo, (chosen) => sending.react(reactTo.dataset.react, chosen), true);
    } else if (event.target.closest("#composer-emoji")) {
        emoji.open(event.target.closest("#composer-emoji"), (chosen) => insert(chosen));
    } else if (event.target.closest("#composer-canned")) {
        setMode("reply");
        insert("/", 0, box().value.startsWith("/") ? 1 : 0);
        box().setSelectionRange(1, 1);
        offers.update();
    } else if (event.target.closest("#composer-template")) {
        event.preventDefault();
        templates.open();
    }
}

/** What is for later goes by itself when it goes out. */
function followScheduled() {
    const isLookedAt = document.activeElement?.closest("#scheduled");
    if (document.querySelector("#scheduled li") && !isLookedAt) {
        refreshScheduled();
    }
}

async function submitScheduled(event) {
    event.preventDefault();
    const body = new FormData(event.target);
    body.set("verb", event.submitter.value);
    const answer = await post(event.target.action, body);
    if (answer.trouble) {
        trouble.troubleNotice(answer.trouble, () => event.submitter.click());
    } else if (answer.problems) {
        notice(answer.problems.join(" "));
        refreshScheduled();
    } else {
        replaceParts(answer.html, "scheduled");
        document.dispatchEvent(new CustomEvent("conversation:sent", {detail: {pk: form().dataset.conversation}}));
    }
}

document.addEventListener("input", (event) => {
    if (event.target === box()) {
        drafts.save(sending.quote());
        look();
        offers.update();
        tellTyping(event);
    }
});
document.addEventListener("keydown", (event) => {
    if (event.target === box()) {
        pressKey(event);
    }
});
document.addEventListener("change", (event) => {
    if (event.target.matches("#composer-enter input")) {
        localStorage.setItem(ENTER, event.target.checked ? "sends" : "breaks");
    } else if (event.target.matches("#reply [name=mode]")) {
        look();
        drafts.save(sending.quote());
        box().focus();
    } else if (event.target.matches("#reply [name=send_at]")) {
        look();
    }
});
document.addEventListener("submit", (event) => {
    if (event.target === form()) {
        event.preventDefault();
        sending.send().then(() => form() && look());
    } else if (event.target.closest("#scheduled")) {
        submitScheduled(event);
    }
});
document.addEventListener("click", click);
document.addEventListener("focusout", (event) => {
    if (event.target === box()) {
        offers.close();
    }
});
document.addEventListener("live", () => {
    drafts.mark();
    if (form()) {
        look();
        followScheduled();
    }
});
// Another tab of this browser writes too.
window.addEventListener("storage", drafts.mark);
document.addEventListener("conversation:open", open);
document.addEventListener("conversation:leave", () => {
    emoji.close();
    offers.forget();
});
for (const part of [files, emoji, templates, trouble]) {
    part.listen();
}
drafts.forgetOld();
drafts.mark();
open();
