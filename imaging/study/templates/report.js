"use strict";
// Sorting and filtering of the table of photos.  The page is complete without it.
(() => {
  const table = document.getElementById("photo-table");
  if (!table) return;
  const body = table.tBodies[0];
  // A row and the row of details that belongs to it move together.
  const groups = [];
  for (const row of body.rows) {
    if (row.classList.contains("more")) groups[groups.length - 1].push(row);
    else groups.push([row]);
  }
  const find = document.getElementById("find");
  const onlyFlagged = document.getElementById("only-flagged");
  const found = document.getElementById("found");
  const texts = groups.map((group) => group[0].textContent.toLowerCase());
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    groups.forEach((group, k) => {
      const isShown = words.every((word) => texts[k].includes(word)) &&
        (!onlyFlagged.checked || group[0].hasAttribute("data-flagged"));
      group.forEach((row) => { row.hidden = !isShown; });
      count += isShown ? 1 : 0;
    });
    found.textContent = `${count} of ${groups.length} photos`;
  };
  find.addEventListener("input", filter);
  onlyFlagged.addEventListener("change", filter);
  document.querySelector(".controls").hidden = false;
  filter();

  const order = groups.map((group, k) => k);
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const kind = head.dataset.kind;
    if (!kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    const keys = groups.map((group) => {
      const cell = group[0].cells[column];
      return kind === "number" ? Number(cell.dataset.value) : cell.textContent.trim();
    });
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      order.sort((a, b) => {
        if (kind === "number") {
          // "Cannot tell" stands last in either direction.
          if (Number.isNaN(keys[a]) || Number.isNaN(keys[b])) {
            return Number.isNaN(keys[a]) - Number.isNaN(keys[b]);
          }
          return sign * (keys[a] - keys[b]);
        }
        return sign * keys[a].localeCompare(keys[b], undefined, { numeric: true });
      });
      body.append(...order.flatMap((k) => groups[k]));
    });
  });
})();
