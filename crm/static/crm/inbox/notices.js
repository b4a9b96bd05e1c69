// What the page tells whoever is not looking: notices, the title, the icon of the tab, a sound, a notification.

const root = document.getElementById("inbox");
const words = document.getElementById("inbox-words").dataset;
const place = document.getElementById("inbox-notices");
const SWITCH = "inbox-alerts";

// Notices

export function notice(name, text, {link, isBad = false, seconds = 0} = {}) {
    clearNotice(name);
    const box = document.createElement("p");
    box.className = `inbox-notice${isBad ? " bad" : ""}`;
    box.dataset.notice = name;
    box.append(text);
    if (link) {
        const anchor = document.createElement("a");
        Object.assign(anchor, {href: link.address, target: "_blank", rel: "noopener", className: "button", textContent: link.text});
        box.append(anchor);
    }
    place.append(box);
    if (seconds) {
        setTimeout(() => box.remove(), seconds * 1000);
    }
}

export function clearNotice(name) {
    place.querySelector(`[data-notice="${name}"]`)?.remove();
}

export function tell(error) {
    notice("problem", error.message || words.failed, {isBad: true, seconds: 8});
}

export function tellSignedOut() {
    if (!place.querySelector("[data-notice=signed-out]")) {
        const address = `${root.dataset.signIn}?next=${encodeURIComponent(root.dataset.inbox)}`;
        notice("signed-out", words.signedOut, {link: {address, text: words.signIn}, isBad: true});
    }
}

// How many wait

const icon = document.querySelector("link[rel=icon]");

export function showWaiting() {
    const {waiting} = document.getElementById("inbox-queues").dataset;
    const name = document.getElementById("thread").dataset.name;
    document.title = [waiting && `(${waiting})`, root.dataset.title, name && `· ${name}`].filter(Boolean).join(" ");
    icon?.setAttribute("href", waiting ? root.dataset.iconWaiting : root.dataset.icon);
    const inMenu = document.getElementById("nav-waiting");
    if (inMenu) {
        inMenu.textContent = waiting;
        inMenu.hidden = !waiting;
    }
}

// Alerts, which a person switches on

const button = document.getElementById("alerts");
const isOn = () => localStorage.getItem(SWITCH) === "on";
let newest = document.getElementById("inbox-queues").dataset.newest;
let sounds;

function showSwitch() {
    button.setAttribute("aria-pressed", String(isOn()));
}

button.addEventListener("click", () => {
    localStorage.setItem(SWITCH, isOn() ? "off" : "on");
    showSwitch();
    notice("alerts", isOn() ? words.alertsOn : words.alertsOff, {seconds: 3});
    if (isOn()) {
        ring();
        if (globalThis.Notification?.permission === "default") {
            Notification.requestPermission().catch(() => {});
        }
    }
});
showSwitch();

/** Ring when somebody waits who did not before. */
export function alertIfNew() {
    const latest = document.getElementById("inbox-queues").dataset.newest;
    if (latest > newest && isOn()) {
        ring();
        if (document.hidden && globalThis.Notification?.permission === "granted") {
            showNotification();
        }
    }
    newest = latest;
}

function showNotification() {
    try {
        const shown = new Notification(words.waits, {icon: root.dataset.icon, tag: "inbox"});
        shown.addEventListener("click", () => {
            window.focus();
            shown.close();
        });
    } catch {
        // Telephones have notifications of service workers alone.
    }
}

// A browser lets a page sound only after somebody has touched it.
function ring() {
    if (!navigator.userActivation?.hasBeenActive) {
        return;
    }
    sounds ||= new AudioContext();
    sounds.resume().then(() => [660, 880].forEach(tone)).catch(() => {});
}

function tone(frequency, position) {
    const start = sounds.currentTime + position * 0.14;
    const volume = sounds.createGain();
    volume.gain.setValueAtTime(0.12, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    const wave = sounds.createOscillator();
    wave.frequency.value = frequency;
    wave.connect(volume).connect(sounds.destination);
    wave.start(start);
    wave.stop(start + 0.3);
}
