// The keys, the undo line and the proof that a request comes from our own page. Every page works without this file.

const SLEEPS = { 1: "1", 3: "3", 7: "7" };
const PLACES = { m: "my_day", a: "alerts", d: "dashboard", i: "invoices", c: "customers", b: "cash", l: "imports", r: "rules" };
const TOAST_MS = 12000;
const PREFIX_MS = 1500;
const OFF = "goodterms.keys-off";

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
let prefix = "";
let prefixTimer = 0;
let toastTimer = 0;

document.documentElement.classList.add("js");

// --- requests: htmx does not inherit headers, so one listener sends the proof; a refusal is told, never swapped in
document.addEventListener("htmx:config:request", (event) => {
  const token = one('meta[name="csrf"]')?.content;
  if (token) event.detail.ctx.request.headers["X-CSRF-Token"] = token;
});

document.addEventListener("htmx:before:response", (event) => {
  const { response } = event.detail.ctx;
  if (response.status < 400) return;
  event.preventDefault();
  if (response.status === 401) {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  response.raw.text().then((text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const said = [one("[data-detail]", page), one("[data-remedy]", page)].map((part) => part?.textContent ?? "");
    tell(said.join(" ").trim() || "This did not work. Reload the page and try again.");
  });
});

document.addEventListener("htmx:error", () => tell("The server did not answer. Nothing was changed; try again."));

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status >= 300 || ctx.swap !== "none" || (ctx.request.method ?? "GET").toUpperCase() !== "POST") return;
  const row = rowOf(ctx.sourceElement);
  if (row && !ctx.response.headers.get("HX-Refresh")) leave(row);
});

document.addEventListener("htmx:after:swap", () => {
  if (one("#toast")?.childElementCount) hideToastLater();
});

// --- one person's tabs: a fresh proof changes the token of the page, and the page that follows tells it to the others
const mark = one('meta[name="csrf"]');
if (mark && "BroadcastChannel" in window) {
  const line = new BroadcastChannel("goodterms.token");
  line.onmessage = ({ data }) => {
    if (data.of !== mark.dataset.of) return;
    mark.content = data.token;
    for (const each of all('input[name="csrf_token"]')) each.value = data.token;
  };
  line.postMessage({ of: mark.dataset.of, token: mark.content });
}

// --- the undo line
function tell(text) {
  const toast = one("#toast");
  const line = document.createElement("span");
  line.textContent = text;
  toast?.replaceChildren(line);
  hideToastLater();
}

function hideToastLater() {
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, TOAST_MS);
}

function hideToast() {
  const toast = one("#toast");
  if (toast?.matches(":hover, :focus-within")) hideToastLater();
  else toast?.replaceChildren();
}

// --- rows
const rows = () => all("tr[data-row]");
const chosen = () => one('tr[data-row][aria-selected="true"]');

function rowOf(element) {
  const own = element?.closest("tr[data-row]");
  const shown = element?.closest("[data-preview]")?.dataset.preview;
  return own ?? (shown ? one(`tr[data-row="${shown}"]`) : null);
}

function choose(row, { focus = true } = {}) {
  chosen()?.removeAttribute("aria-selected");
  if (!row) return;
  row.setAttribute("aria-selected", "true");
  const link = one("[data-open]", row);
  if (focus) link?.focus();
  const preview = one("#preview");
  if (preview && link && getComputedStyle(preview).display !== "none") {
    window.htmx?.ajax("GET", link.getAttribute("href"), { target: "#preview", swap: "innerHTML" });
  }
}

function step(by) {
  const found = rows();
  const at = found.indexOf(chosen());
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), found.length - 1);
  if (found.length) choose(found[next]);
}

function leave(row) {
  const found = rows();
  const at = found.indexOf(row);
  const next = found[at + 1] ?? found[at - 1];
  const count = one("[data-count]", row.closest("section") ?? document);
  if (count) count.textContent = String(Math.max(Number(count.textContent) - 1, 0));
  const had = row === chosen() || row.contains(document.activeElement);
  row.remove();
  if (next && had) choose(next);
  else if (!next) one("#preview")?.replaceChildren();
}

function send(row, key, days) {
  const form = one(`[data-key="${key}"]`, row)?.closest("form");
  if (!form) return;
  if (days && form.elements.days) form.elements.days.value = days;
  form.requestSubmit();
}

// --- keys
function typing(target) {
  return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}

function after(letter) {
  prefix = letter;
  clearTimeout(prefixTimer);
  prefixTimer = setTimeout(() => {
    if (prefix === "s") send(chosen() ?? document, "s", "1");
    prefix = "";
  }, PREFIX_MS);
}

function second(key) {
  const first = prefix;
  prefix = "";
  clearTimeout(prefixTimer);
  if (first === "g" && PLACES[key]) one(`[data-go="${PLACES[key]}"]`)?.click();
  else if (first === "s" && SLEEPS[key] && chosen()) send(chosen(), "s", SLEEPS[key]);
  else return false;
  return true;
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  e: () => chosen() && send(chosen(), "e"),
  b: () => chosen() && send(chosen(), "b"),
  s: () => chosen() && after("s"),
  u: () => one("[data-undo]")?.closest("form").requestSubmit(),
  g: () => after("g"),
  "?": () => one("#keys")?.showModal(),
  "/": () => (one("main input[type=search]") ?? one("#find"))?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !one("dialog[open]")) {
    event.preventDefault();
    (one("#find") ?? one("main input[type=search]"))?.focus();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
  if (localStorage.getItem(OFF)) return;
  if (prefix && second(event.key)) {
    event.preventDefault();
    return;
  }
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// --- small helps
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) one("#keys")?.showModal();
  if (event.target.closest("[data-print]")) print();
  const open = event.target.closest("[data-open]");
  const preview = one("#preview");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey) && event.detail > 0;
  if (open && plain && preview && getComputedStyle(preview).display !== "none") {
    event.preventDefault();
    choose(open.closest("tr"));
  }
  if (!event.target.closest("details.switch")) one("details.switch[open]")?.removeAttribute("open");
});

document.addEventListener("input", (event) => {
  const list = event.target.dataset?.find;
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  all(`#${list} li`).forEach((item) => { item.hidden = !item.textContent.toLowerCase().includes(wanted); });
});

const single = one("#single-keys");
if (single) {
  single.checked = !localStorage.getItem(OFF);
  single.addEventListener("change", () => {
    if (single.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
}

// On a phone the ways stand in one row that scrolls: the page that is open is in sight.
one(".rail nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
