"use strict";

// The fields that choose rows by typing are drawn by Select2, which gives their label to nobody.
(() => {
    function label(select) {
        const drawn = select.nextElementSibling;
        const text = select.labels[0]?.textContent.trim().replace(/:$/, "");
        if (!text || !drawn?.matches(".select2-container")) {
            return;
        }
        for (const part of drawn.querySelectorAll("[role=combobox], [role=textbox], .select2-search__field")) {
            part.removeAttribute("aria-labelledby");
            part.setAttribute("aria-label", text);
        }
    }

    // Select2 draws a field anew with each choice.
    function watch(select) {
        label(select);
        const drawn = select.nextElementSibling;
        if (drawn?.matches(".select2-container")) {
            new MutationObserver(() => label(select)).observe(drawn, {childList: true, subtree: true});
        }
    }

    const labelAll = () => document.querySelectorAll("select.admin-autocomplete").forEach(watch);

    // After Django's own script, which has Select2 draw them when jQuery is ready.
    window.django?.jQuery?.(labelAll);
    document.addEventListener("formset:added", () => setTimeout(labelAll));
})();
