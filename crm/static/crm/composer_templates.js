// Templates in the composer: searched, chosen, filled in and sent without loading a page.
import {form, make, notice, post, refreshScheduled, replaceParts, words} from "./composer_form.js";
import {troubleNotice} from "./composer_trouble.js";

/** Milliseconds without typing after which the preview follows. */
const PAUSE = 300;

/** From so many templates on, they are searched. */
const MANY = 6;

let timer = 0;
let latest = 0;

const details = () => document.getElementById("template");

/** Make what was put on the page ready. */
export function prepare() {
    const choice = document.getElementById("choose-template");
    if (choice) {
        choice.querySelector("input[type=submit]").hidden = true;
        addSearch(choice);
    }
    const preview = document.querySelector("#fill-template input[name=preview]");
    if (preview) {
        preview.hidden = true;
    }
}

function addSearch(choice) {
    const select = choice.elements.template;
    const options = [...select.options];
    if (options.length <= MANY || choice.querySelector("input[type=search]")) {
        return;
    }
    const input = make("input", "composer-template-search");
    input.type = "search";
    input.placeholder = words().findTemplate;
    input.setAttribute("aria-label", words().findTemplate);
    input.addEventListener("input", () => {
        const query = input.value.trim().toLowerCase();
        select.replaceChildren(...options.filter((option) => !option.value || option.text.toLowerCase().includes(query)));
        select.size = query ? Math.min(Math.max(select.options.length, 2), 8) : 0;
    });
    select.before(input);
}

export function open() {
    if (details()) {
        details().open = true;
        details().querySelector("input[type=search], select, input:not([type=hidden])")?.focus();
    }
}

async function choose(pk) {
    const address = new URL(document.getElementById("choose-template").action);
    address.search = new URLSearchParams({template: pk});
    address.hash = "";
    try {
        const response = await fetch(address, {headers: {"X-Part": "composer"}, redirect: "error"});
        if (response.headers.get("Content-Type").includes("json")) {
            notice((await response.json()).problems.join(" "));
        } else if (response.ok) {
            showPart(await response.text());
            details().open = true;
            details().querySelector("#fill-template input:not([type=hidden])")?.focus();
        }
    } catch {
        notice(words().offline);
    }
}

function showPart(html) {
    replaceParts(html, "template");
    prepare();
}

async function preview(filled) {
    const mine = ++latest;
    const typed = new FormData(filled);
    typed.set("preview", "1");
    // A preview shows no file, which may be large.
    typed.delete("template-file");
    const answer = await post(filled.action, typed);
    if (answer.html && mine === latest) {
        replaceParts(answer.html, "template-preview");
    }
}

async function send(filled) {
    const button = filled.querySelector("input.default");
    if (button.disabled) {
        return;
    }
    button.disabled = true;
    clearTimeout(timer);
    latest += 1;
    let answer = await post(filled.action, new FormData(filled));
    if (answer.trouble === "stale") {
        answer = await post(filled.action, new FormData(filled));
    }
    button.disabled = false;
    if (answer.trouble) {
        troubleNotice(answer.trouble, () => send(filled));
    } else if (answer.done) {
        await sent();
    } else if (answer.problems) {
        notice(answer.problems.join(" "));
    } else {
        showPart(answer.html);
    }
}

async function sent() {
    notice();
    try {
        const response = await fetch(form().dataset.composer, {redirect: "error"});
        const html = await response.text();
        showPart(html);
        replaceParts(html, "scheduled");
    } catch {
        await refreshScheduled();
    }
    document.dispatchEvent(new CustomEvent("conversation:sent", {detail: {pk: form().dataset.conversation}}));
}

export function listen() {
    document.addEventListener("change", (event) => {
        if (event.target.matches("#composer #id_template") && event.target.value) {
            choose(event.target.value);
        }
    });
    document.addEventListener("input", (event) => {
        const filled = event.target.closest("#composer #fill-template");
        if (filled?.querySelector("input[name=preview]")) {
            clearTimeout(timer);
            timer = setTimeout(() => preview(filled), PAUSE);
        }
    });
    document.addEventListener("submit", (event) => {
        if (event.target.matches("#composer #fill-template")) {
            event.preventDefault();
            send(event.target);
        } else if (event.target.matches("#composer #choose-template")) {
            event.preventDefault();
            choose(event.target.elements.template.value);
        }
    });
}
