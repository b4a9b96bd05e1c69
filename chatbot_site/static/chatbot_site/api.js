"use strict";

// What Django REST framework's page leaves out: its language, and what its buttons without a text do.
(() => {
    const {lang, formats} = document.currentScript.dataset;
    document.documentElement.lang = lang;
    document.addEventListener("DOMContentLoaded", () => {
        for (const button of document.querySelectorAll("button.dropdown-toggle")) {
            button.setAttribute("aria-label", formats);
        }
    });
})();
