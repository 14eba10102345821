// 取込の進み: asks the server how far the files on this page are, and shows it. The truth is on the
// server, so a page that is left and opened again goes on from where the file is.

const ADDRESS = document.querySelector("[data-progress]")?.dataset.progress;
const TONES = {
  done: "good", partial: "warn", failed: "bad", received: "busy", checking: "busy", registering: "busy",
};
const SIGNS = {
  received: "…", checking: "▷", registering: "▶", done: "○", partial: "△", failed: "×", cancelled: "－",
};
const QUICKEST = 700;
const SLOWEST = 3000;
let wait = QUICKEST;

// Written only when it differs: a status region speaks every time it changes.
function say(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}

export function show(row, file) {
  row.dataset.file = file.id;
  const link = row.querySelector("[data-name]");
  link.href = file.url;
  say(link, file.name);
  const badge = document.createElement("span");
  badge.className = `badge ${TONES[file.state] ?? "still"}`;
  badge.dataset.state = file.state;
  const sign = document.createElement("span");
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = SIGNS[file.state] ?? "・";
  badge.append(sign, ` ${file.state_label}`);
  row.querySelector("[data-badge]").replaceChildren(badge);
  const bar = row.querySelector("[data-bar]");
  bar.hidden = !file.running;
  bar.setAttribute("aria-label", `${file.name} の進み`);
  if (file.total) {
    bar.max = file.total;
    bar.value = file.done ?? 0;
  } else {
    bar.removeAttribute("value"); // how much there is to do is not known yet
  }
  say(row.querySelector("[data-counts]"), file.counts);
  say(row.querySelector("[data-rest]"), file.rest);
  say(row.querySelector("[data-message]"), file.message);
  const earlier = row.querySelector("[data-earlier]");
  earlier.hidden = !file.earlier;
  if (file.earlier) earlier.querySelector("a").href = file.earlier.url;
  row.toggleAttribute("data-running", file.running);
}

async function poll() {
  const rows = [...document.querySelectorAll("[data-file][data-running]")];
  if (rows.length && !document.hidden) {
    const query = new URLSearchParams(rows.map((row) => ["file", row.dataset.file]));
    try {
      const response = await fetch(`${ADDRESS}?${query}`, {headers: {Accept: "application/json"}});
      if (response.redirected || !response.ok) throw new Error(String(response.status));
      const {files} = await response.json();
      for (const file of files) {
        for (const row of rows.filter((one) => one.dataset.file === String(file.id))) {
          show(row, file);
          if (!file.running && row.closest("[data-reload-when-done]")) location.reload();
        }
      }
    } catch {
      for (const row of rows) {
        say(row.querySelector("[data-rest]"), "進みを確かめられません。取込は続いています。もう一度試しています。");
      }
    }
    wait = Math.min(wait * 1.25, SLOWEST);
  } else {
    wait = QUICKEST;
  }
  setTimeout(poll, wait);
}

poll();
