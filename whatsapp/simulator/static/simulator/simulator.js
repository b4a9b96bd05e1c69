"use strict";

const POLL_MS = 1000;
const EMOJIS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const SVG = "http://www.w3.org/2000/svg";

const $ = (id) => document.getElementById(id);
const app = $("app");
const words = app.dataset;
const address = new URLSearchParams(location.search);
const chosen = { number: address.get("number") || "", customer: address.get("customer") || "" };
const seen = new Map();
let version = -1;
let state = null;
let typingUntil = 0;
let drawn = new Map();

/* Making elements */

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function icon(name, title = "", className = "") {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  if (className) svg.setAttribute("class", className);
  if (title) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title);
    const label = document.createElementNS(SVG, "title");
    label.textContent = title;
    svg.append(label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  return svg;
}

/* WhatsApp's own marks: *bold*, _italic_, ~struck~, ```fixed``` */
const MARKS = /(\*[^\s*](?:[^*\n]*[^\s*])?\*|_[^\s_](?:[^_\n]*[^\s_])?_|~[^\s~](?:[^~\n]*[^\s~])?~|```[^`]+```)/g;
const MARK_TAGS = { "*": "strong", "_": "em", "~": "s", "`": "code" };

function formatted(text) {
  return text.split(MARKS).filter(Boolean).map((part, index, parts) => {
    const tag = MARK_TAGS[part[0]];
    const around = `${(parts[index - 1] || " ").slice(-1)}${(parts[index + 1] || " ")[0]}`;
    const marked = tag && part.length > 2 && part.search(MARKS) === 0 && !/[\p{L}\p{N}]/u.test(around);
    const width = tag === "code" ? 3 : 1;
    return marked ? element(tag, {}, part.slice(width, -width)) : part;
  });
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString(words.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function day(seconds) {
  const date = new Date(seconds * 1000);
  if (date.toDateString() === new Date().toDateString()) return words.textToday;
  return date.toLocaleDateString(words.language, { day: "numeric", month: "long" });
}

/* Talking to the simulator */

function url(path, query = {}) {
  return `${path}?${new URLSearchParams({ ...query, lang: words.language })}`;
}

async function post(path, body) {
  const response = await fetch(url(path), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

async function postFile(file) {
  const response = await fetch(url("/media", { name: file.name }), {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.media;
}

async function read() {
  const asked = { ...chosen };
  const response = await fetch(url("/state", { ...asked, after: version }));
  const answer = await response.json();
  const outdated = asked.number !== chosen.number || asked.customer !== chosen.customer;
  if (answer.version === version || outdated) return;
  version = answer.version;
  state = answer;
  draw();
}

async function poll() {
  if (!document.hidden) {
    try {
      await read();
      drawTyping();
      if ($("notice").dataset.kind === "stopped") notice("");
    } catch {
      version = -1;
      notice(words.textStopped, "stopped");
    }
  }
  setTimeout(poll, POLL_MS);
}

function readAnew() {
  version = -1;
  return read().catch(() => notice(words.textStopped, "stopped"));
}

function notice(text, kind = "") {
  $("notice").textContent = text;
  $("notice").dataset.kind = kind;
  $("notice").hidden = !text;
}

async function send(body, path = "/messages") {
  try {
    await post(path, { ...chosen, ...body });
    notice("");
  } catch (error) {
    notice(error.message || words.textStopped);
  }
  await readAnew();
  scrollDown();
}

/* Drawing */

function draw() {
  if (!state.numbers.some((number) => number.id === chosen.number)) chosen.number = state.numbers[0]?.id || "";
  if (!chosen.customer && state.customers.length && !narrow()) return choose(state.customers[0].key);
  $("setup").hidden = state.numbers.length > 0;
  app.classList.toggle("unconnected", !state.numbers.length);
  $("chat").hidden = !state.chat;
  app.classList.toggle("chatting", Boolean(state.chat));
  drawNumbers();
  drawPeople();
  if (state.chat) drawChat();
}

function narrow() {
  return matchMedia("(max-width: 720px)").matches;
}

function currentNumber() {
  return state?.numbers.find((number) => number.id === chosen.number);
}

function drawNumbers() {
  $("number-field").hidden = state.numbers.length < 2;
  const options = state.numbers.map((number) =>
    element("option", { value: number.id, selected: number.id === chosen.number ? "" : null },
      `${number.name} · ${number.phone}`));
  $("number").replaceChildren(...options);
  const number = currentNumber();
  if (!number) return;
  $("business-name").textContent = number.name;
  $("business-letter").textContent = firstLetter(number.name);
}

/* Of an emoji all of it, which `text[0]` would cut in two. */
function firstLetter(text) {
  return [...text][0] || "";
}

function drawPeople() {
  const focused = document.activeElement?.dataset?.key;
  $("people").replaceChildren(...state.customers.map(personRow));
  if (focused) $("people").querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function personRow(person) {
  const current = person.key === chosen.customer;
  if (current || !seen.has(person.key)) seen.set(person.key, person.last_id);
  const isNew = person.last_id && seen.get(person.key) !== person.last_id;
  return element("li", {},
    element("button", {
      type: "button", class: "person", "data-key": person.key,
      "aria-current": String(current), onclick: () => choose(person.key),
    },
      element("span", { class: "avatar", "aria-hidden": "true" }, firstLetter(person.name)),
      element("span", { class: "person-name" }, person.name),
      person.at ? element("time", {}, clock(person.at)) : "",
      element("span", { class: "person-last" }, person.last || person.phone),
      isNew ? element("span", { class: "dot", role: "img", "aria-label": words.textNew }) : ""));
}

function choose(key) {
  chosen.customer = key;
  drawn.clear();
  $("thread").replaceChildren();
  remember();
  return readAnew().then(scrollDown).then(() => narrow() || $("text").focus());
}

function remember() {
  const query = new URLSearchParams({ ...chosen, lang: words.language });
  history.replaceState(null, "", `?${query}`);
  document.querySelectorAll("[data-language][href]").forEach((link) => {
    query.set("lang", link.lang);
    link.href = `?${query}`;
  });
}

/* A message that is already there is replaced in place, so that only new ones are announced. */
function drawChat() {
  const thread = $("thread");
  const atBottom = nearEnd(80);
  const messages = state.chat.messages;
  typingUntil = state.chat.typing_until;
  thread.querySelector(".empty")?.remove();
  if (!messages.length) thread.append(element("li", { class: "empty" }, words.textNothing));
  messages.forEach((message, index) => drawMessage(thread, message, messages[index - 1]));
  drawTyping();
  if (atBottom) scrollDown();
}

function drawMessage(thread, message, previous) {
  const written = JSON.stringify(message);
  const before = drawn.get(message.id);
  if (before?.written === written) return;
  if (!before && (!previous || day(previous.at) !== day(message.at))) {
    thread.append(element("li", { class: "day" }, day(message.at)));
  }
  const row = messageRow(message, !previous || previous.mine !== message.mine);
  if (before) {
    const focused = [...before.row.querySelectorAll("button")].indexOf(document.activeElement);
    before.row.replaceWith(row);
    if (focused >= 0) row.querySelectorAll("button")[focused]?.focus();
  } else {
    thread.append(row);
  }
  drawn.set(message.id, { written, row });
}

function messageRow(message, first) {
  const row = element("li", { class: `message ${message.mine ? "mine" : "theirs"} ${first ? "first" : ""}` },
    element("div", { class: "bubble" },
      element("span", { class: "visually-hidden" }, message.mine ? words.textYou : currentNumber().name),
      message.quote ? element("div", { class: "quote" }, message.quote) : "",
      message.header ? element("div", { class: "bubble-header" }, message.header) : "",
      attachment(message),
      message.text ? element("div", { class: "bubble-text" }, ...formatted(message.text)) : "",
      message.footer ? element("div", { class: "bubble-footer" }, message.footer) : "",
      element("div", { class: "meta" }, element("time", {}, clock(message.at)), ticks(message)),
      message.mine ? "" : reactButton(message)));
  if (message.reactions.length) row.append(element("span", { class: "reactions" }, message.reactions.join(" ")));
  row.append(...choices(message));
  return row;
}

function attachment(message) {
  if (!message.attachment) return "";
  const { kind, url: source } = message.file || {};
  if (kind === "image" || kind === "sticker") {
    const picture = element("img", { class: `picture ${kind}`, src: source, alt: message.attachment });
    picture.addEventListener("load", () => nearEnd() && scrollDown());
    return picture;
  }
  if (kind === "video" || kind === "audio") {
    return element(kind, { class: "player", src: source, controls: "", preload: "metadata", "aria-label": message.attachment });
  }
  const parts = [icon(message.attachment_icon), message.attachment];
  return source
    ? element("a", { class: "attachment", href: source, download: "" }, ...parts)
    : element("div", { class: "attachment" }, ...parts);
}

function ticks(message) {
  if (!message.mine) return "";
  const title = { sending: words.textSending, refused: words.textRefused, taken: words.textTaken, read: words.textRead };
  const picture = { sending: "sending", refused: "refused", taken: "ticks", read: "ticks" };
  return icon(picture[message.status], title[message.status], message.status);
}

function choices(message) {
  const buttons = message.choices.map((choice) => choiceButton(message, choice));
  if (message.list) {
    buttons.push(element("button", { type: "button", class: "choice", onclick: () => openList(message) },
      icon("list"), message.list.title));
  }
  if (message.link) {
    buttons.push(element("a", { class: "choice", href: message.link.url, target: "_blank", rel: "noopener noreferrer" },
      icon("link"), message.link.title));
  }
  return buttons;
}

function choiceButton(message, choice) {
  const taken = message.chosen === choice.id;
  return element("button", {
    type: "button",
    class: `choice ${taken ? "chosen" : ""}`,
    "aria-label": taken ? `${choice.title}, ${words.textChosen}` : null,
    onclick: () => send({ wamid: message.id, choice: choice.id }),
  }, icon(taken ? "ticks" : "reply"), choice.title);
}

function drawTyping() {
  const typing = typingUntil > Date.now() / 1000;
  const number = currentNumber();
  const text = typing ? words.textTyping : number?.phone || "";
  if ($("business-line").textContent !== text) $("business-line").textContent = text;
  $("business-line").classList.toggle("typing", typing);
}

function nearEnd(distance = 400) {
  const thread = $("thread");
  return thread.scrollHeight - thread.scrollTop - thread.clientHeight < distance;
}

function scrollDown() {
  $("thread").scrollTop = $("thread").scrollHeight;
}

/* Sheets: a list's rows, and reactions */

function openSheet(title, ...content) {
  $("sheet-title").textContent = title;
  $("sheet-body").replaceChildren(...content);
  $("sheet").showModal();
}

function openList(message) {
  const rows = message.list.sections.flatMap((section) => [
    section.title ? element("h3", { class: "section-title" }, section.title) : "",
    ...section.rows.map((row) => element("button", {
      type: "button", class: "row",
      onclick: () => { $("sheet").close(); send({ wamid: message.id, choice: row.id }); },
    }, element("strong", {}, row.title), row.description ? element("small", {}, row.description) : "")),
  ]).filter(Boolean);
  openSheet(message.list.title, ...rows);
}

function reactButton(message) {
  return element("button", {
    type: "button", class: "react", title: words.textReact, "aria-label": words.textReact,
    onclick: () => openReactions(message),
  }, icon("react"));
}

function openReactions(message) {
  const react = (emoji) => () => { $("sheet").close(); send({ wamid: message.id, emoji }); };
  const buttons = EMOJIS.map((emoji) => element("button", { type: "button", onclick: react(emoji) }, emoji));
  if (message.reactions.length) {
    buttons.push(element("button", { type: "button", class: "take-back", onclick: react("") }, words.textTakeback));
  }
  openSheet(words.textReact, element("div", { class: "emojis" }, ...buttons));
}

/* What the person does */

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  fitText();
  send({ text, as_owner: $("as-owner").checked });
});

$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

function fitText() {
  const rows = Math.min(6, $("text").value.split("\n").length);
  $("text").rows = rows;
}

$("text").addEventListener("input", fitText);

$("picture").addEventListener("click", () => $("file").click());

$("file").addEventListener("change", async () => {
  const [file] = $("file").files;
  $("file").value = "";
  if (!file) return;
  try {
    const media = await postFile(file);
    const text = $("text").value.trim();
    $("text").value = "";
    fitText();
    await send({ media, text, as_owner: $("as-owner").checked });
  } catch (error) {
    notice(error.message || words.textStopped);
  }
});

$("call").addEventListener("click", () => send({}, "/calls"));

$("back").addEventListener("click", () => {
  chosen.customer = "";
  remember();
  readAnew();
});

$("number").addEventListener("change", (event) => {
  chosen.number = event.target.value;
  choose(chosen.customer);
});

$("add").addEventListener("click", () => {
  $("customer-error").textContent = "";
  $("customer-form").reset();
  $("customer").showModal();
});

$("customer-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const answer = await post("/customers", { name: form.elements.name.value, phone: form.elements.phone.value });
    $("customer").close();
    await choose(answer.customer);
  } catch (error) {
    $("customer-error").textContent = error.message || words.textStopped;
    form.elements.phone.focus();
  }
});

document.querySelectorAll("dialog").forEach((dialog) => {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
});

document.addEventListener("visibilitychange", () => document.hidden || readAnew());

poll();
