// 取り込む: files by drag and drop or by the ordinary input, one request each, so that one that is
// refused does not keep the others waiting. Without this script the form posts them all at once.

import {show} from "./progress.js";

const form = document.getElementById("upload");
const input = document.getElementById("id_uploads");
const drop = document.getElementById("drop");
const rows = document.getElementById("rows");
const problem = document.getElementById("upload-error");
const figure = new Intl.NumberFormat("ja-JP");
const megabyte = 1024 * 1024;
const queue = [];
let sending = false;

document.querySelector(".drop-words").hidden = false;

function complain(sentence) {
  problem.textContent = sentence;
  problem.hidden = !sentence;
}

function newRow(file) {
  const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
  row.querySelector("[data-name]").textContent = file.name;
  row.querySelector("[data-bar]").setAttribute("aria-label", `${file.name} の送信`);
  rows.prepend(row);
  document.getElementById("no-rows").hidden = true;
  // With room for its counts below the bar.
  if (row.getBoundingClientRect().bottom > innerHeight - 100) row.scrollIntoView({block: "center"});
  return row;
}

function fail(row, sentence) {
  const badge = row.querySelector(".badge");
  badge.className = "badge bad";
  badge.textContent = "× 受け付けていません";
  row.querySelector("[data-bar]").hidden = true;
  row.querySelector("[data-rest]").textContent = "";
  row.querySelector("[data-message]").textContent = sentence;
}

function answered(row, request) {
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // A page instead of an answer: logged out, or an error; the status below says what.
  }
  if (request.status === 201 && answer.files?.length) {
    show(row, answer.files[0]);
  } else if (answer.errors?.length) {
    fail(row, answer.errors.join(" "));
  } else if (request.status === 413) {
    fail(row, "ファイルが大きすぎて、送信の途中で断られました。");
  } else if (request.status === 403 || request.status === 200) {
    fail(row, "ログインの時間が切れたか、取り込む権限がありません。画面を開き直してください。");
  } else {
    fail(row, `送信できませんでした（${request.status || "通信の切断"}）。もう一度取り込んでください。`);
  }
}

function send({file, row, fields}) {
  return new Promise((done) => {
    const body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
    body.append("uploads", file);
    const request = new XMLHttpRequest();
    const began = Date.now();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({loaded, total}) => {
      const bar = row.querySelector("[data-bar]");
      bar.max = total;
      bar.value = loaded;
      const left = Math.round(((Date.now() - began) / 1000) * (total - loaded) / Math.max(loaded, 1));
      row.querySelector("[data-counts]").textContent =
        `送信 ${figure.format(Math.round(loaded / 1024))} / ${figure.format(Math.round(total / 1024))} KB`;
      row.querySelector("[data-rest]").textContent = left > 1 ? `残り 約${left}秒` : "";
    });
    request.upload.addEventListener("load", () => {
      row.querySelector("[data-rest]").textContent = "";
      row.querySelector("[data-bar]").removeAttribute("value");
      row.querySelector("[data-message]").textContent = "受け取りました。検証を始めます。";
    });
    request.addEventListener("loadend", () => {
      answered(row, request);
      done();
    });
    request.send(body);
  });
}

async function sendAll() {
  if (sending) return;
  sending = true;
  while (queue.length) await send(queue.shift());
  sending = false;
}

function take(files) {
  complain("");
  const most = Number(form.dataset.maxFiles);
  if (files.length > most) {
    complain(`一度に取り込めるのは ${most}件までです（${files.length}件が選ばれています）。分けて取り込んでください。`);
    return;
  }
  // What the form said when the files were given, not when their turn comes.
  const fields = [...new FormData(form)].filter(([name]) => name !== "uploads");
  for (const file of files) {
    const row = newRow(file);
    if (file.size > Number(form.dataset.maxMb) * megabyte) {
      fail(row, `大きすぎます。1件 ${figure.format(Number(form.dataset.maxMb))} MB までです。`);
    } else {
      row.querySelector("[data-message]").textContent = "送信を待っています。";
      queue.push({file, row, fields});
    }
  }
  sendAll();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!input.files.length) {
    complain("ファイルを選ぶか、上の枠に落としてください。");
    input.focus();
    return;
  }
  take([...input.files]);
  input.value = "";
});

// 試用環境: the published sample, as if it had lain on the desk.
const sample = document.getElementById("sample");
if (sample) sample.hidden = false;
sample?.addEventListener("click", async () => {
  const address = sample.dataset.sample;
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(String(response.status));
    take([new File([await response.blob()], address.split("/").pop())]);
  } catch {
    complain("試験ファイルを読めませんでした。「試験ファイルを保存」で保存し、上の枠に落としてください。");
  }
});

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
});

// Leaving while bytes are on their way would cut the file off; leaving afterwards is fine.
window.addEventListener("beforeunload", (event) => {
  if (sending) event.preventDefault();
});
