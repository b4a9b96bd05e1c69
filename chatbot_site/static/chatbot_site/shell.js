"use strict";

// The shell around every page: `/` goes to the search, and in a narrow window the navigation opens as a drawer.
(() => {
    const shell = document.getElementById("shell");
    const open = document.getElementById("shell-open");
    const search = document.getElementById("shell-search");

    const isWriting = (element) =>
        element.isContentEditable || element.matches("input:not([type=checkbox], [type=radio]), textarea, select");

    function toggle(isOpen) {
        shell.classList.toggle("is-open", isOpen);
        open.setAttribute("aria-expanded", String(isOpen));
        (isOpen ? document.getElementById("shell-close") : open).focus();
    }

    function goToSearch(event) {
        const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
        if (event.key !== "/" || hasModifier || event.defaultPrevented || isWriting(event.target)) {
            return;
        }
        event.preventDefault();
        if (search.checkVisibility()) {
            search.focus();
            search.select();
        } else {
            document.querySelector(".shell-find").click();
        }
    }

    // Menus that open over the page close when something else is chosen, and by Escape, which returns to their button.
    function closeMenus(event) {
        for (const menu of document.querySelectorAll("details[data-menu][open]")) {
            if (event.type === "keydown" && menu.contains(document.activeElement)) {
                menu.querySelector("summary").focus();
            }
            menu.open = event.type === "click" && menu.contains(event.target);
        }
    }

    document.addEventListener("click", closeMenus);
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
            closeMenus(event);
        }
    });

    function start() {
        open.setAttribute("role", "button");
        open.setAttribute("aria-expanded", "false");
        open.addEventListener("click", (event) => {
            event.preventDefault();
            toggle(true);
        });
        document.getElementById("shell-close").addEventListener("click", (event) => {
            event.preventDefault();
            toggle(false);
        });
        document.addEventListener("click", (event) => {
            if (shell.classList.contains("is-open") && !shell.contains(event.target)) {
                toggle(false);
            }
        });
        document.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && shell.classList.contains("is-open")) {
                toggle(false);
            } else if (search) {
                goToSearch(event);
            }
        });
    }

    if (shell) {
        start();
    }
})();
