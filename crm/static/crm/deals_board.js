"use strict";

// Moves cards between the columns of the board: by dragging, by the arrow keys, or by the select of a card.
(() => {
    const board = document.querySelector(".board");
    if (!board) {
        return;
    }
    const problem = document.querySelector(".board-problem");
    const said = document.getElementById("board-said");
    board.classList.add("has-script");

    const columns = () => [...board.querySelectorAll(".column")];
    const columnOf = (card) => card.closest(".column");
    const cardsOf = (column) => column.querySelector(".cards");
    const columnWith = (stage) => columns().find((column) => column.dataset.stage === String(stage));

    function say(text, card, column) {
        said.textContent = text.replace("{title}", card.dataset.title).replace("{stage}", column.dataset.name);
    }

    // What stands above the columns, as the server has counted it.
    function showHeads(heads) {
        for (const head of heads) {
            const column = columnWith(head.stage);
            if (column) {
                column.querySelector(".column-count").textContent = head.count;
                const sums = (head.amounts.length ? head.amounts : ["—"]).map((amount) => {
                    const sum = document.createElement("span");
                    sum.textContent = amount;
                    return sum;
                });
                column.querySelector(".column-sums").replaceChildren(...sums);
            }
        }
    }

    // Puts a card where it was, whatever else has moved meanwhile.
    function putBack(card, origin) {
        const before = origin.next && origin.next.parentNode === origin.list ? origin.next : null;
        origin.list.insertBefore(card, before);
    }

    // Saves that a card is now in the stage; `origin` is where it came from: {list, next, kind}.
    async function save(card, stage, kind, origin) {
        const hadFocus = card.contains(document.activeElement);
        const reason = kind === "lost" && origin.kind !== "lost" ? await askWhyLost(card.dataset.title) : "";
        if (reason === null) {
            putBack(card, origin);
            focusOn(card, hadFocus);
            return;
        }
        card.classList.add("is-saving");
        const form = card.querySelector(".deal-move");
        const answer = await dealRequests.post(form, board, { stage, lost_reason: reason, answer: "board" });
        card.classList.remove("is-saving");
        if (!answer.ok) {
            putBack(card, origin);
            form.reset();
            dealRequests.tell(problem, answer.detail);
            focusOn(card, hadFocus);
            return;
        }
        dealRequests.tell(problem, "");
        showHeads(answer.heads);
        show(card, answer, hadFocus);
    }

    // The card as it is saved, at the top of its column. A stage of another pipeline is on another board.
    function show(card, answer, hadFocus) {
        const [fresh] = dealRequests.elements(answer.card);
        const column = columnWith(answer.stage);
        card.remove();
        if (column) {
            cardsOf(column).prepend(fresh);
            say(board.dataset.said, fresh, column);
            focusOn(fresh, hadFocus);
        }
    }

    function focusOn(card, hadFocus) {
        if (hadFocus) {
            card.querySelector(".deal-title").focus();
            card.scrollIntoView({ block: "nearest", inline: "nearest" });
        }
    }

    function originOf(card) {
        return { list: card.parentNode, next: card.nextElementSibling, kind: columnOf(card).dataset.kind };
    }

    // By the select

    board.addEventListener("change", (event) => {
        const card = event.target.closest(".deal-card");
        if (card && event.target.name === "stage" && event.target.value) {
            const chosen = event.target.selectedOptions[0];
            save(card, event.target.value, chosen.dataset.kind, originOf(card));
            event.target.value = "";
        }
    });

    board.addEventListener("submit", (event) => {
        if (event.target.matches(".deal-move")) {
            event.preventDefault();
        }
    });

    // By the arrow keys

    function beside(card, key) {
        const all = columns();
        const isRtl = getComputedStyle(board).direction === "rtl";
        const step = (key === "ArrowRight") !== isRtl ? 1 : -1;
        return all[all.indexOf(columnOf(card)) + step];
    }

    board.addEventListener("keydown", (event) => {
        const card = event.target.matches(".deal-title") && event.target.closest(".deal-card");
        if (!card || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
            return;
        }
        if (event.key === "ArrowUp" || event.key === "ArrowDown") {
            const next = event.key === "ArrowUp" ? card.previousElementSibling : card.nextElementSibling;
            event.preventDefault();
            next?.querySelector(".deal-title").focus();
        } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
            const column = card.querySelector(".deal-move") && beside(card, event.key);
            event.preventDefault();
            if (column) {
                save(card, column.dataset.stage, column.dataset.kind, originOf(card));
            }
        }
    });

    // By dragging

    let dragged = null;

    for (const column of columns()) {
        if (!column.querySelector(".deal-move") && !board.querySelector(".deal-move")) {
            continue;
        }
        new Sortable(cardsOf(column), {
            group: "deals",
            sort: false,
            draggable: ".deal-card",
            filter: "select, button",
            preventOnFilter: false,
            animation: 120,
            // One way of dragging for mouse, finger and pen. A finger holds the card a moment, so that it can scroll.
            forceFallback: true,
            fallbackTolerance: 4,
            delay: 220,
            delayOnTouchOnly: true,
            touchStartThreshold: 6,
            scrollSensitivity: 60,
            ghostClass: "is-placed",
            fallbackClass: "is-dragged",
            onStart(event) {
                dragged = originOf(event.item);
                board.classList.add("is-dragging");
            },
            onEnd(event) {
                board.classList.remove("is-dragging");
                if (event.to !== event.from) {
                    const target = columnOf(event.item);
                    save(event.item, target.dataset.stage, target.dataset.kind, dragged);
                }
            },
        });
    }

    window.dealBoard = { cardsOf, columnWith, say, showHeads };
})();
