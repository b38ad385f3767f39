(function () {
  "use strict";
  var box = document.getElementById("filter");
  var found = document.getElementById("found");
  var sections = Array.prototype.slice.call(document.querySelectorAll("main details"));
  var squeeze = function (text) { return text.toLowerCase().replace(/[\s\-]+/g, ""); };
  var cards = Array.prototype.slice.call(document.querySelectorAll("main article")).map(function (card) {
    var names = Array.prototype.map.call(card.querySelectorAll("[title]"), function (part) { return part.title; });
    return { card: card, section: card.closest("details"), text: squeeze(card.textContent + " " + names.join(" ")) };
  });
  var apply = function () {
    var words = box.value.trim().split(/\s+/).map(squeeze).filter(Boolean);
    var shown = 0;
    sections.forEach(function (section) { section.hidden = words.length > 0; });
    cards.forEach(function (one) {
      var fits = words.every(function (word) { return one.text.indexOf(word) >= 0; });
      one.card.hidden = !fits;
      if (!fits) { return; }
      shown += 1;
      if (one.section) {
        one.section.hidden = false;
        if (words.length) { one.section.open = true; }
      }
    });
    found.textContent = words.length ? shown + " of " + cards.length + " entries" : cards.length + " entries";
  };
  document.getElementById("search").hidden = false;
  box.addEventListener("input", apply);
  window.addEventListener("beforeprint", function () {
    sections.forEach(function (section) { section.open = true; });
  });
  apply();
})();
