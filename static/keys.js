// キー操作: / to the search field, j and k or the arrows over the rows, Enter on the only hit. Nothing of
// it works while something is typed into a field, and the person may switch it off.

const KEPT = "shuno.keys";
const TYPING = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select";
const ROWS = [
  "#result_list tbody tr", ".rows tbody tr", ".issues tbody tr", ".work li", "#rows article",
].join();
const search = document.getElementById("searchbar");
const help = document.getElementById("keys");
const toggle = help?.querySelector("button");

// Private windows may refuse to keep it; then the keys are on until the page is left.
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

let on = kept() !== "off";

function rows() {
  return [...document.querySelectorAll(ROWS)]
    .map((row) => row.querySelector("a[href]"))
    .filter((link) => link?.checkVisibility());
}

function goTo(place, step) {
  const links = rows();
  const now = links.indexOf(document.activeElement);
  const next = place ?? (now < 0 ? (step > 0 ? 0 : links.length - 1) : now + step);
  links[next]?.focus();
  links[next]?.scrollIntoView({block: "nearest"});
  return Boolean(links[next]);
}

function goToSearch() {
  const field = search ?? document.getElementById("nav-filter");
  if (!field?.checkVisibility()) return false;
  field.focus();
  field.select();
  return true;
}

function inSearch(event) {
  if (event.key === "ArrowDown") return goTo(0);
  if (event.key === "Escape" && !search.value) {
    search.blur();
    return true;
  }
  return false;
}

// What is on screen is what was asked for, and it is one row: open it.
function onlyHit() {
  const same = [...search.form.elements].every((field) =>
    field.options ? [...field.options].every((one) => one.selected === one.defaultSelected)
      : field.value === field.defaultValue || field.type === "submit");
  const links = document.querySelectorAll("#result_list tbody tr th a[href]");
  return search.value && same && links.length === 1 ? links[0] : null;
}

function pressed(event) {
  if (event.key === "/") return goToSearch();
  if (event.key === "j") return goTo(null, 1);
  if (event.key === "k") return goTo(null, -1);
  if (rows().includes(document.activeElement)) {
    if (event.key === "ArrowDown") return goTo(null, 1);
    if (event.key === "ArrowUp") return goTo(null, -1);
  }
  // A barcode reader types without looking: its first character moves to where it belongs.
  if (search && /^[\d\]]$/.test(event.key)) {
    search.focus();
    search.select();
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (!on || event.defaultPrevented || event.isComposing) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const at = event.target;
  const typing = at instanceof Element && (at.matches(TYPING) || at.isContentEditable);
  const done = at === search ? inSearch(event) : !typing && pressed(event);
  if (done) event.preventDefault();
});

search?.form.addEventListener("submit", (event) => {
  const hit = on && onlyHit();
  if (!hit) return;
  event.preventDefault();
  location.assign(hit.href);
});

// The next number typed or scanned takes the place of the one that was looked for.
if (search === document.activeElement) search?.select();

function tell() {
  help.querySelector("[data-words]").hidden = !on;
  toggle.textContent = on ? "キー操作をやめる" : "キー操作を使う";
}

if (help) {
  help.hidden = false;
  tell();
  toggle.addEventListener("click", () => {
    on = !on;
    try {
      localStorage.setItem(KEPT, on ? "on" : "off");
    } catch {
      // Not kept: the choice holds for this page.
    }
    tell();
  });
}
