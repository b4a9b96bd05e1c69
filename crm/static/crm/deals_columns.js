"use strict";

// What else the board does by itself: adds deals in their column, shows more cards, filters, and suggests customers.
(() => {
    const board = document.querySelector(".board");
    const filter = document.querySelector(".board-filter");

    filter.classList.add("has-script");
    filter.addEventListener("change", (event) => {
        if (event.target.matches("select, [type=checkbox]")) {
            filter.requestSubmit();
        }
    });

    if (!board) {
        return;
    }

    // Adding a deal

    async function add(form) {
        const button = form.querySelector("[type=submit]");
        const problem = form.querySelector(".form-problem");
        button.disabled = true;
        const answer = await dealRequests.post(form, board, { answer: "board" });
        button.disabled = false;
        dealRequests.tell(problem, answer.ok ? "" : answer.detail);
        if (!answer.ok) {
            form.elements[Object.keys(answer.errors || {}).find((name) => form.elements[name])]?.focus();
            return;
        }
        form.reset();
        form.elements.idempotency_key.value = answer.idempotency_key;
        window.dealBoard.showHeads(answer.heads);
        const [card] = dealRequests.elements(answer.card);
        if (card) {
            const column = window.dealBoard.columnWith(answer.stage);
            window.dealBoard.cardsOf(column).prepend(card);
            window.dealBoard.say(board.dataset.added, card, column);
        }
        form.elements.title.focus();
    }

    board.addEventListener("submit", (event) => {
        if (event.target.closest(".quick-add")) {
            event.preventDefault();
            add(event.target);
        }
    });

    function close(details) {
        details.open = false;
        details.querySelector("summary").focus();
    }

    for (const details of board.querySelectorAll(".quick-add")) {
        const cancel = details.querySelector(".quick-add-close");
        cancel.hidden = false;
        cancel.addEventListener("click", () => close(details));
        details.addEventListener("keydown", (event) => event.key === "Escape" && close(details));
        details.addEventListener("toggle", () => details.open && details.querySelector("[name=title]").focus());
    }

    // Suggesting customers, a moment after the last key

    const suggestions = document.getElementById("deal-customers");
    let waiting = 0;

    async function suggest(text) {
        const response = await fetch(`${suggestions.dataset.complete}?term=${encodeURIComponent(text)}`).catch(() => null);
        if (response?.ok && !response.redirected) {
            const { results } = await response.json();
            suggestions.replaceChildren(...results.map((name) => new Option(name, name)));
        }
    }

    board.addEventListener("input", (event) => {
        if (event.target.name === "customer_text" && event.target.value.trim().length > 1) {
            clearTimeout(waiting);
            waiting = setTimeout(() => suggest(event.target.value), 200);
        }
    });

    // More cards of a column

    async function showMore(link) {
        const column = link.closest(".column");
        const list = window.dealBoard.cardsOf(column);
        const query = new URLSearchParams(location.search);
        query.set("after", list.lastElementChild.dataset.deal);
        query.set("stage", column.dataset.stage);
        const response = await fetch(`${board.dataset.column}?${query}`).catch(() => null);
        if (!response?.ok || response.redirected) {
            location.assign(link.href);
            return;
        }
        const cards = dealRequests.elements(await response.text());
        const isNew = (card) => !board.querySelector(`[data-deal="${card.dataset.deal}"]`);
        const fresh = cards.filter(isNew);
        list.append(...fresh);
        fresh[0]?.querySelector(".deal-title").focus();
        link.hidden = response.headers.get("X-More") !== "yes";
    }

    board.addEventListener("click", (event) => {
        const link = event.target.closest(".column-more");
        if (link && link.closest(".column").querySelector(".deal-card")) {
            event.preventDefault();
            showMore(link);
        }
    });
})();
