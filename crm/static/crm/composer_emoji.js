// The panel of emoji: into the box, or as a reaction to a message.
import {make, makeButton, words} from "./composer_form.js";
import {EMOJI, QUICK} from "./composer_emoji_list.js";

let panel = null;
let opener = null;

export function close() {
    if (panel) {
        panel.remove();
        panel = null;
        opener?.setAttribute("aria-expanded", "false");
        opener?.focus({preventScroll: true});
    }
}

/** Open the panel at a button; `take` gets the emoji that is chosen, empty to take a reaction back. */
export function open(button, take, isReaction = false) {
    const isOpenHere = panel && opener === button;
    close();
    if (isOpenHere) {
        return;
    }
    opener = button;
    opener.setAttribute("aria-expanded", "true");
    const choose = (emoji) => {
        close();
        take(emoji);
    };
    panel = make("div", "composer-emoji card");
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", words().search);
    const grid = make("div", "composer-emoji-grid");
    panel.append(...(isReaction ? [quick(choose)] : []), search(grid, choose), grid);
    fill(grid, "", choose);
    document.body.append(panel);
    place(button);
    panel.querySelector("input").focus({preventScroll: true});
}

function quick(choose) {
    const row = make("div", "composer-emoji-quick", "", ...QUICK.map((emoji) => choice(emoji, emoji, choose)));
    row.append(makeButton(words().takeBack, () => choose("")));
    return row;
}

function search(grid, choose) {
    const input = make("input", "composer-emoji-search");
    input.type = "search";
    input.placeholder = words().search;
    input.setAttribute("aria-label", words().search);
    input.addEventListener("input", () => fill(grid, input.value.trim().toLowerCase(), choose));
    input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") {
            event.preventDefault();
            grid.querySelector("button")?.click();
        }
    });
    return input;
}

function fill(grid, query, choose) {
    const found = EMOJI.filter(([, names]) => names.split(" ").some((name) => name.startsWith(query)));
    grid.replaceChildren(
        ...(found.length
            ? found.map(([emoji, names]) => choice(emoji, names, choose))
            : [make("p", "quiet", words().nothing)])
    );
}

function choice(emoji, names, choose) {
    const button = makeButton(emoji, () => choose(emoji), "composer-emoji-choice");
    button.title = names;
    button.setAttribute("aria-label", names);
    return button;
}

/** Above the button, and inside the window. */
function place(button) {
    const at = button.getBoundingClientRect();
    const {offsetWidth: width, offsetHeight: height} = panel;
    const left = Math.min(Math.max(at.left, 8), window.innerWidth - width - 8);
    const above = at.top - height - 6;
    panel.style.left = `${Math.max(left, 8)}px`;
    panel.style.top = `${above > 8 ? above : Math.min(at.bottom + 6, window.innerHeight - height - 8)}px`;
}

export function listen() {
    document.addEventListener("keydown", (event) => {
        if (panel && event.key === "Escape") {
            event.stopPropagation();
            close();
        }
    }, true);
    document.addEventListener("pointerdown", (event) => {
        if (panel && !panel.contains(event.target) && !opener.contains(event.target)) {
            close();
        }
    });
}
