
"use strict";
(() => {
  const form = document.getElementById("filters");
  const cards = [...document.querySelectorAll(".finding")];
  if (cards.length === 0) return;
  const groups = [...document.querySelectorAll(".group")];
  const nothing = document.getElementById("nothing");
  const texts = new Map();

  const make = (tag, fields, ...children) => {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...children);
    return element;
  };
  const numbers = key => {
    const found = new Map();
    for (const card of cards) found.set(card.dataset[key], (found.get(card.dataset[key]) || 0) + 1);
    return found;
  };
  const plural = { rule: "rules", namespace: "namespaces", object: "objects" };

  const search = make("input", { type: "search", name: "text", placeholder: "Search findings (press /)" });
  search.setAttribute("aria-label", "Search findings");
  const bySeverity = numbers("severity");
  const chips = ["error", "warning", "info"].filter(name => bySeverity.has(name)).map(name => {
    const box = make("input", { type: "checkbox", name, checked: true });
    return make("label", { className: "chip " + name }, box, `${name} ${bySeverity.get(name)}`);
  });
  const selects = Object.keys(plural).map(key => {
    const select = make("select", { name: key });
    select.setAttribute("aria-label", key);
    select.append(make("option", { value: "*", textContent: "All " + plural[key] }));
    for (const [value, n] of [...numbers(key)].sort((a, b) => a[0] < b[0] ? -1 : 1)) {
      select.append(make("option", { value: "=" + value, textContent: `${value || "(none)"} (${n})` }));
    }
    return select;
  });
  const reset = make("button", { type: "button", textContent: "Reset" });
  const shown = make("output", {});
  form.append(search, ...chips, ...selects, reset, shown);
  form.hidden = false;

  const textOf = card => {
    if (!texts.has(card)) texts.set(card, (card.textContent + " " + card.dataset.object).toLowerCase());
    return texts.get(card);
  };
  const boxes = chips.map(chip => chip.firstElementChild);

  const apply = () => {
    const severities = new Set(boxes.filter(box => box.checked).map(box => box.name));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const card of cards) {
      const passes = severities.has(card.dataset.severity)
        && selects.every(select => select.value === "*" || select.value === "=" + card.dataset[select.name])
        && words.every(word => textOf(card).includes(word));
      card.hidden = !passes;
      if (passes) count += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector(".finding:not([hidden])");
    nothing.hidden = count > 0;
    shown.value = `${count} of ${cards.length} findings`;
    reset.hidden = count === cards.length;
  };

  const write = () => {
    const state = new URLSearchParams();
    if (search.value) state.set("text", search.value);
    for (const box of boxes) if (!box.checked) state.append("hide", box.name);
    for (const select of selects) if (select.value !== "*") state.set(select.name, select.value.slice(1));
    const text = state.toString();
    try { history.replaceState(null, "", text ? "#?" + text : location.pathname + location.search); } catch { /* a page without an address */ }
    apply();
  };
  const read = () => {
    if (location.hash && !location.hash.startsWith("#?")) return;
    const state = new URLSearchParams(location.hash.slice(2));
    search.value = state.get("text") || "";
    for (const box of boxes) box.checked = !state.getAll("hide").includes(box.name);
    for (const select of selects) {
      select.value = state.has(select.name) ? "=" + state.get(select.name) : "*";
      if (select.selectedIndex < 0) select.value = "*";
    }
    apply();
  };

  form.addEventListener("input", write);
  form.addEventListener("submit", event => event.preventDefault());
  reset.addEventListener("click", () => {
    search.value = "";
    for (const box of boxes) box.checked = true;
    for (const select of selects) select.value = "*";
    write();
  });
  window.addEventListener("hashchange", read);
  document.addEventListener("keydown", event => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  read();
  apply();
})();
