// What is said when something could not be sent, and what one can do then. Nothing that was typed is lost.
import {form, make, makeButton, notice, whoIsSignedIn, words} from "./composer_form.js";

let waiting = null;

/** Say why nothing came of it; `again` tries once more, by a button or when one has signed in again. */
export function troubleNotice(trouble, again) {
    const retry = makeButton(words().again, () => tryAgain(again), "button");
    waiting = null;
    if (trouble === "signedOut") {
        const link = make("a", "button primary", words().signIn);
        link.href = form().dataset.signIn;
        link.target = "_blank";
        link.rel = "opener";
        waiting = again;
        notice(words().signedOut, link, retry);
    } else if (trouble === "somebodyElse" || trouble === "forbidden") {
        notice(words()[trouble]);
    } else {
        notice(words()[trouble] || words().failed, retry);
    }
}

async function tryAgain(again) {
    waiting = null;
    const who = await whoIsSignedIn();
    if (who === "signedOut" || who === "somebodyElse" || who === "offline") {
        troubleNotice(who, again);
    } else {
        again();
    }
}

export function listen() {
    // Back from the tab in which one signed in.
    window.addEventListener("focus", async () => {
        const again = waiting;
        if (again && form() && (await whoIsSignedIn()) !== "signedOut" && waiting === again) {
            tryAgain(again);
        }
    });
    document.addEventListener("conversation:leave", () => { waiting = null; });
}
