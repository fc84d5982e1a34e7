const chinese = JSON.parse(document.getElementById("chinese").textContent);
const labels = ".t, th[scope=col], th[scope=colgroup], th[scope=rowgroup], .records td[class]";
const toggle = document.getElementById("toggle");

function speak(language) {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll(labels)) {
    element.dataset.english ??= element.textContent.trim();
    const english = element.dataset.english;
    element.textContent = language === "zh" ? chinese[english] ?? english : english;
  }
  toggle.textContent = language === "zh" ? "English" : "中文";
}

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  target?.scrollIntoView();
}

async function copy(button) {
  const text = button.parentElement.querySelector("pre");
  getSelection().selectAllChildren(text);
  await navigator.clipboard?.writeText(text.textContent);
  button.textContent = "✓";
  setTimeout(() => speak(document.documentElement.lang), 1500);
}

document.addEventListener("click", event => {
  if (event.target.matches(".copy button")) copy(event.target);
});
toggle.hidden = false;
toggle.addEventListener("click", () => speak(document.documentElement.lang === "zh" ? "en" : "zh"));
addEventListener("hashchange", reveal);
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const element of closed) element.open = true;
});
addEventListener("afterprint", () => { for (const element of closed) element.open = false; });
speak(navigator.language.startsWith("zh") ? "zh" : "en");
if (location.hash) reveal();
