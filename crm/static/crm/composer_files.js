// Files to send: chosen, dragged or pasted, each shown with what WhatsApp makes of it before it is sent.
import {form, make, makeButton, mode, phrase, words} from "./composer_form.js";

const CAPTIONED = ["image", "video", "document"];

let files = [];

export const chosen = () => files;

/** Whether the first file takes the text as its caption. */
export const takesCaption = () => Boolean(files.length) && CAPTIONED.includes(typeOf(files[0])?.kind);

export function remove(file) {
    files = files.filter((other) => other !== file);
    show();
}

export function clear() {
    files = [];
    show();
}

export function add(more) {
    files = [...files, ...more];
    show();
}

function typeOf(file) {
    const extension = /\.[^.]+$/.exec(file.name.toLowerCase())?.[0];
    const found = JSON.parse(form().dataset.fileTypes)[extension];
    return found && {kind: found[0], limit: found[1], limitText: found[2]};
}

/** Why WhatsApp would not carry a file; empty when it would. */
export function problemOf(file) {
    const type = typeOf(file);
    if (!type) {
        return words().noType;
    }
    if (!file.size) {
        return words().empty;
    }
    return file.size > type.limit ? phrase("tooLarge", type.limitText) : "";
}

function sizeText(bytes) {
    const [unit, size] = bytes < 1024 ** 2 ? ["kilobyte", bytes / 1024] : ["megabyte", bytes / 1024 ** 2];
    const format = {style: "unit", unit, maximumFractionDigits: size < 10 ? 1 : 0};
    return new Intl.NumberFormat(document.documentElement.lang, format).format(size);
}

function show() {
    const list = document.getElementById("composer-files");
    list.hidden = !files.length;
    list.replaceChildren(...files.map(row));
}

function row(file) {
    const problem = problemOf(file);
    const type = typeOf(file);
    const about = problem || `${sizeText(file.size)} · ${phrase("atMost", type.limitText)}`;
    const remover = makeButton("×", () => remove(file), "icon-button");
    remover.setAttribute("aria-label", phrase("remove", file.name));
    const text = make("span", "composer-file-words", "", make("bdi", "", file.name), make("small", "", about));
    const item = make("li", problem ? "composer-file bad" : "composer-file", "", text, remover);
    if (type?.kind === "image" && !problem) {
        item.prepend(thumbnail(file));
    }
    return item;
}

function thumbnail(file) {
    const image = make("img");
    image.alt = "";
    const reader = new FileReader();
    reader.addEventListener("load", () => { image.src = reader.result; });
    reader.readAsDataURL(file);
    return image;
}

/** Pasted pictures have no names of their own. */
function named(file) {
    const isNamed = file.name && file.name !== "image.png";
    const stamp = new Date().toISOString().slice(0, 19).replace(/\D/g, "");
    return isNamed ? file : new File([file], `photo-${stamp}.png`, {type: file.type});
}

const takesFiles = () => form() && !form().querySelector("fieldset").disabled && mode() === "reply";
const zone = () => document.getElementById("thread") || document.querySelector(".conversation-main");

export function listen() {
    document.addEventListener("change", (event) => {
        if (event.target.matches("#reply [name=file]")) {
            add([...event.target.files]);
            event.target.value = "";
        }
    });
    document.addEventListener("paste", (event) => {
        const pasted = [...(event.clipboardData?.files || [])];
        if (pasted.length && takesFiles() && event.target.closest("#reply")) {
            event.preventDefault();
            add(pasted.map(named));
        }
    });
    const isOverThread = (event) =>
        takesFiles() && event.dataTransfer?.types.includes("Files") && zone()?.contains(event.target);
    document.addEventListener("dragover", (event) => {
        const isOver = isOverThread(event);
        document.getElementById("composer")?.classList.toggle("composer-drop", Boolean(isOver));
        if (isOver) {
            event.preventDefault();
        }
    });
    for (const name of ["dragend", "drop", "dragleave"]) {
        document.addEventListener(name, (event) => {
            if (name !== "dragleave" || !event.relatedTarget) {
                document.getElementById("composer")?.classList.remove("composer-drop");
            }
        });
    }
    document.addEventListener("drop", (event) => {
        if (isOverThread(event)) {
            event.preventDefault();
            add([...event.dataTransfer.files]);
        }
    });
}
