(function () {
  "use strict";
  var box = document.getElementById("filter");
  var found = document.getElementById("found");
  var sections = Array.prototype.slice.call(document.querySelectorAll("main details"));
  var squeeze = function (text) { return text.toLowerCase().replace(/[\s\-]+/g, ""); };
  // Name, key, department, sign-in name, kind and attributes. A manager's name would find the whole team, and the values are not searched,
  // except those of the department.
  var words = function (card) {
    var about = card.querySelector(".faint");
    if (!about) { return card.textContent; }
    var parts = [card.querySelector("h3").textContent];
    about.childNodes.forEach(function (node) { if (node.nodeName !== "SPAN") { parts.push(node.textContent); } });
    card.querySelectorAll("dt").forEach(function (name) {
      parts.push(name.textContent, name.title);
      if (name.textContent === "Department") { parts.push(name.nextElementSibling.textContent); }
    });
    return parts.join(" ");
  };
  var cards = Array.prototype.slice.call(document.querySelectorAll("main article")).map(function (card) {
    return { card: card, section: card.closest("details"), text: squeeze(words(card)) };
  });
  var apply = function () {
    var wanted = box.value.trim().split(/\s+/).map(squeeze).filter(Boolean);
    var shown = 0;
    sections.forEach(function (section) { section.hidden = wanted.length > 0; });
    cards.forEach(function (one) {
      var fits = wanted.every(function (word) { return one.text.indexOf(word) >= 0; });
      one.card.hidden = !fits;
      if (!fits) { return; }
      shown += 1;
      if (one.section) {
        one.section.hidden = false;
        if (wanted.length) { one.section.open = true; }
      }
    });
    found.textContent = wanted.length ? shown + " of " + cards.length + " entries" : cards.length + " entries";
  };
  document.getElementById("search").hidden = false;
  box.addEventListener("input", apply);
  window.addEventListener("beforeprint", function () {
    sections.forEach(function (section) { section.open = true; });
  });
  apply();
})();
